"""Frames of awkward values, and the check that every evaluator agrees on them."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

from featurelib.program import Program

NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.1, 5e-324, -5e-324, 2.2e-308, 1e-300, 1.7e308, -1.7e308, 2.0**53 + 2]
ENDS = [1.7e308, -1.7e308, 0.0, -0.0, 1.0]  # often together, so that ties and widths beyond a float come up
NOT_FINITE = [float("nan"), float("inf"), float("-inf")]
TEXTS = [
    *(
        "",
        " ",
        "a",
        "b",
        "A",
        "ß",
        "ẞ",
        "İ",
        "ı",
        "ﬁ",
        "Ⅷ",
        "ΟΔΟΣ",
        "Σ",
        "K",
        "e\u0301",
        "é",
        "日本語",
        "🙂",
        "ｆｕｌｌ　ｗ",
        "㌀",
    ),
    *("a\x1fb", "\x1f", "\x00", "a\x00", "\u200b", "\x85", "\xa0x\xa0", " \t\n\x0b\x0c\r ", "x  y", "\x1c"),
    *("007", "7", "12345678901234567890", "241546e0", "true", "null", "NaN", "None"),
]
VALUES: dict[pl.DataType, st.SearchStrategy[Any]] = {
    pl.Float64(): st.sampled_from(ENDS) | st.sampled_from([*NUMBERS, *NOT_FINITE]) | st.floats(),
    pl.Float32(): st.sampled_from([0.0, -0.0, *NOT_FINITE]) | st.floats(width=32),
    pl.Int64(): st.sampled_from([0, 1, -1, 7, 2**53 + 1, -(2**63), 2**63 - 1]) | st.integers(-(2**63), 2**63 - 1),
    pl.UInt64(): st.sampled_from([0, 1, 7, 2**64 - 1]) | st.integers(0, 2**64 - 1),
    pl.Int8(): st.integers(-3, 3),
    pl.Boolean(): st.booleans(),
    pl.String(): st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    pl.Enum(["", "a", "é"]): st.sampled_from(["", "a", "é"]),
    pl.Categorical(): st.sampled_from(TEXTS),
    pl.Decimal(38, 3): st.decimals(-(10**30), 10**30, places=3),
    pl.Null(): st.none(),
}
Columns = Mapping[str, pl.DataType]


@pytest.fixture(scope="session")
def frames() -> Callable[[Columns], st.SearchStrategy[pl.DataFrame]]:
    """Return a maker of strategies for frames with these columns, from no row to a few."""

    def of(columns: Columns, *, max_size: int = 12) -> st.SearchStrategy[pl.DataFrame]:
        row = st.tuples(*(st.none() | VALUES[dtype] for dtype in columns.values()))
        rows = st.lists(row, max_size=max_size)
        return rows.map(lambda drawn: pl.DataFrame(drawn, schema=dict(columns), orient="row"))

    return of


def _bits(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: struct.pack("<d", value) if isinstance(value, float) else (type(value), value)
        for name, value in row.items()
    }


@pytest.fixture(scope="session")
def bits() -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return what makes rows equal only if they are equal to the last bit: -0.0 is not 0.0, 1 is not 1.0."""
    return _bits


@pytest.fixture(scope="session")
def agree() -> Callable[[Program, pl.DataFrame], None]:
    """Return the check that column, lazy, row and micro-batch evaluation give the same bits and the stated types."""

    def check(program: Program, frame: pl.DataFrame) -> None:
        before = frame.clone()
        numbered = frame.with_row_index("row")
        batch = program.transform(numbered, keep=["row"])
        assert batch["row"].to_list() == list(range(len(frame)))
        assert batch.drop("row").schema == program.schema
        lazy = program.transform(numbered.lazy(), keep=["row"]).collect(engine="streaming").sort("row")
        assert lazy.schema == batch.schema
        columns = [_bits(row) for row in batch.drop("row").to_dicts()]
        assert [_bits(row) for row in lazy.drop("row").to_dicts()] == columns
        rows = frame.to_dicts()
        copies = [dict(row) for row in rows]
        assert [_bits(program.transform_row(row)) for row in rows] == columns
        times = 40 // max(len(rows), 1) + 1  # enough rows for the micro-batch by column
        assert [_bits(row) for row in program.transform_rows(rows)] == columns
        assert [_bits(row) for row in program.transform_rows(rows * times)] == columns * times
        assert all(batch[name].is_nan().sum() == 0 for name, dtype in program.schema.items() if dtype.is_float())
        assert frame.equals(before, null_equal=True)
        assert [_bits(row) for row in rows] == [_bits(row) for row in copies]

    return check
