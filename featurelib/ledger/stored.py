"""Stored: what a table holds now, as its own log tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featurelib.errors import UsageError
from featurelib.pipeline import Pipeline
from featurelib.tables import Partition, PartitionRecord, VersionedTable
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Stored:
    """What a table holds now, by partition."""

    table: VersionedTable | None
    records: Mapping[Partition, PartitionRecord]

    @classmethod
    def of(cls, workspace: Workspace, pipeline: Pipeline, name: str) -> "Stored":
        """Read the log of a pipeline's table; nothing is held by one that is not there."""
        try:
            table = VersionedTable.open(workspace.table(pipeline.name, name))
        except UsageError:  # there is none, or only the folder that a killed run made for it
            return cls(None, {})
        return cls(table, table.partitions())

    def key(self, partition: Partition) -> str | None:
        """Return the key that a partition was built with."""
        record = self.records.get(partition)
        return None if record is None else record.key

    def built(self, partition: Partition) -> Mapping[str, Any]:
        """Return what a partition was built from, as far as it is recorded."""
        return (self.table.built(partition) if self.table is not None else None) or {}
