"""Snapshot: one version of a table, as the Delta log has it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from featurelib.errors import TableError, UsageError
from featurelib.tables.partition import Partition, shared_partition
from featurelib.tables.storage import Storage, storage_errors
from featurelib.tables.types import from_delta, partition_columns

# Delta deletes old log files by default after 30 days, and with them every version that needs them.
SETTINGS = {"delta.enableExpiredLogCleanup": "false", "delta.checkpointInterval": "10"}


class LiveFile(NamedTuple):
    """A file of a version: path below the root, partition, size in bytes and rows."""

    path: str
    partition: Partition
    bytes: int
    rows: int


@dataclass(frozen=True)
class Snapshot:
    """The columns and files of one version; reading it touches no data file.

    Attributes
    ----------
    version
        Its number.
    schema
        Columns without the partition columns.
    hourly
        Whether partitions are hours.
    handle
        Delta's own object, loaded at this version.
    """

    version: int
    schema: pl.Schema
    hourly: bool
    handle: DeltaTable = field(repr=False)

    @cached_property
    def files(self) -> tuple[LiveFile, ...]:
        """Its files, by partition and then by name."""
        return tuple(_live(self._rows))

    def files_of(self, partitions: Collection[Partition]) -> list[LiveFile]:
        """Return its files in these partitions, in order."""
        keys = partition_columns(hourly=self.hourly)
        wanted = [[partition.dt, partition.hr][: len(keys)] for partition in partitions]
        asked = pl.DataFrame(wanted, schema=keys, orient="row")
        return _live(self._rows.join(asked, on=list(keys), how="semi", maintain_order="left"))

    @cached_property
    def _rows(self) -> pl.DataFrame:
        actions = pl.DataFrame(self.handle.get_add_actions(flatten=True))
        keys = partition_columns(hourly=self.hourly)
        names = {f"partition.{name}": name for name in keys}
        places = [pl.col(given).cast(keys[name]).alias(name) for given, name in names.items()]
        return actions.select("path", "size_bytes", "num_records", *places).sort(*keys, "path")


def _live(rows: pl.DataFrame) -> list[LiveFile]:
    return [LiveFile(path, shared_partition(*values), size, count) for path, size, count, *values in rows.iter_rows()]


def load(storage: Storage, version: int | None = None) -> Snapshot:
    """Read one version from the log; the newest by default.

    Raises
    ------
    UsageError
        If there is no table, or no such version.
    TableError
        If the log is damaged, or the table was made with settings under which versions expire.
    """
    if version is not None and version < 0:
        raise UsageError(f"{storage.root}: there is no version {version}; versions count up from 0.")
    try:
        with storage_errors(f"reading the log of {storage.root}"):
            handle = DeltaTable(storage.root, version=version, storage_options=storage.options)
    except TableNotFoundError as error:
        if version is None:
            raise UsageError(f"{storage.root}: there is no table here; create it first.") from error
        raise UsageError(f"{storage.root}: there is no version {version}.") from error
    except DeltaError as error:
        if version is not None and version > (newest := load(storage).version):
            raise UsageError(f"{storage.root}: there is no version {version}; the newest is {newest}.") from error
        raise TableError(f"{storage.root}: the Delta log cannot be read: {error}") from error
    return snapshot_of(storage, handle)


def snapshot_of(storage: Storage, handle: DeltaTable) -> Snapshot:
    """Return what Delta's object is loaded at; TableError as `load`."""
    metadata = handle.metadata()
    hourly = metadata.partition_columns == list(partition_columns(hourly=True))
    if not hourly and metadata.partition_columns != list(partition_columns(hourly=False)):
        raise TableError(f"{storage.root}: partitioned by {metadata.partition_columns}, not by dt, or dt and hr.")
    for name, value in SETTINGS.items():
        if metadata.configuration.get(name) != value:
            raise TableError(
                f"{storage.root}: setting {name} is {metadata.configuration.get(name)!r}, not {value!r}, so tagged "
                "versions could be lost or commits grow slow. Was the table made by another tool?"
            )
    return Snapshot(handle.version(), from_delta(handle.schema()), hourly, handle)
