"""What every engine promises of ``map``: order, errors, tries; and what becomes of its workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

import featurelib
from featurelib.engine import Engine, Loop, Processes
from featurelib.engine.dask import Dask
from featurelib.errors import LogFileError, ParameterError, TaskLostError, UsageError

ROOT = Path(featurelib.__file__).parents[1]  # `python -c` imports from where it starts
SLEEPERS = "import sys, time; from featurelib.engine import Processes; Processes(2).map(time.sleep, [600, 600])"


def double(item: int) -> int:
    return 2 * item


def refuse_odd(item: int) -> int:
    if item == 5:
        time.sleep(0.5)  # the first in order is the last in time
    if item % 2:
        raise LogFileError(f"clicks/{item}.csv", "the file is empty", hint="Ship it again.")
    return item


def die(item: int, *, mark: Path | None = None) -> int:
    """Kill the worker at item 1, or, with a mark, only the first time."""
    if item != 1 or (mark is not None and mark.exists()):
        return item
    if mark is not None:
        mark.touch()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes on")


def polars_threads(item: int) -> int:
    return pl.thread_pool_size()


@pytest.fixture(scope="module")
def strict_dask() -> Iterator[Dask]:
    """A cluster that gives a task up at the first worker it loses, so that the engine's own tries are what counts."""
    dask = pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield Dask(client, tries=2)


@pytest.fixture(params=["loop", "processes", "dask"])
def engine(request: pytest.FixtureRequest) -> Engine:
    made: dict[str, Callable[[], Engine]] = {"loop": Loop, "processes": partial(Processes, 2, tries=2)}
    return request.getfixturevalue("strict_dask") if request.param == "dask" else made[request.param]()


def test_summaries_come_in_the_order_of_the_items_and_errors_in_theirs(engine: Engine) -> None:
    assert engine.map(double, []) == []
    assert engine.map(double, [3, 1, 2]) == [6, 2, 4]
    with pytest.raises(LogFileError, match=r"^clicks/5\.csv: the file is empty\. Ship it again\.$"):
        engine.map(refuse_odd, [2, 5, 4, 3])


@pytest.mark.parametrize("engine", ["processes", "dask"], indirect=True)
def test_a_task_whose_worker_died_is_run_again_up_to_the_number_of_tries(engine: Engine, tmp_path: Path) -> None:
    assert engine.map(partial(die, mark=tmp_path / "mark"), [0, 1, 2]) == [0, 1, 2]
    with pytest.raises(TaskLostError, match=r"in each of 2 tries"):
        engine.map(die, [0, 1, 2])


def test_a_lost_task_is_named_with_what_to_try() -> None:
    match = r"^workers died in each of 1 tries; 1 of 1 tasks are not done, the first is 1\. Out of memory\? Try fewer"
    with pytest.raises(TaskLostError, match=match):
        Processes(1, tries=1).map(die, [1])


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    workers = os.cpu_count() or 1
    assert Processes(workers).map(polars_threads, [0]) == [1]
    assert "POLARS_MAX_THREADS" not in os.environ
    monkeypatch.setenv("POLARS_MAX_THREADS", "3")
    assert Processes(workers).map(polars_threads, [0]) == [3]
    assert os.environ["POLARS_MAX_THREADS"] == "3"


@pytest.mark.parametrize("parameter", ["workers", "tries"])
def test_no_worker_and_no_try_are_refused(parameter: str) -> None:
    with pytest.raises(ParameterError, match=rf"{parameter} must be at least 1, got 0\.$"):
        Processes(**{parameter: 0})


def test_dask_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"needs the extra: pip install 'featurelib\[dask\]'"):
        Dask(None)


def test_workers_do_not_outlive_a_killed_driver() -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEPERS], cwd=ROOT) as driver:
        workers = wait_for(lambda: busy(driver.pid, 2))
        driver.kill()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []


def busy(driver: int, count: int) -> Sequence[psutil.Process]:
    """The driver's workers, once there are so many and each has started the thread that watches the driver."""
    found = psutil.Process(driver).children()
    workers = [child for child in found if "spawn_main" in " ".join(child.cmdline()) and child.num_threads() > 1]
    return workers if len(workers) == count else []


def wait_for(find: Callable[[], Any]) -> Any:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if found := find():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{find} found nothing in 30 s")
