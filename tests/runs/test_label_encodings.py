"""Encodings by the label, from the logs to the feature table: fitted by a build, and blind to a row's own click."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError
from featurelib.program import load
from featurelib.program.hashing import hash_text
from featurelib.runs import Run, backfill, fit_program
from featurelib.schema import Column
from featurelib.tables import VersionedTable
from featurelib.transforms import CrossSearch, EarlierDays, Feature, MonotonicWoe, OutOfFold, TargetMean
from featurelib.workspace import Workspace
from tests.shop import FEATURES, Row, ShopFeatures, logs, shop, workspace, write

FIRST = date(2026, 11, 2)
FITTED, ALL = Days(FIRST, FIRST + timedelta(days=1)), Days(FIRST, FIRST + timedelta(days=2))
IMPRESSIONS, CLICKS = logs()
FOLDS, DAYS = OutOfFold(key="request_id", time="shown_at", folds=3), EarlierDays(time="shown_at")


class Encoded(ShopFeatures):
    """One row per item shown, with what its label's other rows say."""

    item_ctr = Column(dtype=pl.Float32(), doc="Click rate of the item in other folds.")
    item_ctr_before = Column(dtype=pl.Float32(), doc="Click rate of the item on earlier days.", nullable=True)
    slot_woe = Column(dtype=pl.Float32(), doc="What the slot says for a click.")
    best__cross_1 = Column(dtype=pl.UInt32(), doc="The columns that tell most together.")
    request_id = Column(dtype=pl.String(), doc="The request.")


SEARCH = CrossSearch(["item_id", "slot", "user_id"], name="best", label="clicked", key="request_id", top=1, buckets=99)
ENCODED = (
    *FEATURES,
    Feature("item_ctr", TargetMean("item_id", label="clicked", fitted=FOLDS, smoothing=1.0)),
    Feature("item_ctr_before", TargetMean("item_id", label="clicked", fitted=DAYS, smoothing=0.0)),
    Feature("slot_woe", MonotonicWoe("slot", label="clicked", fitted=FOLDS, bins=3)),
    SEARCH,
)


def shown() -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"e{day}-{n}",
            "user_id": f"u{n % 3}",
            "request_id": f"r{day}-{n // 2}",
            "item_id": f"i{n % 4}",
            "slot": n % 10,
            "shown_at": at,
            "landed_at": at,
        }
        for day in range(3)
        for n in range(20)
        for at in [datetime.combine(FIRST, datetime.min.time(), tzinfo=UTC) + timedelta(days=day, minutes=10 * n)]
    ]


def clicked(rows: list[dict[str, Any]], but: str = "") -> list[Row]:
    """Return a click on every third item; and not, or yet, on one of them."""
    chosen = [row for n, row in enumerate(rows) if (n % 3 == 0) != (row["event_id"] == but)]
    at = timedelta(minutes=1)
    changed = ({"clicked_at": row["shown_at"] + at, "landed_at": row["landed_at"] + at} for row in chosen)
    return [
        {name: value for name, value in row.items() if name != "shown_at"} | change
        for row, change in zip(chosen, changed, strict=True)
    ]


def pipeline(**changes: Any) -> Any:
    return shop(**({"features": ENCODED, "table": Encoded, "fit": FITTED, "windows": ()} | changes))


def built(root: Path, but: str = "") -> Workspace:
    made = workspace(root)
    write(IMPRESSIONS, made.logs, shown(), [*ALL])
    write(CLICKS, made.logs, clicked(shown(), but), [*ALL, ALL.end + timedelta(days=1)])
    backfill(pipeline(), made, ALL, Loop(), say=lambda _: None)
    return made


def rows_of(space: Workspace, name: str) -> list[dict[str, Any]]:
    table = VersionedTable.open(space.table("shop", name)).scan().collect(engine="in-memory")
    return table.sort("shown_at").to_dicts()


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return built(tmp_path_factory.mktemp("encoded"))


def rate(rows: list[dict[str, Any]], item: str, smoothing: float) -> float | None:
    if not rows:
        return None
    mean = sum(row["clicked"] for row in rows) / len(rows)
    same = [row["clicked"] for row in rows if row["item_id"] == item]
    return (sum(same) + smoothing * mean) / (len(same) + smoothing)


def test_build_encodes_each_row_by_the_clicks_of_other_rows(space: Workspace):
    samples, features = rows_of(space, "samples"), rows_of(space, "features")
    fitted = [row for row in samples if row["shown_at"].date() in FITTED]

    def fold(row: dict[str, Any]) -> int:
        return hash_text(row["request_id"]) % 3

    for sample, made in zip(samples, features, strict=True):
        within = sample["shown_at"].date() in FITTED
        other_folds = [row for row in fitted if not within or fold(row) != fold(sample)]
        assert made["item_ctr"] == pytest.approx(rate(other_folds, sample["item_id"], 1.0))
        before = [row for row in fitted if row["shown_at"].date() < sample["shown_at"].date()]
        assert made["item_ctr_before"] == pytest.approx(rate(before, sample["item_id"], 0.0))
    assert len({made["item_ctr"] for made in features}) > 6


def test_click_more_or_less_never_moves_the_encodings_of_its_own_row(space: Workspace, tmp_path: Path):
    before = {row["event_id"]: row for row in rows_of(space, "features")}
    but = "e1-7"
    after = {row["event_id"]: row for row in rows_of(built(tmp_path, but), "features")}
    assert after[but]["clicked"] != before[but]["clicked"]
    for name in ("item_ctr", "item_ctr_before", "slot_woe"):
        assert after[but][name] == before[but][name]
        assert any(after[event][name] != before[event][name] for event in before)


def test_program_serves_what_the_build_made(space: Workspace):
    program = load(space.pipeline("shop"))
    assert "clicked" not in program.inputs
    for sample, made in zip(rows_of(space, "samples"), rows_of(space, "features"), strict=True):
        assert program.transform_row(sample).items() <= made.items()
    now = sample | {"request_id": None, "shown_at": None}
    assert program.transform_row(now) == program.transform_row(sample)  # a day after the fitted ones


def test_crosses_that_were_searched_are_recorded_and_reported(space: Workspace):
    (record,) = load(space.pipeline("shop")).made["records"]
    assert {tuple(pair["columns"]) for pair in record["pairs"]} == {*combinations(SEARCH.columns, 2)}
    text = backfill(pipeline(), space, ALL, Loop(), say=lambda _: None).text()
    assert "Crosses:  best: 0 of 3 pairs" in text
    assert text.count("  not taken                 ") == 3
    assert f" {record['pairs'][0]['gain']:.6f}\n" in text


def test_fit_on_the_same_days_again_is_the_same_program(space: Workspace):
    with Run.begin(pipeline(), space, Loop()) as run:
        assert fit_program(run, FITTED) == 1


def test_encoding_that_reads_an_outcome_or_misses_its_columns_is_refused_when_declared():
    def declared(**changes: Any) -> Any:
        mean = TargetMean(**({"label": "clicked", "fitted": FOLDS} | changes))
        return pipeline(features=[*FEATURES, Feature("item_ctr", mean)])

    with pytest.raises(DeclarationError, match=r"reads 'clicked__count', which a label is made of: that leaks it"):
        declared(column="clicked__count")
    with pytest.raises(ColumnMissingError, match=r"reads column 'click', which .* Did you mean 'clicked'"):
        declared(column="item_id", label="click")
    with pytest.raises(ColumnTypeError, match=r"needs column 'item_id' .* a number or boolean"):
        declared(column="user_id", label="item_id")
    with pytest.raises(ColumnTypeError, match=r"needs column 'slot' .* a Datetime with a time zone"):
        declared(column="item_id", fitted=EarlierDays(time="slot"))
