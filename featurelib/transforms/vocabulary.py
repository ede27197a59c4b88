"""Vocabulary: replace a term by an index that means the same in training and in serving."""

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.errors import ParameterError
from featurelib.fitting import CountTable
from featurelib.fitting.state import State
from featurelib.program.primitive import Primitive
from featurelib.transforms.learned_terms import LearnedTerms, OnGone
from featurelib.transforms.registry import register


@register("vocabulary")
@dataclass(frozen=True)
class Vocabulary(LearnedTerms):
    """Learn which terms are frequent enough to deserve an index of their own, or number given ones.

    Parameters
    ----------
    column
        Text, integer or boolean column such as ``query_lang``. Case matters: normalise in ``cleaning`` first.
    min_count
        Rows a term needs in the fitted days; at least 1.
    max_size
        Most terms to number, the most frequent first; ``None`` for all. An embedding of ``1 + unseen_buckets +
        max_size`` rows then has a row for every index, also after refits. Where a refit finds no free number left, new
        terms stay out of vocabulary.
    room
        How many of the ``max_size`` numbers a first fit leaves to terms of later ones.
    unseen_buckets
        Slots for terms out of vocabulary: ``1 + XXH64(term) mod unseen_buckets``; from 1 to 2^31.
    on_gone
        What becomes, in a refit, of a term that an earlier program knew and that has fewer than ``min_count`` rows now:
        ``keep`` knows it still; ``retire`` puts it out of vocabulary until it comes back. Its number waits for it.
    terms
        The terms in order, instead of learned ones. Appending to them keeps the numbers of the others.

    Raises
    ------
    ParameterError
        If a parameter is out of range; if ``terms`` holds a term twice, or is given with what is about learning.
    DeclarationError
        In a refit: if the earlier program numbered more terms than ``max_size``.

    Notes
    -----
    Adds ``<column>__index``, ``UInt32``, never null: 0 is missing, 1 to ``unseen_buckets`` are out of vocabulary, then
    the terms, most frequent first; by default 2 is the most frequent term. The empty text is a term like any other.
    Ties are ordered by the term, so a fit on the same days gives the same indices. Fits in one pass; the counts merge
    exactly.

    A refit that follows an earlier program keeps the number of every term in it and appends new ones, most frequent
    first. It starts afresh where ``column`` or ``unseen_buckets`` is another one now, or when told to renumber.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(Vocabulary("lang", min_count=2), pl.DataFrame({"lang": ["en", "en", "fr", None]}))
    >>> program.transform(pl.DataFrame({"lang": ["en", "tlh", None]}))["lang__index"].to_list()
    [2, 1, 0]
    >>> refit = fit(Vocabulary("lang"), pl.DataFrame({"lang": ["fr", "fr", "de"]}), earlier=program)
    >>> [refit.transform_row({"lang": lang})["lang__index"] for lang in ("en", "fr", "de")]
    [2, 3, 4]
    """

    column: str
    _: KW_ONLY
    min_count: int = 1
    max_size: int | None = None
    unseen_buckets: int = 1
    on_gone: OnGone = "keep"
    room: int = 0
    terms: Sequence[str] | None = None

    def __post_init__(self) -> None:
        self.check_limits()
        if self.terms is None:
            return
        object.__setattr__(self, "terms", (self.terms,) if isinstance(self.terms, str) else tuple(self.terms))
        check_terms(self, self.terms)
        if (self.min_count, self.max_size, self.room, self.on_gone) != (1, None, 0, "keep"):
            want = "given without min_count, max_size, room and on_gone, as none is learned"
            raise ParameterError(self, "terms", got=self.terms, want=want)

    @property
    def continues(self) -> bool:  # type: ignore[override]  # given terms have the numbers that they are given in
        return self.terms is None

    @property
    def numbering(self) -> object:
        return self._alike() if self.terms is None else None

    def state(self) -> State | None:
        return super().state() if self.terms is None else None

    def finish(self, learned: CountTable | None) -> Iterable[Primitive]:
        if learned is None:
            yield self.index_of(pl.Series(self.terms or (), dtype=pl.String))
        else:
            yield self.index(learned)


def check_terms(owner: object, terms: Sequence[str]) -> None:
    """Raise `ParameterError` if a transform's given terms are no texts, or one is given twice."""
    if not all(isinstance(term, str) for term in terms):
        raise ParameterError(
            owner, "terms", got=terms, want="texts, as columns are read as text: '7' for the integer 7"
        )
    if len(set(terms)) < len(terms):
        raise ParameterError(owner, "terms", got=terms, want="each term once")
