"""Query pairs: what a user searched for, and what next, for a model that suggests queries."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta

import polars as pl

from featurelib.durations import duration
from featurelib.errors import ColumnTypeError, DeclarationError, ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import DROPPED, LIVE, Shape

_NO_SESSION, _PREFIX, _NO_NEXT = "no_session", "prefix", "no_next_query"
_PLACE = "@place"
_RUN = "@run"
_TYPED = "@typed"
_COUNTS = "@counts"
_PREFIXES = "prefixes"


@dataclass(frozen=True)
class QueryPairs(Shape):
    """Make one row per query that another one of the same session followed.

    The rows of one ``by`` are ordered by time, ties by the row's number in the partition. The next query is the very
    next one, also if it is the same text again; it counts if it came less than ``within`` later.

    Parameters
    ----------
    by
        Whose queries: columns such as ``session_id`` or ``user_id``.
    query
        The query's text. Null and the empty text are queries like any other: next ones, and followed by some.
    time
        The event time.
    label
        Column of what came of a query, such as ``click``; its value of the next query becomes ``next_<label>``.
    within
        Longest time between the two, such as ``30m``; half-open.
    is_prefix
        Boolean column, true on rows that are no query but what was typed on the way to one; null is false. ``None``
        if the log has no such rows.

    Raises
    ------
    ParameterError
        If ``by`` is empty, or ``within`` is not longer than nothing.
    DeclarationError
        If the samples already have a column that it adds, or it would add two of one name.
    ColumnMissingError, ColumnTypeError
        If a column is missing, the query is no ``String``, the time no instant, or ``is_prefix`` no ``Boolean``.

    Notes
    -----
    A row has all columns of the first query, then ``next_query``, ``String``; ``next_at``, of the time's type;
    ``next_<label>``, of the label's type; and with ``is_prefix`` also ``prefixes``, ``List(String)``: the texts typed
    between the two in their order, nulls included, empty if there is none. Row order holds.

    Rows are dropped as ``no_session`` (a column of ``by`` is null), ``prefix`` or ``no_next_query``, in this order of
    precedence; the first two, and rows that an earlier rule dropped, are nobody's next query. A row without time has no
    next query and is nobody's. Sessions end at the partition's edge.

    Examples
    --------
    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, 1, 12, minute) for minute in (0, 1, 2)]
    >>> rows = pl.LazyFrame({ROW: [0, 1, 2], "user": ["u1"] * 3, "q": ["shoe", "red s", "red shoe"], "at": at})
    >>> rows = rows.with_columns(click=pl.Series([0, 0, 1]), typing=pl.Series([False, True, False]))
    >>> rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(DROPPED))
    >>> pairs = QueryPairs("user", query="q", time="at", label="click", is_prefix="typing")
    >>> pairs.mark(rows).collect()[DROPPED].to_list()
    [None, 'prefix', 'no_next_query']
    >>> pairs.form(pairs.mark(rows)).select("q", "next_query", "next_click", "prefixes").collect().rows()
    [('shoe', 'red shoe', 1, ['red s'])]
    """

    by: str | Sequence[str]
    _: KW_ONLY
    query: str
    time: str
    label: str
    within: str | timedelta = "30m"
    is_prefix: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", (self.by,) if isinstance(self.by, str) else tuple(self.by))
        object.__setattr__(self, "within", duration(self, "within", self.within))
        if not self.by:
            raise ParameterError(self, "by", got=self.by, want="at least one column")
        if self.within <= timedelta():  # type: ignore[operator]  # a timedelta by now
            raise ParameterError(self, "within", got=str(self.within), want="longer than nothing")
        if self._next_label in {"next_query", "next_at"}:
            raise DeclarationError(f"{self!r} would add two columns {self._next_label!r}; rename the label.")

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What came of the next query. That query itself is what a model of pairs scores, so features may read it."""
        return (self._next_label,)

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns with those of the next query at their end."""
        self.need(self._reads, given)
        self._check_types(given)
        adds = {"next_query": pl.String(), "next_at": given[self.time], self._next_label: given[self.label]}
        if self.is_prefix is not None:
            adds[_PREFIXES] = pl.List(pl.String)
        for column in adds:
            if column in given:
                raise DeclarationError(f"{self!r} adds column {column!r}, which the samples already have.")
        return pl.Schema({**given, **adds})

    def _check_types(self, given: pl.Schema) -> None:
        wanted = {self.query: pl.String, self.time: pl.Datetime}
        if self.is_prefix is not None:
            wanted[self.is_prefix] = pl.Boolean
        for column, want in wanted.items():
            if not isinstance(given[column], want):
                raise ColumnTypeError(self, column, where="the samples", got=given[column], want=f"{want}")

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Set `DROPPED` on all rows but queries that have a next one."""
        placed = rows.with_row_index(_PLACE)
        nexts = self._nexts(self._ordered(placed)).select(_PLACE, "next_at")
        reason = (
            pl.when(~LIVE)
            .then(DROPPED)
            .when(~self._in_session)
            .then(pl.lit(_NO_SESSION))
            .when(self._typed)
            .then(pl.lit(_PREFIX))
            .when(pl.col("next_at").is_null())
            .then(pl.lit(_NO_NEXT))
        )
        joined = placed.join(nexts, on=_PLACE, how="left", maintain_order="left")
        return joined.with_columns(reason.alias(DROPPED)).drop(_PLACE, "next_at")

    def form(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the queries that have a next one, with it."""
        placed = rows.with_row_index(_PLACE)
        ordered = self._ordered(placed)
        pairs = placed.filter(LIVE).join(self._nexts(ordered), on=_PLACE, how="left", maintain_order="left")
        if self.is_prefix is not None:
            pairs = pairs.join(self._prefixes(ordered), on=_PLACE, how="left", maintain_order="left")
            pairs = pairs.with_columns(pl.col(_PREFIXES).fill_null([]))
        return pairs.drop(_PLACE, ROW, DROPPED)

    @property
    def _next_label(self) -> str:
        return f"next_{self.label}"

    @property
    def _reads(self) -> tuple[str, ...]:
        prefix = () if self.is_prefix is None else (self.is_prefix,)
        return tuple(dict.fromkeys((*self.by, self.query, self.time, self.label, *prefix)))

    @property
    def _in_session(self) -> pl.Expr:
        return pl.all_horizontal(pl.col(*self.by).is_not_null())

    @property
    def _typed(self) -> pl.Expr:
        return pl.lit(value=False) if self.is_prefix is None else pl.col(self.is_prefix).fill_null(value=False)

    def _ordered(self, placed: pl.LazyFrame) -> pl.LazyFrame:
        """Return queries and prefixes in order, each ``by`` with a number of its own; alike before and after `mark`."""
        there = LIVE | pl.col(DROPPED).is_in([_PREFIX, _NO_NEXT])
        found = placed.filter(there & self._in_session)
        narrow = found.select(_PLACE, ROW, *self._reads, self._typed.alias(_TYPED))
        ordered = narrow.sort(*self.by, self.time, ROW, _PLACE, nulls_last=True)
        other = pl.any_horizontal(pl.col(column) != pl.col(column).shift() for column in self.by)
        return ordered.with_columns(other.fill_null(value=True).cum_sum().alias(_RUN))

    def _nexts(self, ordered: pl.LazyFrame) -> pl.LazyFrame:
        """Return `_PLACE` of the queries that have a next one, and what that is."""
        same = pl.col(_RUN) == pl.col(_RUN).shift(-1)
        soon = pl.col(self.time).shift(-1) - pl.col(self.time) < pl.lit(self.within)
        queries = ordered.filter(~pl.col(_TYPED)).select(
            _PLACE,
            (same & soon).alias(_COUNTS),
            pl.col(self.query).shift(-1).alias("next_query"),
            pl.col(self.time).shift(-1).alias("next_at"),
            pl.col(self.label).shift(-1).alias(self._next_label),
        )
        return queries.filter(_COUNTS).drop(_COUNTS)

    def _prefixes(self, ordered: pl.LazyFrame) -> pl.LazyFrame:
        """Return `_PLACE` of queries and the prefixes typed after each, before its next one."""
        # what was typed before a user's first query falls to the last one of another, which has no next and is no pair
        query = pl.when(~pl.col(_TYPED)).then(_PLACE).forward_fill().alias(_PLACE)
        rows = ordered.select(query, _TYPED, pl.col(self.query).alias(_PREFIXES)).filter(_TYPED)
        return rows.group_by(_PLACE, maintain_order=True).agg(_PREFIXES)
