"""Vocabulary: replace a term by an index that means the same in training and in serving."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.errors import ParameterError
from featurelib.fitting import CountTable
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Index
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("vocabulary")
@dataclass(frozen=True)
class Vocabulary(Transform):
    """Learn which terms are frequent enough to deserve an index of their own.

    Parameters
    ----------
    column
        Text, integer or boolean column such as ``query_lang``. Case matters: normalise in ``cleaning`` first.
    min_count
        Rows a term needs in the fitted days; at least 1.
    max_size
        Most terms to keep, the most frequent first; ``None`` for all.

    Raises
    ------
    ParameterError
        If ``min_count`` or ``max_size`` is below 1.

    Notes
    -----
    Adds ``<column>__index``, ``UInt32``, never null: 0 is missing, 1 out of vocabulary, 2 the most frequent term. The
    empty text is a term like any other. Ties are ordered by the term, so a refit on the same days gives the same
    indices. Fits in one pass; the counts merge exactly.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(Vocabulary("lang", min_count=2), pl.DataFrame({"lang": ["en", "en", "fr", None]}))
    >>> program.transform(pl.DataFrame({"lang": ["en", "tlh", None]}))["lang__index"].to_list()
    [2, 1, 0]
    >>> program.transform_row({"lang": "en"})
    {'lang__index': 2}
    """

    column: str
    _: KW_ONLY
    min_count: int = 1
    max_size: int | None = None

    suffix = "index"
    view = "text"

    def __post_init__(self) -> None:
        if self.min_count < 1:
            raise ParameterError(self, "min_count", got=self.min_count, want="at least 1")
        if self.max_size is not None and self.max_size < 1:
            raise ParameterError(self, "max_size", got=self.max_size, want="at least 1")

    def state(self) -> CountTable:
        return CountTable()

    def finish(self, learned: CountTable) -> Iterable[Primitive]:
        terms = learned.most_frequent_first(at_least=self.min_count, at_most=self.max_size)["term"]
        yield Index(tuple(terms), first=2, missing=0, unseen=1)
