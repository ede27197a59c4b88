"""Impute: a value where there is none."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.cleaning.cleaner import Cleaner
from featurelib.errors import ParameterError
from featurelib.fitting import CountTable, Moments, RankSummary
from featurelib.fitting.state import State
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind, Primitive
from featurelib.program.primitives import FillNull, FillNullText, IsMissing

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
    indicator
        Whether to add ``<column>__missing``, ``UInt8``: 1 where the value was missing.

    Raises
    ------
    ParameterError
        Unless exactly one of ``value`` and ``by`` is given, and known; if ``value`` is NaN.

    Notes
    -----
    Missing is null or, for numbers, NaN; the empty text is not missing. ±inf counts in ``median``, not in ``mean``.
    Learned from a column without values, ``mean`` and ``median`` are 0 and ``mode`` is the empty text.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"price": [1.0, None, 4.0]})
    >>> fit(Impute("price", by="mean", indicator=True), frame).transform(frame).rows()
    [(0, 1.0), (1, 2.5), (0, 4.0)]
    """

    column: str
    _: KW_ONLY
    value: str | float | None = None
    by: str | None = None
    indicator: bool = False

    def __post_init__(self) -> None:
        if (self.value is None) == (self.by is None):
            raise ParameterError(self, "value", got=self.value, want="given, or else `by`, but not both")
        if self.value != self.value:  # NaN: itself a missing value
            raise ParameterError(self, "value", got=self.value, want="a value that is not missing itself")
        if self.by is not None and self.by not in _LEARNED:
            raise ParameterError(self, "by", got=self.by, want=f"one of {', '.join(_LEARNED)}")

    @property
    def view(self) -> Kind:  # type: ignore[override]  # it depends on what is filled in
        return "text" if self.by == "mode" or isinstance(self.value, str) else "number"

    @property
    def makes(self) -> tuple[str, ...]:
        return (f"{self.column}__missing", self.column) if self.indicator else (self.column,)

    def state(self) -> State | None:
        states: dict[str | None, State] = {"mean": Moments(), "median": RankSummary(), "mode": CountTable()}
        return states.get(self.by)

    def chains(self, learned: State | None) -> tuple[Chain, ...]:
        filled = super().chains(learned)
        return (self.chain(f"{self.column}__missing", [IsMissing()]), *filled) if self.indicator else filled

    def finish(self, learned: State | None) -> Iterable[Primitive]:
        if isinstance(learned, CountTable):
            yield FillNullText(next(iter(learned.most_frequent_first(at_most=1)["term"]), ""))
        elif isinstance(learned, RankSummary):
            yield FillNull(next(iter(learned.quantiles([0.5])), 0.0))
        elif isinstance(learned, Moments):
            yield FillNull(learned.mean or 0.0)
        elif isinstance(self.value, str):
            yield FillNullText(self.value)
        else:
            yield FillNull(float(self.value or 0.0))
