"""CrossSearch: find the pairs of columns that tell more together than apart, and cross these."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import combinations
from typing import Any

from featurelib.errors import ParameterError
from featurelib.fitting import Gain, PairCounts
from featurelib.parameters import check_name, check_number, check_whole
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind, Primitive
from featurelib.program.primitives import HashBucket, Index, JoinText
from featurelib.transforms.hash_buckets import check_buckets
from featurelib.transforms.hashed_cross import crossed
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform

_MOST_COLUMNS = 64
_MOST = 1000


@register("cross_search")
@dataclass(frozen=True)
class CrossSearch(Transform):
    """Try all pairs of some columns, and cross those that tell most of the label beyond their two columns.

    What `HashedCross` makes of a pair that you name, this makes of pairs that it finds.

    Parameters
    ----------
    columns
        Two to 64 text, integer or boolean columns. Bin a float before you cross it.
    name
        Begins the names of the crosses.
    label
        The label's column, read when the program is fitted and never after: 0 or 1. A row without one is left out.
    key
        Text, integer or boolean column, read by the fit alone: rows with one key are in one fold. Name the request
        where a request's rows share their outcome.
    top
        How many crosses to make, 1 to 1,000.
    buckets
        Slots of each cross besides the missing one, 1 to 2^32 - 2.
    folds
        How many; at least 2.
    min_count
        Rows that a combination needs in the other folds to count as one; at least 1.
    smoothing
        How many rows of what the two columns say each combination starts with; above 0.

    Raises
    ------
    ParameterError
        If a parameter is out of its range, the label or the key is among the columns, or they are one.
    DataRefusedError
        By the fit, if a label is neither 0 nor 1.

    Notes
    -----
    Adds ``<name>__cross_1`` to ``<name>__cross_<top>``, the best pair first: ``UInt32``, never null, 0 where a part is
    null, else 1 to ``buckets``, as `HashedCross`. Where fewer pairs gain, the columns that are left hold 0.

    The gain of a pair is taken on rows that it was not learned from: for each fold, the log-likelihood of its labels by
    the rates of combinations in the other folds, less that by a logistic model of the two columns alone (see
    `PairCounts.gains`). A pair gains if it does so in each fold. Two columns that hold one fact gain nothing, neither
    does a pair of which most combinations are new. Ties go by the order of ``columns``. Two crosses may tell the same:
    each is weighed against its own columns, not against the other crosses.

    All pairs and their gains, in nats for each labelled row, are in ``made["records"]`` of the program, and the best in
    the report of a build. The labels choose columns alone, so no row's cross holds its label, and nothing is fitted out
    of fold. The counts merge exactly; columns with many values each leave about one count for each row and pair.

    A refit keeps the pairs that an earlier program had, so that columns mean what they meant; only columns that held 0
    take new pairs. To search anew, give all numbers anew: ``renumber=True``, or ``featurelib fit --renumber``.

    References
    ----------
    Luo, Y. et al. (2019). AutoCross: automatic feature crossing for tabular data in real-world applications. KDD.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"a": [0, 0, 1, 1] * 50, "b": [0, 1, 0, 1] * 50, "c": [0] * 100 + [1] * 100})
    >>> frame = frame.with_columns(y=pl.col("a") ^ pl.col("b")).with_row_index("request")  # neither tells it alone
    >>> search = CrossSearch(["a", "b", "c"], name="best", label="y", key="request", top=2, buckets=100)
    >>> program = fit(search, frame)
    >>> [(pair["columns"], pair["feature"]) for pair in program.made["records"][0]["pairs"][:2]]
    [(['a', 'b'], 'best__cross_1'), (['b', 'c'], None)]
    >>> program.transform_row({"a": 0, "b": 1, "c": 1})
    {'best__cross_1': 26, 'best__cross_2': 0}
    """

    columns: Sequence[str]
    _: KW_ONLY
    name: str
    label: str
    key: str
    top: int
    buckets: int
    folds: int = 5
    min_count: int = 20
    smoothing: float = 20.0

    suffix = "cross"
    view = "text"
    continues = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", crossed(self, self.columns))
        if len(self.columns) > _MOST_COLUMNS:
            raise ParameterError(self, "columns", got=len(self.columns), want=f"at most {_MOST_COLUMNS}")
        check_name(self, "name")
        for name in ("label", "key"):
            if getattr(self, name) in self.columns:
                want = "a column that is not crossed: programs never see it"
                raise ParameterError(self, name, got=getattr(self, name), want=want)
        if self.key == self.label:
            raise ParameterError(self, "key", got=self.key, want="another column than the label")
        check_whole(self, "top", most=_MOST)
        check_buckets(self)
        check_whole(self, "folds", least=2, most=1000)
        check_whole(self, "min_count")
        check_number(self, "smoothing", fits=lambda rows: 0 < rows < math.inf, want="above 0")

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.columns)

    @property
    def learns(self) -> tuple[tuple[str, Kind], ...]:
        texts: list[tuple[str, Kind]] = [(column, "text") for column in self.columns]
        return *texts, (self.label, "number"), (self.key, "text")

    @property
    def makes(self) -> tuple[str, ...]:
        return tuple(f"{self.name}__{self.suffix}_{number}" for number in range(1, self.top + 1))

    def state(self) -> PairCounts:
        return PairCounts(self.label, len(self.columns), self.folds)

    def chains(self, learned: PairCounts) -> tuple[Chain, ...]:  # type: ignore[override]  # it has a state
        return self.continued(learned, ())

    def continued(self, learned: PairCounts, earlier: tuple[Chain, ...]) -> tuple[Chain, ...]:  # type: ignore[override]
        steps, pairs = tuple(self.finish(learned)), set(combinations(self.columns, 2))
        held = {
            chain.into: chain
            for chain in earlier
            if chain.steps == steps and not pairs.isdisjoint((chain.reads, chain.reads[::-1]))
        }
        taken = {frozenset(chain.reads) for chain in held.values()}
        best = (pair for pair in self._best(learned) if frozenset(pair) not in taken)
        made = []
        for into in self.makes:
            pair = None if into in held else next(best, None)
            nothing = Chain(into, self.reads[:1], "text", (Index((), missing=0, unseen=0),))
            made.append(held.get(into, nothing) if pair is None else Chain(into, pair, "text", steps))
        return tuple(made)

    def finish(self, learned: PairCounts) -> Iterable[Primitive]:  # noqa: ARG002  # of whatever pair
        yield JoinText()
        yield HashBucket(self.buckets)

    def record(self, learned: PairCounts, chains: tuple[Chain, ...]) -> dict[str, Any]:  # type: ignore[override]
        """Return all pairs, the one that gains most first, with the feature that crosses each."""
        features = {frozenset(chain.reads): chain.into for chain in chains if len(chain.reads) > 1}
        pairs = [
            {
                "columns": list(pair),
                "feature": features.get(frozenset(pair)),
                "gain": gain.total,
                "gain_by_fold": list(gain.folds),
                "rows": gain.rows,
                "combinations": gain.combinations,
            }
            for pair, gain in self._ranked(learned)
        ]
        return {"search": self.name, "label": self.label, "pairs": pairs}

    def _ranked(self, learned: PairCounts) -> list[tuple[tuple[str, str], Gain]]:
        gains = learned.gains(min_count=self.min_count, smoothing=self.smoothing)
        ranked = sorted(gains, key=lambda gain: (-gain.total, gain.pair))
        return [((self.columns[gain.pair[0]], self.columns[gain.pair[1]]), gain) for gain in ranked]

    def _best(self, learned: PairCounts) -> Iterator[tuple[str, str]]:
        return (pair for pair, gain in self._ranked(learned) if min(gain.folds) > 0)
