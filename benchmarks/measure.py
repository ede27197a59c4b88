"""Measure: what a command costs: CPU seconds, wall seconds, peak memory."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields

import psutil

_EVERY_S = 0.01


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


def run(module: str, *arguments: object) -> Cost:
    """Run ``python -m module`` in a fresh process and return its cost.

    Raises
    ------
    SystemExit
        If it fails.
    """
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", module, *map(str, arguments)], stdout=subprocess.DEVNULL)
    peak = 0
    while True:
        peak = max(peak, _resident(process.pid))
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        time.sleep(_EVERY_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{module} {' '.join(map(str, arguments))} failed with code {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, peak / 2**20)


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
