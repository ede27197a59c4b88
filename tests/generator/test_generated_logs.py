"""What the logs of one declaration look like; the tolerances are about four standard errors."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from featurelib.generator import ClickLogs, Generated, generate, impressions_of
from featurelib.generator.draws import zipf
from schemas import ClickLog, ImpressionLog, OrderLog

LOGS = ClickLogs(days=2, users=2_000, items=5_000, rows=600_000, seed=3, truth=True, every="1h", order_share=0.1)
TABLES = {"impressions": ImpressionLog, "clicks": ClickLog, "orders": OrderLog}
PAIR = ["request_id", "item_id"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Generated]:
    root = tmp_path_factory.mktemp("logs")
    return root, generate(LOGS, root)


@pytest.fixture(scope="module")
def impressions(written: tuple[Path, Generated]) -> pl.DataFrame:
    return read(written[0], "impressions")


@pytest.fixture(scope="module")
def clicks(written: tuple[Path, Generated]) -> pl.DataFrame:
    return read(written[0], "clicks")


@pytest.fixture(scope="module")
def orders(written: tuple[Path, Generated]) -> pl.DataFrame:
    return read(written[0], "orders")


@pytest.fixture(scope="module")
def bot_requests() -> pl.DataFrame:
    """Which requests are a bot's: what no log says."""
    frames = [
        pl.DataFrame(
            {
                "request_id": table["request_id"].to_pylist()[: len(shown.number)],
                "bot": shown.requests.bot[shown.request],
            }
        )
        for hour in range(LOGS.hours)
        for shown, table in impressions_of(LOGS, hour)
    ]
    return pl.concat(frames).unique(maintain_order=True)


def read(root: Path, log: str) -> pl.DataFrame:
    return pl.read_parquet(root / log / "**/*.parquet", hive_partitioning=True)


def test_columns_are_those_of_the_schemas(written: tuple[Path, Generated]):
    for log, table in TABLES.items():
        for path in (written[0] / log).rglob("*.parquet"):
            assert pl.read_parquet_schema(path) == table.polars_schema()


def test_values_keep_the_schemas_rules(impressions: pl.DataFrame, clicks: pl.DataFrame, orders: pl.DataFrame):
    for frame, table in ((impressions, ImpressionLog), (clicks, ClickLog), (orders, OrderLog)):
        for name, column in table.columns.items():
            values = frame[name]
            assert column.nullable or values.null_count() == 0
            assert column.allowed is None or set(values.unique()) <= set(column.allowed)
            assert column.between is None or values.min() >= column.between[0]


def test_rows_are_exact_and_counted(written: tuple[Path, Generated], impressions: pl.DataFrame):
    root, generated = written
    assert impressions.unique(PAIR).height == LOGS.rows
    for log, count in generated.logs.items():
        files = list((root / log).rglob("*.parquet"))
        assert (count.files, count.bytes) == (48, sum(path.stat().st_size for path in files))
        assert count.rows == read(root, log).height


def test_nothing_is_left_but_complete_files(written: tuple[Path, Generated]):
    assert {path.name for path in written[0].rglob("*") if path.is_file()} == {"part-0.parquet"}


def test_events_lie_in_the_partition_of_their_file(
    impressions: pl.DataFrame, clicks: pl.DataFrame, orders: pl.DataFrame
):
    for frame, time in ((impressions, "shown_at"), (clicks, "clicked_at"), (orders, "ordered_at")):
        outside = frame.filter((pl.col(time).dt.date() != pl.col("dt")) | (pl.col(time).dt.hour() != pl.col("hr")))
        assert outside.is_empty()


def test_a_page_shows_different_items_at_positions_without_gaps(impressions: pl.DataFrame):
    pages = (
        impressions.unique(PAIR)
        .group_by("request_id")
        .agg(pl.len(), pl.col("position").n_unique().alias("n"), pl.col("position").max().alias("last"))
    )
    assert pages.filter((pl.col("len") != pl.col("n")) | (pl.col("len") != pl.col("last"))).is_empty()
    assert pages["len"].max() == 20
    assert abs(pages["len"].mean() - 10.7) < 0.2


def test_better_relevance_is_shown_first(impressions: pl.DataFrame):
    ranked = impressions.unique(["event_id", *PAIR], keep="first", maintain_order=True).sort("request_id", "position")
    rises = ranked.filter(pl.col("relevance").diff().over("request_id") > 1e-6)
    assert rises.is_empty()


def test_items_are_zipf_distributed(impressions: pl.DataFrame):
    counts = np.sort(impressions["item_id"].value_counts()["count"].to_numpy())[::-1][:100]
    slope = np.polyfit(np.log(np.arange(1, 101)), np.log(counts), 1)[0]
    assert abs(slope + 1.0) < 0.06


def test_half_of_a_days_queries_are_seen_once(impressions: pl.DataFrame):
    requests = impressions.unique("request_id").group_by("dt", "query").len()
    assert 0.42 < (requests["len"] == 1).mean() < 0.58


def test_queries_are_typed_in_several_ways(impressions: pl.DataFrame):
    queries = impressions.unique("request_id")["query"]
    assert abs(queries.str.contains(r"^[A-Z]").mean() - 0.07) < 0.01
    assert abs(queries.str.contains(r"[\uFF41-\uFF5A]").mean() - 0.01) < 0.003
    assert 0 < queries.str.contains("[éèêñü]").mean() < 0.2


def test_ctr_falls_by_position_and_drops_at_the_page_border(written: tuple[Path, Generated]):
    shown = read(written[0], "impressions").unique(PAIR).select(*PAIR, "position")
    truth = read(written[0], "truth").join(shown, on=PAIR)
    long = truth.filter(pl.len().over("request_id") == 20).group_by("position").agg(pl.col("probability").mean())
    by_position = long.sort("position")["probability"].to_numpy()
    assert (np.diff(by_position) < 0).all()
    assert 1.8 < by_position[0] / by_position[1] < 3.5  # half as often examined, and less relevant
    assert 4.2 < by_position[9] / by_position[10] < 5.5
    assert 0.02 < truth["probability"].mean() < 0.04


def test_clicks_happen_with_the_true_probability(written: tuple[Path, Generated], clicks: pl.DataFrame):
    clicked = read(written[0], "truth").join(clicks.select(PAIR).unique().with_columns(clicked=1), on=PAIR, how="left")
    bins = clicked.group_by((pl.col("probability") * 40).floor().alias("bin")).agg(
        pl.col("probability").sum(), pl.col("clicked").sum()
    )
    gap = (bins["clicked"] - bins["probability"]) / bins["probability"].clip(1).sqrt()
    assert bins.height > 10
    assert gap.abs().max() < 4.5


def test_a_click_follows_its_impression_within_300_s(impressions: pl.DataFrame, clicks: pl.DataFrame):
    joined = clicks.unique("event_id").join(impressions.unique(PAIR, keep="first"), on=PAIR, how="left")
    assert abs(joined["shown_at"].null_count() / joined.height - LOGS.orphans) < 0.002
    delays = (joined["clicked_at"] - joined["shown_at"]).dt.total_microseconds().drop_nulls() / 1e6
    assert 0 < delays.min() < delays.max() < 300
    assert abs(delays.median() - 47.1) < 2
    assert joined.filter(pl.col("shown_at").is_not_null())["user_id"].equals(
        joined.filter(pl.col("shown_at").is_not_null())["user_id_right"], check_names=False
    )


def test_an_order_follows_its_click(clicks: pl.DataFrame, orders: pl.DataFrame):
    joined = orders.unique("order_id").join(clicks.unique("event_id"), on=[*PAIR, "user_id"], how="left")
    delays = (joined["ordered_at"] - joined["clicked_at"]).dt.total_microseconds() / 1e6
    assert joined["clicked_at"].null_count() == 0
    assert delays.min() > 0
    assert 200 < delays.median() < 700
    assert 0.05 < joined.height / clicks.height < 0.11


def test_rows_are_sent_again(impressions: pl.DataFrame, clicks: pl.DataFrame):
    again = impressions.filter(pl.col("event_id").is_duplicated() & (pl.col("event_id") != "0" * 20))
    payload = [name for name in ImpressionLog.columns if name != "landed_at"]
    exact = again.filter(again.select(payload).is_duplicated()).height // 2
    assert abs(exact / LOGS.rows - LOGS.resent) < 0.0004
    assert abs((again.height // 2 - exact) / LOGS.rows - LOGS.altered) < 0.0001
    gaps = again.group_by("event_id", maintain_order=True).agg(pl.col("landed_at").last() - pl.col("landed_at").first())
    assert gaps["landed_at"].dt.total_seconds().min() > -300  # of one event, rows may swap by their own delays only
    assert abs(clicks["event_id"].is_duplicated().mean() / 2 - LOGS.resent) < 0.002


def test_event_ids_of_people_are_unique_but_for_those_sent_again(impressions: pl.DataFrame):
    distinct = impressions.unique(["event_id", *PAIR])
    shared = distinct.filter(pl.col("event_id").is_duplicated())
    assert shared["event_id"].unique().to_list() == ["0" * 20]
    assert shared["user_id"].n_unique() == 1


def test_ids_keep_zeros_and_20_digits(impressions: pl.DataFrame):
    for name in ("event_id", "user_id", "item_id"):
        ids = impressions[name].unique()
        assert 0.15 < ids.str.starts_with("0").mean() < 0.25
        assert 0.25 < (ids.str.len_chars() == 20).mean() < 0.35


def test_bots_make_a_tenth_of_events_at_fixed_gaps_day_and_night(
    impressions: pl.DataFrame, bot_requests: pl.DataFrame, orders: pl.DataFrame
):
    bots = impressions.join(bot_requests.filter(pl.col("bot") >= 0), on="request_id")
    assert abs(bots.height / impressions.height - LOGS.bot_events) < 0.002
    assert bots["user_id"].n_unique() == LOGS.bots
    hourly = bots.group_by("hr").len()["len"]
    assert hourly.max() / hourly.min() < 1.1
    starts = bots.group_by("bot", "request_id").agg(pl.col("shown_at").min()).sort("bot", "shown_at")
    gaps = starts.select(pl.col("shown_at").diff().over("bot").dt.total_milliseconds()).to_series().drop_nulls()
    assert gaps.max() - gaps.min() <= 2 * 200
    assert orders.join(bots, on="user_id").is_empty()


def test_people_are_eight_times_busier_at_the_peak(impressions: pl.DataFrame, bot_requests: pl.DataFrame):
    people = impressions.join(bot_requests.filter(pl.col("bot") < 0), on="request_id")
    around = people.with_columns(phase=(pl.col("hr") - 20).abs().mod(24))
    peak = around.filter(pl.col("hr").is_in([19, 20, 21])).height
    night = around.filter(pl.col("hr").is_in([7, 8, 9])).height
    assert 5 < peak / night < 11


def test_sessions_are_short_but_some_are_long(impressions: pl.DataFrame, bot_requests: pl.DataFrame):
    people = impressions.join(bot_requests.filter(pl.col("bot") < 0), on="request_id").unique("request_id")
    lengths = people.group_by("session_id").len()["len"]
    assert 3 <= lengths.median() <= 5
    assert 90 < lengths.quantile(0.99) < 220
    assert people.group_by("session_id").agg(pl.col("user_id").n_unique())["user_id"].max() == 1


def test_landing_is_quick_but_for_tails_and_fast_clocks(impressions: pl.DataFrame):
    delays = (impressions["landed_at"] - impressions["shown_at"]).dt.total_seconds()
    assert abs(delays.median() - 3) <= 1
    assert abs((delays > 6 * 3600).mean() - 0.005) < 0.001
    assert 0 < (delays < 0).mean() < 0.02


def test_some_values_of_a_day_were_not_seen_the_day_before(impressions: pl.DataFrame):
    first, second = (frame for _, frame in impressions.sort("dt").group_by("dt", maintain_order=True))
    for name in ("item_id", "user_id", "query", "user_agent"):
        new = second[name].unique().is_in(first[name].unique().implode()).not_().mean()
        assert 0.04 < new < 0.6, name


def test_shares_of_nulls_and_of_the_usual_layout(impressions: pl.DataFrame):
    assert abs(impressions["price_usd"].is_null().mean() - 0.02) < 0.001
    assert abs(impressions["item_age_days"].is_null().mean() - 0.05) < 0.002
    assert abs((impressions["layout"] == "grid").mean() - 0.94) < 0.01


def test_the_zipf_table_of_one_item_is_that_item():
    assert zipf(1.0, 1).at(np.array([0.0, 0.5, 0.999999])).astype(int).tolist() == [0, 0, 0]
