"""A small log, and how to write and read one day of it."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from featurelib.logs import Log, LogSlice, read
from featurelib.schema.column import Column
from featurelib.schema.table import RowCheck, Table

START = datetime(2026, 11, 1, tzinfo=UTC)


class Impression(Table):
    event_time = "shown_at"
    checks = (RowCheck("clicked_has_slot", "slot >= clicked"), RowCheck("odd", "slot < 9", on_fail="warn"))

    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it came into view.")
    item = Column(dtype=pl.String(), doc="Item.", nullable=True)
    slot = Column(dtype=pl.Int32(), doc="Slot.", between=(0, 10))
    clicked = Column(dtype=pl.Int8(), doc="Click.", allowed=(0, 1), nullable=True)
    price = Column(dtype=pl.Float64(), doc="Price.", between=(0, None), nullable=True)
    score = Column(
        dtype=pl.Float64(), doc="Score.", nan="allow", between=(None, 9), on_fail="quarantine", nullable=True
    )
    note = Column(dtype=pl.String(), doc="Note.", source="the note", nullable=True, optional=True)


@pytest.fixture
def impression() -> type[Table]:
    return Impression


@pytest.fixture
def make_log() -> Callable[..., Log]:
    def make(suffix: str, **changes: object) -> Log:
        return Log(**({"name": "impressions", "table": Impression, "files": "{dt}/*" + suffix} | changes))

    return make


@pytest.fixture
def pack() -> Callable[[bytes, str], bytes]:
    """Compress bytes as a suffix says."""

    def packed(content: bytes, suffix: str) -> bytes:
        if suffix.endswith(".zst"):
            import pyarrow as pa

            return pa.compress(content, "zstd", asbytes=True)
        return gzip.compress(content) if suffix.endswith(".gz") else content

    return packed


@pytest.fixture
def read_day(tmp_path: Path) -> Callable[..., LogSlice]:
    def day(log: Log, *, days: int = 1, **options: object) -> LogSlice:
        return read(log, tmp_path, START, START + timedelta(days=days), scratch=tmp_path / "scratch", **options)

    return day


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write a file into a day's partition."""

    def write(name: str, content: bytes | str, *, day: str = "2026-11-01") -> Path:
        path = tmp_path / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
