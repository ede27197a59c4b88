"""Local disk: files on a mounted file system, synced before anyone relies on them."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from featurelib.errors import UsageError
from featurelib.tables.storage import StoredFile, storage_errors


@dataclass(frozen=True, slots=True)
class LocalStorage:
    """A table in a directory; see `Storage` for the methods."""

    root: str

    @classmethod
    def at(cls, path: Path) -> "LocalStorage":
        """Return the storage in a directory."""
        return cls(str(path.absolute()))

    @property
    def options(self) -> dict[str, str] | None:
        """None: a local disk takes no options."""
        return None

    def url(self, path: str) -> str:
        """Return what polars opens."""
        return f"{self.root}/{path}"

    def probe(self) -> None:
        """Refuse file systems without hard links: a commit is the exclusive creation of a link."""
        with storage_errors(f"creating {self.root}"):
            Path(self.root).mkdir(parents=True, exist_ok=True)
            source = Path(self.root) / f"_probe-{uuid4().hex}"
            source.touch()
        target = source.with_suffix(".link")
        try:
            os.link(source, target)
        except OSError as error:
            raise UsageError(
                f"{self.root}: this file system has no hard links ({error.strerror}), so two writers could overwrite "
                "each other's commits. Put the table on a local disk or an S3-compatible store."
            ) from error
        finally:
            source.unlink(missing_ok=True)
            target.unlink(missing_ok=True)

    def size(self, path: str) -> int | None:
        """Return the size in bytes, or None."""
        try:
            with storage_errors(f"reading {self.url(path)}"):
                return Path(self.url(path)).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, paths: Iterable[str]) -> list[bytes | None]:
        """Return the content of each file, or None."""
        return [self._read_one(path) for path in paths]

    def _read_one(self, path: str) -> bytes | None:
        try:
            with storage_errors(f"reading {self.url(path)}"):
                return Path(self.url(path)).read_bytes()
        except FileNotFoundError:
            return None

    def sha256(self, path: str) -> str:
        """Return the hex digest of the content."""
        with storage_errors(f"reading {self.url(path)}"), Path(self.url(path)).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def write(self, path: str, sink: Callable[[str], None]) -> tuple[int, str]:
        """Let ``sink`` write the file in place, sync it, and return its size and sha256."""
        target = Path(self.url(path))
        try:
            with storage_errors(f"writing {target}"):
                target.parent.mkdir(parents=True, exist_ok=True)
                sink(str(target))
                self._sync_directories(target)
                return target.stat().st_size, self.sha256(path)
        except BaseException:  # also Ctrl-C, and polars' panics: a torn file must not stay
            with suppress(OSError):
                target.unlink(missing_ok=True)
            raise

    def create(self, path: str, content: bytes) -> bool:
        """Write a small file; return False if it exists."""
        target = Path(self.url(path))
        draft = target.with_name(f"{target.name}.{uuid4().hex}.tmp")
        try:
            with storage_errors(f"writing {target}"):
                target.parent.mkdir(parents=True, exist_ok=True)
                draft.write_bytes(content)
                _sync(draft)
                os.link(draft, target)  # atomic, and fails if the name is taken
                self._sync_directories(target)
        except OSError as error:
            if isinstance(error.__cause__, FileExistsError):
                return False
            raise
        finally:
            draft.unlink(missing_ok=True)
        return True

    def delete(self, path: str) -> None:
        """Delete a file; a missing one is fine."""
        with storage_errors(f"deleting {self.url(path)}"):
            Path(self.url(path)).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Yield all files below a directory."""
        for directory, _, names in os.walk(f"{self.root}/{prefix}"):
            for name in names:
                file = Path(directory, name)
                try:
                    facts = file.stat()
                except FileNotFoundError:  # deleted since the directory was read
                    continue
                modified = datetime.fromtimestamp(facts.st_mtime, UTC)
                yield StoredFile(file.relative_to(self.root).as_posix(), facts.st_size, modified)

    def harden(self, paths: Iterable[str]) -> None:
        """Sync the files that exist, and their directories."""
        for path in paths:
            file = Path(self.url(path))
            if file.exists():
                with storage_errors(f"syncing {file}"):
                    _sync(file)
                    self._sync_directories(file)

    def _sync_directories(self, file: Path) -> None:
        """Sync each directory from the file's up to the root: a new name is durable only with its directory."""
        for directory in file.parents:
            _sync(directory)
            if directory == Path(self.root):
                return


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
