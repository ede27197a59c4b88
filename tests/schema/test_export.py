"""The suite of a table as JSON: Great Expectations loads it with every expectation, and runs it by itself."""

import json
import math
import warnings
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from featurelib.schema import Column, RowCheck, Table
from featurelib.schema.judge import judge
from featurelib.schema.measure import measure
from featurelib.schema.odcs import odcs_text, to_odcs
from featurelib.schema.suite import suite
from schemas import ImpressionLog

OF_SQL = "unexpected_rows_expectation"  # a query, which GX's pandas engine cannot run


class Samples(Table):
    key = ("request", "item")
    checks = (RowCheck(id="cheaper", that="price <= 10"), RowCheck(id="named", that=pl.col("item").str.len_chars() > 0))

    request = Column(dtype=pl.String(), doc="x")
    item = Column(dtype=pl.String(), doc="x")
    kind = Column(dtype=pl.String(), doc="x", allowed=("a", "b"), nullable=True, max_null=0.5)
    price = Column(dtype=pl.Float64(), doc="x", between=(0, None), on_fail="quarantine")
    token = Column(dtype=pl.Int64(), doc="x", unique=True)


GOOD = {"request": ["r", "r"], "item": ["a", "b"], "kind": ["a", None], "price": [0.5, 3.0], "token": [1, 2]}
BAD = {"request": ["r", "r"], "item": ["a", "a"], "kind": ["c", "a"], "price": [-1.0, 11.0], "token": [1, 1]}


@pytest.fixture(scope="module")
def gx():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "module 'sre_.*' is deprecated", DeprecationWarning)
        import great_expectations

    return great_expectations


@pytest.mark.parametrize("table", [Samples, ImpressionLog], ids=["samples", "impressions"])
def test_the_suite_loads_with_every_expectation(gx, table: type[Table]) -> None:
    text = json.loads(json.dumps(suite(table)))
    loaded = gx.ExpectationSuite(**text)
    kept = {one["meta"]["check"]: (one["type"], one["id"]) for one in loaded.to_json_dict()["expectations"]}
    assert kept == {one["meta"]["check"]: (one["type"], one["id"]) for one in text["expectations"]}
    assert len(kept) == len(text["expectations"]) == len(loaded.expectations)


@pytest.mark.parametrize("rows", [GOOD, BAD], ids=["good", "bad"])
def test_the_suite_says_in_the_pandas_engine_of_gx_what_we_say(gx, rows: dict[str, list]) -> None:
    plain = json.loads(json.dumps(suite(Samples)))
    plain["expectations"] = [one for one in plain["expectations"] if one["type"] != OF_SQL]
    frame = pl.DataFrame(rows, schema=Samples.polars_schema())
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": frame.to_pandas()})
    found = batch.validate(gx.ExpectationSuite(**plain))
    said = {one.expectation_config.meta["check"]: one.success for one in found.results}
    ours = {one.id: one.success for one in judge(measure(frame.lazy(), Samples), Samples).results}
    assert said == {name: ours[name] for name in said}
    assert set(ours) - set(said) == {"price.nan", "cheaper", "named"}
    assert all(said.values()) == (rows is GOOD)


@pytest.mark.parametrize(
    ("dtype", "value"), [(pl.Date(), date(2026, 1, 1)), (pl.Decimal(6, 2), Decimal("1.5")), (pl.Float64(), math.inf)]
)
def test_values_that_json_cannot_write_are_left_out_and_listed(dtype: pl.DataType, value: object) -> None:
    table = type("Odd", (Table,), {"x": Column(dtype=dtype, doc="x", allowed=(value,))})
    made = json.loads(json.dumps(suite(table), allow_nan=False))
    assert [one["check"] for one in made["meta"]["left_out"]] == ["x.allowed", "volume"]
    assert "x.allowed" not in [one["meta"]["check"] for one in made["expectations"]]
    (told,) = (rule for rule in to_odcs(table)["schema"][0]["properties"][0]["quality"] if rule["name"] == "x.allowed")
    assert (told["type"], told["description"]) == ("text", f"x in {{{value}}}")
    assert str(value) in odcs_text(table)
