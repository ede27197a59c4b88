"""Failures: what could not be built is remembered, and said once all else is committed."""

from collections.abc import Mapping, Sequence
from typing import Any

from featurelib.errors import FeaturelibError, LogMissingError, PartitionsFailedError
from featurelib.ledger import Failures
from featurelib.runs.run import Run
from featurelib.tables import Partition


def conclude(
    run: Run,
    table: str,
    partitions: Sequence[Partition],
    failures: Mapping[Partition, FeaturelibError],
    parts: Mapping[Partition, Mapping[str, Any]],
) -> None:
    """Remember which partitions failed, and forget the failures of those that did not.

    One whose log has not landed yet is not remembered: it is missing, and says so itself. A failure holds for as long
    as the parts from which the partition would be built are the same.

    Raises
    ------
    PartitionsFailedError
        If any did.
    """
    remembered = Failures(run.workspace.pipeline(run.pipeline.name))
    for partition in partitions:
        error = failures.get(partition)
        if error is None or isinstance(error, LogMissingError):
            remembered.forget(table, partition)
        else:
            remembered.record(table, partition, error, parts=parts[partition], run=run.name, at=run.now)
    if failures:
        told = {(table, str(partition)): failures[partition] for partition in sorted(failures)}
        raise PartitionsFailedError(run.pipeline.name, told)
