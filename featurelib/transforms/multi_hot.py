"""MultiHot: a list as a vector with a slot for each term."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.errors import ParameterError
from featurelib.fitting import DocumentCounts
from featurelib.parameters import check_whole
from featurelib.program.primitive import Kind, Primitive
from featurelib.program.primitives import HotSlots
from featurelib.transforms.learned_terms import LONGEST, LearnedTerms, OnGone
from featurelib.transforms.registry import register


@register("multi_hot")
@dataclass(frozen=True)
class MultiHot(LearnedTerms):
    """Learn the frequent elements of lists, such as an item's tags, and give each a slot of a vector.

    Parameters
    ----------
    column
        List of texts, integers or booleans.
    size
        Elements that get a slot, the most frequent first; the vector has one slot more. 1 to 2^20.
    weights
        A column with a list of numbers, one for each element; the slots then hold sums of them.
    min_count
        Rows of the fitted days that must hold an element for it to have a slot; at least 1.
    on_gone
        As in `Vocabulary`.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    Adds ``<column>__multihot``, ``List(Float32)`` of always ``size + 1`` numbers: slot 0 is for elements that are not
    known, slot 1 for the one that most rows hold, ties by the element; slots without an element stay 0. A slot holds 1
    if the list has its element, else 0; with ``weights`` the sum of its elements' weights, from first to last (a null
    weight is 0; a sum that is no number is null). A null list is like an empty one, all 0; null elements are passed
    over. Null alone where the two lists are of different lengths, so that a schema without ``nullable`` finds it. For
    a model, ``column.explode().to_numpy()`` reshaped to ``(-1, size + 1)`` is the matrix. Counts merge exactly; a
    refit of the same size keeps the slots of elements that it knew.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"tags": [["new", "red"], ["red"], []], "shares": [[0.25, 0.5], [1.0], []]})
    >>> fit(MultiHot("tags", size=2), frame).transform(frame)["tags__multihot"].to_list()
    [[0.0, 1.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    >>> program = fit(MultiHot("tags", size=2, weights="shares"), frame)
    >>> program.transform_row({"tags": ["red", "old"], "shares": [0.5, 3]})
    {'tags__multihot': [3.0, 0.5, 0.0]}
    """

    column: str
    _: KW_ONLY
    size: int
    weights: str | None = None
    min_count: int = 1
    on_gone: OnGone = "keep"

    suffix = "multihot"
    unseen_buckets = 1

    def __post_init__(self) -> None:
        check_whole(self, "size", most=LONGEST, want="from 1 to 2**20")
        if self.weights == self.column:
            raise ParameterError(self, "weights", got=self.weights, want="another column")
        self.check_limits()

    @property
    def max_size(self) -> int:  # type: ignore[override]  # it is the size
        return self.size

    @property
    def view(self) -> Kind | tuple[Kind, ...]:  # type: ignore[override]  # it depends on the weights
        return "texts" if self.weights is None else ("texts", "numbers")

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,) if self.weights is None else (self.column, self.weights)

    @property
    def makes(self) -> tuple[str, ...]:
        return (f"{self.column}__{self.suffix}",)

    @property
    def learns(self) -> tuple[tuple[str, Kind], ...]:
        return ((self.column, "texts"),)

    def state(self) -> DocumentCounts:
        return DocumentCounts()

    def finish(self, learned: DocumentCounts) -> Iterable[Primitive]:
        yield self.index_of(learned.most_frequent_first(at_least=self.min_count, at_most=self.size)["term"])

    def index_of(self, terms: pl.Series) -> HotSlots:
        size, weighted = self.size + 1, self.weights is not None
        return HotSlots.of_terms(terms, first=1, missing=None, unseen=0, size=size, weighted=weighted)
