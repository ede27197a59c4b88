"""MeanEmbedding: where the items of a list lie in a given space."""

import math
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

from featurelib.errors import ParameterError
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import MeanVector
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("mean_embedding")
@dataclass(frozen=True)
class MeanEmbedding(Transform):
    """Average the vectors that a model of yours gave to the elements of a list, such as the user's last items.

    Parameters
    ----------
    column
        List of texts, integers or booleans.
    vectors
        The vector of each element: numbers, as many for each; as texts, ``"7"`` for the integer 7. They become part of
        the program, so they suit some 100,000 numbers, not a catalogue of millions.

    Raises
    ------
    ParameterError
        If there is no vector, or they hold what is no finite number or not equally many, or are not given by texts.

    Notes
    -----
    Adds ``<column>__embedding``, ``List(Float32)``: the mean over the elements that have a vector, each as often as it
    is listed, summed in ``Float64`` in the order of the list. Null for a null list, and where no element has a vector.
    Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"items": [["a", "b", "new"], ["new"], None]})
    >>> mean = MeanEmbedding("items", vectors={"a": [1.0, 0.0], "b": [0.0, 3.0]})
    >>> fit(mean, frame).transform(frame)["items__embedding"].to_list()
    [[0.5, 1.5], None, None]
    """

    column: str
    _: KW_ONLY
    vectors: Mapping[str, Sequence[float]] = field(repr=False)

    suffix = "embedding"
    view = "texts"

    def __post_init__(self) -> None:
        terms = [term for term in self.vectors if not isinstance(term, str)]
        if terms:
            want = "by texts, as lists are read as texts: '7' for the integer 7"
            raise ParameterError(self, "vectors", got=terms[0], want=want)
        vectors = {term: self._numbers(vector) for term, vector in self.vectors.items()}
        sizes = {len(vector) for vector in vectors.values()}
        if len(sizes) != 1 or sizes == {0}:
            raise ParameterError(self, "vectors", got=f"sizes {sorted(sizes)}", want="vectors of one size, at least 1")
        object.__setattr__(self, "vectors", vectors)

    def _numbers(self, vector: Sequence[float]) -> tuple[float, ...]:
        try:
            numbers = None if isinstance(vector, str) else tuple(map(float, vector))
        except (TypeError, ValueError):
            numbers = None
        if numbers is None or not all(map(math.isfinite, numbers)):
            raise ParameterError(self, "vectors", got=reprlib.repr(vector), want="sequences of finite numbers")
        return numbers

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        terms = tuple(sorted(self.vectors))
        values = tuple(number for term in terms for number in self.vectors[term])
        yield MeanVector(terms, values, len(values) // len(terms))
