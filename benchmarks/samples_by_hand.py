"""Samples by hand: impressions with clicks and orders as one would join them in polars alone, for comparison.

The same rows, labels, counts and times in the same order, by day, in the same Parquet layout, without what a pipeline
adds: no rules on the logs but the one on clocks, no quarantine, no sums that must agree, no versions. It knows that
these logs lie in order of time, that a row sent again has the time of the first, and that no label of a day depends on
the hours before it.
Run as ``python -m benchmarks.samples_by_hand LOGS START DAYS OUT``.
"""

import sys
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

KEYS = ["request_id", "item_id"]
CLICK_WITHIN, ORDER_WITHIN, SKEW = timedelta(minutes=30), timedelta(days=3), timedelta(minutes=10)
BEYOND = -1  # the row of an impression of the next day


def scan(logs: Path, log: str, day: date, hours: str = "*") -> pl.LazyFrame:
    """Return hours of a day of a log in order, with row numbers."""
    files = sorted((logs / log / f"dt={day}").glob(f"hr={hours}/*.parquet"))
    return pl.scan_parquet(files, hive_partitioning=False).with_row_index("row")


def believed(at: str) -> pl.Expr:
    """Return whether an event did not happen long after it landed."""
    return pl.col(at) <= pl.col("landed_at") + SKEW


def kept(rows: pl.LazyFrame, event_id: str, at: str) -> pl.Series:
    """Return whether each row is believed, and the first of its event id: by event time, landing time, then order."""
    seen = rows.select(pl.col(event_id).hash().alias("hash"), believed(at).alias("keep")).collect()
    ordered = np.sort(seen.filter("keep")["hash"].to_numpy())
    twice = pl.Series(ordered[1:][ordered[1:] == ordered[:-1]], dtype=pl.UInt64)
    suspects = seen["hash"].is_in(twice.implode()) & seen["keep"]
    ranked = rows.filter(_of(suspects)).select("row", event_id, at, "landed_at").collect().sort(at, "landed_at", "row")
    again = ranked.filter(~pl.col(event_id).is_first_distinct())["row"]
    return seen["keep"].scatter(again, values=False)


def _of(values: pl.Series) -> pl.Expr:
    return pl.lit(values).gather(pl.col("row"))


@cache
def few(logs: Path, log: str, day: date, event_id: str, at: str) -> pl.DataFrame:
    """Return keys and times of a day of a small log; its days are read once, and none has rows after the last."""
    if not (logs / log / f"dt={day}").is_dir():
        return few(logs, log, day - timedelta(days=1), event_id, at).clear()
    rows = scan(logs, log, day)
    return rows.filter(_of(kept(rows, event_id, at))).select(*KEYS, at).collect()


def shown_to(clicks: pl.DataFrame, logs: Path, day: date, keep: pl.Series, end: datetime) -> pl.DataFrame:
    """Return the impressions of the day, and of the half hour after it, that have the keys of a click."""
    wanted = clicks.lazy().select(KEYS).unique()
    columns = [*KEYS, "shown_at", pl.col("row").cast(pl.Int64)]
    today = scan(logs, "impressions", day).filter(_of(keep)).select(columns).join(wanted, on=KEYS, how="semi")
    if not (logs / "impressions" / f"dt={day + timedelta(days=1)}").is_dir():
        return today.collect()
    hour = scan(logs, "impressions", day + timedelta(days=1), "00").filter(
        believed("shown_at"), pl.col("shown_at") < end + CLICK_WITHIN
    )
    beyond = hour.select(columns).join(wanted, on=KEYS, how="semi").with_columns(pl.lit(BEYOND, pl.Int64).alias("row"))
    return pl.concat(pl.collect_all([today, beyond]))


def credited(later: pl.DataFrame, earlier: pl.DataFrame, at: str, before: str, within: timedelta) -> pl.DataFrame:
    """Return the events that are recent enough after the last earlier one with their keys, with its columns."""
    pairs = later.with_row_index("event").join(earlier, on=KEYS).filter(pl.col(before) <= pl.col(at))
    last = pairs.sort(before, "row").group_by("event").last()
    return last.filter(pl.col(at) - pl.col(before) < within)


def label(events: pl.DataFrame, name: str, at: str, rows: int) -> list[pl.Expr]:
    """Return a label, its count and the time of the first event, from events with the row of their impression."""
    found = events.filter(pl.col("row") != BEYOND).group_by("row").agg(pl.len(), pl.col(at).min())
    count = pl.repeat(0, rows, dtype=pl.Int32, eager=True).scatter(found["row"], found["len"].cast(pl.Int32))
    first = pl.repeat(None, rows, dtype=events.schema[at], eager=True).scatter(found["row"], found[at])
    return [
        _of((count > 0).cast(pl.Int8)).alias(name),
        _of(count).alias(f"{name}__count"),
        _of(first).alias(f"{name}__at"),
    ]


def one_day(logs: Path, day: date, out: Path) -> None:
    """Write the samples of one day."""
    end = datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1)
    last = end + CLICK_WITHIN + ORDER_WITHIN
    reach = [day + timedelta(days=number) for number in range(5)]
    clicks = pl.concat([few(logs, "clicks", one, "event_id", "clicked_at") for one in reach]).with_row_index("row")
    clicks = clicks.filter(pl.col("clicked_at") < last)
    orders = pl.concat([few(logs, "orders", one, "order_id", "ordered_at") for one in reach])
    ordered = credited(orders.filter(pl.col("ordered_at") < last), clicks, "ordered_at", "clicked_at", ORDER_WITHIN)
    ordered = ordered.select("ordered_at", click="row")
    near = clicks.filter(pl.col("clicked_at") < end + CLICK_WITHIN).rename({"row": "click"})
    impressions = scan(logs, "impressions", day)
    keep = kept(impressions, "event_id", "shown_at")
    clicked = credited(near, shown_to(near, logs, day, keep, end), "clicked_at", "shown_at", CLICK_WITHIN)
    clicked = clicked.select("clicked_at", "click", "row")
    labels = [
        *label(clicked, "clicked", "clicked_at", len(keep)),
        *label(ordered.join(clicked, on="click"), "ordered", "ordered_at", len(keep)),
    ]
    impressions.filter(_of(keep)).with_columns(labels).drop("row").sink_parquet(
        out, compression="zstd", row_group_size=65_536
    )


def main() -> None:
    """Write one file for each day."""
    logs, start, days, out = Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    out.mkdir(parents=True, exist_ok=True)
    for number in range(days):
        day = start + timedelta(days=number)
        one_day(logs, day, out / f"{day}.parquet")


if __name__ == "__main__":
    main()
