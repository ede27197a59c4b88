"""Skip above: of what a user passed over, keep what was certainly looked at."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import reduce
from operator import and_
from typing import Literal

import polars as pl

from featurelib.errors import ColumnTypeError, ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import DROPPED, LIVE, RowRule

_LAST_CLICK = "@last_click"
_BELOW = "@below"


@dataclass(frozen=True)
class SkipAbove(RowRule):
    """Drop the impressions of a request that lie further below its last click than a user looks.

    Who clicked on the fourth result has looked at the three above it, and perhaps at one or two below.

    Parameters
    ----------
    request
        Columns that together name a request.
    position
        Place in the list, an integer, 1 at the top or 0: larger is further below.
    label
        The click: 1 is clicked, 0 and null are not.
    keep_below
        How many of the impressions below the last click stay, the nearest first; at least 0. Of several at one
        position the one with the smaller row number is nearer.
    without_click
        Whether a request without a click stays whole (``keep``) or is dropped whole (``drop``).

    Raises
    ------
    ParameterError
        If there is no request column, or ``keep_below`` or ``without_click`` is out of its range.

    Notes
    -----
    Reasons: ``below_last_click``, and ``no_click_in_request`` if ``without_click`` is ``drop``. A row whose position or
    any part of the request is null stays, and counts neither as clicked nor among those kept.

    References
    ----------
    T. Joachims, "Optimizing search engines using clickthrough data", KDD 2002.

    Examples
    --------
    >>> rows = pl.LazyFrame({"request": ["r"] * 4, "position": [1, 2, 3, 4], "click": [1, 0, 0, 0]}).with_columns(
    ...     pl.lit(None, pl.String).alias(DROPPED)
    ... ).with_row_index(ROW)
    >>> rule = SkipAbove(["request"], position="position", label="click", keep_below=2)
    >>> rule.mark(rows).collect()[DROPPED].to_list()
    [None, None, None, 'below_last_click']
    """

    request: Sequence[str]
    _: KW_ONLY
    position: str
    label: str
    keep_below: int = 2
    without_click: Literal["keep", "drop"] = "keep"

    def __post_init__(self) -> None:
        object.__setattr__(self, "request", (self.request,) if isinstance(self.request, str) else tuple(self.request))
        if not self.request:
            raise ParameterError(self, "request", got=self.request, want="at least one column")
        if self.keep_below < 0:
            raise ParameterError(self, "keep_below", got=self.keep_below, want="at least 0")
        if self.without_click not in {"keep", "drop"}:
            raise ParameterError(self, "without_click", got=self.without_click, want="'keep' or 'drop'")

    @property
    def reasons(self) -> tuple[str, ...]:
        """``below_last_click``, and ``no_click_in_request`` where such requests are dropped."""
        return ("below_last_click", "no_click_in_request")[: 1 if self.without_click == "keep" else 2]

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns as they are."""
        self.need([*self.request, self.position, self.label], given)
        if not given[self.position].is_integer():
            want, got = "an integer", given[self.position]
            raise ColumnTypeError(self, self.position, where="the samples", got=got, want=want)
        return given

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """As `RowRule.mark`."""
        position = pl.col(self.position)
        placed = reduce(and_, (pl.col(column).is_not_null() for column in (self.position, *self.request)), LIVE)
        clicked = pl.when(placed & (pl.col(self.label) == 1)).then(position)
        below = (placed & (position > pl.col(_LAST_CLICK))).fill_null(value=False)
        depth = pl.int_range(pl.len()).over(self.request, order_by=[~pl.col(_BELOW), position, ROW])
        too_far = pl.when(pl.col(_BELOW) & (depth >= self.keep_below)).then(pl.lit("below_last_click"))
        # one step after the other: a window within another's order is evaluated once for each group
        judged = rows.with_columns(clicked.max().over(self.request).alias(_LAST_CLICK)).with_columns(
            below.alias(_BELOW)
        )
        reasons = [too_far]
        if self.without_click == "drop":
            reasons.append(pl.when(placed & pl.col(_LAST_CLICK).is_null()).then(pl.lit("no_click_in_request")))
        return judged.with_columns(pl.coalesce(DROPPED, *reasons)).drop(_LAST_CLICK, _BELOW)
