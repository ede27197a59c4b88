"""The Open Bandit logs: real files, whose first column has no name and whose times are text with an offset."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from featurelib.logs import Log, available, read
from featurelib.schema.column import Column
from featurelib.schema.table import Table

DATA = Path(__file__).parents[3] / "shared" / "data" / "open-bandit"
START = datetime(2019, 11, 24, tzinfo=UTC)
ITEMS = {"all": 80, "men": 34, "women": 46}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Open Bandit data is not beside the repository")


def table_of(items: int) -> type[Table]:
    columns = {
        "event_time": "shown_at",
        "row": Column(dtype=pl.Int64(), doc="Row of the file.", source=""),
        "shown_at": Column(dtype=pl.Datetime("us", "UTC"), doc="When the item was shown.", source="timestamp"),
        "item_id": Column(dtype=pl.Int16(), doc="Item.", between=(0, items - 1)),
        "position": Column(dtype=pl.Int8(), doc="Slot.", allowed=(1, 2, 3)),
        "click": Column(dtype=pl.Int8(), doc="Click.", allowed=(0, 1)),
        "propensity_score": Column(dtype=pl.Float64(), doc="Chance.", between=(0, 1)),
        "user": {f"user_feature_{n}": Column(dtype=pl.String(), doc="Hashed.") for n in range(4)},
        "affinity": {
            f"affinity_{n}": Column(dtype=pl.Float32(), doc="Past clicks.", source=f"user-item_affinity_{n}")
            for n in range(items)
        },
    }
    return type("Shown", (Table,), columns)


def split_by_day(name: str, root: Path) -> list[str]:
    """Write the lines of a file into a folder per day; the file is sorted by time and has no quotes."""
    with gzip.open(DATA / f"{name}.csv.gz", "rt", newline="") as file:
        header, *lines = file.readlines()
    days: dict[str, list[str]] = {}
    for line in lines:
        days.setdefault(line.split(",", 2)[1][:10], [header]).append(line)
    for day, part in days.items():
        path = root / f"dt={day}" / f"{name}.csv.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress("".join(part).encode()))
    return lines


@pytest.mark.parametrize("policy", ["random", "bts"])
@pytest.mark.parametrize("campaign", list(ITEMS))
def test_all_rows_of_a_week_are_read(tmp_path: Path, policy: str, campaign: str) -> None:
    lines = split_by_day(f"{policy}_{campaign}", tmp_path)
    log = Log(name="shown", table=table_of(ITEMS[campaign]), files="dt={dt}/*.csv.gz")
    assert available(log, tmp_path) == [START + timedelta(days=n) for n in range(7)]
    week = read(log, tmp_path, START, START + timedelta(days=7), scratch=tmp_path / "scratch")
    frame = week.frame.collect()
    assert (week.rows_read, week.rejects.height, week.rows_elsewhere) == (10_000, 0, 0)
    assert frame.schema == log.table.polars_schema()
    first, last = lines[0].strip().split(","), lines[-1].strip().split(",")
    for row, fields in ((frame.row(0, named=True), first), (frame.row(-1, named=True), last)):
        assert str(row["shown_at"]) == fields[1]
        assert [row["row"], row["item_id"], row["position"], row["click"]] == [int(fields[n]) for n in (0, 2, 3, 4)]
        assert row["propensity_score"] == float(fields[5])
        assert row["user_feature_0"] == fields[6]
    assert frame["shown_at"].is_sorted()
    assert frame["user_feature_3"].str.len_chars().unique().to_list() == [32]
