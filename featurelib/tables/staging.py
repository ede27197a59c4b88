"""Staging: stream a frame into one Parquet file that no version shows yet."""

import re
from uuid import uuid4

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, DataRefusedError, UsageError
from featurelib.tables.footer import read_footer
from featurelib.tables.partition import Partition
from featurelib.tables.records import StagedFile
from featurelib.tables.snapshot import Snapshot
from featurelib.tables.storage import Storage
from featurelib.tables.types import partition_columns

# Bounds the memory of writer and readers; larger groups gained nothing when measured.
_ROW_GROUP_ROWS = 65_536
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def stage_file(storage: Storage, snapshot: Snapshot, frame: pl.LazyFrame, partition: Partition, run: str) -> StagedFile:
    """Write the frame's rows, in its order, as one file of the partition; see `VersionedTable.stage`."""
    check_partition(partition, hourly=snapshot.hourly)
    if not _RUN.fullmatch(run):
        raise UsageError(f"run {run!r} becomes part of a file name: use up to 100 letters, digits, '_', '.' or '-'.")
    rows = _of_partition(frame, snapshot, partition).select(snapshot.schema.names())
    path = f"{partition.path}/part-{run}-{uuid4().hex}.parquet"

    def sink(target: str) -> None:
        rows.sink_parquet(
            target, compression="zstd", row_group_size=_ROW_GROUP_ROWS, maintain_order=True, sync_on_close="all"
        )

    size, digest = storage.write(path, sink)
    try:
        return StagedFile(path, partition, size, read_footer(storage, path).rows, digest)
    except BaseException:
        storage.delete(path)
        raise


def check_partition(partition: Partition, *, hourly: bool) -> None:
    """Raise `UsageError` if a day is given to a table by hours, or an hour to a table by days."""
    if hourly and partition.hr is None:
        raise UsageError(f"partition {partition} is a day, and the table is by hours.")
    if not hourly and partition.hr is not None:
        raise UsageError(f"partition {partition} is an hour, and the table is by days.")


def _of_partition(frame: pl.LazyFrame, snapshot: Snapshot, partition: Partition) -> pl.LazyFrame:
    """Check the frame's columns, and let its partition columns, if any, be checked while it streams."""
    found = frame.collect_schema()
    keys = partition_columns(hourly=snapshot.hourly)
    for name, dtype in snapshot.schema.items():
        if name not in found:
            raise ColumnMissingError("The table", name, where="the frame", columns=found.names())
        if found[name] != dtype:
            raise ColumnTypeError(
                "The table", name, where="the frame", got=found[name], want=str(dtype), hint="Cast it before staging."
            )
    for name in found:
        if name not in snapshot.schema and name not in keys:
            raise UsageError(f"the table has no column {name!r}; drop it, or add it to the table with evolve().")
    given = {name: dtype for name, dtype in keys.items() if name in found}
    for name, dtype in given.items():
        if found[name] != dtype:
            raise ColumnTypeError("The table", name, where="the frame", got=found[name], want=str(dtype))
    return _refuse_strangers(frame, list(given), partition) if given else frame


def _refuse_strangers(frame: pl.LazyFrame, keys: list[str], partition: Partition) -> pl.LazyFrame:
    values = {"dt": partition.dt, "hr": partition.hr}
    inside = pl.all_horizontal(pl.col(name).eq_missing(pl.lit(values[name])) for name in keys)

    def check(batch: pl.Series) -> pl.Series:
        if not batch.all():
            raise DataRefusedError(f"the frame has rows outside partition {partition}, by its own {', '.join(keys)}.")
        return batch

    # NOTE: a check inside the plan, because a check ahead of it would run the whole plan twice.
    return frame.filter(inside.map_batches(check, return_dtype=pl.Boolean(), is_elementwise=True))
