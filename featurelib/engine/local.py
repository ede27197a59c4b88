"""Engines on one machine: a loop, or processes."""

import ctypes
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait

from featurelib.engine.protocol import Item, Summary
from featurelib.errors import ParameterError, TaskLostError


@dataclass(frozen=True, slots=True)
class Loop:
    """Run tasks one after another in this process; polars uses all cores inside each."""

    def map(self, fn: Callable[[Item], Summary], items: Sequence[Item]) -> list[Summary]:
        """As `Engine.map`. Out-of-core by construction: the peak follows the largest task."""
        done = [fn(item) for item in items]
        _give_back()
        return done


@dataclass(frozen=True, slots=True)
class Processes:
    """Run tasks in a few processes of this machine.

    Parameters
    ----------
    workers
        How many processes; each lets polars use its share of the cores.
    tries
        How often a task may be started before the map gives up, should its worker die.

    Raises
    ------
    ParameterError
        If ``workers`` or ``tries`` is below 1.
    """

    workers: int = 2
    tries: int = 3

    def __post_init__(self) -> None:
        for name in ("workers", "tries"):
            if getattr(self, name) < 1:
                raise ParameterError(self, name, got=getattr(self, name), want="at least 1")

    def map(self, fn: Callable[[Item], Summary], items: Sequence[Item]) -> list[Summary]:
        """As `Engine.map`. A worker that dies takes the pool with it: a new pool runs what is left."""
        done: dict[int, Summary] = {}
        for _ in range(self.tries):
            left = [number for number in range(len(items)) if number not in done]
            if not left:
                break
            self._run(fn, items, left, done)
        else:
            left = [number for number in range(len(items)) if number not in done]
            if left:
                raise TaskLostError(
                    f"workers died in each of {self.tries} tries; {len(left)} of {len(items)} tasks are not done, the "
                    f"first is {items[left[0]]!r}. Out of memory? Try fewer workers, or logs by hour."
                )
        return [done[number] for number in range(len(items))]

    def _run(
        self, fn: Callable[[Item], Summary], items: Sequence[Item], left: list[int], done: dict[int, Summary]
    ) -> None:
        # NOTE: spawn, not fork: a forked polars waits forever on threads that were not copied
        context = multiprocessing.get_context("spawn")
        threads = max(1, (os.cpu_count() or 1) // self.workers)
        with _polars_threads(threads), ProcessPoolExecutor(self.workers, context, initializer=_begin_worker) as pool:
            futures: dict[int, Future[Summary]] = {number: pool.submit(fn, items[number]) for number in left}
            for number, future in futures.items():
                try:
                    done[number] = future.result()
                except BrokenProcessPool:
                    continue
                except BaseException:
                    pool.shutdown(wait=True, cancel_futures=True)
                    raise


def _give_back() -> None:
    """Give the system the memory that arrays of these tasks left behind, where the C library can; other tasks follow.

    The GNU library keeps what lies between arrays that still live: tens of megabytes after some tasks.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextmanager
def _polars_threads(count: int) -> Iterator[None]:
    """Have workers that start in this block use so many threads: polars reads it when it is imported, before any task.

    A number that the user has set stays.
    """
    if "POLARS_MAX_THREADS" in os.environ:
        yield
        return
    os.environ["POLARS_MAX_THREADS"] = str(count)
    try:
        yield
    finally:
        os.environ.pop("POLARS_MAX_THREADS", None)


def _begin_worker() -> None:
    """Leave Ctrl-C to the driver, which waits for running tasks; end with the driver, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        wait([driver.sentinel])
        os._exit(1)  # a worker waits on a queue that it holds open itself, so that it would never notice
