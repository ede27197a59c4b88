"""Random items: rows of items that a request did not show, drawn by popularity, for retrieval models."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.errors import DeclarationError, ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.keyed_hash import check_keys, keyed_hash
from featurelib.samples.step import WEIGHT, PartitionFacts, RowMaker

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[Any]]

RANDOM_ITEM = "random_item"
"""Whether a row was made here rather than logged."""

_STEP = "random_items"
_ITEM = "@item"  # place of an item among all items, in their order
_REQUEST = "@request"  # place of a request among those that rows are made for
_DRAW = "@draw"
_FIRST = "@first"
_DRAWS_AT_ONCE = 1 << 20  # bounds memory, and changes nothing else


@dataclass(frozen=True)
class RandomItems(RowMaker):
    """Make rows for items that a request did not show, drawn at random by the day's popularity.

    A retrieval model that sees only what was shown never learns how to tell it from all the rest.

    Parameters
    ----------
    item
        The item's column: text, an integer or a boolean.
    n
        Rows made for each request, at least 1; fewer where hardly any other item was seen that day.
    request
        Columns that together name a request: text, integers or booleans. None is made where one is null.
    seed
        Another seed draws other items.
    carries
        Columns that belong to the item, such as its price: from the first row that showed it (by event time, then row
        number), dropped rows included. Name them all: what is named neither here nor in ``blank`` is the request's.
    blank
        Columns that are null in a made row, such as the position.

    Raises
    ------
    ParameterError
        If ``n`` is below 1, there is no request column, or a column has two roles.

    Notes
    -----
    Adds ``random_item``, ``Boolean``: true where made. A made row has the other columns of the request's first live
    row (by event time, then row number), its row number included; its labels are 0, the times of labels null, and its
    ``sample_weight`` is 1. Null are all other columns that tell of the outcome of that first row: those from which
    labels are carried, those of the log with the role ``label``, and what earlier steps say of it. After the logged
    rows come the made ones, by the row number of the request's first row, then in the order drawn.

    Draws go by popularity^0.75: an item seen c times among all distinct impressions of the partition, those that rules
    dropped included, has the weight ``sqrt(c) * sqrt(sqrt(c))``. Draw j takes
    ``h = keyed_hash("random_items", seed, [*request, j])`` and ``u = (h >> 11) / 2**53``, and the first item, in the
    order of items, at which the running sum of the weights exceeds u times their sum. Items that the request showed, or
    that it has drawn, are passed over. It ends at n items or after 10 n + 100 draws.

    No feature may read ``random_item``: a made row has the label 0. One that reads a column of ``blank`` learns the
    same from the nulls.

    References
    ----------
    T. Mikolov et al., "Distributed representations of words and phrases and their compositionality", NIPS 2013 (the
    exponent 0.75).

    Examples
    --------
    >>> from datetime import datetime
    >>> at = datetime(2026, 11, 1)
    >>> rows = pl.LazyFrame({"request": ["r1", "r2"], "item": ["a", "b"], "at": [at, at]}).with_row_index(ROW)
    >>> facts = PartitionFacts(time="at", labels=pl.Schema(), observed_at=at)
    >>> made = RandomItems("item", n=1, request=["request"]).make(rows, rows, facts)
    >>> made.select("request", "item", "random_item").collect().rows()
    [('r1', 'a', False), ('r2', 'b', False), ('r1', 'b', True), ('r2', 'a', True)]
    """

    item: str
    _: KW_ONLY
    n: int
    request: Sequence[str]
    seed: int = 0
    carries: Sequence[str] = ()
    blank: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("request", "carries", "blank"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        if self.n < 1:
            raise ParameterError(self, "n", got=self.n, want="at least 1")
        if not self.request:
            raise ParameterError(self, "request", got=self.request, want="at least one column")
        if len({self.item, *self.request}) <= len(self.request):
            raise ParameterError(self, "request", got=self.request, want=f"each column once, and not {self.item!r}")
        named = [self.item, *self.request]
        for name, columns in (("carries", self.carries), ("blank", self.blank)):
            if set(columns) & set(named):
                raise ParameterError(self, name, got=columns, want=f"columns other than {named}")
            named += columns

    @property
    def outcomes(self) -> tuple[str, ...]:
        """``random_item``: where it is true, the label is 0."""
        return (RANDOM_ITEM,)

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns with ``random_item``."""
        self.need([*self.carries, *self.blank], given)
        check_keys(self, [self.item, *self.request], given)
        if RANDOM_ITEM in given:
            raise DeclarationError(f"{self!r} adds column {RANDOM_ITEM!r}, which the samples already have.")
        return pl.Schema({**given, RANDOM_ITEM: pl.Boolean()})

    def make(self, rows: pl.LazyFrame, seen: pl.LazyFrame, facts: PartitionFacts) -> pl.LazyFrame:
        """As `RowMaker.make`. Requests, items and who showed what are read at once; the rows stay lazy."""
        requests = self._requests(rows, facts.time)
        items = self._items(seen, facts.time)
        drawn = self._draw(requests, items["len"], self._shown(seen, requests, items))
        first = requests.select(_REQUEST, ROW)
        made = drawn.join(first, on=_REQUEST, how="left", maintain_order="left").join(
            items.select(_ITEM, self.item, _FIRST), on=_ITEM, how="left", maintain_order="left"
        )
        whole = self._with_items(self._in_context(made, rows), seen, items)
        schema = rows.collect_schema()
        made_rows = whole.with_columns(self._outcomes(schema, facts)).select(
            *schema, pl.lit(value=True).alias(RANDOM_ITEM)
        )
        return pl.concat([rows.with_columns(pl.lit(value=False).alias(RANDOM_ITEM)), made_rows])

    def _requests(self, rows: pl.LazyFrame, time: str) -> pl.DataFrame:
        """Return the requests with the number of their first row, in its order."""
        first = (
            rows.select(*self.request, time, ROW)
            .drop_nulls(self.request)
            .sort(time, ROW)
            .unique(self.request, keep="first", maintain_order=True)
        )
        return first.select(*self.request, ROW).collect().sort(ROW).with_row_index(_REQUEST)

    def _items(self, seen: pl.LazyFrame, time: str) -> pl.DataFrame:
        """Return the items in their order, how often each was seen, and the number of the first row that showed it."""
        first = pl.col(ROW).sort_by(time, ROW).first().alias(_FIRST)
        counted = seen.select(self.item, time, ROW).drop_nulls(self.item).group_by(self.item).agg(pl.len(), first)
        return counted.collect().sort(self.item).with_row_index(_ITEM)

    def _shown(self, seen: pl.LazyFrame, requests: pl.DataFrame, items: pl.DataFrame) -> "Numbers":
        """Return which request showed which item, as sorted numbers of pairs."""
        import numpy as np

        pairs = (
            seen.select(*self.request, self.item)
            .join(requests.lazy().select(*self.request, _REQUEST), on=self.request)
            .join(items.lazy().select(self.item, _ITEM), on=self.item)
            .select(pl.col(_REQUEST).cast(pl.Int64) * len(items) + pl.col(_ITEM))
        )
        return np.unique(pairs.collect().to_series().to_numpy())

    def _draw(self, requests: pl.DataFrame, counts: pl.Series, shown: "Numbers") -> pl.DataFrame:
        """Return the items drawn for each request, in order."""
        at_once = max(1, _DRAWS_AT_ONCE // (2 * self.n))
        parts = [self._draw_some(part, counts, shown) for part in requests.iter_slices(at_once)]
        empty = pl.DataFrame(schema={_REQUEST: pl.UInt32, _ITEM: pl.UInt32})
        return pl.concat([empty, *parts])

    def _draw_some(self, requests: pl.DataFrame, counts: pl.Series, shown: "Numbers") -> pl.DataFrame:
        import numpy as np

        c = counts.to_numpy().astype(np.float64)
        ends = np.cumsum(np.sqrt(c) * np.sqrt(np.sqrt(c)))
        numbers = requests[_REQUEST].to_numpy().astype(np.int64)
        bounds = np.searchsorted(shown, np.stack([numbers, numbers + 1]) * len(c))
        wanted = np.minimum(self.n, len(c) - (bounds[1] - bounds[0]))  # no more draws once all items are passed over
        drawn = np.empty(0, dtype=np.int64)
        done, upto, most = 0, self.n + self.n // 4 + 2, 10 * self.n + 100
        missing = wanted > 0
        while missing.any() and done < most:
            pairs = self._pairs(requests.filter(missing), range(done, min(upto, most)), ends)
            drawn = _accepted(np.concatenate([drawn, pairs[~_among(shown, pairs)]]), len(c), self.n)
            have = np.bincount(drawn // len(c) - numbers[0], minlength=len(numbers))
            missing, done, upto = have < wanted, upto, 2 * upto
        return pl.DataFrame({_REQUEST: drawn // max(len(c), 1), _ITEM: drawn % max(len(c), 1)}).cast(pl.UInt32)

    def _pairs(self, requests: pl.DataFrame, draws: range, ends: "Numbers") -> "Numbers":
        """Return the numbers of the pairs that these draws give, request by request."""
        import numpy as np

        many = requests.select(pl.all().repeat_by(len(draws)).explode(empty_as_null=False)).with_columns(
            pl.Series(_DRAW, np.tile(np.arange(draws.start, draws.stop), len(requests)))
        )
        hashed = many.select(keyed_hash(_STEP, self.seed, [*self.request, _DRAW])).to_series().to_numpy()
        target = (hashed >> np.uint64(11)).astype(np.float64) * 2.0**-53 * ends[-1]
        item = np.searchsorted(ends, target, side="right")
        pairs: Numbers = many[_REQUEST].to_numpy().astype(np.int64) * len(ends) + item
        return pairs

    def _in_context(self, made: pl.DataFrame, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Add what the made rows have from the first row of their request."""
        first = rows.filter(pl.col(ROW).is_in(made[ROW].unique().implode())).drop(self.item, *self.carries)
        once = first.unique(ROW, keep="first", maintain_order=True)  # a maker before this one may repeat numbers
        return made.lazy().join(once, on=ROW, how="left", maintain_order="left")

    def _with_items(self, made: pl.LazyFrame, seen: pl.LazyFrame, items: pl.DataFrame) -> pl.LazyFrame:
        """Add what the made rows have from the first row of their item."""
        if not self.carries:
            return made
        first = seen.filter(pl.col(ROW).is_in(items[_FIRST].implode())).select(pl.col(ROW).alias(_FIRST), *self.carries)
        return made.join(first, on=_FIRST, how="left", maintain_order="left")

    def _outcomes(self, schema: pl.Schema, facts: PartitionFacts) -> list[pl.Expr]:
        told = dict.fromkeys(name for name in schema if name in facts.outcomes)
        labels = {name: None if dtype.is_temporal() else 0 for name, dtype in facts.labels.items()}
        values = {**told, **labels, **dict.fromkeys(self.blank), **({WEIGHT: 1.0} if WEIGHT in schema else {})}
        return [pl.lit(value, dtype=schema[name]).alias(name) for name, value in values.items()]


def _among(shown: "Numbers", pairs: "Numbers") -> "Numbers":
    import numpy as np

    if not len(shown):
        return np.zeros(len(pairs), dtype=np.bool_)
    found: Numbers = shown[np.searchsorted(shown, pairs).clip(max=len(shown) - 1)] == pairs
    return found


def _accepted(pairs: "Numbers", items: int, n: int) -> "Numbers":
    """Return the first n different pairs of each request, request by request in the order given."""
    import numpy as np

    once = pairs[np.sort(np.unique(pairs, return_index=True)[1])]
    once = once[np.argsort(once // items, kind="stable")]
    request = once // items
    place = np.arange(len(once)) - np.searchsorted(request, request)
    return once[place < n]
