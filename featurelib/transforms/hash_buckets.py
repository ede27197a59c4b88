"""HashBuckets: give any term a bucket, without a vocabulary."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.parameters import check_whole
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import HashBucket
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform

_MOST = 2**32 - 2


@register("hash_buckets")
@dataclass(frozen=True)
class HashBuckets(Transform):
    """Hash a term to one of ``buckets`` slots.

    Parameters
    ----------
    column
        Text, integer or boolean column such as ``user_id``.
    buckets
        Slots besides the missing one, 1 to 2^32 - 2. Terms that share a slot cannot be told apart.

    Raises
    ------
    ParameterError
        If ``buckets`` is out of range.

    Notes
    -----
    Adds ``<column>__bucket``, ``UInt32``, never null: 0 is missing, else 1 to ``buckets``: 1 + XXH64(text) mod buckets,
    seed 42, the same on every version, machine and engine. Unseen terms need no special slot; the empty text is hashed
    like any other. Nothing is fitted.

    References
    ----------
    Weinberger, K. et al. (2009). Feature hashing for large scale multitask learning.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> fit(HashBuckets("user", buckets=1000), pl.DataFrame({"user": ["u1"]})).transform_row({"user": None})
    {'user__bucket': 0}
    """

    column: str
    _: KW_ONLY
    buckets: int

    suffix = "bucket"
    view = "text"

    def __post_init__(self) -> None:
        check_buckets(self)

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield HashBucket(self.buckets)


def check_buckets(owner: Transform) -> None:
    """Raise `ParameterError` if a transform's number of buckets does not fit ``UInt32`` beside the missing slot."""
    check_whole(owner, "buckets", most=_MOST, want="from 1 to 2**32 - 2")
