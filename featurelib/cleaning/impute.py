"""Impute: a value where there is none."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from numbers import Real

from featurelib.cleaning.cleaner import Cleaner
from featurelib.errors import ParameterError
from featurelib.fitting import CountTable, GroupCounts, GroupRanks, GroupSums, Moments, RankSummary
from featurelib.fitting.state import State
from featurelib.parameters import check_whole
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind, Primitive
from featurelib.program.primitives import FillNull, FillNullText, FillNullTextWithin, FillNullWithin, IsMissing

_LEARNED = ("mean", "median", "mode")


@dataclass(frozen=True)
class Impute(Cleaner):
    """Replace missing values by a constant or by what was learned.

    Parameters
    ----------
    column
        A number or boolean column; for ``mode`` or a text constant, a text, integer or boolean column.
    value
        The constant. A text makes the column a text, a number makes it a ``Float64``.
    by
        Instead of a constant: ``mean``, ``median`` (the lower one, always a value that occurs) or ``mode`` (the most
        frequent text, ties by the text).
    within
        Beside ``by``: a text, integer or boolean column such as ``category``. What is filled in is then that of the
        rows with the same text, and that of all rows where too few such rows have a value, or the text is missing.
    min_count
        Beside ``within``: rows with a value that a text needs to have its own fill; at least 1. Few rows make a poor
        mean, and each text with its own is a constant of the program.
    indicator
        Whether to add ``<column>__missing``, ``UInt8``: 1 where the value was missing.

    Raises
    ------
    ParameterError
        Unless exactly one of ``value`` and ``by`` is given, and known; if ``value`` is NaN, or neither text nor number;
        if ``within`` is given without ``by``, or is the column itself; if ``min_count`` is below 1, or given without
        ``within``.

    Notes
    -----
    Missing is null or, for numbers, NaN; the empty text is not missing. ±inf counts in ``median``, not in ``mean``.
    Learned from a column without values, ``mean`` and ``median`` are 0 and ``mode`` is the empty text. Means and modes
    are exact. A median comes from a `RankSummary` (exact up to 4,096 distinct values a partition, else within 1e-4 of
    its rows), the median within a group from `GroupRanks` (up to 256 distinct values a group, else within 1/100).

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"price": [1.0, None, 4.0]})
    >>> fit(Impute("price", by="mean", indicator=True), frame).transform(frame).rows()
    [(0, 1.0), (1, 2.5), (0, 4.0)]
    >>> shop = pl.DataFrame({"kind": ["book", "book", "car"], "price": [9.0, None, 9e3]})
    >>> fit(Impute("price", by="mean", within="kind"), shop).transform(shop)["price"].to_list()
    [9.0, 9.0, 9000.0]
    """

    column: str
    _: KW_ONLY
    value: str | float | None = None
    by: str | None = None
    within: str | None = None
    min_count: int = 1
    indicator: bool = False

    def __post_init__(self) -> None:
        if (self.value is None) == (self.by is None):
            raise ParameterError(self, "value", got=self.value, want="given, or else `by`, but not both")
        if self.value is not None and not isinstance(self.value, str | Real):
            raise ParameterError(self, "value", got=self.value, want="a text or a number")
        if self.value != self.value:  # NaN: itself a missing value
            raise ParameterError(self, "value", got=self.value, want="a value that is not missing itself")
        if self.by is not None and self.by not in _LEARNED:
            raise ParameterError(self, "by", got=self.by, want=f"one of {', '.join(_LEARNED)}")
        if self.within is not None and (self.by is None or self.within == self.column):
            raise ParameterError(self, "within", got=self.within, want="another column, beside `by`")
        most = 1 if self.within is None else None
        check_whole(self, "min_count", most=most, want="at least 1, beside `within`")

    @property
    def view(self) -> tuple[Kind, ...]:  # type: ignore[override]  # it depends on what is filled in
        filled: Kind = "text" if self.by == "mode" or isinstance(self.value, str) else "number"
        return (filled,) if self.within is None else (filled, "text")

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,) if self.within is None else (self.column, self.within)

    @property
    def makes(self) -> tuple[str, ...]:
        return (f"{self.column}__missing", self.column) if self.indicator else (self.column,)

    def state(self) -> State | None:
        if self.within is not None:
            within: dict[str | None, State] = {"mean": GroupSums(), "median": GroupRanks(), "mode": GroupCounts()}
            return within[self.by]
        states: dict[str | None, State] = {"mean": Moments(), "median": RankSummary(), "mode": CountTable()}
        return states.get(self.by)

    def chains(self, learned: State | None) -> tuple[Chain, ...]:
        filled = super().chains(learned)
        marked = Chain(f"{self.column}__missing", (self.column,), self.view[0], (IsMissing(),))
        return (marked, *filled) if self.indicator else filled

    def finish(self, learned: State | None) -> Iterable[Primitive]:
        match learned:
            case None if isinstance(self.value, str):
                yield FillNullText(self.value)
            case None:
                yield FillNull(float(self.value or 0.0))
            case CountTable():
                yield FillNullText(next(iter(learned.most_frequent_first(at_most=1)["term"]), ""))
            case RankSummary():
                yield FillNull(next(iter(learned.quantiles([0.5])), 0.0))
            case Moments():
                yield FillNull(learned.mean or 0.0)
            case GroupCounts():
                modes = learned.modes(at_least=self.min_count)
                yield FillNullTextWithin(tuple(modes), tuple(modes.values()), learned.mode or "")
            case GroupRanks():
                medians = learned.medians(at_least=self.min_count)
                yield FillNullWithin(tuple(medians), tuple(medians.values()), learned.median or 0.0)
            case GroupSums():
                means = learned.means(at_least=self.min_count)
                yield FillNullWithin(tuple(means), tuple(means.values()), learned.mean or 0.0)
