"""Stored: what a table holds now, as its own log tells."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featurelib.errors import UsageError
from featurelib.ledger.keys import keys_of
from featurelib.pipeline import Pipeline
from featurelib.tables import Partition, TableVersion, VersionedTable
from featurelib.tables.address import open_storage
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Stored:
    """What a table holds now, by partition; its log is read once.

    Attributes
    ----------
    live
        The newest version; None if there is no table.
    rows
        How many each partition has.
    keys
        What each was built with; None where nobody recorded it.
    """

    live: TableVersion | None
    rows: Mapping[Partition, int]
    keys: Mapping[Partition, str | None]

    @classmethod
    def of(cls, workspace: Workspace, pipeline: Pipeline, name: str) -> "Stored":
        """Read the log of a pipeline's table; nothing is held by one that is not there."""
        return cls.at(workspace, workspace.table(pipeline.name, name))

    @classmethod
    def at(cls, workspace: Workspace, place: Path) -> "Stored":
        """Read the log of the table at a place."""
        try:
            live = VersionedTable(open_storage(place, None)).at()
        except UsageError:  # there is none, or only the folder that a killed run made for it
            return cls(None, {}, {})
        rows: dict[Partition, int] = {}
        for file in live.files:
            rows[file.partition] = rows.get(file.partition, 0) + file.rows
        return cls(live, rows, keys_of(live, workspace))

    def entries(self, partitions: Collection[Partition]) -> dict[Partition, Mapping[str, Any]]:
        """Return what is recorded of those of some partitions that are there; an empty mapping where nothing is."""
        return {} if self.live is None or not partitions else dict(self.live.entries(partitions))
