"""Our counts, judged by GX, come to what GX's own engines say of the same rows."""

import datetime as dt
import sqlite3
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from featurelib.schema import Column, Reference, RowCheck, Table
from featurelib.schema.checks import Expected, plan_checks
from featurelib.schema.judge import judge
from featurelib.schema.measure import measure
from featurelib.schema.suite import expectation, suite
from featurelib.schema.verdict import CheckResult

pytestmark = pytest.mark.filterwarnings(
    "ignore:module 'sre_:DeprecationWarning",
)

MODERATE = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink takes minutes, and the frames are small
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Sample(Table):
    key = ("user", "day")
    min_rows = 2
    event_time = "shown_at"
    freshness = dt.timedelta(hours=6)
    checks = (
        RowCheck("ends_later", "ended_at >= shown_at"),
        RowCheck("cheap", "price < 5 OR device = 'ios'"),
        RowCheck("graded", (pl.col("slot") > 1) & pl.col("level").is_not_null() | (pl.col("slot") - 1 < 1)),
    )
    references = (Reference(("user",), "Users"), Reference(("device", "level"), "Devices", at=("kind", "grade")))

    user = Column(dtype=pl.String(), doc="User.")
    day = Column(dtype=pl.Date(), doc="Day.")
    slot = Column(dtype=pl.Int32(), doc="Position.", between=(1, 3), on_fail="warn")
    score = Column(dtype=pl.Float64(), doc="Score.", between=(None, 1.5))
    price = Column(dtype=pl.Float32(), doc="Price.", nullable=True, max_null=0.25, between=(0, 8))
    device = Column(dtype=pl.String(), doc="Client.", nullable=True, allowed=("ios", "web"))
    level = Column(dtype=pl.Int8(), doc="Level.", nullable=True, allowed=(0, 1))
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="Shown.")
    ended_at = Column(dtype=pl.Datetime("us", "UTC"), doc="Ended.", nullable=True)
    token = Column(dtype=pl.String(), doc="Token.", nullable=True, unique=True)
    tags = Column(dtype=pl.List(pl.String()), doc="Tags.")
    shared = Column(dtype=pl.Boolean(), doc="Shared.")


UNTIL = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
EXPECTED = Expected(until=UNTIL, rows=(6,))
USERS = pl.DataFrame({"user": ["a", "c"]})
DEVICES = pl.DataFrame({"kind": ["ios", "ios", "web"], "grade": [0, 1, 1]}, schema_overrides={"grade": pl.Int8})
OTHERS = {"Users": USERS.lazy(), "Devices": DEVICES.lazy()}


class Single(Table):
    key = ("id",)
    min_rows = 0
    id = Column(dtype=pl.Int64(), doc="Unique.")


OF_THE_DAY = ("volume", "freshness")
MOMENTS = st.datetimes(dt.datetime(2026, 11, 1), dt.datetime(2026, 11, 2), timezones=st.just(dt.UTC))  # noqa: DTZ001
ROWS = st.fixed_dictionaries(
    {
        "user": st.none() | st.sampled_from(["a", "b", "c", "ü"]),
        "day": st.none() | st.dates(min_value=dt.date(2026, 11, 1), max_value=dt.date(2026, 11, 2)),
        "slot": st.none() | st.integers(0, 4),
        "score": st.none() | st.sampled_from([float("nan"), -1.0, 1.5, 2.0, float("inf")]),
        "price": st.none() | st.sampled_from([-0.5, 0.0, 8.0, 8.5]),
        "device": st.none() | st.sampled_from(["ios", "web", "toaster"]),
        "level": st.none() | st.integers(-1, 2),
        "shown_at": st.none() | MOMENTS,
        "ended_at": st.none() | MOMENTS,
        "token": st.none() | st.sampled_from(["x", "y", "z", ""]),
        "tags": st.none() | st.lists(st.sampled_from(["new", "sale"]), max_size=2),
        "shared": st.none() | st.booleans(),
    }
)


@pytest.fixture(scope="module")
def gx() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


@pytest.fixture(scope="module")
def pandas_batches(gx: Any) -> Any:
    asset = gx.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("all")


def judged_by_gx(batch: Any, table: type[Table], ids: set[str], **options: Any) -> dict[str, Any]:
    """Return GX's own results by check id, of the suite that we would hand to a user of GX."""
    from great_expectations import ExpectationSuite

    plan = suite(table, **options)
    of_the_day = [
        expectation(check, table) for check in plan_checks(table, expected=EXPECTED) if check.id in OF_THE_DAY
    ]
    chosen = [each for each in plan["expectations"] + of_the_day if each["meta"]["check"] in ids]
    result = batch.validate(ExpectationSuite(**{**plan, "expectations": chosen}))
    found = {each.expectation_config.meta["check"]: each for each in result.results}
    assert set(found) == ids
    assert not any(each.exception_info.get("raised_exception") for each in result.results)
    return found


def of_kinds(table: type[Table], *kinds: str, **options: Any) -> set[str]:
    return {check.id for check in plan_checks(table, **options) if check.kind in kinds}


PANDAS_KINDS = (
    *(
        "not_null",
        "between",
        "allowed",
        "max_null",
        "unique",
        "key",
        "rows",
        "volume",
        "freshness",
        "columns",
        "absent",
    ),
)
OBSERVED = ("element_count", "missing_count", "unexpected_count", "unexpected_percent", "observed_value")


def judged_by_us(frame: pl.DataFrame, table: type[Table], **options: Any) -> dict[str, CheckResult]:
    metrics = measure(frame.lazy(), table, others=OTHERS, **options)
    return {result.id: result for result in judge(metrics, table, expected=EXPECTED, **options).results}


def observed(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what GX says that it saw, with instants as text."""
    seen = {name: result[name] for name in OBSERVED if result.get(name) is not None}
    if isinstance(seen.get("observed_value"), dt.datetime):
        seen["observed_value"] = seen["observed_value"].isoformat()
    return {name: value for name, value in seen.items() if value != "NaT"}  # how pandas calls the maximum of nothing


@MODERATE
@given(rows=st.lists(ROWS, max_size=12))
def test_pandas_engine_agrees(pandas_batches: Any, rows: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(rows, schema=Sample.polars_schema())
    ours = judged_by_us(frame, Sample)
    batch = pandas_batches.get_batch({"dataframe": frame.to_pandas()})
    for check, theirs in judged_by_gx(batch, Sample, of_kinds(Sample, *PANDAS_KINDS, expected=EXPECTED)).items():
        if check == "score.not_null":  # pandas holds NaN for null: there the two rules are one
            assert theirs.success == (ours[check].success and ours["score.nan"].success)
            assert theirs.result["unexpected_count"] == ours[check].rows_bad + ours["score.nan"].rows_bad
            continue
        assert (check, theirs.success) == (check, ours[check].success)
        assert (check, observed(theirs.result)) == (check, observed(ours[check].gx["result"]))


@MODERATE
@given(ids=st.lists(st.none() | st.integers(0, 5), max_size=8))
def test_pandas_engine_agrees_on_a_key_of_one_column(pandas_batches: Any, ids: list[int | None]) -> None:
    frame = pl.DataFrame({"id": ids}, schema=Single.polars_schema())
    ours = judged_by_us(frame, Single)
    batch = pandas_batches.get_batch({"dataframe": frame.to_pandas()})
    for check, theirs in judged_by_gx(batch, Single, of_kinds(Single, *PANDAS_KINDS)).items():
        assert (check, theirs.success) == (check, ours[check].success)
        assert (check, theirs.result.get("unexpected_count", 0)) == (check, ours[check].rows_bad)


@pytest.mark.parametrize("price", [[None, None, None], [None, 1.0, None]])
def test_pandas_engine_agrees_on_a_column_left_out_on_purpose(pandas_batches: Any, price: list[float]) -> None:
    left_out = ("price",)
    rows = {name: [None] * 3 for name in Sample.columns} | {"price": price}
    frame = pl.DataFrame(rows, schema=Sample.polars_schema())
    ours = judged_by_us(frame, Sample, absent=left_out)
    batch = pandas_batches.get_batch({"dataframe": frame.to_pandas()})
    theirs = judged_by_gx(batch, Sample, {"price.absent"}, absent=left_out)["price.absent"]
    assert theirs.success == ours["price.absent"].success
    assert theirs.result["unexpected_count"] == ours["price.absent"].rows_bad


@MODERATE
@given(rows=st.lists(ROWS, max_size=12))
def test_sql_engine_agrees_on_row_checks_and_references(
    gx: Any, tmp_path_factory: Any, rows: list[dict[str, Any]]
) -> None:
    frame = pl.DataFrame(rows, schema=Sample.polars_schema())
    ours = judged_by_us(frame, Sample)
    file = tmp_path_factory.mktemp("sql") / "rows.db"
    fill(file, rows=frame.drop("tags"), Users=USERS, Devices=DEVICES)
    asset = gx.data_sources.add_or_update_sqlite("sql", connection_string=f"sqlite:///{file}").add_table_asset("rows")
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    for check, theirs in judged_by_gx(batch, Sample, of_kinds(Sample, "row", "reference")).items():
        assert (check, theirs.success) == (check, ours[check].success)
        assert (check, theirs.result["observed_value"]) == (check, ours[check].rows_bad)


def fill(file: Path, **tables: pl.DataFrame) -> None:
    with sqlite3.connect(file) as connection:
        for name, frame in tables.items():
            text = frame.with_columns(pl.col(pl.Datetime, pl.Date).cast(pl.String))
            connection.execute(f"CREATE TABLE {name} ({', '.join(text.columns)})")
            places = ", ".join("?" * text.width)
            connection.executemany(f"INSERT INTO {name} VALUES ({places})", text.rows())  # noqa: S608
    connection.close()
