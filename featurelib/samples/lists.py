"""Lists: one row per request, for a model that orders what a request shows."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.errors import DeclarationError, ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import DROPPED, LIVE, Shape

SIZE = "size"
"""How many rows a list has."""

_NO_REQUEST, _IN_A_LIST = "no_request", "in_a_list"
_PLACE = "@place"
_TURN = "@turn"
_HEAD = "@head"


@dataclass(frozen=True)
class Lists(Shape):
    """Make one row per request, with columns that list what was in it.

    Parameters
    ----------
    request
        Columns that say which rows belong together, such as ``request_id``.
    order
        Column by which the lists are ordered, ascending, such as ``position``; ties by the row's number in the
        partition. NaN comes after all numbers, null last.
    columns
        Columns that become lists; element k of each belongs to the same row.
    first
        Columns of which the request keeps one value, that of the list's first element: what is the same in the whole
        request, such as its query and its time.

    Raises
    ------
    ParameterError
        If ``request`` or ``columns`` is empty.
    DeclarationError
        If two columns of the result have the same name.
    ColumnMissingError
        If a column is missing.

    Notes
    -----
    The result has the columns of ``request``, then ``first``, then ``columns`` as ``List`` of their type, nulls in
    their place, then ``size``, ``UInt32``: the length of each list, at least 1. Requests are in the order of their
    smallest row number. Rows that an earlier rule dropped are in no list.

    Rows of which a part of the request is null are dropped as ``no_request``; the rows of a list other than its first
    element count as ``in_a_list``. A list never crosses the partition's edge.

    Features read no list. Selection looks at a listed label's greatest value: a request is positive if any row is.

    Examples
    --------
    >>> rows = pl.LazyFrame({"request": ["r1", "r2", "r1"], "position": [2, 1, 1], "item": ["a", "b", "c"]})
    >>> shape = Lists("request", order="position", columns=["item"])
    >>> marked = shape.mark(rows.with_row_index(ROW).with_columns(pl.lit(None, dtype=pl.String).alias(DROPPED)))
    >>> marked.collect()[DROPPED].to_list()
    ['in_a_list', None, None]
    >>> shape.form(marked).collect().rows()
    [('r1', ['c', 'a'], 2), ('r2', ['b'], 1)]
    """

    request: str | Sequence[str]
    _: KW_ONLY
    order: str
    columns: Sequence[str]
    first: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("request", "columns", "first"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        for name in ("request", "columns"):
            if not getattr(self, name):
                raise ParameterError(self, name, got=(), want="at least one column")
        names = [*self.request, *self.first, *self.columns, SIZE]
        for name in names:
            if names.count(name) > 1:
                raise DeclarationError(f"{self!r} would make more than one column {name!r}.")

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the request's columns, the lists and their size."""
        self.need((*self.request, self.order, *self.first, *self.columns), given)
        one = {name: given[name] for name in (*self.request, *self.first)}
        return pl.Schema({**one, **{name: pl.List(given[name]) for name in self.columns}, SIZE: pl.UInt32()})

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Set `DROPPED` on all rows of each request but the first of its list."""
        in_turn = _in_turn(rows)
        # a sort and a join, as minima over windows took three times as long
        other = pl.any_horizontal(pl.col(name) != pl.col(name).shift() for name in self.request)
        heads = self._ordered(in_turn, self.order).filter(other.fill_null(value=True))
        joined = in_turn.join(
            heads.select(_TURN, pl.lit(value=True).alias(_HEAD)), on=_TURN, how="left", maintain_order="left"
        )
        reason = (
            pl.when(~LIVE)
            .then(DROPPED)
            .when(~self._has_request)
            .then(pl.lit(_NO_REQUEST))
            .when(pl.col(_HEAD).is_null())
            .then(pl.lit(_IN_A_LIST))
        )
        return joined.with_columns(reason.alias(DROPPED)).drop(_TURN, _HEAD)

    def form(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return one row per request."""
        ordered = self._ordered(_in_turn(rows), self.order, *self.first, *self.columns)
        # sorted by the request too, and grouped in that order: a third faster than a group by of its own
        lists = ordered.group_by(*self.request, maintain_order=True).agg(
            *(pl.col(name).first() for name in self.first),
            *(pl.col(name) for name in self.columns),
            pl.len().cast(pl.UInt32).alias(SIZE),
            pl.col(_TURN).min(),
        )
        return lists.sort(_TURN).drop(_TURN)

    @property
    def _has_request(self) -> pl.Expr:
        return pl.all_horizontal(pl.col(*self.request).is_not_null())

    def _ordered(self, in_turn: pl.LazyFrame, *columns: str) -> pl.LazyFrame:
        """Return the rows of lists, request by request, each list in order; alike before and after `mark`."""
        listed = in_turn.filter((LIVE | (pl.col(DROPPED) == _IN_A_LIST)) & self._has_request)
        narrow = listed.select(*dict.fromkeys((*self.request, *columns)), _TURN)
        return narrow.sort(*self.request, self.order, _TURN, nulls_last=True)


def _in_turn(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add a number by `ROW`, then by place: a row that was made has the `ROW` of the one it was made from."""
    turn = pl.col(ROW).cast(pl.UInt64) * 2**32 + pl.col(_PLACE)
    return rows.with_row_index(_PLACE).with_columns(turn.alias(_TURN)).drop(_PLACE)
