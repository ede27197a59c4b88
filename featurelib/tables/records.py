"""Records: the small facts that a table hands out about its files, partitions and versions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from featurelib.tables.partition import Partition


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A Parquet file that is written, and not yet part of any version.

    Attributes
    ----------
    path
        Below the table's root, with forward slashes.
    partition
        The partition whose rows it holds.
    bytes, rows
        Its size, and its rows as the Parquet footer counts them; 0 rows is a valid file.
    sha256
        Of the whole file, in hex.
    """

    path: str
    partition: Partition
    bytes: int
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PartitionRecord:
    """What one partition of a version is.

    Attributes
    ----------
    rows, bytes, files
        Sums over its files. 0 rows means built and empty.
    key
        The fingerprint it was built with; ``None`` where the commit recorded none.
    version
        The version that wrote its files; ``None`` if another tool than featurelib wrote them.
    """

    rows: int
    bytes: int
    files: int
    key: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One line of a table's history.

    Attributes
    ----------
    version
        Counts up from 0, which is the empty table.
    at
        When it was committed (UTC, by the writer's clock).
    operation
        ``commit`` for ours, else Delta's name of it, such as ``CREATE TABLE``.
    run, pipeline
        Who committed; ``None`` where there is no lineage.
    partitions
        The partitions it replaced, ascending.
    """

    version: int
    at: datetime
    operation: str
    run: str | None
    pipeline: str | None
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A live file that is not what the log says.

    Attributes
    ----------
    path
        The file, below the table's root.
    partition
        The partition whose rows it holds.
    kind
        ``missing``; ``bytes``, ``sha256`` or ``rows`` if that differs; ``unreadable`` if Parquet's footer cannot be
        read; ``unrecorded`` if no commit recorded its hash, so that it cannot be checked.
    detail
        What was expected and what was found.
    """

    path: str
    partition: Partition
    kind: Literal["missing", "bytes", "sha256", "rows", "unreadable", "unrecorded"]
    detail: str

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}: {self.detail}"
