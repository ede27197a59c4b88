"""Commit: make staged files a version, by one compare-and-swap on the Delta log."""

import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from featurelib.errors import CommitConflictError, TableError, UsageError
from featurelib.tables.footer import read_footer
from featurelib.tables.lineage import Commit, Lineage, commits, log_path, properties, writers
from featurelib.tables.partition import Partition
from featurelib.tables.records import StagedFile
from featurelib.tables.snapshot import Snapshot, load, snapshot_of
from featurelib.tables.staging import check_partition
from featurelib.tables.storage import Storage, storage_errors
from featurelib.tables.types import partition_columns

_TRIES = 60
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.01, 1.0


@dataclass(frozen=True, slots=True)
class Change:
    """One wish to commit: the files, the partitions they replace, the lineage, and a mark to know it again."""

    files: tuple[StagedFile, ...]
    replaces: tuple[Partition, ...]
    lineage: Lineage
    token: str

    @classmethod
    def of(cls, files: Sequence[StagedFile], replaces: Sequence[Partition], lineage: Lineage) -> "Change":
        """Check that the three fit together.

        Raises
        ------
        UsageError
            If they contradict each other.
        """
        if not replaces or len(set(replaces)) != len(replaces):
            raise UsageError(f"replaces must name each partition once, got {[str(part) for part in replaces]}.")
        named, wanted = set(lineage.partitions), {str(partition) for partition in replaces}
        if named != wanted:
            raise UsageError(
                f"lineage must tell of exactly the replaced partitions; differing: {sorted(named ^ wanted)}."
            )
        if len({file.path for file in files}) != len(files):
            raise UsageError("files must name each staged file once.")
        for file in files:
            if file.partition not in replaces:
                raise UsageError(
                    f"{file.path} has rows of {file.partition}, which is not among the replaced partitions."
                )
        recorded = replace(lineage, files={file.path: file.sha256 for file in files})
        recorded.to_json()
        return cls(tuple(files), tuple(sorted(replaces)), recorded, uuid4().hex)

    @property
    def paths(self) -> set[str]:
        """The paths of its files."""
        return {file.path for file in self.files}


def commit_change(storage: Storage, change: Change) -> int:
    """Commit with all retries, and delete the files if that was needless; see `VersionedTable.commit`."""
    for attempt in range(_TRIES):
        base = load(storage)
        done = _already_committed(storage, base, change)
        if done is not None:
            discard_files(storage, change.files)
            return done
        _check_files(storage, base, change)
        if _swap(storage, base, change):
            _check_committed(storage, base, base.version + 1, change)
            return base.version + 1
        # The only sleep of the library: the log is shared with other processes, and no event tells of its change.
        time.sleep(_wait_s(change.token, attempt))
    raise CommitConflictError(
        f"{storage.root}: other writers committed first in each of {_TRIES} tries; nothing was published. Try again."
    )


def discard_files(storage: Storage, files: Sequence[StagedFile]) -> None:
    """Delete files that no commit names."""
    _discard(storage, {file.path for file in files})


def discard_run(storage: Storage, run: str) -> None:
    """Delete what a run staged and no commit names, also files of which it was never told."""
    staged = re.compile(rf"dt=.*/part-{re.escape(run)}-[0-9a-f]{{32}}\.parquet")
    _discard(storage, {file.path for file in storage.list("") if staged.fullmatch(file.path)})


def _discard(storage: Storage, paths: set[str]) -> None:
    # The log decides, never the caller: after an error the caller may not know that its commit went through.
    if not paths:
        return
    for commit in commits(storage, load(storage).version):
        paths -= (commit.document or {}).get("files", {}).keys()
        if not paths:
            return
    for path in paths:
        storage.delete(path)


def _already_committed(storage: Storage, base: Snapshot, change: Change) -> int | None:
    """Return the version that makes this commit needless, if there is one."""
    live = base.files_of(change.replaces)
    made_by = writers(storage, base, change.replaces)
    if change.files and change.paths == {file.path for file in live}:
        return max(commit.version for commit in made_by.values())
    staged = {file.partition for file in change.files}
    held = {file.partition for file in live}
    unchanged = all(
        partition not in held if partition not in staged else _same_key(partition, made_by.get(partition), change)
        for partition in change.replaces
    )
    return base.version if unchanged else None


def _same_key(partition: Partition, made_by: Commit | None, change: Change) -> bool:
    key = change.lineage.partitions[str(partition)].get("key")
    return key is not None and made_by is not None and made_by.entry(partition).get("key") == key


def _check_files(storage: Storage, base: Snapshot, change: Change) -> None:
    """Check each file against its record and the table: the transaction itself would accept anything."""
    for partition in change.replaces:
        check_partition(partition, hourly=base.hourly)
    for file in change.files:
        size = storage.size(file.path)
        if size is None:
            raise TableError(
                f"{file.path}: the staged file is gone. Was vacuum told that no job is running while this one ran?"
            )
        if size != file.bytes:
            raise TableError(f"{file.path}: {size} bytes on disk, {file.bytes} when staged.")
        footer = read_footer(storage, file.path)
        if footer.rows != file.rows:
            raise TableError(f"{file.path}: {footer.rows} rows in the footer, {file.rows} when staged.")
        if list(footer.schema.items()) != list(base.schema.items()):
            raise TableError(
                f"{file.path}: its columns are {dict(footer.schema)}, the table's are {dict(base.schema)}. "
                "Did the table evolve meanwhile? Stage it again."
            )


def _swap(storage: Storage, base: Snapshot, change: Change) -> bool:
    """Write the log entry after ``base``; return False if another writer did so first."""
    version = base.version + 1
    try:
        with storage_errors(f"committing to {storage.root}"):
            base.handle.create_write_transaction(
                _actions(base, change),
                "append",
                base.handle.schema(),
                list(partition_columns(hourly=base.hourly)),
                # NOTE: with deltalake's own retries two writers of a new partition both succeed, and rows double.
                commit_properties=CommitProperties(
                    max_commit_retries=0,
                    custom_metadata=properties(change.lineage, change.replaces, change.token),
                ),
            )
    except Exception as error:
        # A lost answer, or a checkpoint that failed after the commit, looks like a failure and is none.
        if not _landed(storage, version, change.token):
            if isinstance(error, CommitFailedError):
                return False
            raise
    checkpoint = log_path(version).replace(".json", ".checkpoint.parquet")
    storage.harden([log_path(version), checkpoint, "_delta_log/_last_checkpoint"])
    return True


def _landed(storage: Storage, version: int, token: str) -> bool:
    [content] = storage.read([log_path(version)])
    return content is not None and Commit(version, content).token == token


def _actions(base: Snapshot, change: Change) -> list[AddAction | RemoveAction]:
    now_ms = time.time_ns() // 1_000_000
    removes = [
        RemoveAction(
            path=file.path,
            data_change=True,
            deletion_timestamp=now_ms,
            size=file.bytes,
            partition_values={**file.partition.values()},
        )
        for file in base.files_of(change.replaces)
        if file.path not in change.paths
    ]
    # The row count is the only statistic: the minima of 30 columns made the log of 4,000 partitions grow by 7 MB.
    adds = [
        AddAction(
            path=file.path,
            size=file.bytes,
            partition_values=file.partition.values(),
            modification_time=now_ms,
            data_change=True,
            stats=json.dumps({"numRecords": file.rows}),
        )
        for file in change.files
    ]
    return [*adds, *removes]


def _check_committed(storage: Storage, base: Snapshot, version: int, change: Change) -> None:
    """Read the commit back: the replaced partitions must hold our files and no others."""
    with storage_errors(f"reading the log of {storage.root}"):
        base.handle.update_incremental()
    # NOTE: another writer may have gone on already
    made = snapshot_of(storage, base.handle) if base.handle.version() == version else load(storage, version)
    live = {file.path for file in made.files_of(change.replaces)}
    if live != change.paths:
        raise TableError(
            f"{storage.root}: version {version} should hold {sorted(change.paths)} in the replaced partitions, and "
            f"holds {sorted(live)}. This is a defect: please report it."
        )


def _wait_s(token: str, attempt: int) -> float:
    """Return a growing wait, spread by the writer's token so that writers do not meet again and again."""
    spread = hashlib.sha256(f"{token}{attempt}".encode()).digest()[0] / 255
    longest: float = min(_FIRST_WAIT_S * 2**attempt, _LONGEST_WAIT_S)
    return longest * (0.25 + 0.75 * spread)
