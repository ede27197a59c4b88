"""Rows for the benchmark of validation: a table of samples, 18 features, four texts and the columns beside them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

FLOATS = tuple(f"f{number:02d}" for number in range(12))
SINGLES = tuple(f"s{number:02d}" for number in range(6))
TEXTS = {"device": 4, "country": 40, "query_lang": 12, "surface": 8}
FEATURES = (*FLOATS, *SINGLES)
COLUMNS = (
    *("impression_id", "request_id", "position", "user_id", "shown_at", "landed_at"),
    *(*FEATURES, *TEXTS, "level", "clicked"),
)
# 60 rules that all rows keep, as plain data, so that each library says them in its own words
WITH_NULLS = FEATURES[1::2]  # 9, of at most this share
MAX_NULL = 0.05
WITHOUT_NULLS = tuple(name for name in COLUMNS if name not in WITH_NULLS)  # 21
BETWEEN = dict.fromkeys(FEATURES, (0, 1000)) | {"position": (0, 9)}  # 19
ALLOWED: dict[str, tuple[str, ...] | tuple[int, ...]] = {
    **{name: tuple(str(term) for term in range(1, terms + 1)) for name, terms in TEXTS.items()},
    "level": (0, 1, 2, 3, 4),
    "clicked": (0, 1),
}  # 6
KEY = "impression_id"  # unique; with at least a row, the right columns, and these, 60
ROW_RULES = {"landed_later": ("landed_at", "shown_at"), "first_is_larger": ("user_id", "level")}
_GROUP = 100_000
_DAY_US = 86_400_000_000


def peak_mib() -> float:
    """Return the peak of this process's resident memory; `getrusage` counts that of the one that started it, too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def write(path: Path, rows: int, *, wide: int = 0) -> None:
    """Write the rows as one Parquet file, unless it is there; the same rows each time.

    Parameters
    ----------
    path, rows
        The file, and how many rows.
    wide
        With a number: so many Float32 features, a key and a label in the place of the 30 columns.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(".part")
    groups = _groups(rows, wide)
    first = next(groups).to_arrow()
    with pq.ParquetWriter(made, first.schema, compression="zstd") as file:
        file.write_table(first)
        for group in groups:
            file.write_table(group.to_arrow().cast(first.schema))
    made.rename(path)


def _groups(rows: int, wide: int) -> Iterator[pl.DataFrame]:
    random = np.random.default_rng(6)
    for start in range(0, rows, _GROUP):
        number = np.arange(start, min(start + _GROUP, rows))
        yield _wide(random, number, wide) if wide else _samples(random, number, rows)


def _wide(random: np.random.Generator, number: Any, features: int) -> pl.DataFrame:
    values = random.normal(0, 1, (features, number.size)).astype(np.float32)
    values[::2] = np.round(values[::2], 2)  # half of them have some hundred values, as counts and rates do
    values[:, ::50] = np.nan
    columns = {f"f{place:03d}": pl.Series(row).fill_nan(None) for place, row in enumerate(values)}
    return pl.DataFrame({"impression_id": number, **columns, "clicked": random.random(number.size) < 0.03}).cast(
        {"impression_id": pl.Int64, "clicked": pl.Int8}
    )


def _samples(random: np.random.Generator, number: Any, rows: int) -> pl.DataFrame:
    start = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1e6)
    shown = start + number * _DAY_US // rows
    columns: dict[str, Any] = {
        "impression_id": number,
        "request_id": pl.Series(number // 10).cast(pl.String),
        "position": (number % 10).astype(np.int8),
        "user_id": random.integers(10, 2_000_000, number.size),
        "shown_at": pl.Series(shown).cast(pl.Datetime("us", "UTC")),
        "landed_at": pl.Series(shown + random.integers(0, 3_600_000_000, number.size)).cast(pl.Datetime("us", "UTC")),
    }
    for place, name in enumerate((*FLOATS, *SINGLES)):
        values = pl.Series(random.gamma(2.0, 0.5 + place / 10, number.size))
        columns[name] = values.set(pl.Series(random.random(number.size) < 0.02), None) if place % 2 else values
    for name, terms in TEXTS.items():
        columns[name] = pl.Series(np.minimum(random.zipf(1.5, number.size), terms)).cast(pl.String)
    columns["level"] = random.integers(0, 5, number.size).astype(np.int8)
    columns["clicked"] = (random.random(number.size) < 0.03).astype(np.int8)
    return pl.DataFrame(columns).cast(dict.fromkeys(SINGLES, pl.Float32))
