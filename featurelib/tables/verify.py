"""Verify: compare each live file with what its commit recorded."""

from collections.abc import Iterator

from featurelib.errors import TableError
from featurelib.tables.footer import read_footer
from featurelib.tables.lineage import recorded_hashes
from featurelib.tables.records import Problem
from featurelib.tables.snapshot import LiveFile, Snapshot
from featurelib.tables.storage import Storage


def find_problems(storage: Storage, snapshot: Snapshot) -> list[Problem]:
    """Return what is wrong with the files of a version; see `VersionedTable.verify`."""
    hashes = recorded_hashes(storage, snapshot)
    return [problem for file in snapshot.files for problem in _problems(storage, file, hashes.get(file.path))]


def _problems(storage: Storage, file: LiveFile, recorded: str | None) -> Iterator[Problem]:
    try:
        size = storage.size(file.path)
        if size is not None and size != file.bytes:
            yield Problem(file.path, file.partition, "bytes", f"expected {file.bytes}, found {size}")
        digest = storage.sha256(file.path)
        if recorded is None:
            yield Problem(file.path, file.partition, "unrecorded", "no commit recorded its sha256")
        elif digest != recorded:
            yield Problem(file.path, file.partition, "sha256", f"expected {recorded}, found {digest}")
        rows = read_footer(storage, file.path).rows
        if rows != file.rows:
            yield Problem(file.path, file.partition, "rows", f"expected {file.rows}, found {rows}")
    except FileNotFoundError:
        yield Problem(file.path, file.partition, "missing", f"expected {file.bytes} bytes, found no file")
    except TableError as error:
        yield Problem(file.path, file.partition, "unreadable", str(error))
