"""VocabularyCross: an index for each frequent combination of columns."""

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass

from featurelib.fitting import CountTable
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import JoinText
from featurelib.transforms.hashed_cross import crossed
from featurelib.transforms.learned_terms import LearnedTerms, OnGone
from featurelib.transforms.registry import register


@register("vocabulary_cross")
@dataclass(frozen=True)
class VocabularyCross(LearnedTerms):
    """Cross columns, such as device and country, and number the combinations that are frequent enough.

    Against `HashedCross`: no two combinations share an index, and rare ones are told apart from frequent ones; but the
    combinations are learned, and lie in the program.

    Parameters
    ----------
    columns
        Two or more text, integer or boolean columns. Order matters. Bin a float before you cross it.
    min_count, max_size, room, unseen_buckets, on_gone
        Of combinations, as of the terms of a `Vocabulary`.

    Raises
    ------
    ParameterError
        If fewer than two columns are given, one is given twice, or another parameter is out of range.
    DeclarationError
        In a refit: if the earlier program numbered more combinations than ``max_size``.

    Notes
    -----
    Adds ``<a>_x_<b>__index``, ``UInt32``, never null: 0 where any part is null, 1 to ``unseen_buckets`` for what is not
    known, then the known combinations, most frequent first, ties by their texts. A combination is the text
    ``a + 0x1F + b``: two are told apart unless a part holds the unit separator 0x1F. An empty text is a part like any
    other. Refits keep numbers as a `Vocabulary` does. The fit counts every combination in the fitted days: of columns
    with many values each, that is about one a row.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"device": ["app", "app", "web", None], "country": ["DE", "DE", "DE", "DE"]})
    >>> program = fit(VocabularyCross(["device", "country"], min_count=2), frame)
    >>> program.transform(frame)["device_x_country__index"].to_list()
    [2, 2, 1, 0]
    """

    columns: Sequence[str]
    _: KW_ONLY
    min_count: int = 1
    max_size: int | None = None
    unseen_buckets: int = 1
    on_gone: OnGone = "keep"
    room: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", crossed(self, self.columns))
        self.check_limits()

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def finish(self, learned: CountTable) -> Iterable[Primitive]:
        yield JoinText()
        yield self.index(learned)
