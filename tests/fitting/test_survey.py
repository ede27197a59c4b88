import pickle

import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, ColumnTypeError
from featurelib.fitting import CountTable, DocumentCounts, LabelTable, Moments, Request, Survey, merge_answers, survey
from featurelib.program import Chain
from featurelib.program.primitives import Affine

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
