"""Cells: count the rows in each cell of each column while they stream by, all of them and those with a label."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.datatypes.classes import SignedIntegerType

from featurelib.errors import ColumnMissingError, ColumnTypeError
from featurelib.schema.edges import HOUR, Bins, Category, Edges
from featurelib.schema.profile import UNIT_BITS, Profile
from featurelib.schema.table import Table

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

REACH = 32  # spreads from the centre; a value further away counts as if it lay there
_HOUR_OF = "hour of the event"  # with spaces, so that no column of a table is called so
_CHUNK = 2**15  # rows; few enough to stay in the cache, and for sums of squares to be exact: 2^15 (32 · 2^14)² = 2^53
_VALUES_AT_ONCE = 2**22  # of rows with a label, whose cells are counted together
_CLIP = float(REACH << UNIT_BITS)
_LINE = 2**13  # of a chunk: BLAS wakes a second thread for longer ones, which costs more than it saves
_SINGLE = (pl.Float32(), pl.Int8(), pl.UInt8(), pl.Int16(), pl.UInt16())  # whose values a Float32 holds


def check_edges(edges: Edges, table: type[Table], schema: pl.Schema) -> None:
    """Check that the columns of a frame can be cut so; parameters and errors are those of `Cells`."""
    named = [*(name for name in edges.bins if name != HOUR or edges.hour_of is None), edges.label, edges.hour_of]
    for name in named:
        if name is not None and name not in table.columns:
            raise ColumnMissingError("edges", name, where=f"table {table.__name__}", columns=table.columns)
    _cuts(edges, schema)
    _label(edges, schema)


class Cells:
    """Counts of cells that grow with each batch of rows.

    Parameters
    ----------
    edges
        How columns are cut. A column that the table declares and the frame lacks counts as null throughout.
    table
        The declaration.
    schema
        Of the frame.

    Raises
    ------
    ColumnMissingError
        If the edges name a column that the table does not declare.
    ColumnTypeError
        If a column cannot be cut, or be a label, by its type.
    """

    def __init__(self, edges: Edges, table: type[Table], schema: pl.Schema) -> None:
        check_edges(edges, table, schema)
        self.edges = edges
        self._cuts = _cuts(edges, schema)
        self._label = _label(edges, schema)
        self._expressions = [
            expr.alias(f"{name} {place}") for name, cut in self._cuts.items() for place, expr in enumerate(cut.sums())
        ]
        self._sums = {name: (0, 0) for name, cut in self._cuts.items() if cut.bins.kind == "numbers"}
        self._positives = _Counted(self._expressions)
        self._unlabelled = _Counted(self._expressions)
        self._lock = Lock()
        self._defaults = {
            name: table.columns[name].default for name, cut in self._cuts.items() if name in table.columns
        }

    def watched(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the frame, a column wider where the hour is counted; whoever streams it hands its rows to `add`."""
        if self.edges.hour_of is not None and HOUR in self._cuts:
            instant, dtype = pl.col(self.edges.hour_of), frame.collect_schema()[self.edges.hour_of]
            if isinstance(dtype, pl.Datetime) and dtype.time_zone not in {None, "UTC"}:
                instant = instant.dt.convert_time_zone("UTC")
            frame = frame.with_columns(instant.dt.hour().alias(_HOUR_OF))
        return frame.map_batches(self.add, streamable=True)

    def expressions(self) -> list[pl.Expr]:
        """Return sums over all rows, for `finish` to read."""
        sums = [expr.alias(f"cell {number}") for number, expr in enumerate(self._expressions)]
        defaults = [
            (pl.col(name) == value).sum().alias(f"default {name}")
            for name, value in self._defaults.items()
            if value is not None
        ]
        if self._label is None:
            return sums + defaults
        positive, unlabelled = self._label
        return [*sums, *defaults, positive.sum().alias("positives"), unlabelled.sum().alias("unlabelled")]

    def add(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Take of some rows what `expressions` cannot say: exact sums, and cells beside the label; return the rows."""
        sums = {name: self._cuts[name].deviations(batch[name]) for name in self._sums}
        names = [cut.reads for cut in self._cuts.values()]
        parts = []
        if self._label is not None:
            masks = batch.select(positive=self._label[0], unlabelled=self._label[1])
            parts = [batch.select(names)[masks[name].arg_true()] for name in ("positive", "unlabelled")]
        with self._lock:
            for name, (total, squares) in sums.items():
                before = self._sums[name]
                self._sums[name] = before[0] + total, before[1] + squares
            for counted, part in zip((self._positives, self._unlabelled), parts, strict=False):
                counted.add(part)
        return batch

    def finish(self, counts: Mapping[str, Any]) -> Profile:
        """Return the profile of all rows that were added.

        Parameters
        ----------
        counts
            What `expressions` came to, and of each column ``nulls``, ``nans``, ``low`` and ``high`` as `measure` counts
            them.
        """
        rows, unlabelled = counts["rows"], counts.get("unlabelled", counts["rows"])
        positives = counts.get("positives", 0)
        whole = [counts[f"cell {number}"] for number in range(len(self._expressions))]
        lists = zip(
            self._lists(whole, rows),
            self._lists(self._positives.finish(), positives),
            # without a label column no row was handed over as one without a label: all are
            self._lists(self._unlabelled.finish() if self._label is not None else whole, unlabelled),
            strict=True,
        )
        lines = []
        for (name, bins), (everyone, positive, without) in zip(self.edges.bins.items(), lists, strict=True):
            labelled = [one - other for one, other in zip(everyone, without, strict=True)]
            line = {"column": name, "rows": rows, "counts": everyone, "labelled": labelled, "positives": positive}
            lines.append(line | self._facts(name, bins, counts, missing=everyone[-1]))
        return Profile.of(self.edges, rows=rows, labelled=rows - unlabelled, positives=positives, columns=lines)

    def _lists(self, sums: Sequence[int], rows: int) -> Iterator[list[int]]:
        """Yield the rows of each cell, by column; those of a column that the frame lacks are missing."""
        start = 0
        for name, bins in self.edges.bins.items():
            if name in self._cuts:
                end = start + self._cuts[name].width
                yield self._cuts[name].cells(sums[start:end], rows)
                start = end
            else:
                yield [*[0] * (bins.cells - 1), rows]

    def _facts(self, name: str, bins: Bins, counts: Mapping[str, Any], *, missing: int) -> dict[str, Any]:
        nans = counts.get(f"nans {name}", 0)
        facts = {"nulls": missing - nans, "nans": nans, "defaults": counts.get(f"default {name}", 0)}
        if bins.kind == "categories":
            return facts
        total, squares = self._sums.get(name, (0, 0))
        low, high = (counts.get(f"{side} {name}") for side in ("low", "high"))
        sides = {"low": None if low is None else low + 0.0, "high": None if high is None else high + 0.0}  # no -0.0
        return facts | {"total": total, "squares": squares} | sides


class _Counted:
    """Cells of some rows, which come in parts."""

    def __init__(self, expressions: Sequence[pl.Expr]) -> None:
        self._expressions = expressions
        self._counts = [0] * len(expressions)
        self._parts: list[pl.DataFrame] = []

    def add(self, part: pl.DataFrame) -> None:
        self._parts.append(part)
        if sum(part.height * part.width for part in self._parts) >= _VALUES_AT_ONCE:
            self._count()

    def finish(self) -> list[int]:
        if self._parts:
            self._count()
        return self._counts

    def _count(self) -> None:
        counts = pl.concat(self._parts).select(self._expressions).row(0)
        self._counts = [before + count for before, count in zip(self._counts, counts, strict=True)]
        self._parts = []


class _Cut:
    """How one column of a frame is counted."""

    def __init__(self, bins: Bins, reads: str, dtype: pl.DataType) -> None:
        self.bins, self.reads, self.dtype = bins, reads, dtype

    @property
    def width(self) -> int:
        """How many sums there are."""
        return self.bins.cells - 1

    def sums(self) -> list[pl.Expr]:
        """Return rows below each edge, or of each category, and last the rows with a value."""
        value = pl.col(self.reads)
        there = value.is_not_nan().sum() if self.dtype.is_float() else value.count()
        if self.bins.kind == "numbers":
            return [*(_below(value, edge, self.dtype).sum() for edge in self.bins.edges), there]
        return [*(_equal(value, each, self.dtype).sum() for each in self.bins.categories), there]

    def cells(self, sums: Sequence[int], rows: int) -> list[int]:
        """Return the rows of each cell."""
        *sums, there = sums
        if self.bins.kind == "categories":
            return [*sums, there - sum(sums), rows - there]
        reached = [0, *sums, there]
        return [*(high - low for low, high in pairwise(reached)), rows - there]

    def deviations(self, values: pl.Series) -> tuple[int, int]:
        """Return the sums of deviations from the centre and of their squares, in units of `Profile`, exactly."""
        import numpy as np

        centre, spread = self.bins.centre or 0.0, self.bins.spread or 1.0
        single = self.dtype in _SINGLE and 2.0**-90 < spread < 2.0**90
        scale = math.ldexp(1.0, UNIT_BITS) / spread
        kind = np.float32 if single else np.float64
        numbers = values.drop_nulls().to_numpy()
        here, exact = np.empty(_CHUNK, dtype=kind), np.empty(_CHUNK)
        total = squares = 0
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(numbers), _CHUNK):
                chunk = numbers[start : start + _CHUNK]
                rounded = here[: len(chunk)]
                np.subtract(chunk, kind(centre), out=rounded, casting="unsafe")
                np.multiply(rounded, kind(scale), out=rounded)
                if not (rounded.max() <= _CLIP and rounded.min() >= -_CLIP):  # so also where there is NaN
                    np.clip(rounded, -_CLIP, _CLIP, out=rounded)
                    rounded[np.isnan(rounded)] = 0.0
                np.rint(rounded, out=rounded)
                exact[: len(chunk)] = rounded
                exact[len(chunk) :] = 0.0
                lines = exact.reshape(-1, _LINE)
                total += int(lines.sum())
                squares += int(np.vecdot(lines, lines).sum())
        return total, squares


def _below(value: pl.Expr, edge: float, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_float():
        return value < pl.lit(edge, dtype=dtype)
    low, high = _bounds(dtype)
    whole = math.ceil(edge)  # a whole number is below 2.5 if it is below 3
    if whole > high:
        return value.is_not_null()
    return value < pl.lit(max(whole, low), dtype=dtype)


def _equal(value: pl.Expr, category: Category, dtype: pl.DataType) -> pl.Expr:
    never = pl.lit(value=False)
    if dtype.is_integer():
        low, high = _bounds(dtype)
        return value == pl.lit(category, dtype=dtype) if low <= int(category) <= high else never
    if isinstance(dtype, pl.Enum):
        return value == category if category in dtype.categories else never
    return value == category


def _bounds(dtype: pl.DataType) -> tuple[int, int]:
    signed, bits = isinstance(dtype, SignedIntegerType), int(str(dtype).lstrip("UInt"))
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def _cuts(edges: Edges, schema: pl.Schema) -> dict[str, _Cut]:
    cuts = {}
    for name, bins in edges.bins.items():
        is_hour = name == HOUR and edges.hour_of is not None
        source = edges.hour_of if edges.hour_of is not None and is_hour else name
        if source not in schema:
            continue
        dtype = schema[source]
        holds, want = (isinstance(dtype, pl.Datetime), "a Datetime") if is_hour else _fits(bins, dtype)
        if not holds:
            hint = "Make edges for the types that the table has."
            raise ColumnTypeError("edges", source, where="the frame", got=dtype, want=want, hint=hint)
        cuts[name] = _Cut(bins, _HOUR_OF, pl.Int8()) if is_hour else _Cut(bins, name, dtype)
    return cuts


def _fits(bins: Bins, dtype: pl.DataType) -> tuple[bool, str]:
    """Return whether a column of this type can be cut so, and which types can."""
    texts = isinstance(dtype, pl.String | pl.Categorical | pl.Enum)
    match next(iter(bins.categories), None):
        case _ if bins.kind == "numbers":
            return dtype.is_integer() or dtype.is_float(), "whole numbers or floats"
        case bool():
            return dtype == pl.Boolean(), "truth values"
        case int():
            return dtype.is_integer(), "whole numbers"
        case str():
            return texts, "texts"
    return texts or dtype.is_integer() or dtype == pl.Boolean(), "texts, whole numbers or truth values"


def _label(edges: Edges, schema: pl.Schema) -> tuple[pl.Expr, pl.Expr] | None:
    """Return whether a row's label is positive, and whether it has none; nothing if the frame has no label."""
    if edges.label is None or edges.label not in schema:
        return None
    label, dtype = pl.col(edges.label), schema[edges.label]
    if dtype == pl.Boolean():
        return label.fill_null(value=False), label.is_null()
    if dtype.is_float():
        return (label.is_not_nan() & (label > 0)).fill_null(value=False), label.is_null() | label.is_nan()
    if not dtype.is_integer():
        raise ColumnTypeError("edges", edges.label, where="the frame", got=dtype, want="a number, as labels are")
    return (label > 0).fill_null(value=False), label.is_null()
