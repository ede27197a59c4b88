"""Features of lists, times and tokens, from logs to the feature table."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.program import load
from featurelib.runs import backfill
from featurelib.schema import Column
from featurelib.selection import DropConstant, DropMissing
from featurelib.tables import VersionedTable
from featurelib.transforms import Feature, Hour, Jaccard, MatchPosition, MultiHot, Padded, Tokens
from featurelib.windows import LastN
from tests.shop import ShopFeatures, logs, shop, workspace, write

DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(2)]
ONE = Days(DAYS[0], DAYS[0])
IMPRESSIONS, CLICKS = logs()


class ListFeatures(ShopFeatures):
    """Features of lists beside the shop's."""

    hour = Column(dtype=pl.UInt8(), doc="Hour in Berlin.")
    last_index = Column(dtype=pl.List(pl.UInt32()), doc="The last items.")
    last_hot = Column(dtype=pl.List(pl.Float32()), doc="The last items.")
    position = Column(dtype=pl.Float32(), doc="Where among the last.", nullable=True)
    tokens = Column(dtype=pl.List(pl.String()), doc="Tokens of the item.")
    alike = Column(dtype=pl.Float32(), doc="Shared letters.", nullable=True, between=(0, 1))


def test_feature_table_holds_lists_that_the_program_makes_of_windows(tmp_path: Path):
    rows = []
    for number in range(40):
        at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=35 * number)
        row = {"event_id": f"e{number}", "user_id": f"u{number % 5}", "request_id": f"r{number}", "slot": number % 4}
        rows.append({**row, "item_id": f"item {number % 3}", "shown_at": at, "landed_at": at})
    clicks = [{**row, "clicked_at": row["shown_at"] + timedelta(minutes=1)} for row in rows[::2]]
    space = workspace(tmp_path)
    write(IMPRESSIONS, space.logs, rows, DAYS)
    write(CLICKS, space.logs, [{**row, "landed_at": row["clicked_at"]} for row in clicks], DAYS)
    pipeline = shop(
        windows=[LastN("last", of=CLICKS, by="user_id", column="item_id", n=3, over="2d")],
        features=[
            *shop().features,
            Feature("hour", Hour("shown_at", zone="Europe/Berlin")),
            Feature("last_index", Padded("last", length=4)),
            Feature("last_hot", MultiHot("last", size=2)),
            Feature("position", MatchPosition(["item_id", "last"])),
            Feature("tokens", Tokens("item_id")),
            Feature("alike", Jaccard(["item_id", "user_id"], tokens="chars1")),
        ],
        table=ListFeatures,
        selection=[DropMissing(above=0.9), DropConstant()],
        fit=ONE,
    )
    backfill(pipeline, space, ONE, Loop(), say=lambda _: None)
    samples, features = (
        VersionedTable.open(space.table("shop", name)).scan().collect(engine="in-memory").sort("shown_at")
        for name in ("samples", "features")
    )
    program = load(space.pipeline("shop"))
    assert features.select(program.outputs).equals(program.transform(samples))
    assert features["last_index"].list.len().unique().to_list() == [4]
    assert features["last_index"][0].to_list() == [0, 0, 0, 0]
    assert features["last_hot"].list.sum().max() == 3
    assert set(features["position"].drop_nulls()) == {2, 3}
    assert features["tokens"][0].to_list() == ["item", "0"]
