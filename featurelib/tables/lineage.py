"""Lineage: what each commit records about where its rows came from, kept in the Delta log itself."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from featurelib.errors import UsageError
from featurelib.tables.partition import Partition
from featurelib.tables.snapshot import Snapshot
from featurelib.tables.storage import Storage

_PROPERTY = "featurelib"
_LOG = "_delta_log"
_FIRST_READ, _LARGEST_READ = 8, 256
_FEW = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Say which run made a commit, and from what.

    Parameters
    ----------
    run
        Name of the run, unique per try.
    pipeline
        Name of the pipeline.
    partitions
        For each replaced partition, by its text such as ``2026-11-01``, what is recorded about it: ``key`` (the
        fingerprint of everything it depends on), ``inputs``, ``rows`` in, kept and dropped, ``checks``. A partition
        without a ``key`` is always committed again.
    common
        What all partitions share: code, parameters, program, library versions.
    files
        sha256 of each file, by path. The commit fills it.

    Notes
    -----
    Everything in it must be JSON: text, numbers that are not NaN or infinite, booleans, null, lists and mappings.
    """

    run: str
    pipeline: str
    partitions: Mapping[str, Mapping[str, Any]]
    common: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the document that a commit stores.

        Raises
        ------
        UsageError
            If something in it is not JSON.
        """
        document = {name: getattr(self, name) for name in ("run", "pipeline", "partitions", "common", "files")}
        try:
            return dict(json.loads(json.dumps(document, allow_nan=False, default=_mapping)))
        except (TypeError, ValueError) as error:
            raise UsageError(f"lineage of run {self.run!r} is not JSON: {error}") from error


@dataclass(frozen=True)
class Commit:
    """One entry of the Delta log.

    Attributes
    ----------
    version
        The version it made.
    content
        Its bytes: one JSON action per line.
    """

    version: int
    content: bytes = field(repr=False)

    @cached_property
    def info(self) -> dict[str, Any]:
        """Delta's own facts about the commit, and ours."""
        return next(self._actions("commitInfo"), {})

    @cached_property
    def document(self) -> dict[str, Any] | None:
        """What `Lineage.to_json` gave, and more; ``None`` for a commit of another kind."""
        text = self.info.get(_PROPERTY)
        return None if text is None else json.loads(text)

    @property
    def token(self) -> str | None:
        """The mark of the very call that committed."""
        return None if self.document is None else str(self.document["token"])

    @property
    def replaces(self) -> tuple[Partition, ...]:
        """The partitions it replaced, ascending."""
        return tuple(Partition.parse(text) for text in (self.document or {}).get("replaces", ()))

    @property
    def at(self) -> datetime:
        """When it was made (UTC, by the writer's clock)."""
        return datetime.fromtimestamp(self.info.get("timestamp", 0) / 1000, UTC)

    @property
    def lineage(self) -> Lineage | None:
        """Its lineage; ``None`` for a commit of another kind."""
        if self.document is None:
            return None
        return Lineage(**{name: self.document[name] for name in Lineage.__dataclass_fields__})

    def entry(self, partition: Partition) -> Mapping[str, Any]:
        """Return what its lineage says of a partition; nothing if it says nothing."""
        return dict((self.document or {}).get("partitions", {}).get(str(partition), {}))

    def removed(self) -> set[str]:
        """Return the paths of the files it replaced."""
        return {action["path"] for action in self._actions("remove")}

    def _actions(self, kind: str) -> Iterator[dict[str, Any]]:
        mark = f'"{kind}"'.encode()
        for line in self.content.splitlines():
            if mark in line[:40]:  # parsing each of a thousand file entries would cost more than all the rest
                action = json.loads(line)
                if kind in action:
                    yield action[kind]


def log_path(version: int) -> str:
    """Return the path of a version's log entry below the table's root."""
    return f"{_LOG}/{version:020d}.json"


def properties(lineage: Lineage, replaces: Collection[Partition], token: str) -> dict[str, str]:
    """Return what a commit stores beside Delta's own facts."""
    document = {**lineage.to_json(), "replaces": [str(partition) for partition in sorted(replaces)], "token": token}
    return {_PROPERTY: json.dumps(document)}


def commits(storage: Storage, newest: int) -> Iterator[Commit]:
    """Yield the commits from ``newest`` back to the first, reading more at a time the further it goes."""
    size = _FIRST_READ
    while newest >= 0:
        versions = range(newest, max(newest - size, -1), -1)
        contents = storage.read([log_path(version) for version in versions])
        for version, content in zip(versions, contents, strict=True):
            if content is None:
                return
            yield Commit(version, content)
        newest, size = newest - size, min(2 * size, _LARGEST_READ)


def writers(storage: Storage, snapshot: Snapshot, partitions: Collection[Partition]) -> dict[Partition, Commit]:
    """Return, for each of these partitions that is live, the commit which wrote its files; see `written`."""
    found = written(storage, snapshot, partitions)
    return {partition: commit for commit, of_commit in found for partition in of_commit}


def written(
    storage: Storage, snapshot: Snapshot, partitions: Collection[Partition]
) -> Iterator[tuple[Commit, list[Partition]]]:
    """Yield the commits that wrote the files of these partitions, newest first, each with those that it wrote.

    Notes
    -----
    A commit replaces whole partitions, so that any one file tells. The log is read from its new end, and no further
    than the oldest commit asked for.
    """
    one_each = {file.partition: file.path for file in snapshot.files_of(partitions)}
    pending = {path: partition for partition, path in one_each.items()}
    for commit in commits(storage, snapshot.version) if pending else ():
        if len(pending) <= _FEW and not any(path.encode() in commit.content for path in pending):
            continue  # to parse it would cost more
        found = [pending.pop(path) for path in (commit.document or {}).get("files", {}) if path in pending]
        if found:
            yield commit, found
        if not pending:
            return


def recorded_hashes(storage: Storage, snapshot: Snapshot) -> dict[str, str]:
    """Return the sha256 of each file of a version as far as commits recorded one."""
    partitions = {file.partition for file in snapshot.files}
    found: dict[str, str] = {}
    for commit in writers(storage, snapshot, partitions).values():
        found.update((commit.document or {})["files"])
    return found


def _mapping(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} {value!r}")
