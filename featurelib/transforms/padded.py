"""Padded: a list as indices, all lists of one length."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Literal

import polars as pl

from featurelib.errors import ParameterError
from featurelib.fitting import CountTable, DocumentCounts
from featurelib.parameters import check_whole
from featurelib.program.primitive import Kind, Primitive
from featurelib.program.primitives import IndexEach, PadTexts, SplitText
from featurelib.transforms.learned_terms import LONGEST, LearnedTerms, OnGone
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import check_rule


@register("padded")
@dataclass(frozen=True)
class Padded(LearnedTerms):
    """Learn a vocabulary of the elements of lists, and make of each list indices of a fixed length.

    Parameters
    ----------
    column
        List of texts, integers or booleans, such as the user's last items (oldest first); or, with ``tokens``, a text.
    length
        Elements that each result has, 1 to 2^20.
    keep
        Which end of a longer list stays: ``last`` or ``first``.
    side
        Where a shorter one is filled up with 0: ``right``, behind its elements, or ``left``.
    tokens
        For a text: the rule by which it is split, ``words`` or ``chars1`` to ``chars9`` (see
        `featurelib.program.tokens`).
    terms_of
        A column of single values, such as the candidate's ``item_id``: the elements are numbered as its values are, by
        `Vocabulary` with the same parameters, so that a model can compare the candidate with the list. A refit keeps to
        that: the one of both that the earlier program lacks takes the numbers of the other. Only where both were there
        with other numbers, as their parameters differed, give all new ones.
    min_count
        Rows of the fitted days that must hold an element (or, with ``terms_of``, that value) for it to have an index;
        at least 1.
    max_size
        Most elements that have one, the most frequent first; ``None`` for all.
    room, unseen_buckets, on_gone
        As in `Vocabulary`.

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    DeclarationError
        On a refit, if the earlier program knows more than ``max_size`` elements.

    Notes
    -----
    Adds ``<column>__padded``, ``List(UInt32)``, never null, each of ``length`` indices: 0 is no element or a null one,
    1 (to ``unseen_buckets``) one that is not known, then the elements by the number of rows that hold them, ties by
    the element. A null list is all zeros. For a model, ``column.explode().to_numpy()`` reshaped to ``(-1, length)`` is
    the matrix. Counts merge exactly; a refit keeps the indices of elements that it knew.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"items": [["b", "a"], ["a"], None]})
    >>> program = fit(Padded("items", length=3), frame)
    >>> program.transform(frame)["items__padded"].to_list()
    [[3, 2, 0], [2, 0, 0], [0, 0, 0]]
    >>> program.transform_row({"items": ["a", "b", "a", "new"]})
    {'items__padded': [3, 2, 1]}
    """

    column: str
    _: KW_ONLY
    length: int
    keep: Literal["last", "first"] = "last"
    side: Literal["right", "left"] = "right"
    tokens: str | None = None
    terms_of: str | None = None
    min_count: int = 1
    max_size: int | None = None
    unseen_buckets: int = 1
    on_gone: OnGone = "keep"
    room: int = 0

    suffix = "padded"

    def __post_init__(self) -> None:
        self.check_limits()
        check_whole(self, "length", most=LONGEST, want="from 1 to 2**20")
        if self.keep not in {"last", "first"}:
            raise ParameterError(self, "keep", got=self.keep, want="'last' or 'first'")
        if self.side not in {"right", "left"}:
            raise ParameterError(self, "side", got=self.side, want="'right' or 'left'")
        if self.tokens is not None:
            check_rule(self, self.tokens)
            if self.terms_of is not None:
                raise ParameterError(self, "terms_of", got=self.terms_of, want="left out beside tokens")

    @property
    def view(self) -> Kind:  # type: ignore[override]  # it depends on what the column holds
        return "texts" if self.tokens is None else "text"

    @property
    def learns(self) -> tuple[tuple[str, Kind], ...]:
        return super().learns if self.terms_of is None else ((self.terms_of, "text"),)

    @property
    def numbering(self) -> object:
        return None if self.terms_of is None else self._alike()

    def state(self) -> DocumentCounts | CountTable:
        return DocumentCounts(self.tokens) if self.terms_of is None else CountTable()

    def finish(self, learned: DocumentCounts | CountTable) -> Iterable[Primitive]:
        if self.tokens is not None:
            yield SplitText(self.tokens)
        yield PadTexts(self.length, self.side, self.keep)
        yield self.index(learned)

    def index_of(self, terms: pl.Series) -> IndexEach:
        unseen = self.unseen_buckets
        return IndexEach.of_terms(terms, first=1 + unseen, missing=0, unseen=1, buckets=unseen)
