"""A log is checked when it is declared."""

from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, ColumnTypeError, ParameterError
from featurelib.logs import Log, Repeats
from featurelib.schema.column import Column
from featurelib.schema.table import Table


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "name must be a text that is not empty"),
        ({"every": "1w"}, "every must be '1d' or '1h'"),
        ({"unknown_columns": "drop"}, "unknown_columns must be 'refuse' or 'ignore'"),
        ({"lateness": timedelta(seconds=-1)}, "lateness must be 0 or more"),
        ({"skew": timedelta(seconds=-1)}, "skew must be 0 or more"),
        ({"null_texts": "NULL"}, "null_texts must be a tuple of texts"),
        ({"files": "clicks/*.csv"}, r"files must be a pattern with \{dt\}"),
        ({"files": "{dt:%Y%m}/*.csv"}, "together state year, month and day"),
        ({"files": "{dt:%Y%m%d%H}.csv"}, "uses %Y, %m, %d and %j only"),
        ({"files": "{dt}/{day}.csv"}, r"only placeholders are \{dt\} and \{hr\}"),
        ({"files": "{dt}/{hr:03d}.csv", "every": "1h"}, r"\{hr:02d\}"),
        ({"files": "{dt}.csv", "every": "1h"}, r"with \{hr\} if every='1h'"),
        ({"files": "{dt}/{hr}.csv"}, "without it if every='1d'"),
        ({"files": "/logs/{dt}.csv"}, "a path below the log root"),
        ({"files": "../{dt}.csv"}, "a path below the log root"),
        ({"files": "**/{dt}.csv"}, "inside one folder"),
        ({"files": "{dt}.parquet.gz"}, "ends in .parquet, .csv, .csv.gz"),
        ({"files": "{dt}.tsv"}, "ends in .parquet, .csv, .csv.gz"),
    ],
)
def test_a_wrong_parameter_is_named(make_log: Callable[..., Log], changes: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make_log(".csv", **changes)


def table_of(**columns: Column | str) -> type[Table]:
    return type("Shown", (Table,), columns)


def test_a_table_without_event_time_is_refused(make_log: Callable[..., Log]) -> None:
    with pytest.raises(ParameterError, match="table must be a table with an event_time"):
        make_log(".csv", table=table_of(x=Column(dtype=pl.Int8(), doc="x")))


@pytest.mark.parametrize("dtype", [pl.Datetime("us"), pl.Date(), pl.Int64()])
def test_an_event_time_without_zone_is_refused(make_log: Callable[..., Log], dtype: pl.DataType) -> None:
    with pytest.raises(ParameterError, match="event time 'at' is a Datetime with a time zone"):
        make_log(".csv", table=table_of(event_time="at", at=Column(dtype=dtype, doc="x")))


def test_a_raw_column_that_is_read_twice_is_refused(make_log: Callable[..., Log]) -> None:
    at = Column(dtype=pl.Datetime("us", "UTC"), doc="x")
    table = table_of(event_time="at", at=at, b=Column(dtype=pl.String(), doc="x", source="at"))
    with pytest.raises(ParameterError, match=r"each raw column once, not \['at'\] twice"):
        make_log(".csv", table=table)


def test_a_nested_column_fits_parquet_but_no_text_format(make_log: Callable[..., Log]) -> None:
    at = Column(dtype=pl.Datetime("us", "UTC"), doc="x")
    table = table_of(event_time="at", at=at, tags=Column(dtype=pl.List(pl.String()), doc="x"))
    assert make_log(".parquet", table=table).format == "parquet"
    with pytest.raises(ColumnTypeError, match=r"column 'tags' of a text format .* Declare it as pl.String\(\)"):
        make_log(".jsonl", table=table)


@pytest.mark.parametrize(
    ("suffix", "form", "compression"),
    [
        (".parquet", "parquet", None),
        (".csv", "csv", None),
        (".csv.gz", "csv", "gzip"),
        (".csv.zst", "csv", "zstd"),
        (".jsonl", "jsonl", None),
        (".ndjson.gz", "jsonl", "gzip"),
        (".jsonl.zst", "jsonl", "zstd"),
    ],
)
def test_the_suffix_says_the_format(make_log: Callable[..., Log], suffix: str, form: str, compression: str) -> None:
    log = make_log(suffix)
    assert (log.format, log.compression) == (form, compression)


def test_an_event_id_that_the_table_lacks_is_refused(make_log: Callable[..., Log]) -> None:
    assert make_log(".csv", event_id="item").event_id == "item"
    with pytest.raises(ColumnMissingError, match=r"log 'impressions' reads column 'itm', .* Did you mean 'item'\?"):
        make_log(".csv", event_id="itm")


@pytest.mark.parametrize(
    ("columns", "within", "message"),
    [
        ([], "5m", "columns must be at least one column, each once"),
        (["item", "item"], "5m", "columns must be at least one column, each once"),
        (["item"], "0s", "within must be longer than nothing"),
        (["item"], timedelta(seconds=-1), "within must be longer than nothing"),
        (["item"], "five", "within must be a duration such as 30m"),
    ],
)
def test_repeats_say_what_they_need(columns: list[str], within: str | timedelta, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Repeats(columns, within=within)


def test_repeats_are_of_columns_that_the_table_has(make_log: Callable[..., Log]) -> None:
    repeats = Repeats(["item", "slot"])
    assert make_log(".csv", repeats=repeats).repeats == Repeats(("item", "slot"), timedelta(minutes=5))
    assert hash(repeats) == hash(Repeats(("item", "slot")))
    assert Repeats("item") == Repeats(["item"])
    with pytest.raises(ColumnMissingError, match=r"log 'impressions' reads column 'itm', .* Did you mean 'item'\?"):
        make_log(".csv", repeats=Repeats(["slot", "itm"]))
