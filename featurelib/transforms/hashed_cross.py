"""HashedCross: one bucket for a combination of columns."""

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass

from featurelib.errors import ParameterError
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import HashBucket, JoinText
from featurelib.transforms.hash_buckets import check_buckets
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("hashed_cross")
@dataclass(frozen=True)
class HashedCross(Transform):
    """Cross columns, such as query and category, and hash each combination to one of ``buckets`` slots.

    Parameters
    ----------
    columns
        Two or more text, integer or boolean columns. Order matters. Bin a float before you cross it.
    buckets
        Slots besides the missing one, 1 to 2^32 - 2.

    Raises
    ------
    ParameterError
        If fewer than two columns are given, one is given twice, or ``buckets`` is out of range.

    Notes
    -----
    Adds ``<a>_x_<b>__cross``, ``UInt32``, never null: 0 where any part is null, else 1 to ``buckets``: the hash of
    ``a + 0x1F + b``. Hashes are never combined by XOR: equal parts would cancel. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"query": ["tv", "tv", None], "country": ["DE", "FR", "DE"]})
    >>> cross = fit(HashedCross(["query", "country"], buckets=2**20), frame).transform(frame)
    >>> cross["query_x_country__cross"].n_unique(), cross["query_x_country__cross"][2]
    (3, 0)
    """

    columns: Sequence[str]
    _: KW_ONLY
    buckets: int

    suffix = "cross"
    view = "text"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", crossed(self, self.columns))
        check_buckets(self)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield JoinText()
        yield HashBucket(self.buckets)


def crossed(owner: Transform, columns: str | Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a cross; raise `ParameterError` unless they are two or more, each once."""
    listed = (columns,) if isinstance(columns, str) else tuple(columns)
    if len(listed) < 2 or len(set(listed)) < len(listed):
        raise ParameterError(owner, "columns", got=listed, want="two or more different columns")
    return listed
