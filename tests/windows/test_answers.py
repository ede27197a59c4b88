"""Windows over tiles against counting by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.logs import Log
from featurelib.schema import Column, Table
from featurelib.testing import floor_hour, poisons, smoothed_rate
from featurelib.testing.strategies import ZONES, ClickLog, click_logs
from featurelib.testing.zones import midnight
from featurelib.windows import Rate, TileSpec, answer, attach, fold, merge
from featurelib.windows.tiles import BUCKETS

TIME = pl.Datetime("us", "UTC")
SPEC = TileSpec("item_id", ("clicks", "impressions"))


class Shown(Table):
    event_time = "at"

    item_id = Column(dtype=pl.String(), doc="Item.", nullable=True)
    at = Column(dtype=TIME, doc="When.")


IMPRESSIONS = Log(name="impressions", table=Shown, files="i/{dt}.parquet")
CLICKS = Log(name="clicks", table=Shown, files="c/{dt}.parquet")


def rate(over: timedelta, delay: timedelta, *, alpha: float = 0.1, beta: float = 0.7, name: str = "r") -> Rate:
    window: dict[str, Any] = {"over": over, "delay": delay, "alpha": alpha, "beta": beta}
    return Rate(name, of=CLICKS, per=IMPRESSIONS, by="item_id", **window)


def events(log: ClickLog) -> dict[str, list[tuple[str | None, datetime]]]:
    clicks = [(row["item_id"], row["clicked_at"]) for row in log.clicks]
    return {"clicks": clicks, "impressions": [(row["item_id"], row["shown_at"]) for row in log.impressions]}


def rows(pairs: list[tuple[str | None, datetime]], dtype: pl.DataType = TIME) -> pl.LazyFrame:
    return pl.LazyFrame(pairs, schema={"entity": pl.String, "time": TIME}, orient="row").cast({"time": dtype})


def tiles_by_day(log: ClickLog, found: dict[str, list[tuple[str | None, datetime]]]) -> list[pl.LazyFrame]:
    days = []
    for n in range(log.days):
        start, end = log.midnight(n), log.midnight(n + 1)
        day = {name: rows([pair for pair in pairs if start <= pair[1] < end]) for name, pairs in found.items()}
        days.append(fold(SPEC, day, day["impressions"]).lazy())
    return days


def computed(log: ClickLog, rates: list[Rate]) -> pl.DataFrame:
    """Return the impressions, in order, with their windows."""
    found = events(log)
    merged = merge(tiles_by_day(log, found))
    answers = [answer(merged, rates, log.midnight(n), log.midnight(n + 1)) for n in range(log.days)]
    # NOTE: an hour may straddle two days of a half-hour zone; a sample reads the answers of its own day
    parts = []
    samples = pl.LazyFrame(found["impressions"], schema={"item_id": pl.String, "at": TIME}, orient="row")
    numbered = samples.with_row_index()
    for n, answered in enumerate(answers):
        inside = (pl.col("at") >= log.midnight(n)) & (pl.col("at") < log.midnight(n + 1))
        parts.append(attach(numbered.filter(inside), answered.lazy(), by="item_id", time="at"))
    return pl.concat(parts).collect().sort("index")


HOURS = st.sampled_from([1, 2, 5, 24, 49]).map(lambda hours: timedelta(hours=hours))
DELAYS = st.sampled_from([0, 1, 3, 24]).map(lambda hours: timedelta(hours=hours))


@settings(max_examples=150)
@given(log=click_logs(), over=HOURS, delay=DELAYS, alpha=st.sampled_from([0.1, 1.0, 3.7]))
def test_each_sample_gets_the_rate_that_counting_by_hand_gives(
    log: ClickLog, over: timedelta, delay: timedelta, alpha: float
):
    found = events(log)
    named = {name: [((entity,), when) for entity, when in pairs] for name, pairs in found.items()}
    expected = [
        smoothed_rate(
            named["clicks"],
            named["impressions"],
            entity=(item,),
            at=when,
            over=over,
            delay=delay,
            alpha=alpha,
            beta=0.7,
        )
        for item, when in found["impressions"]
    ]
    assert computed(log, [rate(over, delay, alpha=alpha)])["r"].to_list() == expected  # to the last bit


@settings(max_examples=60)
@given(log=click_logs(), data=st.data())
def test_no_event_at_or_after_the_delay_moves_a_feature(log: ClickLog, data: st.DataObject):
    if not log.impressions:
        return
    over, delay = timedelta(hours=24), data.draw(DELAYS)
    chosen = data.draw(st.sampled_from(log.impressions))
    blind_from = floor_hour(chosen["shown_at"]) - delay
    before = answered_at(events(log), chosen, over, delay)
    extra = [chosen | {"shown_at": blind_from, "event_id": "new"}] * 5
    clicks = [
        poisoned
        for _, poisoned in poisons(log.clicks, blind_from, time="clicked_at", event_id="event_id", entity=["item_id"])
    ]
    impressions = [
        poisoned
        for _, poisoned in poisons(
            log.impressions, blind_from, time="shown_at", event_id="event_id", entity=["item_id"], extra=extra
        )
    ]
    for shown, clicked in zip(impressions, clicks, strict=True):
        poisoned = ClickLog(log.zone, log.first, log.days, shown, clicked)
        assert answered_at(events(poisoned), chosen, over, delay) == before


def answered_at(
    found: dict[str, list[tuple[str | None, datetime]]], sample: dict[str, Any], over: timedelta, delay: timedelta
) -> float | None:
    """Return the rate of one sample, asked of tiles that hold the given events."""
    asked = [(sample["item_id"], sample["shown_at"])]
    tiles = merge([fold(SPEC, {name: rows(pairs) for name, pairs in found.items()}, rows(asked)).lazy()])
    hour = floor_hour(sample["shown_at"])
    answers = answer(tiles, [rate(over, delay)], hour, hour + timedelta(hours=1))
    frame = pl.LazyFrame(asked, schema={"item_id": pl.String, "at": TIME}, orient="row")
    return attach(frame, answers.lazy(), by="item_id", time="at").collect()["r"].item()


@given(log=click_logs())
def test_merged_tiles_of_days_count_every_event_once(log: ClickLog):
    found = events(log)
    merged = merge(tiles_by_day(log, found))
    for name, pairs in found.items():
        assert merged[name].sum() == sum(entity is not None for entity, _ in pairs)
    assert merged.select("entity", "hour").is_unique().all()
    assert merged.equals(merged.sort("entity", "hour"))


def test_event_in_the_samples_own_hour_never_counts():
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    shown = [("x", noon + timedelta(minutes=m)) for m in (0, 10, 59)]
    log = {"clicks": shown, "impressions": shown}
    at_one = {"item_id": "x", "shown_at": noon + timedelta(minutes=59)}
    assert answered_at(log, at_one, timedelta(hours=24), timedelta()) == pytest.approx(0.1 / 0.8)
    later = at_one | {"shown_at": noon + timedelta(hours=1)}
    assert answered_at(log, later, timedelta(hours=24), timedelta()) == pytest.approx(3.1 / 3.8)


def test_unknown_entity_gets_the_priors_mean_and_a_null_one_null():
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    empty: dict[str, list[tuple[str | None, datetime]]] = {"clicks": [], "impressions": []}
    over = timedelta(hours=1)
    assert answered_at(empty, {"item_id": "x", "shown_at": noon}, over, timedelta()) == 0.1 / (0.1 + 0.7)
    assert answered_at(empty, {"item_id": None, "shown_at": noon}, over, timedelta()) is None


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_hours_are_utc_hours_whatever_the_zone_and_unit_of_the_column(zone: str, unit: str):
    noon = datetime(2026, 11, 1, 12, 20, tzinfo=UTC)
    shown = rows([("x", noon), ("x", noon + timedelta(minutes=30))]).with_columns(
        pl.col("time").dt.cast_time_unit(unit).dt.convert_time_zone(zone)
    )
    tiles = fold(SPEC, {"clicks": shown, "impressions": shown}, shown)
    assert tiles.schema == SPEC.schema
    assert tiles.select("hour", "clicks").rows() == [(floor_hour(noon), 2)]
    answers = answer(merge([tiles.lazy()]), [rate(timedelta(hours=1), timedelta())], noon, noon + timedelta(hours=1))
    samples = shown.rename({"entity": "item_id", "time": "at"})
    attached = attach(samples, answers.lazy(), by="item_id", time="at").collect()
    assert attached.columns == ["item_id", "at", "r"]
    assert attached["r"].null_count() == 0


def test_attached_rows_keep_their_order_and_their_columns_called_entity_and_hour():
    noon = midnight(datetime(2026, 11, 1, tzinfo=UTC).date(), "UTC") + timedelta(hours=12)
    samples = pl.LazyFrame(
        {"entity": ["b", "a", "b"], "hour": [1, 2, 3], "at": [noon] * 3}, schema_overrides={"at": TIME}
    )
    answers = pl.LazyFrame(
        {"entity": ["a", "b"], "hour": [noon] * 2, "r": [0.5, 0.25]}, schema_overrides={"hour": TIME}
    )
    attached = attach(samples, answers, by="entity", time="at").collect()
    assert attached.rows() == [("b", 1, noon, 0.25), ("a", 2, noon, 0.5), ("b", 3, noon, 0.25)]


def test_tiles_are_in_buckets_by_the_hash_of_the_text():
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    many = rows([(f"item {n}", noon) for n in range(400)])
    tiles = fold(SPEC, {"clicks": many, "impressions": many}, many)
    assert sorted(tiles["bucket"].unique()) == list(range(BUCKETS))
    assert tiles.equals(tiles.sort("bucket", "entity", "hour"))
