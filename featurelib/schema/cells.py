"""Cells: count the rows in each cell of each column while they stream by, all of them and those with a label."""

from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from typing import Any, TypeAlias

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError
from featurelib.schema.cuts import CategoryCut, NumberCut, Room, cut, values_of
from featurelib.schema.edges import HOUR, Bins, Edges
from featurelib.schema.profile import Profile
from featurelib.schema.table import Table

_Sums: TypeAlias = Mapping[str, Sequence[int]]
_HOUR_OF = "hour of the event"  # with spaces, so that no column of a table is called so
_VALUES_AT_ONCE = 2**23  # of rows with a label, whose cells are counted together


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
        self._cuts = cuts = _cuts(edges, schema)
        self._label = _label(edges, schema)
        self._categories, self._numbers = _by_kind(cuts)
        self._held = {name: cut.nothing() for name, cut in self._numbers.items()}
        self._positives = _Counted(cuts)
        self._unlabelled = _Counted(cuts)
        self._lock = Lock()
        self._room = Room()
        self._defaults = {name: table.columns[name].default for name in cuts if name in table.columns}

    @property
    def numbers(self) -> Collection[str]:
        """Columns whose NaN and extremes are counted here; see `seen`."""
        return self._numbers.keys()

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
        sums = _named_sums(self._categories)
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
        """Take of some rows what `expressions` does not say: numbers, and cells beside the label; return the rows."""
        parts = []
        if self._label is not None and self._cuts:
            masks = batch.select(positive=self._label[0], unlabelled=self._label[1])
            rows = batch[[cut.reads for cut in self._cuts.values()]]
            parts = [rows[masks[name].arg_true()] for name in ("positive", "unlabelled")]
        # NOTE: by turns, as threads that hand the interpreter over at each of many short calls take longer
        with self._lock:
            for name, values in values_of(batch, self._numbers):
                self._held[name].add(self._numbers[name].count(values, self._room))
            for counted, part in zip((self._positives, self._unlabelled), parts, strict=False):
                counted.add(part)
        return batch

    def seen(self) -> dict[str, Any]:
        """Return ``nans``, ``low`` and ``high`` of each column of `numbers`, as `measure` names them."""
        facts: dict[str, Any] = {}
        for name, held in self._held.items():
            facts |= {f"nans {name}": held.nans, f"low {name}": held.low, f"high {name}": held.high}
        return facts

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
        everywhere = _read_sums(self._categories, counts) | {name: held.below for name, held in self._held.items()}
        # without a label column no row was handed over as one without a label: all are
        without_label = self._unlabelled.finish() if self._label is not None else everywhere
        groups = [(everywhere, rows), (self._positives.finish(), positives), (without_label, unlabelled)]
        lines = []
        for name, bins in self.edges.bins.items():
            everyone, positive, without = (self._cells(name, sums, of) for sums, of in groups)
            labelled = [one - other for one, other in zip(everyone, without, strict=True)]
            line = {"column": name, "rows": rows, "counts": everyone, "labelled": labelled, "positives": positive}
            lines.append(line | self._facts(name, bins, counts, missing=everyone[-1]))
        return Profile.of(self.edges, rows=rows, labelled=rows - unlabelled, positives=positives, columns=lines)

    def _cells(self, name: str, sums: _Sums, rows: int) -> list[int]:
        """Return the rows of each cell; those of a column that the frame lacks are missing."""
        if name in self._cuts:
            return self._cuts[name].cells(sums[name], rows)
        return [*[0] * (self.edges.bins[name].cells - 1), rows]

    def _facts(self, name: str, bins: Bins, counts: Mapping[str, Any], *, missing: int) -> dict[str, Any]:
        nans = counts.get(f"nans {name}", 0)
        facts = {"nulls": missing - nans, "nans": nans, "defaults": counts.get(f"default {name}", 0)}
        if bins.kind == "categories":
            return facts
        total, squares = (held.total, held.squares) if (held := self._held.get(name)) else (0, 0)
        low, high = (counts.get(f"{side} {name}") for side in ("low", "high"))
        sides = {"low": None if low is None else low + 0.0, "high": None if high is None else high + 0.0}  # no -0.0
        return facts | {"total": total, "squares": squares} | sides


class _Counted:
    """Cells of some rows, which come in parts."""

    def __init__(self, cuts: Mapping[str, CategoryCut | NumberCut]) -> None:
        self._categories, self._numbers = _by_kind(cuts)
        self._sums: dict[str, list[int]] = {name: [0] * (cut.bins.cells - 1) for name, cut in cuts.items()}
        self._parts: list[pl.DataFrame] = []

    def add(self, part: pl.DataFrame) -> None:
        if part.height:
            self._parts.append(part)
        if sum(part.height * part.width for part in self._parts) >= _VALUES_AT_ONCE:
            self._count()

    def finish(self) -> _Sums:
        if self._parts:
            self._count()
        return self._sums

    def _count(self) -> None:
        rows, room = pl.concat(self._parts), Room()
        self._parts = []
        found = {name: self._numbers[name].below(values, room) for name, values in values_of(rows, self._numbers)}
        if self._categories:
            counts = rows.select(_named_sums(self._categories)).row(0, named=True)
            found |= _read_sums(self._categories, counts)
        for name, sums in found.items():
            self._sums[name] = [before + more for before, more in zip(self._sums[name], sums, strict=True)]


def _by_kind(
    cuts: Mapping[str, CategoryCut | NumberCut],
) -> tuple[Mapping[str, CategoryCut], Mapping[str, NumberCut]]:
    categories = {name: cut for name, cut in cuts.items() if isinstance(cut, CategoryCut)}
    return categories, {name: cut for name, cut in cuts.items() if isinstance(cut, NumberCut)}


def _named_sums(cuts: Mapping[str, CategoryCut]) -> list[pl.Expr]:
    return [sum_.alias(f"cell {place} {name}") for name, cut in cuts.items() for place, sum_ in enumerate(cut.sums())]


def _read_sums(cuts: Mapping[str, CategoryCut], counts: Mapping[str, int]) -> dict[str, list[int]]:
    return {name: [counts[f"cell {place} {name}"] for place in range(cut.bins.cells - 1)] for name, cut in cuts.items()}


def _cuts(edges: Edges, schema: pl.Schema) -> dict[str, CategoryCut | NumberCut]:
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
        cuts[name] = cut(bins, _HOUR_OF, pl.Int8()) if is_hour else cut(bins, name, dtype)
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
