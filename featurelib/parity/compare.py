"""Compare: rows as they were served with the same rows as they are computed now, value by value."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from featurelib.errors import UsageError

Kind = Literal["missing", "extra", "type", "value"]
KINDS: tuple[Kind, ...] = ("missing", "extra", "type", "value")
Row = Mapping[str, Any]

_MAX_EXAMPLES = 5
_MAX_FEATURES = 12  # what a terminal shows without scrolling


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value that differs.

    Attributes
    ----------
    row
        Position of the row among those compared.
    key
        Its key.
    feature
        Its feature.
    kind
        ``missing``: nothing was served, and there is a value; ``extra``: something was served, and there is none;
        ``type``: a text where a number is, or the like; ``value``: another value.
    served, expected
        The two.
    size
        How far apart: of numbers, the distance relative to the larger one; 1 for everything else, and infinity for a
        number that is not finite where the other is.
    """

    row: int
    key: Mapping[str, Any]
    feature: str
    kind: Kind
    served: Any
    expected: Any
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureParity:
    """What became of one feature.

    Attributes
    ----------
    feature
        Its column.
    rows
        Values compared.
    limit
        Largest share of them that may differ.
    counts
        How many differ, by kind; all four.
    in_log
        Whether the log has the column at all.
    examples
        Some differences, the largest first; then by key.
    """

    feature: str
    rows: int
    limit: float
    counts: Mapping[Kind, int]
    in_log: bool
    examples: tuple[Difference, ...] = ()

    @property
    def differing(self) -> int:
        """How many values differ."""
        return sum(self.counts.values())

    @property
    def share(self) -> float:
        """Which share of the values differs."""
        return self.differing / self.rows if self.rows else 0.0

    @property
    def agrees(self) -> bool:
        """Whether no more differ than may."""
        return self.share <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How served rows compare with those computed now.

    Attributes
    ----------
    rows
        Rows compared.
    lost
        Rows served that could not be compared, by reason.
    features
        One entry per feature.
    unknown
        Columns of the log that are neither features nor anything else that is known.
    worst
        Positions of the rows with the most, and then the largest, differences; at most twenty.
    """

    rows: int
    lost: Mapping[str, int]
    features: tuple[FeatureParity, ...]
    unknown: tuple[str, ...] = ()
    worst: tuple[int, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether every feature agrees, and no row was lost."""
        return all(feature.agrees for feature in self.features) and not any(self.lost.values())

    def text(self) -> str:
        """Return the comparison for a person: the features that differ most first."""
        differ = [feature for feature in self.features if feature.differing]
        wrong = [feature for feature in differ if not feature.agrees]
        said = "agree" if self.agrees else "DO NOT AGREE"
        lines = [f"{self.rows:,} rows, {len(self.features)} features: they {said}; {len(wrong)} beyond their limit"]
        lines += [
            f"  {number:,} rows could not be compared: {reason}" for reason, number in self.lost.items() if number
        ]
        if differ:
            lines.append(
                f"  {'feature':<32}{'differ':>9} {'limit':>7} {'missing':>9} {'extra':>7} {'type':>7} {'value':>9}"
            )
        for feature in sorted(differ, key=lambda one: (-one.share, one.feature))[:_MAX_FEATURES]:
            lines += _paragraph(feature)
        if len(differ) > _MAX_FEATURES:
            lines.append(f"  ... and {len(differ) - _MAX_FEATURES} more features")
        if self.unknown:
            shown = ", ".join(self.unknown[:_MAX_FEATURES])
            lines.append(f"  served, and no feature: {shown}{' ...' if len(self.unknown) > _MAX_FEATURES else ''}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain data; what JSON has no word for becomes text."""
        return {
            "agrees": self.agrees,
            "rows": self.rows,
            "lost": dict(self.lost),
            "unknown": list(self.unknown),
            "features": [
                {
                    "feature": one.feature,
                    "rows": one.rows,
                    "limit": one.limit,
                    "agrees": one.agrees,
                    "in_log": one.in_log,
                    **one.counts,
                    "examples": [_plain(difference) for difference in one.examples],
                }
                for one in self.features
            ],
        }


def compare(
    served: Sequence[Row],
    expected: Sequence[Row],
    schema: Mapping[str, pl.DataType],
    *,
    keys: Sequence[Row],
    lost: Mapping[str, int] | None = None,
    known: Sequence[str] = (),
    tolerance: float = 1e-5,
    allow: float = 0.001,
    allow_floats: float = 0.01,
) -> Parity:
    """Compare served rows with the same rows as they are computed now.

    Parameters
    ----------
    served, expected
        As many rows each, in the same order.
    schema
        The features, with their polars types.
    keys
        What names each row.
    lost
        Rows that could not be brought here, by reason.
    known
        Columns of the served rows that are no features, and are right to be there.
    tolerance
        How far apart floats may be, relative to the larger of the two; all else must be equal.
    allow
        Largest share of a feature's values that may differ.
    allow_floats
        The same for features that are floats.

    Returns
    -------
    Parity
        The same for any order of the rows, but for their positions.

    Raises
    ------
    UsageError
        If the lengths differ, or there is nothing to compare.

    Notes
    -----
    NaN and null are both missing, and equal: model servers hand over NaN for missing numbers. A whole number served as
    a float, as 7.0 for 7, is equal: tables with nulls make floats of it. A text is never equal to a number.

    Examples
    --------
    >>> served = [{"clicks": 3, "rate": 0.5}, {"clicks": "3", "rate": None}]
    >>> expected = [{"clicks": 3, "rate": 0.5}, {"clicks": 3, "rate": 0.25}]
    >>> types = {"clicks": pl.UInt32(), "rate": pl.Float32()}
    >>> found = compare(served, expected, types, keys=[{"id": 1}, {"id": 2}])
    >>> [(one.feature, {kind: n for kind, n in one.counts.items() if n}) for one in found.features]
    [('clicks', {'type': 1}), ('rate', {'missing': 1})]
    """
    if not len(served) == len(expected) == len(keys):
        raise UsageError(f"parity needs as many served rows as computed ones, got {len(served)} and {len(expected)}.")
    if not served and not any((lost or {}).values()):
        raise UsageError("parity has no served row to compare.")
    columns = {name for row in served for name in row}
    features: list[FeatureParity] = []
    by_row: dict[int, list[float]] = {}
    for name, dtype in schema.items():
        found = list(_differences(name, dtype, served, expected, keys, tolerance))
        for difference in found:
            by_row.setdefault(difference.row, []).append(difference.size)
        features.append(
            FeatureParity(
                feature=name,
                rows=len(served),
                limit=allow_floats if _is_float(dtype) else allow,
                counts={kind: sum(one.kind == kind for one in found) for kind in KINDS},
                in_log=name in columns,
                examples=tuple(sorted(found, key=_largest_first)[:_MAX_EXAMPLES]),
            )
        )
    worst = sorted(by_row, key=lambda row: (-len(by_row[row]), -max(by_row[row]), str(keys[row])))
    return Parity(
        rows=len(served),
        lost=dict(lost or {}),
        features=tuple(features),
        unknown=tuple(sorted(columns - {*schema, *known})),
        worst=tuple(worst[:20]),
    )


def _differences(
    name: str, dtype: pl.DataType, served: Sequence[Row], expected: Sequence[Row], keys: Sequence[Row], tolerance: float
) -> Iterator[Difference]:
    for number, (had, wants, key) in enumerate(zip(served, expected, keys, strict=True)):
        mine, theirs = wants[name], had.get(name)
        if mine is theirs or (kind := differs(theirs, mine, dtype, tolerance)) is None:
            continue
        size = _size(theirs, mine) if kind == "value" else 1.0
        yield Difference(row=number, key=key, feature=name, kind=kind, served=theirs, expected=mine, size=size)


def differs(served: Any, expected: Any, dtype: pl.DataType, tolerance: float) -> Kind | None:
    """Return how a served value differs from the expected one of a type; ``None`` if it does not."""
    no_served, no_expected = _is_missing(served), _is_missing(expected)
    if no_served or no_expected:
        return None if no_served and no_expected else "missing" if no_served else "extra"
    if isinstance(dtype, pl.List):
        return _lists_differ(served, expected, dtype, tolerance)
    if dtype.is_numeric():
        return _numbers_differ(served, expected, tolerance if dtype.is_float() else 0.0)
    if type(served) is not type(expected):
        return "type"
    return None if served == expected else "value"


def _numbers_differ(served: Any, expected: Any, tolerance: float) -> Kind | None:
    if isinstance(served, bool) or not isinstance(served, int | float):
        return "type"
    # NOTE: whole numbers are compared as such: beyond 2^53 a float may lie on the wrong one, at a distance of 0
    equal = served == expected or (tolerance > 0 and _size(served, expected) <= tolerance)
    return None if equal else "value"


def _lists_differ(served: Any, expected: Any, dtype: pl.List, tolerance: float) -> Kind | None:
    if not isinstance(served, Sequence) or isinstance(served, str):
        return "type"
    if len(served) != len(expected):
        return "value"
    inner: Any = dtype.inner
    kinds = {differs(mine, theirs, inner, tolerance) for mine, theirs in zip(served, expected, strict=True)} - {None}
    return "type" if "type" in kinds else "value" if kinds else None


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _is_float(dtype: pl.DataType) -> bool:
    inner: Any = dtype.inner if isinstance(dtype, pl.List) else dtype
    return bool(inner.is_float())


def _size(served: Any, expected: Any) -> float:
    if served == expected:
        return 0.0
    if not all(isinstance(value, int | float) for value in (served, expected)):
        return 1.0
    try:
        if math.isinf(served) or math.isinf(expected):
            return math.inf
        return float(abs(served - expected) / max(abs(served), abs(expected)))
    except OverflowError:  # JSON holds whole numbers that no float reaches
        return math.inf


def _largest_first(difference: Difference) -> tuple[float, str]:
    return -difference.size, str(difference.key)


def _paragraph(feature: FeatureParity) -> Iterator[str]:
    counts = feature.counts
    mark = " " if feature.agrees else "!"
    yield (
        f"{mark} {feature.feature:<32}{feature.share:>9.3%} {feature.limit:>7.2%} {counts['missing']:>9,} "
        f"{counts['extra']:>7,} {counts['type']:>7,} {counts['value']:>9,}"
    )
    if not feature.in_log:
        yield "      the log has no such column"
        return
    for one in feature.examples[:1]:
        key = " ".join(f"{name}={value}" for name, value in one.key.items())
        yield f"      e.g. {key}: served {one.served!r}, computed {one.expected!r}"


def _plain(difference: Difference) -> dict[str, Any]:
    shown = {"served": difference.served, "expected": difference.expected, "size": difference.size}
    told = {name: value if _is_plain(value) else str(value) for name, value in shown.items()}
    return {"kind": difference.kind, "key": {name: str(value) for name, value in difference.key.items()}, **told}


def _is_plain(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)
