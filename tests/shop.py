"""A small shop for tests: two logs, a pipeline over them, and how to write the logs in any format."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.days import Days
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.samples import AttributedLabel, Impressions
from featurelib.schema import Column, Table
from featurelib.transforms import Feature, Frequency, Standardize, Vocabulary
from featurelib.windows import Beta, Rate
from featurelib.workspace import Workspace

TIME = pl.Datetime("us", "UTC")
FORMATS = ("parquet", "csv", "jsonl", "csv.gz")
Row = Mapping[str, Any]


class Shown(Table):
    """One row per item shown."""

    event_time = "shown_at"
    landing_time = "landed_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="The event.", nullable=True)
    user_id = Column(dtype=pl.String(), doc="The user.")
    request_id = Column(dtype=pl.String(), doc="The request.")
    item_id = Column(dtype=pl.String(), doc="The item.", nullable=True)
    slot = Column(dtype=pl.Int32(), doc="Where.", between=(0, 9))
    shown_at = Column(dtype=TIME, doc="When it was shown.")
    landed_at = Column(dtype=TIME, doc="When the row landed.")


class Clicked(Table):
    """One row per click."""

    event_time = "clicked_at"
    landing_time = "landed_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="The event.", nullable=True)
    user_id = Column(dtype=pl.String(), doc="The user.")
    request_id = Column(dtype=pl.String(), doc="The request.")
    item_id = Column(dtype=pl.String(), doc="The item.", nullable=True)
    slot = Column(dtype=pl.Int32(), doc="Where.", between=(0, 9))
    clicked_at = Column(dtype=TIME, doc="When it was clicked.")
    landed_at = Column(dtype=TIME, doc="When the row landed.")


class ShopFeatures(Table):
    """One row per item shown, for a model."""

    event_time = "shown_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="The event.", nullable=True)
    item_id = Column(dtype=pl.String(), doc="The item.", nullable=True)
    shown_at = Column(dtype=TIME, doc="When it was shown.")
    clicked = Column(dtype=pl.Int8(), doc="Whether it was clicked.", between=(0, 1))
    item_index = Column(dtype=pl.UInt32(), doc="The item.")
    user_share = Column(dtype=pl.Float32(), doc="Share of the user's rows.", between=(0, 1))
    slot_z = Column(dtype=pl.Float32(), doc="Where, standardized.", nullable=True)


def logs(suffix: str = "parquet", lateness: timedelta = timedelta(0), **changes: Any) -> tuple[Log, Log]:
    """Return the impression log and the click log."""
    common = {"lateness": lateness, "event_id": "event_id"} | changes
    return (
        Log(name="impressions", table=Shown, files=f"impressions/{{dt}}/*.{suffix}", **common),
        Log(name="clicks", table=Clicked, files=f"clicks/{{dt}}/*.{suffix}", **common),
    )


def rate(impressions: Log, clicks: Log, **changes: Any) -> Rate:
    """Return the click rate of an item."""
    window = {"by": "item_id", "over": "1d", "delay": "1h", "smooth": Beta(0.1, 0.7)} | changes
    return Rate("item_rate", of=clicks, per=impressions, **window)


FEATURES = (
    Feature("item_index", Vocabulary("item_id")),
    Feature("user_share", Frequency("user_id")),
    Feature("slot_z", Standardize("slot")),
)


def shop(
    declared: tuple[Log, Log] | None = None,
    *,
    timezone: str = "UTC",
    within: str | timedelta = "30m",
    keys: Sequence[str] = ("request_id", "item_id"),
    days: Days | None = None,
    **changes: Any,
) -> Pipeline:
    """Return the pipeline; ``changes`` replace any of its parts."""
    impressions, clicks = declared or logs()
    parts: dict[str, Any] = {
        "name": "shop",
        "samples": Impressions(
            impressions,
            labels=[AttributedLabel("clicked", clicks, keys=keys, within=within)],
            timezone=timezone,
        ),
        "windows": [rate(impressions, clicks)],
        "features": FEATURES,
        "table": ShopFeatures,
        "fit": days or Days(date(2026, 11, 1), date(2026, 11, 1)),
    }
    return Pipeline(**(parts | changes))


def workspace(root: Path) -> Workspace:
    """Return a workspace below a directory, with its log root made."""
    (root / "logs").mkdir(parents=True, exist_ok=True)
    return Workspace(logs=root / "logs", tables=root / "tables", work=root / "work")


def file_day(log: Log) -> Callable[[Row], date]:
    """Return which UTC day's file a row of a log lands in."""
    clock = (log.table.landing_time if log.lateness else None) or log.time

    def day(row: Row) -> date:
        landed: datetime = row[clock]
        return landed.astimezone(UTC).date()

    return day


def in_file_order(log: Log, rows: Sequence[Row]) -> list[Row]:
    """Return the rows as a reader of the files meets them."""
    return sorted(rows, key=file_day(log))


def write(log: Log, root: Path, rows: Sequence[Row], days: Sequence[date]) -> list[Path]:
    """Write two files for each UTC day, empty ones too."""
    written = []
    for day in days:
        of_day = [row for row in rows if file_day(log)(row) == day]
        half = (len(of_day) + 1) // 2
        for name, part in (("a", of_day[:half]), ("b", of_day[half:])):
            written.append(write_file(log, root, day, part, name=name))
    return written


def write_file(log: Log, root: Path, day: date, rows: Sequence[Row], *, name: str = "a") -> Path:
    """Write one file of a log."""
    suffix = log.files.split("*.")[1]
    path = root / log.name / str(day) / f"{name}.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame([dict(row) for row in rows], schema=log.table.polars_schema())
    if suffix == "parquet":
        frame.write_parquet(path)
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps(row, default=datetime.isoformat) + "\n" for row in frame.to_dicts()))
    else:
        texts = frame.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
        compression = "gzip" if suffix.endswith(".gz") else "uncompressed"
        texts.write_csv(path, quote_style="non_numeric", compression=compression)
    return path
