"""Columns of awkward values, as hypothesis strategies and as one fixed frame (needs hypothesis; import it by name).

Which values: zeros of both signs, ties, the largest and smallest floats, NaN and the infinities, integers that no
float holds, texts that look like numbers, texts whose lower case is longer, marks that separate the parts of a cross,
midnights and changes of the clock, empty lists, lists of nulls.
"""

import datetime as dt
import decimal
import math
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import strategies as st

from featurelib.program.primitive import Kind

NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.1, 5e-324, -5e-324, 2.2e-308, 1e-300, 1.7e308, -1.7e308, 2.0**53 + 2]
ENDS = [1.7e308, -1.7e308, 0.0, -0.0, 1.0]  # often together, so that ties and widths beyond a float come up
NOT_FINITE = [math.nan, math.inf, -math.inf]
TEXTS = [
    *("", " ", "a", "b", "A", "ß", "ẞ", "İ", "ı", "ﬁ", "Ⅷ", "ΟΔΟΣ", "Σ", "K", "e\u0301", "é", "日本語", "🙂"),
    *("ｆｕｌｌ　ｗ", "㌀", "a\x1fb", "\x1f", "\x00", "a\x00", "\u200b", "\x85", "\xa0x\xa0", " \t\n\x0b\x0c\r "),
    *("x  y", "\x1c", "007", "7", "12345678901234567890", "241546e0", "true", "null", "NaN", "None"),
]
_SECOND = 1_000_000
TIMES = [  # microseconds since 1970, UTC
    *(0, -1, 1, 86_400 * _SECOND - 1, 86_400 * _SECOND, -86_400 * _SECOND),
    *(951_782_400 * _SECOND, 951_868_799_999_999),  # the first and last instant of 29 February 2000
    *(1_774_746_000 * _SECOND, 1_774_746_000 * _SECOND - 1, 1_792_893_600 * _SECOND),  # clocks change in Europe, 2026
    *(-2_000_000_000 * _SECOND, 7_000_000_000 * _SECOND + 123_456),
]
AWKWARD: dict[pl.DataType, list[Any]] = {
    pl.Float64(): [*NUMBERS, *NOT_FINITE, 2.5, 3.0, -7.25, 1e6],
    pl.Float32(): [0.0, -0.0, *NOT_FINITE, 1.0, -1.0, 0.5, 3.0, 2.0**24, -1e30],
    pl.Int64(): [0, 1, -1, 7, 2**53 + 1, -(2**63), 2**63 - 1],
    pl.UInt64(): [0, 1, 7, 2**64 - 1],
    pl.Int8(): [-3, -2, -1, 0, 1, 2, 3],
    pl.Boolean(): [False, True],
    pl.String(): TEXTS,
    pl.Enum(["", "a", "é"]): ["", "a", "é"],
    pl.Categorical(): TEXTS,
    pl.Decimal(38, 3): [decimal.Decimal(text) for text in ("0", "-1.5", "0.001", "7", "1e27", "-1e27")],
    pl.Null(): [],
}
_MORE: dict[pl.DataType, st.SearchStrategy[Any]] = {
    pl.Float64(): st.sampled_from(ENDS) | st.floats(),
    pl.Float32(): st.floats(width=32),
    pl.Int64(): st.integers(-(2**63), 2**63 - 1),
    pl.UInt64(): st.integers(0, 2**64 - 1),
    pl.String(): st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    pl.Decimal(38, 3): st.decimals(-(10**27), 10**27, places=3),
}
_FROM, _TO = -2_000_000_000 * _SECOND, 7_000_000_000 * _SECOND  # 1906 to 2191: every unit and zone holds them

Column = pl.DataType | pl.Series
Columns = Mapping[str, Column]

TYPES: dict[Kind, tuple[pl.DataType, ...]] = {
    "number": (
        *(pl.Float64(), pl.Float32(), pl.Int64(), pl.UInt64()),
        *(pl.Int8(), pl.Boolean(), pl.Decimal(38, 3), pl.Null()),
    ),
    "text": (
        *(pl.String(), pl.Int64(), pl.UInt64(), pl.Boolean()),
        *(pl.Enum(["", "a", "é"]), pl.Categorical(), pl.Null()),
    ),
    "time": (pl.Datetime("us", "UTC"), pl.Datetime("us", "America/New_York"), pl.Datetime("ms", "UTC")),
    "texts": (pl.List(pl.String()), pl.List(pl.Int64()), pl.List(pl.Boolean())),
    "numbers": (pl.List(pl.Float64()), pl.List(pl.Float32()), pl.List(pl.Int64())),
}
"""The types that each kind of view reads; the usual one first."""


def is_known(column: Column) -> bool:
    """Return whether there are values to draw of a type, or in a series."""
    if isinstance(column, pl.Series):
        return len(column) > 0
    if isinstance(column, pl.List):
        return is_known(_inner(column))
    return isinstance(column, pl.Datetime) or column in AWKWARD


def values(column: Column) -> st.SearchStrategy[Any]:
    """Return the values of a column, null among them.

    Parameters
    ----------
    column
        A polars type; or a series, of which the values are drawn, if a transform wants narrower ones (a label, a key).
    """
    if isinstance(column, pl.Series):
        return st.sampled_from(column.to_list())
    if isinstance(column, pl.List):
        return st.none() | st.lists(values(_inner(column)), max_size=4)
    if isinstance(column, pl.Datetime):
        drawn = st.sampled_from(TIMES) | st.integers(_FROM, _TO)
        return st.none() | drawn.map(lambda instant: _time(instant, column))
    known = AWKWARD[column]
    listed = st.sampled_from(known) if known else st.none()
    return st.none() | listed | _MORE.get(column, st.nothing())


def frames(columns: Columns, *, max_size: int = 12) -> st.SearchStrategy[pl.DataFrame]:
    """Return frames with these columns, from no row to a few.

    Parameters
    ----------
    columns
        A type, or a series of the values to draw from, by name.
    max_size
        Most rows.
    """
    rows = st.lists(st.tuples(*map(values, columns.values())), max_size=max_size)
    schema = _schema(columns)
    return rows.map(lambda drawn: pl.DataFrame(drawn, schema=schema, orient="row"))


def awkward_frame(columns: Columns, *, rows: int = 44) -> pl.DataFrame:
    """Return the fixed frame of awkward values: each column goes through its own at another pace.

    Examples
    --------
    >>> awkward_frame({"x": pl.Boolean(), "y": pl.Series(["a", None])}, rows=4).rows()
    [(None, 'a'), (True, None), (False, 'a'), (None, None)]
    """
    made = {}
    for place, (name, column) in enumerate(columns.items()):
        known = _known(column)
        pace = next(step for step in range(2 * place + 1 if place else 1, 10**6) if math.gcd(step, len(known)) == 1)
        made[name] = [known[-(row * pace) % len(known)] for row in range(rows)]
    return pl.DataFrame(made, schema=_schema(columns))


def _known(column: Column) -> list[Any]:
    if isinstance(column, pl.Series):
        return column.to_list()
    if isinstance(column, pl.List):
        inner = _known(_inner(column))
        lists = [inner[start : start + size] for size, start in zip((1, 2, 3, 1, 5), range(0, 99, 3), strict=False)]
        return [None, [], [None], *lists, inner[::-1], [inner[1], inner[1], None]]
    if isinstance(column, pl.Datetime):
        return [None, *(_time(instant, column) for instant in TIMES)]
    return [None, *AWKWARD[column]]


def _inner(column: pl.List) -> pl.DataType:
    inner = column.inner
    return inner if isinstance(inner, pl.DataType) else inner()


def _time(instant: int, dtype: pl.Datetime) -> dt.datetime:
    if dtype.time_unit == "ms":
        instant -= instant % 1000
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    at = epoch + dt.timedelta(microseconds=instant)
    return at.astimezone(ZoneInfo(dtype.time_zone)) if dtype.time_zone else at.replace(tzinfo=None)


def _schema(columns: Columns) -> dict[str, pl.DataType]:
    return {name: column.dtype if isinstance(column, pl.Series) else column for name, column in columns.items()}
