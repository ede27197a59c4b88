"""Rows for the benchmarks of transforms: skewed numbers with holes, texts of 10 to 500,000 terms, a rare label."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

NUMBERS = tuple(f"n{number}" for number in range(8))
TEXTS = tuple(f"t{number}" for number in range(8))
TERMS = (10, 100, 1_000, 5_000, 20_000, 50_000, 200_000, 500_000)
LABEL, KEY, TIME = "label", "request_id", "shown_at"
_GROUP = 500_000
_DAY_US = 86_400_000_000


def write(path: Path, rows: int) -> None:
    """Write the rows as one Parquet file, unless it is there; the same rows each time."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(5)
    columns: dict[str, pl.Series] = {}
    for number, name in enumerate(NUMBERS):
        values = random.lognormal(1.0, 0.5 + number / 4, rows)
        is_null = random.random(rows) < 0.3 * number / (len(NUMBERS) - 1)
        columns[name] = pl.select(pl.when(~pl.lit(is_null)).then(pl.lit(values))).to_series()
    for name, terms in zip(TEXTS, TERMS, strict=True):
        codes = np.minimum(random.zipf(1.2, rows) - 1, random.integers(0, terms, rows))
        columns[name] = pl.Series(codes % terms).cast(pl.String).str.pad_start(6, "0") + f"-{name}"
    chance = 0.01 + 0.04 * (columns["t2"].str.head(6).cast(pl.Int64).to_numpy() % 7 == 0)
    columns[LABEL] = pl.Series((random.random(rows) < chance).astype(np.int8))
    columns[KEY] = pl.Series(np.arange(rows) // 10).cast(pl.String)
    start = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1e6)
    instants = start + np.arange(rows) * (2 * _DAY_US // rows)
    columns[TIME] = pl.Series(instants, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    pl.DataFrame(columns).write_parquet(path, row_group_size=_GROUP, compression="zstd")
