"""Row rules: what a polars expression over one row looks at, and the same rule as SQL for other tools."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

_PLAIN_NODES = {"Column", "Literal", "BinaryExpr", "Ternary", "Cast", "Alias", "Function"}
_FAMILIES = {
    "StringExpr",
    "TemporalExpr",
    "ListExpr",
    "ArrayExpr",
    "Boolean",
    "StructExpr",
    "CategoricalExpr",
    "Bitwise",
    "Pow",
    "Sql",
}
_FUNCTIONS = {
    *("Abs", "Negate", "Sign", "Floor", "Ceil", "Round", "RoundSF", "Truncate", "Clip", "Log", "Log1p", "Exp"),
    *("FillNull", "Coalesce", "Hash", "MinHorizontal", "MaxHorizontal", "SumHorizontal", "MeanHorizontal"),
    *("Trigonometry", "Sqrt", "Cbrt", "AsStruct", "NullIf"),
}
_OVER_ROWS = {
    "Boolean": {"Any", "All", "HasNulls", "IsFirstDistinct", "IsLastDistinct", "IsUnique", "IsDuplicated", "IsSorted"},
    "StringExpr": {"ConcatVertical"},
    "Bitwise": {"And", "Or", "Xor"},
    "ListExpr": {"Sample"},  # draws other values each time
}
_OPERATORS = {
    "Eq": "=",
    "NotEq": "<>",
    "Lt": "<",
    "LtEq": "<=",
    "Gt": ">",
    "GtEq": ">=",
    "And": "AND",
    "Or": "OR",
    "LogicalAnd": "AND",
    "LogicalOr": "OR",
    "Plus": "+",
    "Minus": "-",
    "Multiply": "*",
}


def looks_beyond(expr: pl.Expr) -> str | None:
    """Return what in an expression looks at other rows, or cannot be seen not to; ``None`` if nothing does.

    A rule about one row gives the same answer however the rows are split, so aggregates, windows, shifts and Python
    functions are none.

    Examples
    --------
    >>> looks_beyond(pl.col("a") >= pl.col("b")), looks_beyond(pl.col("a") > pl.col("a").mean())
    (None, 'Agg')
    """
    return _beyond(_tree(expr))


def to_sql(expr: pl.Expr) -> str | None:
    """Return a rule about one row as SQL that any database reads, or ``None`` where there is no such text.

    Comparisons, ``and``, ``or``, ``not``, sums, differences, products, tests for null, ranges, and literals that are
    numbers, texts or truth values are told; functions of texts and times have other names in each database.

    Examples
    --------
    >>> to_sql((pl.col("landed_at") >= pl.col("shown_at")) | pl.col("price usd").is_null())
    '((landed_at >= shown_at) OR ("price usd" IS NULL))'
    """
    return _sql(_tree(expr))


def digest_of(expr: pl.Expr) -> str:
    """Return a short digest of all that an expression says; its own text leaves out options and long lists."""
    return hashlib.sha256(json.dumps(_tree(expr), sort_keys=True).encode()).hexdigest()[:8]


def quoted(name: str) -> str:
    """Return the name of a column as SQL knows it."""
    return name if name.isidentifier() else '"' + name.replace('"', '""') + '"'


def _tree(expr: pl.Expr) -> Any:
    return json.loads(expr.meta.serialize(format="json"))


def _beyond(node: Any) -> str | None:
    if not isinstance(node, Mapping) or len(node) != 1:
        return str(node)
    ((kind, content),) = node.items()
    if kind not in _PLAIN_NODES:
        return str(kind)
    inside: list[Any] = []
    match kind:
        case "BinaryExpr":
            inside = [content["left"], content["right"]]
        case "Ternary":
            inside = [content["predicate"], content["truthy"], content["falsy"]]
        case "Cast":
            inside = [content["expr"]]
        case "Alias":
            inside = [content[0]]
        case "Function":
            inside = content["input"]
            if (name := _over_rows(content["function"])) is not None:
                return name
    return next((found for item in inside if (found := _beyond(item)) is not None), None)


def _over_rows(function: Any) -> str | None:
    """Return the name of a function that looks at other rows, or that we do not know."""
    family, detail = next(iter(function.items())) if isinstance(function, Mapping) else (function, None)
    if family not in _FAMILIES | _FUNCTIONS:
        return str(family)
    name = next(iter(detail)) if isinstance(detail, Mapping) else detail
    if name in _OVER_ROWS.get(family, ()):
        return str(name)
    if isinstance(detail, Mapping) and name == "Strptime" and detail[name][1]["format"] is None:
        return "a time without a format, which the first rows would tell,"
    return None


def _sql(node: Any) -> str | None:
    if not isinstance(node, Mapping) or len(node) != 1:
        return None
    ((kind, content),) = node.items()
    match kind:
        case "Column":
            return quoted(content)
        case "Literal":
            return _literal(content)
        case "BinaryExpr":
            sides = _sql(content["left"]), _sql(content["right"])
            sign = _OPERATORS.get(content["op"])
            return None if sign is None or None in sides else f"({sides[0]} {sign} {sides[1]})"
        case "Function":
            told = [_sql(item) for item in content["input"]]
            return None if None in told else _of_function(content["function"], [text for text in told if text])
    return None


def _literal(content: Any) -> str | None:
    if not isinstance(content, Mapping):
        return None
    ((_, value),) = content.items()
    if isinstance(value, Mapping) and len(value) == 1:
        ((_, value),) = value.items()
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return repr(value)
        case str():
            return "'" + value.replace("'", "''") + "'"
    return None


_SQL_OF: dict[str, Callable[..., str]] = {
    "IsNull": lambda value: f"({value} IS NULL)",
    "IsNotNull": lambda value: f"({value} IS NOT NULL)",
    "Not": lambda value: f"(NOT {value})",
}


def _of_function(function: Any, told: list[str]) -> str | None:
    match function:
        case {"Boolean": str(name)} if name in _SQL_OF:
            return _SQL_OF[name](*told)
        case {"Boolean": {"IsBetween": {"closed": "Both"}}}:
            return f"({told[0]} BETWEEN {told[1]} AND {told[2]})"
        case "Negate":
            return f"(-{told[0]})"
        case "Abs":
            return f"ABS({told[0]})"
    return None
