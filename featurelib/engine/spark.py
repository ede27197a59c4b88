"""Spark: run tasks as the partitions of a Spark job (the extra ``spark``), on classic Spark or Spark Connect."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib.engine.protocol import Item, Summary
from featurelib.errors import TaskLostError, UsageError


@dataclass(frozen=True, slots=True)
class Spark:
    """Run each task as one partition of a Spark job; Spark decides where, and tries again when an executor dies.

    Parameters
    ----------
    session
        A ``pyspark.sql.SparkSession``. Its executors need featurelib, the project, and the storage that the workspace
        names. In local mode use ``local[cores, tries]``: plain ``local[cores]`` never tries again.

    Raises
    ------
    UsageError
        If ``pyspark`` or ``cloudpickle`` is not installed.
    """

    session: Any

    def __post_init__(self) -> None:
        try:
            import cloudpickle  # noqa: F401  # asked for here, so that the error comes before the work
            import pyspark  # noqa: F401
        except ImportError as error:
            raise UsageError("the Spark engine needs the extra: pip install 'featurelib[spark]'.") from error

    def map(self, fn: Callable[[Item], Summary], items: Sequence[Item]) -> list[Summary]:
        """As `Engine.map`."""
        if not items:
            return []
        import cloudpickle
        from pyspark.errors import PySparkException

        work = [cloudpickle.dumps((fn, item)) for item in items]
        tasks = self.session.range(0, len(items), 1, len(items)).mapInArrow(_runner(work), "id long, outcome binary")
        try:
            outcomes = tasks.toArrow().sort_by("id").column("outcome").to_pylist()
        except PySparkException as error:
            reason = str(error).partition("\n")[0]  # of pages of Java's stack
            raise TaskLostError(f"Spark gave up on a task after its own tries: {reason}") from error
        done: list[Summary] = []
        for outcome in outcomes:
            summary, failure = cloudpickle.loads(outcome)
            if failure is not None:
                raise failure
            done.append(summary)
        return done


def _runner(work: Sequence[bytes]) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return what a Spark partition runs: the tasks whose numbers it holds."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        import cloudpickle
        import pyarrow as pa

        schema = pa.schema({"id": pa.int64(), "outcome": pa.binary()})
        for batch in batches:
            for number in batch.column("id").to_pylist():
                fn, item = cloudpickle.loads(work[number])
                outcome = cloudpickle.dumps(_outcome(fn, item))
                yield pa.RecordBatch.from_pydict({"id": [number], "outcome": [outcome]}, schema)

    return run


def _outcome(fn: Callable[[Item], Summary], item: Item) -> tuple[Summary | None, Exception | None]:
    try:
        return fn(item), None
    except Exception as error:  # it travels as data, so that the driver raises it as it was
        return None, error
