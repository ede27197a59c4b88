"""GbdtLeaves: cross numbers by boosted trees: in which leaf of each tree a row ends."""

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass

from featurelib.errors import ParameterError
from featurelib.fitting import RowSample
from featurelib.parameters import check_number, check_whole
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind, Primitive
from featurelib.transforms.boosted_trees import Boosting
from featurelib.transforms.fitted import NOT_GIVEN, FirstDays
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform

_MOST_LEAVES = 2**20  # of all trees: numbers of a vector


@register("gbdt_leaves")
@dataclass(frozen=True)
class GbdtLeaves(Transform):
    """Learn boosted trees that tell the label from several numbers, and give the leaf of each tree that a row ends in.

    A leaf is a cross of a few bins: ``price below 20, position above 3``. A linear model over leaves knows such
    crosses, which it cannot make itself.

    Parameters
    ----------
    columns
        Number or boolean columns, one or more.
    label
        The label's column, read when the program is fitted and never after: 0 or 1. A row without one is left out.
    key
        Text, integer or boolean column that differs from row to row, such as ``impression_id``: read by the fit alone,
        to choose the rows that trees are grown on. A row without one is left out.
    fitted
        Which rows the trees are grown on: `FirstDays`. There is no default, as trees that saw a row's label tell it
        again. `OutOfFold` and `EarlierDays` would grow other trees for other rows, and leaf 7 of one has nothing to do
        with leaf 7 of another.
    trees, leaves
        Trees, and leaves of each, at most; at least 1 and 2. Leaves of all trees: at most 2^20.
    learning_rate
        Share of what each tree explains that the next ones leave to it, above 0, at most 1.
    min_rows
        Sampled rows that a leaf needs; at least 1.
    sample
        Most rows of each day that trees are grown on: those with the smallest XXH64 of the key. At least 1.

    Raises
    ------
    ParameterError
        If a parameter is out of its range, a column is given twice, the label or the key is also read, or they are one.
    DataRefusedError
        By the fit, if a label is neither 0 nor 1.

    Notes
    -----
    Adds ``<a>_x_<b>__leaves``, ``List(UInt32)`` of always ``trees`` numbers, never null. That of leaf l of tree t, both
    from 0 on, is ``1 + t * leaves + l``: all differ, so they are the slots of one embedding or of one vector of
    ``1 + trees * leaves`` numbers. 0 is for a tree that was not grown, as no split gained, and for all trees in rows of
    the first days and before: train on rows after them. A row without time has leaves.

    A threshold is a value that occurs, and belongs to the upper side. Null and NaN go to the side that gained more in
    the sample, to the lower one if none was seen; -inf lies below all thresholds, +inf above. Where all labels are
    equal, or nothing was learned from, there is no tree. How trees are grown: `Boosting`. The sample merges exactly.

    References
    ----------
    He, X. et al. (2014). Practical lessons from predicting clicks on ads at Facebook. ADKDD.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> from featurelib.transforms import FirstDays, fit
    >>> frame = pl.DataFrame({"price": [1.0, 1.0, 9.0, 9.0], "rank": [1, 8, 1, 8], "clicked": [1, 0, 0, 0]})
    >>> frame = pl.concat([frame] * 4).with_row_index("id").with_columns(at=pl.lit(datetime(2026, 11, 1, tzinfo=UTC)))
    >>> first = FirstDays(time="at", days=1)
    >>> crossed = GbdtLeaves(["price", "rank"], label="clicked", key="id", fitted=first, trees=2, leaves=3, min_rows=1)
    >>> program = fit(crossed, frame)
    >>> later = frame.head(4).with_columns(at=pl.lit(datetime(2026, 11, 2, tzinfo=UTC)))
    >>> program.transform(later)["price_x_rank__leaves"].to_list()
    [[1, 4], [2, 6], [3, 5], [3, 6]]
    >>> program.transform(frame)["price_x_rank__leaves"][0].to_list()  # this row was learned from
    [0, 0]
    >>> program.transform_row({"price": 0.5, "rank": 9, "at": None})
    {'price_x_rank__leaves': [2, 6]}
    """

    columns: Sequence[str]
    _: KW_ONLY
    label: str
    key: str
    fitted: FirstDays = NOT_GIVEN
    trees: int = 30
    leaves: int = 12
    learning_rate: float = 0.1
    min_rows: int = 100
    sample: int = 100_000

    suffix = "leaves"

    def __post_init__(self) -> None:
        listed = (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)
        object.__setattr__(self, "columns", listed)
        if not listed or len(set(listed)) < len(listed):
            raise ParameterError(self, "columns", got=listed, want="one or more different columns")
        if not isinstance(self.fitted, FirstDays):
            raise ParameterError(
                self, "fitted", got=self.fitted, want="FirstDays(...): leaves of several forests cannot be compared"
            )
        for name in ("label", "key"):
            if getattr(self, name) in listed:
                want = "a column that is not read: programs never see it"
                raise ParameterError(self, name, got=getattr(self, name), want=want)
        if self.key == self.label:
            raise ParameterError(self, "key", got=self.key, want="another column than the label")
        check_whole(self, "leaves", least=2, most=_MOST_LEAVES)
        check_whole(self, "trees", most=_MOST_LEAVES // self.leaves)
        check_whole(self, "min_rows")
        check_whole(self, "sample")
        check_number(self, "learning_rate", fits=lambda share: 0 < share <= 1, want="above 0, at most 1")

    @property
    def view(self) -> tuple[Kind, ...]:  # type: ignore[override]  # one for each column
        number: Kind = "number"
        return *([number] * len(self.columns)), *self.fitted.kinds

    @property
    def reads(self) -> tuple[str, ...]:
        return *self.columns, *self.fitted.reads

    @property
    def learns(self) -> tuple[tuple[str, Kind], ...]:
        numbers: list[tuple[str, Kind]] = [(column, "number") for column in self.columns]
        return *numbers, (self.label, "number"), (self.key, "text"), (self.fitted.time, "time")

    @property
    def makes(self) -> tuple[str, ...]:
        return ("_x_".join(self.columns) + f"__{self.suffix}",)

    def state(self) -> RowSample:
        first = self.fitted
        return RowSample(self.label, len(self.columns), days=first.days, rows=self.sample, zone=first.zone)

    def chains(self, learned: RowSample) -> tuple[Chain, ...]:  # type: ignore[override]  # it has a state
        variant = self.fitted.chain(learned.table["day"].unique().sort().to_list())
        return variant, Chain(self.makes[0], (*self.columns, variant.into), "number", tuple(self.finish(learned)))

    def finish(self, learned: RowSample) -> Iterable[Primitive]:
        values = learned.table.drop("day", "hash", "label").to_numpy()
        boosting = Boosting(self.trees, self.leaves, self.learning_rate, self.min_rows)
        yield boosting.grow(values, learned.table["label"].to_numpy())
