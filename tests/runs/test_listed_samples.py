"""Listed samples: a pipeline of one row per request is built, fitted and served like any other."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.program import load
from featurelib.runs import backfill
from featurelib.samples import AttributedLabel, Impressions, Lists
from featurelib.schema import Column, Table
from featurelib.selection import DropConstant
from featurelib.tables import VersionedTable
from featurelib.transforms import Feature, Frequency, Log1p, OutOfFold, TargetMean
from tests.shop import logs, shop, workspace, write

DAY = date(2026, 11, 2)
ONE = Days(DAY, DAY)
IMPRESSIONS, CLICKS = logs()


class RequestFeatures(Table):
    """One row per request."""

    min_rows = 0

    request_id = Column(dtype=pl.String(), doc="The request.")
    item_id = Column(dtype=pl.List(pl.String()), doc="What was shown, in order.")
    clicked = Column(dtype=pl.List(pl.Int8()), doc="Which of these was clicked.")
    user_share = Column(dtype=pl.Float32(), doc="Share of the user's requests.")
    user_ctr = Column(dtype=pl.Float32(), doc="Share of the user's other requests with a click.", nullable=True)
    size_log = Column(dtype=pl.Float32(), doc="How many were shown.", nullable=True)


@pytest.mark.parametrize("nested", [True, False])
def test_a_request_is_positive_if_any_of_its_rows_is(tmp_path: Path, *, nested: bool) -> None:
    at = datetime.combine(DAY, datetime.min.time(), tzinfo=UTC)
    rows = []
    for n in range(20):  # five requests of four items
        time = at + timedelta(minutes=n)
        keys = {"event_id": f"e{n}", "user_id": f"u{n // 4 % 2}", "request_id": f"r{n // 4}", "item_id": f"i{n}"}
        rows.append({**keys, "slot": 3 - n % 4, "shown_at": time, "landed_at": time})
    clicks = [
        {**{name: row[name] for name in ("user_id", "request_id", "item_id", "slot")}, "event_id": f"c{row['item_id']}"}
        | dict.fromkeys(("clicked_at", "landed_at"), row["shown_at"] + timedelta(minutes=1))
        for row in (rows[1], rows[2], rows[7])  # of two requests, in neither the first of the list
    ]
    space = workspace(tmp_path)
    write(IMPRESSIONS, space.logs, rows, [DAY])
    write(CLICKS, space.logs, clicks, [DAY, DAY + timedelta(days=1)])
    kept = {"columns": ["item_id", "clicked"], "first": ["user_id", "shown_at"]}
    declared: type[Table] = RequestFeatures
    if not nested:
        kept = {"columns": ["item_id"], "first": ["user_id", "shown_at", "clicked"]}
        first = Column(dtype=pl.Int8(), doc="Whether the first was clicked.")
        declared = type("RequestFeatures", (RequestFeatures,), {"clicked": first})
    samples = Impressions(
        IMPRESSIONS,
        labels=[AttributedLabel("clicked", CLICKS, keys=["request_id", "item_id"], within="30m")],
        shape=Lists("request_id", order="slot", **kept),
    )
    others = OutOfFold(key="request_id", time="shown_at")
    features = [
        Feature("user_share", Frequency("user_id")),
        Feature("user_ctr", TargetMean("user_id", label="clicked", fitted=others, smoothing=0)),
        Feature("size_log", Log1p("size")),
    ]
    pipeline = shop(samples=samples, windows=[], features=features, selection=[DropConstant()], table=declared, fit=ONE)
    backfill(pipeline, space, ONE, Loop(), say=lambda _: None)
    made = VersionedTable.open(space.table("shop", "features")).scan().collect(engine="in-memory")
    assert made["item_id"].to_list()[1] == ["i7", "i6", "i5", "i4"]
    assert made["user_share"].to_list() == pytest.approx([0.6, 0.4, 0.6, 0.4, 0.6])
    assert made["size_log"].null_count() == 5  # constant, so it is dropped
    assert made["clicked"].to_list() == (
        [[0, 1, 1, 0], [1, 0, 0, 0], [0] * 4, [0] * 4, [0] * 4] if nested else [0, 1, 0, 0, 0]
    )
    program = load(space.pipeline("shop"))
    now = {"request_id": None, "shown_at": None}
    served = [program.transform_row({"user_id": user, "size": 4, **now}) for user in ("u0", "u1")]
    assert [row["user_share"] for row in served] == pytest.approx([0.6, 0.4])
    assert [row["user_ctr"] for row in served] == pytest.approx([1 / 3 if nested else 0, 1 / 2])
    told = {one["feature"]: one["score"] for one in program.made["selection"]}
    assert told["user_share"]["distinct"] == 2
