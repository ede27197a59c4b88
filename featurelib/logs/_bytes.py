"""Bytes of log files: what they really are, how to stream them, and whose fault an error is."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import polars as pl
import xxhash

from featurelib.errors import FeaturelibError, LogFileError, StorageError
from featurelib.logs.log import Log

_CHUNK = 1 << 20
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PAR1": "parquet"}
_AGAIN = "Fetch or write the file again; if its producer is still writing, wait until it has landed whole."


@contextmanager
def our_errors(path: Path, *, hint: str = _AGAIN) -> Iterator[None]:
    """Turn errors of readers into ours, each naming the file.

    Raises
    ------
    LogFileError
        If the content is at fault.
    StorageError
        If the operating system is.
    """
    try:
        yield
    except FeaturelibError:
        raise
    except OSError as error:
        if error.errno is not None:
            msg = f"{path}: {error.strerror}. Check that it exists, is readable, and that its disk answers."
            raise StorageError(msg) from error
        raise LogFileError(path, _clause(error), hint=hint) from error
    # NOTE: polars panics on some damaged files, with a BaseException that `except Exception` misses
    except (ValueError, EOFError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise LogFileError(path, _clause(error), hint=hint) from error


def _clause(error: BaseException) -> str:
    first = (str(error).splitlines() or [""])[0][:300].rstrip(".")
    return f"cannot be read ({type(error).__name__}: {first})"


def checksum(path: Path) -> str:
    """Return the xxh64 of a file's content, in hex."""
    digest = xxhash.xxh64()
    with our_errors(path), path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def check_content(log: Log, path: Path) -> None:
    """Check that a file is what its suffix says, from its size and first bytes.

    Raises
    ------
    LogFileError
        If it is empty (JSON lines without compression may be: no rows), or of another format or compression.
    """
    with our_errors(path), path.open("rb") as file:
        head = file.read(4)
    if not head and not (log.format == "jsonl" and log.compression is None):
        raise LogFileError(path, "is empty (zero bytes)", hint=_AGAIN)
    want = "parquet" if log.format == "parquet" else log.compression
    got = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if head[1:] == b"\x2a\x4d\x18":  # a zstd file may start with a frame to skip
        got = "zstd"
    if got != want and head:
        hint = "Give the file, and the pattern of its log, the suffix of its content; or write it again."
        raise LogFileError(path, f"holds {got or 'plain or unknown'} data, not {want or 'plain text'}", hint=hint)


@contextmanager
def opened(log: Log, path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, decompressed as its suffix says."""
    import pyarrow as pa

    with our_errors(path):
        file = path.open("rb")
    with file:
        if log.compression is None:
            yield file
        else:
            with pa.CompressedInputStream(file, log.compression) as stream:
                yield io.BufferedReader(stream)
