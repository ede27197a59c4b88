"""Profile: what each column of a table held, cell by cell, with the label beside it; profiles of parts add up."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self

import polars as pl

from featurelib.errors import ColumnMissingError, UsageError
from featurelib.schema.edges import Edges

UNIT_BITS = 14  # deviations are counted in units of spread / 2^14

_CELLS = ("counts", "labelled", "positives")
_SCHEMA = pl.Schema(
    {
        "column": pl.String(),
        "bins": pl.String(),
        "centre": pl.Float64(),
        "spread": pl.Float64(),
        "rows": pl.Int64(),
        "nulls": pl.Int64(),
        "nans": pl.Int64(),
        "defaults": pl.Int64(),
        "total": pl.Int128(),  # days of absurd values add up to more than 64 bits
        "squares": pl.Int128(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        **dict.fromkeys(_CELLS, pl.List(pl.Int64())),
    }
)
_SUMS = ("rows", "nulls", "nans", "defaults", "total", "squares")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Counts of a table's columns over frozen cells.

    Made by `measure` in the same pass as the metrics. The law, held by tests: the profile of a whole is the merge of
    the profiles of its parts, exactly, for any split and in any order.

    Parameters
    ----------
    edges
        Digest of the `Edges` it was counted with.
    rows, labelled, positives
        All rows; those with a label; those of them whose label is above 0.
    columns
        One row per column, in order of their names:

        =============================== ==============================================================================
        ``column``, ``bins``            its name, and the digest of its `Bins`
        ``centre``, ``spread``          the units of the sums; null for categories
        ``rows``                        all rows
        ``nulls``, ``nans``             rows with null, and with NaN
        ``defaults``                    rows that hold the column's declared default
        ``total``, ``squares``          sums of the deviations from ``centre`` and of their squares: of whole numbers of
                                        ``spread / 2^14``; null for categories
        ``low``, ``high``               smallest and largest value; null for categories, and without a value
        ``counts``                      rows by cell; the last cell is that of null and NaN
        ``labelled``, ``positives``     rows with a label, and with a positive one, by cell
        =============================== ==============================================================================

        A column that the frame lacks counts as null throughout.

    Notes
    -----
    Sums of floats depend on their order, sums of whole numbers do not: so each deviation from the centre is rounded to
    a whole number of units first, half to even. A mean is off by at most ``spread / 2^15``. A value further than 32
    spreads from the centre counts as if it lay there, so that one absurd value does not hide what all others do;
    ``low`` and ``high`` show it.
    """

    edges: str
    rows: int = 0
    labelled: int = 0
    positives: int = 0
    columns: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SCHEMA))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Profile):
            return NotImplemented
        mine, theirs = self.to_stored(), other.to_stored()
        return mine[0] == theirs[0] and self.columns.equals(other.columns)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    @classmethod
    def of(
        cls, edges: Edges, *, rows: int, labelled: int, positives: int, columns: Sequence[Mapping[str, Any]]
    ) -> Self:
        """Return a profile of what was counted with some edges: for each column a row of ``columns``, in any order."""
        units = {
            name: {"bins": bins.key, "centre": bins.centre, "spread": bins.spread} for name, bins in edges.bins.items()
        }
        lines = pl.DataFrame([{**units[line["column"]], **line} for line in columns], schema=_SCHEMA)
        return cls(edges=edges.key, rows=rows, labelled=labelled, positives=positives, columns=lines.sort("column"))

    @classmethod
    def empty(cls, edges: Edges) -> Self:
        """Return the profile of no rows."""
        lines = []
        for name, bins in edges.bins.items():
            sums = {} if bins.kind == "categories" else {"total": 0, "squares": 0}
            line = dict.fromkeys(("rows", "nulls", "nans", "defaults"), 0) | sums
            lines.append({"column": name, **line, **dict.fromkeys(_CELLS, [0] * bins.cells)})
        return cls.of(edges, rows=0, labelled=0, positives=0, columns=lines)

    def merge(self, other: Self) -> Self:
        """Return the profile of both together.

        Raises
        ------
        UsageError
            If they were counted with different edges.
        """
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        """Return the profile of all together: what `merge` makes of them one after the other, and faster.

        Raises
        ------
        UsageError
            If some were counted with other edges.
        """
        for other in others:
            self.check_edges(other)
        parts = [self, *others]
        return type(self)(
            edges=self.edges,
            rows=sum(part.rows for part in parts),
            labelled=sum(part.labelled for part in parts),
            positives=sum(part.positives for part in parts),
            columns=_added([part.columns for part in parts]),
        )

    def check_edges(self, other: "Profile", *, mine: str = "this profile", theirs: str = "the other") -> None:
        """Check that two profiles were counted with the same edges, so that they can be added or compared.

        Parameters
        ----------
        other
            The other profile.
        mine, theirs
            How the error calls the two.

        Raises
        ------
        UsageError
            If they were not; names the columns that are cut differently.
        """
        if self.edges == other.edges:
            return
        cut, others = (
            {row[0]: row[1] for row in each.columns.select("column", "bins").rows()} for each in (self, other)
        )
        differ = sorted(name for name in {*cut, *others} if cut.get(name) != others.get(name))
        shown = ", ".join(map(repr, differ[:5])) + (f" and {len(differ) - 5} more" if len(differ) > 5 else "")
        what = f"columns {shown} are cut differently" if differ else "the label or the hour is counted differently"
        raise UsageError(
            f"{mine} has edges {self.edges}, {theirs} has {other.edges}: {what}. Measure the rows of both with "
            "the same edges."
        )

    def counts(self, column: str) -> tuple[int, ...]:
        """Return the rows by cell; the last cell is that of null and NaN.

        Raises
        ------
        ColumnMissingError
            As all methods that take a column: if the profile has none of this name.
        """
        return tuple(self._row(column)["counts"])

    def shares(self, column: str) -> tuple[float, ...]:
        """Return the share of the rows by cell; zeros without rows."""
        counts = self.counts(column)
        return tuple(count / self.rows if self.rows else 0.0 for count in counts)

    def null_rate(self, column: str) -> float | None:
        """Return the share of the rows with null or NaN; ``None`` without rows."""
        row = self._row(column)
        return (row["nulls"] + row["nans"]) / self.rows if self.rows else None

    def coverage(self, column: str) -> float | None:
        """Return the share of the rows with a value that is not the default; ``None`` without rows."""
        row = self._row(column)
        return 1 - (row["nulls"] + row["nans"] + row["defaults"]) / self.rows if self.rows else None

    def mean(self, column: str) -> float | None:
        """Return the mean of the values, see the class; ``None`` for categories, and without a value."""
        row = self._row(column)
        values = row["rows"] - row["nulls"] - row["nans"]
        if row["spread"] is None or not values:
            return None
        return float(Fraction(row["centre"]) + _deviation(row) / values)

    def std(self, column: str) -> float | None:
        """Return the standard deviation (divided by n); ``None`` for categories, and without a value."""
        row = self._row(column)
        values = row["rows"] - row["nulls"] - row["nans"]
        if row["spread"] is None or not values:
            return None
        squares = row["squares"] * _unit(row) ** 2
        return math.sqrt(max(squares / values - (_deviation(row) / values) ** 2, 0))

    def auc(self, column: str) -> float | None:
        """Return how well the column alone ranks the positive labels: 0.5 for chance, 1 or 0 for a leak.

        The share of pairs of a positive and a negative row in which the positive one has the higher value, with ties in
        a cell counted half. A missing value ranks below all others: values that are there only after a click are the
        most common leak.

        Returns
        -------
        ``None`` for categories, which have no order, and without rows of both labels.

        References
        ----------
        Hanley, J., and McNeil, B. (1982). The meaning and use of the area under a receiver operating characteristic
        curve.
        """
        row = self._row(column)
        if row["spread"] is None:
            return None
        order = [len(row["counts"]) - 1, *range(len(row["counts"]) - 1)]
        doubled = below = 0
        for cell in order:
            positive = row["positives"][cell]
            negative = row["labelled"][cell] - positive
            doubled += positive * (2 * below + negative)
            below += negative
        pairs = below * self.positives
        return doubled / (2 * pairs) if pairs else None

    def label_rates(self, column: str) -> tuple[float | None, ...]:
        """Return the share of positive labels by cell; ``None`` in a cell without a label."""
        row = self._row(column)
        pairs = zip(row["labelled"], row["positives"], strict=True)
        return tuple(positives / labelled if labelled else None for labelled, positives in pairs)

    @property
    def label_rate(self) -> float | None:
        """The share of positive labels; ``None`` without a label."""
        return self.positives / self.labelled if self.labelled else None

    def to_stored(self) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
        """Return plain data for JSON, and the frame beside it; `from_stored` makes the profile again."""
        plain = {
            "edges": self.edges,
            "rows": self.rows,
            "labelled": self.labelled,
            "positives": self.positives,
        }
        return plain, {"columns": self.columns}

    @classmethod
    def from_stored(cls, plain: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> Self:
        """Return the profile whose `to_stored` this was."""
        return cls(columns=frames["columns"], **plain)

    def _row(self, column: str) -> dict[str, Any]:
        names = self.columns["column"].to_list()
        place = bisect_left(names, column)
        if place == len(names) or names[place] != column:
            raise ColumnMissingError("a profile", column, where="what was counted", columns=names)
        return self.columns.row(place, named=True)


def _deviation(row: Mapping[str, Any]) -> Fraction:
    return Fraction(row["total"]) * _unit(row)


def _unit(row: Mapping[str, Any]) -> Fraction:
    return Fraction(row["spread"]) / Fraction(1 << UNIT_BITS)


def _added(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    stacked = pl.concat(frames)
    sums = stacked.group_by("column").agg(
        pl.col("bins", "centre", "spread").first(),
        # the sum of nulls alone is 0, which would be a total of categories
        *(pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in _SUMS),
        pl.col("low").min(),
        pl.col("high").max(),
    )
    numbered = stacked.select("column", *_CELLS, cell=pl.int_ranges(pl.col("counts").list.len()))
    cells = (
        numbered.explode("cell", *_CELLS).group_by("column", "cell").agg(pl.col(_CELLS).sum()).sort("column", "cell")
    )
    lists = cells.group_by("column", maintain_order=True).agg(_CELLS)
    return lists.join(sums, on="column").select(_SCHEMA.names()).cast(_SCHEMA).sort("column")
