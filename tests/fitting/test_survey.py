import math
import pickle
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from featurelib.errors import ColumnMissingError, ColumnTypeError
from featurelib.fitting import (
    CountTable,
    DocumentCounts,
    LabelsByPart,
    LabelTable,
    Moments,
    PairCounts,
    RankSummary,
    Request,
    Survey,
    merge_answers,
    survey,
)
from featurelib.program import Chain
from featurelib.program.primitives import Affine, NormalizeText
from featurelib.tables import ParquetRows

DOUBLE = Chain("twice", ("x",), "number", (Affine(0.0, 2.0),))
FRAME = pl.LazyFrame({"x": [1.0, 2.0, None], "y": [0.0, 1.0, 1.0], "t": ["a", "a", "b"]})
REQUESTS = (
    Request(Moments(), ("twice",), "number"),
    Request(CountTable(), ("t",), "text"),
    Request(LabelTable(), ("x", "y"), "number"),
    Request(LabelTable(), ("twice", "y"), "number"),
)


def test_answers_come_in_the_order_of_the_requests():
    moments, counts, plain, doubled = Survey((DOUBLE,), REQUESTS).of(FRAME)
    assert isinstance(moments, Moments)
    assert moments.mean == 3.0
    assert isinstance(counts, CountTable)
    assert counts.rows == 3
    assert isinstance(plain, LabelTable)
    assert isinstance(doubled, LabelTable)
    assert plain.table["value"].to_list() == [None, 1.0, 2.0]
    assert doubled.table["value"].to_list() == [None, 2.0, 4.0]


@pytest.mark.parametrize("cells", [1, 3, 6, 9, 12])
def test_few_columns_at_a_time_give_the_same_answers(cells: int, monkeypatch: pytest.MonkeyPatch):
    whole = Survey((DOUBLE,), REQUESTS).of(FRAME)
    monkeypatch.setattr("featurelib.fitting.survey._CELLS_AT_ONCE", cells)
    assert Survey((DOUBLE,), REQUESTS).of(FRAME) == whole


def test_survey_can_be_sent_and_answers_merged():
    survey = pickle.loads(pickle.dumps(Survey((DOUBLE,), REQUESTS)))  # noqa: S301  # engines send surveys so
    parts = [survey.of(FRAME.slice(0, 1)), survey.of(FRAME.slice(1))]
    assert merge_answers(parts) == survey.of(FRAME)


def test_column_that_is_not_there_names_who_asks():
    survey = Survey((), (Request(Moments(), ("z",), "number", who="the label"),))
    with pytest.raises(
        ColumnMissingError, match=r"the label reads column 'z', which the samples table lacks.*\[x, y, t\]"
    ):
        survey.of(FRAME)


def test_column_of_the_wrong_type_names_who_asks():
    survey = Survey((), (Request(Moments(), ("t",), "number", who="the label"),))
    with pytest.raises(ColumnTypeError, match="the label needs column 't' of the samples table to be a number"):
        survey.of(FRAME)


def test_lists_are_summarised_some_rows_at_a_time(monkeypatch: pytest.MonkeyPatch):
    frame = pl.DataFrame({"x": [["a", "b"], None, [], ["b"], ["c", "c"]] * 4})
    asked = Survey((), (Request(DocumentCounts(), ("x",), "texts"), Request(DocumentCounts("words"), ("y",), "text")))
    frame = frame.with_columns(y=pl.lit("a b"))
    whole = asked.of(frame.lazy())
    monkeypatch.setattr(survey, "_ROWS_AT_ONCE", 3)
    assert asked.of(frame.lazy()) == whole == [DocumentCounts().of(frame["x"]), DocumentCounts("words").of(frame["y"])]


ROWS = pl.DataFrame(
    {
        "x": [1.0, None, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
        "y": [1, 0, None, 1, 0, 0, 1, 0],
        "t": ["b", "a", None, "B", "b", "", "a", "a"],
        "u": ["k", "k", "l", None, "l", "m", "m", "k"],
        "at": [0, 0, 10**12, 10**12, 5, None, 10**12, 3],
        "n": [3, 1, 2, 3, 3, 1, None, 2],
        "words": [["a", "b"], None, [], ["b"], ["c", "c"], ["a"], ["a"], ["b", None]],
    },
    schema_overrides={"at": pl.Datetime("us", "UTC")},
)
FOLDED = LabelsByPart("y", folds=3), ("t", "y", "u", "at"), ("text", "number", "text", "time")
ASKED = {
    "counted": [Request(CountTable(), ("t",), "text"), Request(*FOLDED), Request(CountTable(), ("n",), "text")],
    "key counted too": [Request(*FOLDED), Request(CountTable(), ("u",), "text")],
    "key alone": [Request(*FOLDED)],
    "in pairs": [
        Request(PairCounts("y", folds=2), ("t", "u", "y", "u"), ("text", "text", "number", "text")),
        Request(CountTable(), ("t", "u"), "text"),
        Request(LabelTable(texts=True), ("t", "y"), ("text", "number")),
    ],
    "made by a chain": [Request(CountTable(), ("low",), "text"), Request(CountTable(), ("t",), "text")],
    "by day, of lists and of numbers": [
        Request(LabelsByPart("y"), ("t", "y", "at"), ("text", "number", "time")),
        Request(DocumentCounts(), ("words",), "texts"),
        Request(DocumentCounts("words"), ("t",), "text"),
        Request(Moments(), ("x",), "number"),
    ],
}


@pytest.mark.parametrize("cells", [1, 40_000_000])
@pytest.mark.parametrize("dictionary", [True, False, ["t"]])
@pytest.mark.parametrize("asked", ASKED)
def test_rows_of_terms_give_the_answers_of_their_lazy_frame(
    tmp_path: Path, asked: str, dictionary: bool | list[str], cells: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("featurelib.fitting.survey._CELLS_AT_ONCE", cells)
    monkeypatch.setattr("featurelib.tables.parquet_rows._ROWS", 1)
    files = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    for file, part in zip(files, (ROWS[:5], ROWS[5:]), strict=True):
        pq.write_table(part.to_arrow(), file, row_group_size=3, use_dictionary=dictionary)
    requests = Survey((Chain("low", ("t",), "text", (NormalizeText(),)),), tuple(ASKED[asked]))
    assert requests.of(ParquetRows.of(*files)) == requests.of(ROWS.lazy())


@pytest.mark.parametrize("asked", ASKED)
def test_no_rows_of_terms_give_the_answers_of_no_rows(tmp_path: Path, asked: str):
    ROWS[:0].write_parquet(tmp_path / "none.parquet")
    requests = Survey((Chain("low", ("t",), "text", (NormalizeText(),)),), tuple(ASKED[asked]))
    assert requests.of(ParquetRows.of(tmp_path / "none.parquet")) == requests.of(ROWS[:0].lazy())


def test_ranked_columns_stream_where_rows_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    numbers = [1.5, None, math.nan, -math.inf, math.inf, -0.0, 0.0, 1.5]
    frame = pl.LazyFrame(
        {
            "x": numbers * 40,
            "whole": [*range(319), None],
            "flag": [True, None] * 160,
            "none": [None] * 320,
            "both": [float(row) for row in range(320)],
        }
    )
    ranked = ("x", "whole", "flag", "none", "both", "twice")
    asked = Survey(
        (DOUBLE,),
        (*(Request(RankSummary(), (column,), "number") for column in ranked), Request(Moments(), ("both",), "number")),
    )
    whole = asked.of(frame)
    monkeypatch.setattr(survey, "_MANY", 1)
    path = tmp_path / "rows.parquet"
    frame.sink_parquet(path)
    streamed = asked.of(ParquetRows.of(path))
    assert streamed == whole
    first = streamed[0]
    assert isinstance(first, RankSummary)
    assert first.points.rows() == [(-math.inf, 40), (0.0, 80), (1.5, 80), (math.inf, 40)]


def test_only_columns_of_files_are_read_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(survey, "_MANY", 1)
    frame = pl.LazyFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    frame.sink_parquet(tmp_path / "rows.parquet")
    read: list[str] = []
    there = Survey._there
    monkeypatch.setattr(Survey, "_there", lambda *asked: read.append(asked[2]) or there(*asked))
    ranked = Survey((), tuple(Request(RankSummary(), (column,), "number") for column in ("x", "y")))
    ranked.of(frame)  # it may be a plan that costs more than the columns
    assert not read
    ranked.of(ParquetRows.of(tmp_path / "rows.parquet"))
    assert read == ["x", "y"]
