"""Create: make a table, or add columns to one."""

import polars as pl
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from featurelib.errors import CommitConflictError, TableError
from featurelib.tables.lineage import log_path
from featurelib.tables.snapshot import SETTINGS, Snapshot, load
from featurelib.tables.storage import Storage, storage_errors
from featurelib.tables.types import partition_columns, to_delta, to_fields

_EVOLVE_TRIES = 10
# With deltalake's own retries the loser of a race to create commits again, over the winner's table.
_ONE_TRY = CommitProperties(max_commit_retries=0)


def create_table(storage: Storage, schema: pl.Schema, *, hourly: bool) -> None:
    """Create the table unless it is there with these columns; see `VersionedTable.create`."""
    declared = to_delta(schema, hourly=hourly)
    storage.probe()
    existing = _existing(storage)
    if existing is None:
        try:
            with storage_errors(f"creating {storage.root}"):
                DeltaTable.create(
                    storage.root,
                    declared,
                    mode="error",
                    partition_by=list(partition_columns(hourly=hourly)),
                    configuration=dict(SETTINGS),
                    storage_options=storage.options,
                    commit_properties=_ONE_TRY,
                )
            storage.harden([log_path(0)])
        except DeltaError:
            if _existing(storage) is None:
                raise
        existing = load(storage)  # another process may have created it at the same time
    _check_same(storage, existing, schema, hourly=hourly)


def evolve_table(storage: Storage, schema: pl.Schema) -> int:
    """Add the columns that the table lacks; see `VersionedTable.evolve`."""
    for _ in range(_EVOLVE_TRIES):
        snapshot = load(storage)
        held = snapshot.schema
        if list(schema.items())[: len(held)] != list(held.items()):
            raise TableError(f"{storage.root}: evolve only adds columns at the end; {_differences(held, schema)}.")
        to_delta(schema, hourly=snapshot.hourly)
        added = {name: dtype for name, dtype in schema.items() if name not in held}
        if not added:
            return snapshot.version
        try:
            with storage_errors(f"evolving {storage.root}"):
                snapshot.handle.alter.add_columns(to_fields(added), commit_properties=_ONE_TRY)
        except CommitFailedError:
            continue
        version = load(storage).version
        storage.harden([log_path(version)])
        return version
    raise CommitConflictError(f"{storage.root}: other writers committed first in each of {_EVOLVE_TRIES} tries.")


def _existing(storage: Storage) -> Snapshot | None:
    [first] = storage.read([log_path(0)])
    return None if first is None else load(storage)


def _check_same(storage: Storage, snapshot: Snapshot, schema: pl.Schema, *, hourly: bool) -> None:
    if snapshot.hourly != hourly:
        kinds = {True: "by hours", False: "by days"}
        raise TableError(f"{storage.root}: the table is {kinds[snapshot.hourly]}, not {kinds[hourly]}.")
    if list(snapshot.schema.items()) != list(schema.items()):
        raise TableError(
            f"{storage.root}: the table has other columns; {_differences(snapshot.schema, schema)}. "
            "Columns at the end are added with evolve()."
        )


def _differences(held: pl.Schema, wanted: pl.Schema) -> str:
    """Return the differing columns as a clause."""
    names = dict.fromkeys([*held, *wanted])
    parts = [
        f"{name!r}: {held.get(name, 'absent')} in the table, {wanted.get(name, 'absent')} given"
        for name in names
        if held.get(name) != wanted.get(name)
    ]
    return "; ".join(parts) or f"the order is {held.names()} in the table, {wanted.names()} given"
