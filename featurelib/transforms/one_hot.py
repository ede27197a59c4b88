"""OneHot: a column of its own for each of some terms."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass

from featurelib.errors import ParameterError
from featurelib.fitting.state import State
from featurelib.program.chain import Chain
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import IsAmong
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform
from featurelib.transforms.vocabulary import check_terms

_OTHER = "other"


@register("one_hot")
@dataclass(frozen=True)
class OneHot(Transform):
    """Say for each of some terms whether a row holds it: for linear models and trees, and columns of few terms.

    The terms are given, not learned: what a column of the feature table means must stand before the fit, and stay at a
    refit. For learned terms take a `Vocabulary`, and let the model's library widen its index.

    Parameters
    ----------
    column
        Text, integer or boolean column such as ``device``.
    terms
        The terms, at least one; ``["true"]`` of a boolean column.
    other
        Whether to add a column for all other terms.

    Raises
    ------
    ParameterError
        If ``terms`` is empty, holds a term twice, or two that would name the same column.

    Notes
    -----
    Adds ``<column>__is_<term>`` for each term in order, and ``<column>__is_other``, ``UInt8``, never null: 1 or 0. In a
    row that is missing all are 0. What may not stand in a name becomes ``_``: ``en-US`` makes ``lang__is_en_US``. The
    empty text is a term like any other, and named ``<column>__is_``. Nothing is fitted. `Feature` cannot rename several
    columns at once.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(OneHot("device", terms=["app", "web"], other=True), pl.DataFrame({"device": ["app"]}))
    >>> program.transform_row({"device": "web"})
    {'device__is_app': 0, 'device__is_web': 1, 'device__is_other': 0}
    """

    column: str
    _: KW_ONLY
    terms: Sequence[str]
    other: bool = False

    suffix = "is"
    view = "text"

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", (self.terms,) if isinstance(self.terms, str) else tuple(self.terms))
        check_terms(self, self.terms)
        if not self.terms:
            raise ParameterError(self, "terms", got=self.terms, want="at least one term")
        twice = [name for name, count in Counter(self.makes).items() if count > 1]
        if twice:
            raise ParameterError(self, "terms", got=self.terms, want=f"terms of different names; two make {twice[0]!r}")

    @property
    def makes(self) -> tuple[str, ...]:
        names = [re.sub(r"\W", "_", term) for term in self.terms]
        return tuple(f"{self.column}__{self.suffix}_{name}" for name in (*names, *([_OTHER] if self.other else [])))

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        """Return one step for each column."""
        yield from (IsAmong((term,)) for term in self.terms)
        if self.other:
            yield IsAmong(tuple(self.terms), inverted=True)

    def chains(self, learned: State | None) -> tuple[Chain, ...]:  # noqa: ARG002  # nothing is learned
        return tuple(self.chain(name, [step]) for name, step in zip(self.makes, self.finish(None), strict=True))
