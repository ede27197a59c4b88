"""Storage: the few operations a table needs from the place where its files lie."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from featurelib.errors import FeaturelibError, StorageError

# Full disk or quota, input/output error, read-only: polars and deltalake hand these on as text only.
_TROUBLE = re.compile(r"os error (5|28|30|122)\b|No space left on device|Invalid thrift: transport error")
_THRIFT = "transport error"  # polars hides the reason where the full disk meets a header of Parquet


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the storage lists it: path below the root, size, and when it was last written (UTC)."""

    path: str
    bytes: int
    modified: datetime


class Storage(Protocol):
    """A place for one table; each ``path`` is below the table's root, with forward slashes.

    Every method raises `StorageError` where the place fails.
    """

    @property
    def root(self) -> str:
        """Absolute path or address of the table."""
        ...

    @property
    def options(self) -> dict[str, str] | None:
        """Options for deltalake and polars; ``None`` on a local disk."""
        ...

    def url(self, path: str) -> str:
        """Return what polars opens."""
        ...

    def probe(self) -> None:
        """Raise `UsageError` unless a commit here is safe."""
        ...

    def size(self, path: str) -> int | None:
        """Return the size in bytes; ``None`` if there is no such file."""
        ...

    def read(self, paths: Iterable[str]) -> list[bytes | None]:
        """Return the content of each file; ``None`` for a missing one."""
        ...

    def sha256(self, path: str) -> str:
        """Return the hex digest of the content; FileNotFoundError if missing."""
        ...

    def write(self, path: str, sink: Callable[[str], None]) -> tuple[int, str]:
        """Let ``sink`` write a local file, store it durably, and return its size and sha256.

        Whatever is raised on the way, no file stays behind.
        """
        ...

    def create(self, path: str, content: bytes) -> bool:
        """Write a small file at once and durably; return False, and change nothing, if it exists."""
        ...

    def delete(self, path: str) -> None:
        """Delete a file; a missing one is fine."""
        ...

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Yield all files below a directory, in no particular order."""
        ...

    def harden(self, paths: Iterable[str]) -> None:
        """Make files that another library wrote survive a power cut; missing ones are passed over."""
        ...


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Turn failures of the disk or network into `StorageError`; let all others through.

    A missing file stays `FileNotFoundError`: trying again does not bring it back.
    """
    try:
        yield
    except (FeaturelibError, FileNotFoundError):
        raise
    except Exception as error:
        foreign = type(error).__module__.startswith("obstore")
        if isinstance(error, OSError) or foreign or _TROUBLE.search(str(error)):
            text = " ".join(str(error).split())
            hint = " (is the disk full?)" if text.endswith(_THRIFT) else ""
            raise StorageError(f"{doing} failed: {text}{hint}") from error
        raise
