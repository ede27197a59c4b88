"""Scan: the rows of one version as a lazy frame."""

from collections.abc import Collection

import polars as pl

from featurelib.errors import TableError
from featurelib.tables.parquet_rows import ParquetRows
from featurelib.tables.partition import Partition
from featurelib.tables.snapshot import LiveFile, Snapshot
from featurelib.tables.storage import Storage
from featurelib.tables.types import partition_columns


def scan_files(
    storage: Storage, snapshot: Snapshot, partitions: Collection[Partition] | None, *, check: bool
) -> pl.LazyFrame:
    """Return the rows of a version; see `VersionedTable.scan`. ``check`` looks first whether the files are there."""
    files = _to_scan(storage, snapshot, partitions, check=check)
    keys = partition_columns(hourly=snapshot.hourly)
    if not files:
        return pl.LazyFrame(schema={**snapshot.schema, **keys})
    return pl.scan_parquet(
        files,
        schema=snapshot.schema,
        hive_partitioning=True,
        hive_schema=keys,
        missing_columns="insert",  # files from before the table evolved
        glob=False,
        storage_options=storage.options,
    )


def rows_of(
    storage: Storage, snapshot: Snapshot, partitions: Collection[Partition], *, check: bool
) -> pl.LazyFrame | ParquetRows:
    """Return the rows of some partitions of a version; see `TableVersion.rows`."""
    if storage.options is not None or not partitions:
        return scan_files(storage, snapshot, partitions, check=check)
    files = _to_scan(storage, snapshot, partitions, check=check)
    return ParquetRows(tuple(files), snapshot.schema, pl.Schema(partition_columns(hourly=snapshot.hourly)))


def _to_scan(
    storage: Storage, snapshot: Snapshot, partitions: Collection[Partition] | None, *, check: bool
) -> list[str]:
    """Return the files of some partitions, as polars opens them."""
    files = list(snapshot.files) if partitions is None else snapshot.files_of(partitions)
    absent = sorted(set(partitions or ()) - {file.partition for file in files})
    if absent:
        raise TableError(
            f"{storage.root}: version {snapshot.version} has no partition {', '.join(map(str, absent[:10]))}"
            f"{f' and {len(absent) - 10} more' if len(absent) > 10 else ''}."
        )
    if check:
        _check_files(storage, snapshot, files, few=partitions is not None)
    return [storage.url(file.path) for file in files]


def _check_files(storage: Storage, snapshot: Snapshot, files: list[LiveFile], *, few: bool) -> None:
    # NOTE: one listing of a whole table is cheaper than to ask for each of its files; for some partitions it is not
    folders = {file.partition.path for file in files} if few else {""}
    stored = {file.path for folder in folders for file in storage.list(folder)}
    lost = [file.path for file in files if file.path not in stored]
    if lost:
        raise TableError(
            f"{storage.root}: version {snapshot.version} can no longer be read: {len(lost)} of its files are gone, "
            f"such as {lost[0]}. Versions stay readable as long as a tag keeps them."
        )
