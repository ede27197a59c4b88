"""Measure: what a command costs: CPU seconds, wall seconds, peak memory."""

import os
import shutil
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import psutil

_EVERY_S = 0.01
_MADE = "made"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a command cost.

    Attributes
    ----------
    cpu_s
        User and system seconds of the process and the children it waited for. Unlike wall time, it says little about
        what else the machine was doing.
    wall_s
        Seconds from start to end.
    peak_mib
        Largest resident memory of the process and its descendants together, sampled every 10 ms.
    """

    cpu_s: float
    wall_s: float
    peak_mib: float


def run(module: str, *arguments: object, python: Path = Path(sys.executable)) -> Cost:
    """Run ``python -m module`` in a fresh process, of this environment or another, and return its cost.

    Raises
    ------
    SystemExit
        If it fails.
    """
    return command([python, "-m", module, *arguments])


def command(words: Sequence[object], *, folder: Path | None = None, **settings: str) -> Cost:
    """Run a command in a folder, with settings in its environment beside those there are, and return its cost.

    Raises
    ------
    SystemExit
        If it fails.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, words)), stdout=subprocess.DEVNULL, cwd=folder, env={**os.environ, **settings}
    )
    peak = 0
    while True:
        peak = max(peak, _resident(process.pid))
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        time.sleep(_EVERY_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, words))} failed with code {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, peak / 2**20)


def environment(home: Path, lock: Path) -> Path:
    """Return the Python of an environment with what a lock lists, made unless it is there."""
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        install = [home / "bin" / "python", "-m", "pip", "install", "--require-hashes", "--requirement", lock]
        subprocess.run(list(map(str, install)), check=True, stdout=subprocess.DEVNULL)
        (home / "ready").touch()
    return home / "bin" / "python"


def made_once(work: Path, of_what: object, make: Callable[[], None]) -> None:
    """Fill a folder, unless it holds this already; what another run of the benchmark left there goes.

    Raises
    ------
    SystemExit
        If the folder holds something else.
    """
    made = work / _MADE
    if work.is_dir() and any(work.iterdir()) and not made.is_file():
        raise SystemExit(f"{work} was not made by this benchmark: name an empty folder.")
    if made.is_file() and made.read_text() == str(of_what):
        return
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    made.write_text("being made")
    make()
    made.write_text(str(of_what))


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(*(statistics.median(getattr(cost, field.name) for cost in costs) for field in fields(Cost)))


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _resident(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)
    except psutil.NoSuchProcess:
        return 0
