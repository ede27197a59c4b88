"""The whole interface of an engine."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Summary = TypeVar("Summary")


class Engine(Protocol):
    """Runs tasks somewhere."""

    def map(self, fn: Callable[[Item], Summary], items: Sequence[Item]) -> list[Summary]:
        """Run a task for each item, and return the summaries in the order of the items.

        Parameters
        ----------
        fn
            An importable module function. It may be run more than once for an item, even at the same time, and be
            killed at any moment: it writes under unique names, and only files named in a returned summary count.
        items
            Picklable, small.

        Raises
        ------
        TaskLostError
            If a worker died more often than the engine tries again.
        Exception
            The first error that a task raised, in the order of the items; other tasks may still have run.
        """
        ...
