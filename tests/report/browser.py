"""A headless Chromium, spoken to over its DevTools protocol: it opens a page, tells what went wrong, and asks of it."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--remote-debugging-port=0", "--remote-allow-origins=*",
)  # fmt: skip
_WAIT_S = 60.0


def found() -> str:
    """Return the browser of this machine; without one the test is skipped, but fails where it must not be."""
    path = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if path is None:
        told = f"no browser on PATH: none of {', '.join(_NAMES)}; apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    return path


@dataclass
class Tab:
    """One tab of the browser.

    Attributes
    ----------
    problems
        What went wrong since it was opened: errors and warnings of the console, uncaught errors, refused contents.
    requests
        Addresses that it asked for, but that of the page itself.
    """

    socket: ClientConnection
    session: str
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _number: int = 0
    _loaded: bool = False

    def call(self, method: str, **words: Any) -> dict[str, Any]:
        self._number += 1
        self.socket.send(json.dumps({"id": self._number, "method": method, "params": words, "sessionId": self.session}))
        while True:
            message = json.loads(self.socket.recv(timeout=_WAIT_S))
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message['error']}"
                result: dict[str, Any] = message["result"]
                return result
            self._heard(message)

    def _heard(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        match message.get("method"):
            case "Runtime.consoleAPICalled":
                self.problems.append(f"console: {[arg.get('value') for arg in told['args']]}")
            case "Runtime.exceptionThrown":
                self.problems.append(f"uncaught: {told['exceptionDetails']}")
            case "Log.entryAdded":
                self.problems.append(f"log: {told['entry']['text']}")
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Page.loadEventFired":
                self._loaded = True

    def open(
        self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False, scripts: bool = True
    ) -> float:
        """Open a page, and return the seconds until it is loaded and drawn."""
        self.problems.clear()
        self.requests.clear()
        phone = width < 600
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")
        self.resize(width, height)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        self._loaded, began = False, time.perf_counter()
        self.call("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._heard(json.loads(self.socket.recv(timeout=_WAIT_S)))
        drawn = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
        if scripts:
            self.ask(drawn)
        took = time.perf_counter() - began
        self.requests.remove(page.as_uri())
        return took

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def ask(self, expression: str) -> Any:
        """Return the value of an expression of the page's script."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def shot(self, path: Path, *, whole: bool = True) -> Path:
        """Keep a picture of the page."""
        if whole:
            height = self.ask("document.documentElement.scrollHeight")
            self.resize(self.ask("innerWidth"), min(height, 16_000))
            self.ask("new Promise(done => setTimeout(done, 150))")
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
        return path


@contextmanager
def browser(home: Path) -> Iterator[Tab]:
    """Start the browser with a profile of its own below a folder, and yield a tab of it."""
    command = [found(), *_FLAGS, f"--user-data-dir={home / 'profile'}", "about:blank"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            with connect(
                _address(home / "profile" / "DevToolsActivePort", process), max_size=None, proxy=None
            ) as socket:
                yield _tab(socket)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(told: Path, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        lines = told.read_text().splitlines() if told.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        assert process.poll() is None, f"the browser ended at once, with code {process.returncode}"
        time.sleep(0.02)
    raise AssertionError(f"the browser did not answer within {_WAIT_S:.0f} s")


def _tab(socket: ClientConnection) -> Tab:
    whole = Tab(socket, "")
    target = _direct(socket, 1, "Target.createTarget", url="about:blank")["targetId"]
    session = _direct(socket, 2, "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    whole.session, whole._number = session, 2
    return whole


def _direct(socket: ClientConnection, number: int, method: str, **words: Any) -> dict[str, Any]:
    socket.send(json.dumps({"id": number, "method": method, "params": words}))
    while True:
        message = json.loads(socket.recv(timeout=_WAIT_S))
        if message.get("id") == number:
            assert "error" not in message, message
            result: dict[str, Any] = message["result"]
            return result
