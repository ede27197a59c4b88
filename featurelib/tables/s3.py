"""S3: files in an object store that writes a key only if it is absent."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from featurelib.errors import UsageError
from featurelib.tables.storage import StoredFile, storage_errors

_CLIENT_OPTIONS = ("allow_http", "timeout", "connect_timeout", "proxy_url", "user_agent")
_REQUESTS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class S3Storage:
    """A table under ``s3://bucket/prefix``; see `Storage` for the methods.

    Notes
    -----
    A file is first written to the local temporary directory, which must have room for one file per running stage:
    so its hash is of the bytes we meant to store, and an upload can be tried again.
    """

    root: str
    settings: tuple[tuple[str, str], ...]

    @classmethod
    def at(cls, address: str, options: Mapping[str, str]) -> "S3Storage":
        """Return the storage under an ``s3://`` address; UsageError without the extra."""
        _obstore()
        return cls(address.rstrip("/"), tuple(sorted((key.lower(), value) for key, value in options.items())))

    @property
    def options(self) -> dict[str, str] | None:
        """Options for deltalake and polars."""
        return dict(self.settings)

    @property
    def _store(self) -> Any:
        return _connect(self.root, self.settings)

    def url(self, path: str) -> str:
        """Return what polars opens."""
        return f"{self.root}/{path}"

    def probe(self) -> None:
        """Check nothing ahead: a store without conditional writes refuses the first commit by itself."""

    def size(self, path: str) -> int | None:
        """Return the size in bytes, or None."""
        try:
            with storage_errors(f"reading {self.url(path)}"):
                return int(_obstore().head(self._store, path)["size"])
        except FileNotFoundError:
            return None

    def read(self, paths: Iterable[str]) -> list[bytes | None]:
        """Return the content of each file, or None."""
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as threads:
            return list(threads.map(self._read_one, paths))

    def _read_one(self, path: str) -> bytes | None:
        try:
            with storage_errors(f"reading {self.url(path)}"):
                return bytes(_obstore().get(self._store, path).bytes())
        except FileNotFoundError:
            return None

    def sha256(self, path: str) -> str:
        """Return the hex digest of the content."""
        digest = hashlib.sha256()
        with storage_errors(f"reading {self.url(path)}"):
            for chunk in _obstore().get(self._store, path).stream():
                digest.update(bytes(chunk))
        return digest.hexdigest()

    def write(self, path: str, sink: Callable[[str], None]) -> tuple[int, str]:
        """Let ``sink`` write a scratch file, upload it, and return its size and sha256."""
        with tempfile.TemporaryDirectory(prefix="featurelib-") as scratch:
            draft = Path(scratch) / "part.parquet"
            try:
                with storage_errors(f"writing {self.url(path)}"):
                    sink(str(draft))
                    with draft.open("rb") as file:
                        digest = hashlib.file_digest(file, "sha256").hexdigest()
                    _obstore().put(self._store, path, draft)
                    return draft.stat().st_size, digest
            except BaseException:  # also Ctrl-C after the upload
                with suppress(OSError):
                    self.delete(path)
                raise

    def create(self, path: str, content: bytes) -> bool:
        """Write a small file; return False if it exists."""
        with storage_errors(f"writing {self.url(path)}"):
            try:
                _obstore().put(self._store, path, content, mode="create")
            except _obstore().exceptions.AlreadyExistsError:
                return False
        return True

    def delete(self, path: str) -> None:
        """Delete a file; a missing one is fine."""
        with storage_errors(f"deleting {self.url(path)}"):
            try:
                _obstore().delete(self._store, path)
            except FileNotFoundError:  # some stores complain where others do not
                return

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Yield all files below a directory."""
        with storage_errors(f"listing {self.url(prefix)}"):
            for batch in _obstore().list(self._store, prefix=prefix or None):
                for item in batch:
                    yield StoredFile(item["path"], item["size"], item["last_modified"])

    def harden(self, paths: Iterable[str]) -> None:
        """Do nothing: the store answers a write only once it is durable."""


def _obstore() -> Any:
    """Import the extra only when an ``s3://`` address is used."""
    try:
        import obstore
        import obstore.exceptions
        import obstore.store
    except ImportError as error:
        raise UsageError("s3:// tables need the package obstore: pip install featurelib[s3]") from error
    return obstore


@lru_cache(maxsize=32)
def _connect(root: str, settings: tuple[tuple[str, str], ...]) -> Any:
    """Return one client per table and process; it is not pickled with the table."""
    config: dict[str, str] = {}
    client: dict[str, str] = {}
    for key, value in settings:
        name = key.removeprefix("aws_")
        if name in _CLIENT_OPTIONS:
            client[name] = value
        else:
            config[key] = value
    try:
        return _obstore().store.S3Store.from_url(root, config=config, client_options=client or None)
    except _obstore().exceptions.BaseError as error:
        raise UsageError(f"{root}: bad storage options: {error}") from error
