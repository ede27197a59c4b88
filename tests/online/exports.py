"""Exports that the tests write."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.online import Export, write_export

AS_OF = datetime(2026, 11, 22, 12, tzinfo=UTC)
BERLIN = pl.Datetime("us", "Europe/Berlin")
ITEMS = ["0042", "00042", "98765432109876543210", "", "Ωmega:*[x]?", "日本 語", "a\nb", "true"]
N = len(ITEMS)

INSTANTS = [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, 0, 7, tzinfo=UTC), None]

BY_ITEM = pl.DataFrame(
    {
        "entity": ITEMS,
        "count": [0, 1, -1, 2**63 - 1, -(2**63), None, 7, 8],
        "rate": [0.1, 1 / 3, float("inf"), float("-inf"), -0.0, None, 5e-324, 1.7976931348623157e308],
        "odd": [float("nan"), None, 1e22, 1e16, 123456789.123456789, 2.0, 1e-7, 0.0],
        "small": [0.1, 16777216.0, 1 / 3, None, 3.4e38, 1e-45, 0.0, 1.0],
        "large": [2**64 - 1, 0, 1, 2, 3, 4, 5, None],
        "text": ["Ünïcødé \U0001f600", "", None, '"quoted\\"', "a\x1fb\x00c\n", "null", "NaN", "[1]"],
        "flag": [True, False, None, True, False, None, True, False],
        "day": [date(1, 1, 1), date(9999, 12, 31), None, *[date(2026, 11, 22)] * (N - 3)],
        "at": [*INSTANTS, *[AS_OF] * (N - 3)],
        "local": [*INSTANTS, *[AS_OF] * (N - 3)],
        "naive": [datetime(2026, 11, 22, 1, 2, 3, 4), None, *[datetime(1969, 12, 31)] * (N - 2)],  # noqa: DTZ001
        "clock": [time(23, 59, 59, 999999), None, *[time(0)] * (N - 2)],
        "gap": [timedelta(days=-3, microseconds=1), None, *[timedelta(days=10_000, microseconds=1)] * (N - 2)],
        "price": [Decimal("12345678901234567.89"), None, *[Decimal("-0.10")] * (N - 2)],
        "last": [["a", None, "é"], [], None, ["x"], [""], ["y"], ["z", "z"], ["9" * 20]],
        "last_at": [[AS_OF, None], [], None, *[[INSTANTS[1]]] * (N - 3)],
        "last_x": [[1.5, None, float("inf")], [], None, *[[0.1]] * (N - 3)],
    },
    schema_overrides={
        "entity": pl.String, "count": pl.Int64, "small": pl.Float32, "large": pl.UInt64, "at": pl.Datetime("us", "UTC"),
        "local": BERLIN, "price": pl.Decimal(20, 2), "last_at": pl.List(BERLIN), "last_x": pl.List(pl.Float64),
    },
)  # fmt: skip
BY_USER_ITEM = pl.DataFrame(
    {"entity": ["u1\x1f0042", "u1\x1f", "\x1f0042"], "pair_count": [3, 4, 5], "kind": ["a", "b", None]},
    schema_overrides={"kind": pl.Categorical},
)
FRAMES = {("user_id", "item_id"): BY_USER_ITEM, ("item_id",): BY_ITEM}
EMPTY: dict[str, Any] = {
    **dict.fromkeys(name for name in BY_ITEM.columns if name != "entity"),
    "count": 0, "rate": 1 / 21, "odd": 0.0, "last": [], "last_at": [], "last_x": [], "pair_count": 0, "kind": None,
}  # fmt: skip
DECLARED = dict.fromkeys(EMPTY, "abc")
ROWS: list[dict[str, Any]] = [
    *({"item_id": item, "user_id": "u1"} for item in ITEMS),
    {"item_id": "never seen", "user_id": "u1"},
    {"item_id": "0042", "user_id": "u2"},
    {"item_id": "0042", "user_id": None},
    {"item_id": None, "user_id": "u1"},
    {"item_id": 98765432109876543210, "user_id": True, "query": ["kept", 1]},
    {"item_id": True, "user_id": ""},
    {"item_id": "0042", "user_id": ""},
]


def expected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Look the rows up by hand."""
    return [
        row | looked_up(("user_id", "item_id"), row) | looked_up(("item_id",), row)
        for row in rows
    ]  # fmt: skip


def looked_up(by: tuple[str, ...], row: Mapping[str, Any]) -> dict[str, Any]:
    names = [name for name in FRAMES[by].columns if name != "entity"]
    parts = [row[column] for column in by]
    if None in parts:
        return dict.fromkeys(names)
    entity = "\x1f".join("true" if part is True else str(part) for part in parts)
    there = FRAMES[by].filter(pl.col("entity") == entity).to_dicts()
    values = there[0] if there else EMPTY
    return {name: values[name] for name in names}


def shown(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Show rows so that equal means equal to the last bit, and of the same type, in any order of columns."""
    return [sorted(f"{name}={value!r}" for name, value in row.items()) for row in rows]


def export(folder: Path, **changes: Any) -> Export:
    given: dict[str, Any] = {"pipeline": "shop", "as_of": AS_OF, "frames": FRAMES, "empty": EMPTY}
    given["declared"] = DECLARED
    return write_export(folder, **given | changes)


def numbered(folder: Path, number: int, *, items: int = 3, pipeline: str = "shop") -> Export:
    """Write an export in which every value is the same number."""
    entities = [f"i{item}" for item in range(items)]
    by_item = pl.DataFrame({"entity": entities, "a": [number] * items})
    by_user = pl.DataFrame({"entity": ["u"], "b": [number]})
    frames = {("item_id",): by_item, ("user_id",): by_user}
    return export(folder, frames=frames, empty={"a": -number, "b": -number}, pipeline=pipeline)
