"""Inventory: what a version holds, told from the log."""

from itertools import groupby

from featurelib.tables.lineage import Commit, writers
from featurelib.tables.partition import Partition
from featurelib.tables.records import PartitionRecord, VersionRecord
from featurelib.tables.snapshot import Snapshot
from featurelib.tables.storage import Storage


def partition_records(storage: Storage, snapshot: Snapshot) -> dict[Partition, PartitionRecord]:
    """Return what each live partition is, ascending; see `VersionedTable.partitions`."""
    grouped = {part: list(files) for part, files in groupby(snapshot.files, key=lambda file: file.partition)}
    made_by = writers(storage, snapshot, grouped)
    records = {}
    for partition, files in grouped.items():
        commit = made_by.get(partition)
        records[partition] = PartitionRecord(
            rows=sum(file.rows for file in files),
            bytes=sum(file.bytes for file in files),
            files=len(files),
            key=None if commit is None else commit.entry(partition).get("key"),
            version=None if commit is None else commit.version,
        )
    return records


def version_record(commit: Commit) -> VersionRecord:
    """Return a commit as a line of history."""
    lineage = commit.lineage
    return VersionRecord(
        version=commit.version,
        at=commit.at,
        operation="commit" if lineage else str(commit.info.get("operation")),
        run=lineage.run if lineage else None,
        pipeline=lineage.pipeline if lineage else None,
        partitions=commit.replaces,
    )
