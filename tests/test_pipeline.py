"""Pipeline: what a declaration may say; every refusal names the object, before any data is read."""

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from featurelib.cleaning import Impute, Normalize
from featurelib.days import Days
from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, ParameterError
from featurelib.samples import CarriedLabel, KeepFraction, Lists, RandomItems, Sessions
from featurelib.schema import Column, Table
from featurelib.transforms import Feature, Frequency, HashedCross, Log1p, Padded, Standardize, Vocabulary
from featurelib.windows import LastN, LastValue, Rate, Sum
from pipelines.open_bandit import open_bandit
from pipelines.search_ranking import search_ranking
from tests.shop import FEATURES, ShopFeatures, logs, rate, shop

IMPRESSIONS, CLICKS = logs()


def columns(**more: Any) -> type[Table]:
    """Return the feature table with columns added or replaced."""
    declared = {
        **ShopFeatures.columns,
        **{name: Column(dtype=dtype, doc="One more.", nullable=True) for name, dtype in more.items()},
    }
    return type("MoreFeatures", (Table,), {"event_time": "shown_at", "all": declared})


def test_declaration_says_what_it_reads_makes_and_needs():
    told = shop(cleaning=[Normalize("item_id")]).describe()
    assert told == {
        "pipeline": "shop",
        "reads": {"impressions": "impressions/{dt}/*.parquet", "clicks": "clicks/{dt}/*.parquet"},
        "lookback_days": 2,
        "partitions": "1d, UTC",
        "lookahead": "0:30:00",
        "labels": ["clicked"],
        "steps": [],
        "cleaning": [repr(Normalize("item_id"))],
        "windows": ["item_rate"],
        "tiles": [spec.name for spec in shop().tiles],
        "features": ["item_index", "user_share", "slot_z"],
        "selection": [],
        "carried": ["event_id", "item_id", "shown_at", "clicked"],
        "fit": "2026-11-01",
        "table": "ShopFeatures v1.0.0",
    }


@pytest.mark.parametrize("name", ["", "Shop", "my shop", "1st", "../shop", "shop\n"])
def test_name_is_one_that_a_directory_may_have(name: str):
    with pytest.raises(ParameterError, match="name must be lower case letters, digits and underscores, got "):
        shop(name=name)


def test_features_are_needed():
    with pytest.raises(DeclarationError, match="pipeline 'shop' has no features; give at least one"):
        shop(features=[])


def test_feature_reads_an_unknown_column():
    with pytest.raises(
        ColumnMissingError, match=r"Vocabulary\(column='itemid'.* reads column 'itemid', .* Did you mean 'item_id'\?"
    ):
        shop(features=[Feature("item_index", Vocabulary("itemid"))])


def test_cleaning_reads_an_unknown_column():
    with pytest.raises(ColumnMissingError, match="reads column 'qurey', which what comes before it lacks"):
        shop(cleaning=[Normalize("qurey")])


def test_feature_may_not_read_what_a_later_one_makes():
    later = [Feature("item_index", HashedCross(["slot_z", "item_id"], buckets=8)), *FEATURES[1:]]
    with pytest.raises(ColumnMissingError, match="reads column 'slot_z', which what comes before it lacks"):
        shop(features=later)


def test_feature_may_read_what_an_earlier_one_makes_and_a_window():
    chained = [
        *FEATURES,
        Feature("again", HashedCross(["item_index", "user_id"], buckets=8)),
        Feature("rate_z", Standardize("item_rate")),
    ]
    table = columns(again=pl.UInt32(), rate_z=pl.Float32())
    assert shop(features=chained, table=table).feature_names[-2:] == ("again", "rate_z")


def test_number_is_needed():
    with pytest.raises(
        ColumnTypeError, match="needs column 'item_id' of the samples to be a number or boolean, got String"
    ):
        shop(features=[Feature("slot_z", Standardize("item_id"))])


def test_float_is_no_category():
    with pytest.raises(
        ColumnTypeError, match=r"'item_rate' of the samples to be text, .* Bin a float before you use it"
    ):
        shop(features=[Feature("item_index", Vocabulary("item_rate"))])


def test_time_is_no_number():
    with pytest.raises(
        ColumnTypeError, match="needs column 'shown_at' of the samples to be a number or boolean, got Datetime"
    ):
        shop(features=[Feature("slot_z", Log1p("shown_at"))])


@pytest.mark.parametrize("second", [Feature("item_index", Vocabulary("user_id")), Feature("item_index", Log1p("slot"))])
def test_two_features_of_one_name_are_refused(second: Feature):
    with pytest.raises(
        DeclarationError, match=r"pipeline 'shop' makes feature 'item_index' twice; name one of them with Feature"
    ):
        shop(features=[*FEATURES, second])


def test_a_column_of_the_samples_is_not_read_once_its_name_is_given_to_something_else():
    taken = Feature("slot", Vocabulary("item_id"))
    with pytest.raises(DeclarationError, match=r"Standardize\(column='slot'\)\) reads 'slot', which the rows have"):
        shop(features=[taken, *FEATURES])


def test_same_transform_twice_without_a_name_is_refused():
    with pytest.raises(DeclarationError, match="pipeline 'shop' makes feature 'slot__log1p' twice"):
        shop(features=[Log1p("slot"), Log1p("slot")])


def test_table_lacks_a_feature():
    more = [*FEATURES, Feature("slotz", Log1p("slot"))]
    with pytest.raises(
        ColumnMissingError,
        match=r"pipeline 'shop''s feature table reads column 'slotz', which ShopFeatures lacks. Did you mean 'slot_z'",
    ):
        shop(features=more)


def test_table_lists_what_nobody_makes():
    with pytest.raises(
        ColumnMissingError,
        match="table MoreFeatures reads column 'weather', which no feature makes and the samples table lacks",
    ):
        shop(table=columns(weather=pl.String()))


@pytest.mark.parametrize(
    ("name", "dtype", "have"), [("clicked", pl.Int32(), "Int8"), ("shown_at", pl.Datetime("ms", "UTC"), "Datetime")]
)
def test_carried_column_of_another_type_is_refused(name: str, dtype: pl.DataType, have: str):
    with pytest.raises(
        DeclarationError,
        match=f"table MoreFeatures declares '{name}' as .*, the samples have {have}.*; declare that type",
    ):
        shop(table=columns(**{name: dtype}))


def test_first_label_must_be_among_the_samples():
    shape = Lists("request_id", order="slot", columns=["event_id"], first=["item_id", "user_id", "slot"])
    message = (
        r"selection of pipeline 'shop' reads the first label, 'clicked', of each sample: a number or a list of numbers"
        r"\. Lists\(.*\) makes it no column; have it keep that label, or name another one first\."
    )
    with pytest.raises(DeclarationError, match=message):
        shop(samples=replace(shop().samples, shape=shape), windows=[])


def test_window_names_an_entity_that_the_samples_lack():
    class Cart(Table):
        event_time = "at"
        cart_id = Column(dtype=pl.String(), doc="Cart.")
        at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.")

    carts = replace(CLICKS, name="carts", table=Cart, event_id=None)
    window = Rate("r", of=carts, per=carts, by="cart_id", over="1d")
    with pytest.raises(ColumnMissingError, match="window 'r' reads column 'cart_id', which the samples table lacks"):
        shop(windows=[window])


def test_an_entity_is_of_one_kind_in_log_and_samples():
    wide = type("Clicked", (CLICKS.table,), {"slot": Column(dtype=pl.String(), doc="Where."), "__doc__": "Text."})
    other = replace(CLICKS, table=wide)
    window = Sum("s", of=CLICKS, by="slot", column="slot", over="1d")
    assert shop(windows=[window]).sample_schema["s"] == pl.Int64()
    message = "'slot' of log 'clicks' to be whole numbers, as in the samples, got String"
    with pytest.raises(ColumnTypeError, match=message):
        shop((IMPRESSIONS, other), windows=[LastValue("s", of=other, by="slot", column="slot", over="1d")])


def test_no_window_is_by_what_came_of_an_impression_or_knows_it_at_once():
    columns = {"is_clicked": Column(dtype=pl.Boolean(), doc="Later."), "__doc__": "Carried."}
    log = replace(IMPRESSIONS, table=type("Shown", (IMPRESSIONS.table,), columns))
    samples = replace(shop().samples, log=log, labels=[CarriedLabel("clicked", column="is_clicked")])
    window = Sum("s", of=log, by="item_id", column="is_clicked", over="1d", delay="1h")
    assert "s" in shop(samples=samples, windows=[window]).sample_schema
    with pytest.raises(
        DeclarationError, match=r"Sum\('s'\) reads 'is_clicked' of earlier impressions as soon as they are"
    ):
        shop(samples=samples, windows=[replace(window, delay="0h")])
    with pytest.raises(
        DeclarationError, match=r"Sum\('s'\) is by 'is_clicked', which a label is made of: that leaks it"
    ):
        shop(samples=samples, windows=[replace(window, by=["item_id", "is_clicked"], column="slot")])


def test_windows_of_listed_samples_are_lists_where_their_entity_or_time_is():
    shape = Lists("request_id", order="slot", columns=["item_id", "clicked"], first=["user_id", "shown_at"])
    windows = [replace(rate(IMPRESSIONS, CLICKS), name=by, by=f"{by}_id") for by in ("item", "user")]
    share = Column(dtype=pl.Float32(), doc="Share.", between=(0, 1))
    table = type("Listed", (Table,), {"__doc__": "One row per request.", "min_rows": 0, "user_share": share})
    samples = replace(shop().samples, shape=shape)
    schema = shop(samples=samples, windows=windows, features=FEATURES[1:2], table=table).sample_schema
    assert (schema["item"], schema["user"]) == (pl.List(pl.Float64()), pl.Float64())


def test_windows_have_different_names():
    windows = [rate(IMPRESSIONS, CLICKS, over=["1d"]), rate(IMPRESSIONS, CLICKS, over=["2d"])]
    with pytest.raises(DeclarationError, match="pipeline 'shop' has two windows called 'item_rate'"):
        shop(windows=windows)


@pytest.mark.parametrize("name", ["slot", "clicked", "clicked__at", "item_rate_1d"])
def test_window_must_not_take_the_name_of_a_column(name: str):
    windows = [rate(IMPRESSIONS, CLICKS, over=["1d"]), replace(rate(IMPRESSIONS, CLICKS), name=name)]
    with pytest.raises(DeclarationError, match=f"window '{name}' adds a column '.*' that the samples already have"):
        shop(windows=windows)


def test_two_logs_of_one_name_are_refused():
    # their files and events would be taken for each other's
    other = replace(CLICKS, files="other/{dt}.parquet")
    with pytest.raises(
        DeclarationError, match="pipeline 'shop' reads two different logs called 'clicks'; give each its own name"
    ):
        shop(windows=[rate(IMPRESSIONS, other)])


def test_tiles_are_shared_by_the_windows_of_one_entity():
    windows = [
        rate(IMPRESSIONS, CLICKS),
        replace(rate(IMPRESSIONS, CLICKS), name="long", over="30d"),
        replace(rate(IMPRESSIONS, CLICKS), name="user", by="user_id"),
        Sum("slots", of=CLICKS, by="item_id", column="slot", over="1d"),
    ]
    pipeline = shop(windows=windows)
    assert [(spec.by, spec.log.name, [part.name for part in spec.parts]) for spec in pipeline.tiles] == [
        (("item_id",), "clicks", ["n", "sum_slot"]),
        (("item_id",), "impressions", ["n"]),
        (("user_id",), "clicks", ["n"]),
        (("user_id",), "impressions", ["n"]),
    ]
    assert pipeline.lookback_days == 31


def test_tiles_are_shared_by_pipelines_that_declare_the_same():
    one, other = (
        shop(windows=[rate(IMPRESSIONS, CLICKS)]),
        shop(windows=[rate(IMPRESSIONS, CLICKS, over="9d")], name="b"),
    )
    assert [spec.name for spec in one.tiles] == [spec.name for spec in other.tiles]
    local = shop(windows=[rate(IMPRESSIONS, CLICKS)], timezone="Asia/Tokyo")
    assert not {spec.name for spec in one.tiles} & {spec.name for spec in local.tiles}


def test_pipeline_is_not_called_like_the_folder_of_the_tiles():
    with pytest.raises(ParameterError, match="name must be another: all pipelines keep their tiles there"):
        shop(name="tiles")


def test_pipeline_without_windows_looks_back_no_further():
    assert shop(windows=[]).lookback_days == 0


def test_parts_are_kept_as_tuples_whatever_was_given():
    pipeline = shop(cleaning=[Impute("slot", by="median")], fit=Days(date(2026, 11, 1), date(2026, 11, 3)))
    assert isinstance(pipeline.cleaning, tuple)
    assert (str(pipeline), repr(pipeline)) == ("pipeline 'shop'", "Pipeline('shop')")
    assert pipeline.label == "clicked"


@pytest.mark.parametrize("column", ["clicked", "clicked__count", "clicked__at"])
def test_a_feature_that_reads_what_a_label_is_made_of_is_refused(column: str) -> None:
    with pytest.raises(DeclarationError, match=f"reads '{column}', which a label is made of: that leaks it"):
        replace(search_ranking, features=[Feature("query_index", Vocabulary(column))])


def test_a_feature_that_reads_what_sampling_made_of_the_label_is_refused() -> None:
    samples = search_ranking.samples
    steps = {
        "sample_weight": {"keep": [KeepFraction(0.5, label="clicked", keys=["event_id"])]},
        "random_item": {"make": [RandomItems("item_id", n=1, request="request_id")]},
    }
    for column, step in steps.items():
        thinned = replace(samples, **step)
        assert column in thinned.outcomes
        with pytest.raises(DeclarationError, match=f"reads '{column}', which a label is made of: that leaks it"):
            replace(search_ranking, samples=thinned, windows=[], features=[Feature("query_index", Standardize(column))])


def test_a_feature_that_reads_the_carried_label_under_its_log_name_is_refused() -> None:
    with pytest.raises(DeclarationError, match="reads 'click', which a label is made of"):
        replace(open_bandit, features=[Feature("item_bucket", Vocabulary("click"))])


def test_a_partition_asked_for_twice_is_one() -> None:
    pipeline = shop()
    one = pipeline.partitions(Days.parse("2026-11-01", "2026-11-02"))
    assert pipeline.partitions([*reversed(one), *one]) == one


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("item_id", {"item_index", "cleaned", "last_index", "again", "listed"}),
        ("user_id", {"user_share", "last_index", "again"}),
        ("slot", {"slot_z", "listed", "again"}),
        ("landed_at", set()),
    ],
)
def test_what_windows_and_features_make_of_a_private_column_is_private(column: str, found: set[str]):
    said = [
        type(log.table.__name__, (log.table,), {column: replace(log.table.columns[column], pii="personal")})
        for log in (IMPRESSIONS, CLICKS)
    ]
    shown, clicked = (replace(log, table=table) for log, table in zip((IMPRESSIONS, CLICKS), said, strict=True))
    features = [
        *FEATURES,
        Feature("cleaned", HashedCross(["item_id", "request_id"], buckets=8)),
        Feature("last_index", Vocabulary("last_item")),
        Feature("again", HashedCross(["last_index", "slot"], buckets=8)),
        Feature("listed", Padded("items_slot", length=2, terms_of="item_id")),
    ]
    windows = [
        LastValue("last_item", of=clicked, by="user_id", column="item_id", over="1d"),
        LastN("items", of=clicked, by="request_id", column="request_id", also="slot", n=2, over="1d"),
    ]
    table = columns(cleaned=pl.UInt32(), last_index=pl.UInt32(), again=pl.UInt32(), listed=pl.List(pl.UInt32()))
    made = shop((shown, clicked), windows=windows, cleaning=[Normalize("item_id")], features=features, table=table)
    assert {name for name in made.feature_names if made.is_private(name)} == found
    assert made.is_private(column)
    assert made.is_private("unheard_of")


def test_what_no_table_declares_is_private():
    samples = replace(shop().samples, sessions=Sessions("user_id", time="shown_at"))
    features = [*FEATURES, Feature("session", Frequency("session_id"))]
    made = shop(samples=samples, features=features, table=columns(session=pl.Float32()))
    assert [name for name in made.feature_names if made.is_private(name)] == ["session"]
