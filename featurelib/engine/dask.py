"""Dask: run tasks on the workers of a Dask cluster (the extra ``dask``)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib.engine.protocol import Item, Summary
from featurelib.errors import TaskLostError, UsageError


@dataclass(frozen=True, slots=True)
class Dask:
    """Run tasks on a Dask cluster.

    Parameters
    ----------
    client
        A ``distributed.Client``. Its workers need featurelib, the project, and the storage that the workspace names.
    tries
        How often a task may be started before the map gives up, should its worker die.

    Raises
    ------
    UsageError
        If ``distributed`` is not installed.
    """

    client: Any
    tries: int = 3

    def __post_init__(self) -> None:
        try:
            import distributed  # noqa: F401  # asked for here, so that the error comes before the work
        except ImportError as error:
            raise UsageError("the Dask engine needs the extra: pip install 'featurelib[dask]'.") from error

    def map(self, fn: Callable[[Item], Summary], items: Sequence[Item]) -> list[Summary]:
        """As `Engine.map`."""
        from distributed import KilledWorker

        # NOTE: not pure: the same item may be run again later, when the files it read have changed
        futures = self.client.map(fn, list(items), pure=False, retries=0)
        try:
            for _ in range(self.tries):
                try:
                    return [future.result() for future in futures]  # gather would raise the first error in time
                except KilledWorker:
                    self.client.retry([future for future in futures if future.status != "finished"])
            raise TaskLostError(f"Dask workers died in each of {self.tries} tries; see the scheduler's log.")
        finally:
            for future in futures:
                future.release()
