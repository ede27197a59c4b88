"""Staging: stream a frame into one Parquet file that no version shows yet."""

import re
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, DataRefusedError, UsageError
from featurelib.tables.footer import read_footer
from featurelib.tables.partition import Partition
from featurelib.tables.records import StagedFile
from featurelib.tables.storage import Storage
from featurelib.tables.types import partition_columns

GROUP_ROWS = 65_536
"""Rows of a row group, which bound the memory of writer and readers; larger groups gained nothing when measured."""

Codec = Literal["zstd", "lz4"]

_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Staging:
    """Write files of a table for a run, by its columns as they were when this was made; small, and can be pickled.

    Attributes
    ----------
    storage
        Where the table lies.
    schema, hourly
        Its columns without partition columns, and whether partitions are hours.
    run
        Name of the run, which becomes part of the files' names.
    group_rows
        Rows of a row group: fewer where readers want a few rows of each file.
    codec
        Compression: ``lz4`` takes less CPU and a third more bytes, for files that are written as often as read.
    """

    storage: Storage
    schema: pl.Schema
    hourly: bool
    run: str
    group_rows: int = GROUP_ROWS
    codec: Codec = "zstd"

    def __post_init__(self) -> None:
        if not _RUN.fullmatch(self.run):
            raise UsageError(
                f"run {self.run!r} becomes part of a file name: use up to 100 letters, digits, '_', '.' or '-'."
            )

    def stage(self, frame: pl.LazyFrame | pl.DataFrame, partition: Partition) -> StagedFile:
        """Write the frame's rows, in its order, as one file of the partition; see `VersionedTable.stage`."""
        check_partition(partition, hourly=self.hourly)
        rows = self._of_partition(frame.lazy(), partition).select(self.schema.names())
        path = f"{partition.path}/part-{self.run}-{uuid4().hex}.parquet"

        def sink(target: str) -> None:
            rows.sink_parquet(
                target,
                compression=self.codec,
                row_group_size=self.group_rows,
                maintain_order=True,
                sync_on_close="all",
            )

        size, digest = self.storage.write(path, sink)
        try:
            # NOTE: rows that stream by are counted in the file; a commit counts all there once more
            many = len(frame) if isinstance(frame, pl.DataFrame) else read_footer(self.storage, path).rows
            return StagedFile(path, partition, size, many, digest)
        except BaseException:
            self.storage.delete(path)
            raise

    def _of_partition(self, frame: pl.LazyFrame, partition: Partition) -> pl.LazyFrame:
        """Check the frame's columns, and let its partition columns, if any, be checked while it streams."""
        found = frame.collect_schema()
        keys = partition_columns(hourly=self.hourly)
        for name, dtype in self.schema.items():
            if name not in found:
                raise ColumnMissingError("The table", name, where="the frame", columns=found.names())
            if found[name] != dtype:
                hint = "Cast it before staging."
                raise ColumnTypeError("The table", name, where="the frame", got=found[name], want=str(dtype), hint=hint)
        for name in found:
            if name not in self.schema and name not in keys:
                raise UsageError(f"the table has no column {name!r}; drop it, or add it to the table with evolve().")
        given = {name: dtype for name, dtype in keys.items() if name in found}
        for name, dtype in given.items():
            if found[name] != dtype:
                raise ColumnTypeError("The table", name, where="the frame", got=found[name], want=str(dtype))
        return _refuse_strangers(frame, list(given), partition) if given else frame


def check_partition(partition: Partition, *, hourly: bool) -> None:
    """Raise `UsageError` if a day is given to a table by hours, or an hour to a table by days."""
    if hourly and partition.hr is None:
        raise UsageError(f"partition {partition} is a day, and the table is by hours.")
    if not hourly and partition.hr is not None:
        raise UsageError(f"partition {partition} is an hour, and the table is by days.")


def _refuse_strangers(frame: pl.LazyFrame, keys: list[str], partition: Partition) -> pl.LazyFrame:
    values = {"dt": partition.dt, "hr": partition.hr}
    inside = pl.all_horizontal(pl.col(name).eq_missing(pl.lit(values[name])) for name in keys)

    def check(batch: pl.Series) -> pl.Series:
        if not batch.all():
            raise DataRefusedError(f"the frame has rows outside partition {partition}, by its own {', '.join(keys)}.")
        return batch

    # NOTE: a check inside the plan, because a check ahead of it would run the whole plan twice.
    return frame.filter(inside.map_batches(check, return_dtype=pl.Boolean(), is_elementwise=True))
