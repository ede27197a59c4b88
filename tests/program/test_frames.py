import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from featurelib.errors import ColumnMissingError, UsageError
from featurelib.program import Chain, Program
from featurelib.program.primitives import Affine, ToFloat32

PROGRAM = Program.of([Chain("half", ("x",), "number", (Affine(0.0, 0.5), ToFloat32()))], {"x": pl.Float64()}, ["half"])


def test_pandas_keeps_its_index_and_the_types_of_kept_columns():
    ids = pd.array([2**62 + 1, None, 3], dtype="Int64")
    frame = pd.DataFrame({"id": ids, "x": [1.0, None, 3.0]}, index=[7, 7, 1])
    before = frame.copy(deep=True)
    made = PROGRAM.transform(frame, keep="id")
    assert list(made.columns) == ["id", "half"]
    pd.testing.assert_series_equal(made["id"], frame["id"])
    assert made["half"].tolist()[::2] == [0.5, 1.5]
    assert made["half"].isna().tolist() == [False, True, False]
    assert made["half"].dtype == "float32"
    made.loc[1, "id"] = 9
    pd.testing.assert_frame_equal(frame, before)


def test_pandas_nan_is_missing_and_an_empty_frame_has_the_right_columns():
    assert PROGRAM.transform(pd.DataFrame({"x": [float("nan")]}))["half"].isna().all()
    empty = PROGRAM.transform(pd.DataFrame({"x": pd.Series(dtype="float64")}))
    assert (list(empty.columns), len(empty), empty["half"].dtype) == (["half"], 0, "float32")


def test_pyarrow_keeps_the_types_of_kept_columns():
    table = pa.table(
        {"x": [1.0, None], "name": pa.array(["a", "b"]).dictionary_encode(), "day": pa.array([1, 2], pa.date64())}
    )
    made = PROGRAM.transform(table, keep=["day", "name"])
    assert made.column_names == ["day", "name", "half"]
    assert made.schema.field("name") == table.schema.field("name")
    assert made.column("day").equals(table.column("day"))
    assert made.column("half").to_pylist() == [0.5, None]


def test_lazy_frame_stays_lazy():
    assert isinstance(PROGRAM.transform(pl.LazyFrame({"x": [1.0]})), pl.LazyFrame)


@pytest.mark.parametrize("frame", [pd.DataFrame({"xx": [1.0]}), pa.table({"xx": [1.0]})])
def test_missing_column_of_another_library_is_named_with_the_near_one(frame: object):
    with pytest.raises(ColumnMissingError, match=r"reads column 'x', which the frame lacks\. Did you mean 'xx'"):
        PROGRAM.transform(frame)


def test_missing_kept_column_of_another_library_is_named():
    with pytest.raises(ColumnMissingError, match="`keep` reads column 'id', which the frame lacks"):
        PROGRAM.transform(pd.DataFrame({"x": [1.0]}), keep=["id"])


def test_frame_of_another_kind_is_refused():
    with pytest.raises(UsageError, match="takes a polars, pandas or pyarrow frame, got dict"):
        PROGRAM.transform({"x": [1.0]})
