"""TableVersion: one version of a table, whose log is read once."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from featurelib.tables.inventory import partition_records
from featurelib.tables.lineage import written
from featurelib.tables.parquet_rows import ParquetRows
from featurelib.tables.partition import Partition
from featurelib.tables.records import PartitionRecord
from featurelib.tables.scan import rows_of, scan_files
from featurelib.tables.snapshot import LiveFile, Snapshot
from featurelib.tables.staging import GROUP_ROWS, Codec, Staging
from featurelib.tables.storage import Storage


@dataclass(frozen=True, slots=True)
class TableVersion:
    """Read one version of a table as often as you like; made by `VersionedTable.at`.

    Unlike the table it does not notice later commits, and cannot be pickled; the frames that `scan` returns can.
    """

    storage: Storage
    snapshot: Snapshot = field(repr=False)
    check: bool = field(repr=False)

    @property
    def version(self) -> int:
        """Its number; 0 is the empty table."""
        return self.snapshot.version

    @property
    def schema(self) -> pl.Schema:
        """Its columns, in order, without partition columns."""
        return self.snapshot.schema

    @property
    def hourly(self) -> bool:
        """Whether its partitions are hours."""
        return self.snapshot.hourly

    @property
    def files(self) -> tuple[LiveFile, ...]:
        """Its files, by partition and then by name."""
        return self.snapshot.files

    def staging(self, run: str, *, group_rows: int = GROUP_ROWS, codec: Codec = "zstd") -> Staging:
        """Return what stages files by its columns, with row groups of so many rows, compressed so."""
        return Staging(self.storage, self.schema, self.hourly, run, group_rows, codec)

    def files_of(self, partitions: Collection[Partition]) -> list[LiveFile]:
        """Return its files in some partitions; none of those that are not there."""
        return self.snapshot.files_of(partitions)

    def scan(self, partitions: Collection[Partition] | None = None) -> pl.LazyFrame:
        """Return its rows as a lazy frame; see `VersionedTable.scan`."""
        return scan_files(self.storage, self.snapshot, partitions, check=self.check)

    def rows(self, partitions: Collection[Partition]) -> pl.LazyFrame | ParquetRows:
        """Return the rows of some partitions for a program to read, as `scan` does.

        On a local disk as `ParquetRows`, of which a program computes what depends on one text alone once for many rows.
        """
        return rows_of(self.storage, self.snapshot, partitions, check=self.check)

    def partitions(self) -> dict[Partition, PartitionRecord]:
        """Return what each partition is; see `VersionedTable.partitions`."""
        return partition_records(self.storage, self.snapshot)

    def entries(self, partitions: Collection[Partition]) -> Iterator[tuple[Partition, Mapping[str, Any]]]:
        """Yield what the lineage says of those of some partitions that are there, in no order that means anything.

        A partition that another tool than featurelib wrote gives an empty mapping. The log is read once for all.
        """
        foreign = {file.partition for file in self.snapshot.files_of(partitions)}
        for commit, of_commit in written(self.storage, self.snapshot, partitions):
            for partition in of_commit:
                foreign.discard(partition)
                yield partition, commit.entry(partition)
        yield from ((partition, {}) for partition in sorted(foreign))
