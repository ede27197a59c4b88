"""PairCounts: how each pair of several columns and a label occur together, in folds of the rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from featurelib.fitting.enumerated import enumerated, terms_of
from featurelib.fitting.labels_by_part import check_labels, folds_of
from featurelib.fitting.state import Form, State
from featurelib.fitting.tally import Labels, by_cell
from featurelib.program.hashing import hash_expr

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_COUNTS = pl.Schema(
    {"pair": pl.UInt16(), "one": pl.UInt64(), "other": pl.UInt64(), "fold": pl.Int32()}
    | {"rows": pl.Int64(), "positive": pl.Int64()}
)
_KEY = ["pair", "one", "other", "fold"]
_PASSES = 6  # of Newton's method, by turns over one column's values and the other's; more move nothing that is shown
_RIDGE = 1.0  # of the weight of a value: so many rows of variance one that say it is 0


@dataclass(frozen=True, slots=True)
class Gain:
    """What a cross of two columns tells of the label beyond the two.

    Attributes
    ----------
    pair
        Their places among the columns.
    folds
        By fold: nats for each labelled row, of whatever fold.
    rows
        Labelled rows that hold both.
    combinations
        Distinct ones that occur.
    """

    pair: tuple[int, int]
    folds: tuple[float, ...]
    rows: int
    combinations: int

    @property
    def total(self) -> float:
        """The gain over all folds."""
        return sum(self.folds)


@dataclass(frozen=True)
class PairCounts(State):
    """Rows and positive labels per pair of values and fold, for each pair of columns; exact under any merge.

    It reads ``width`` texts, the label, and the key of the fold. Values are known by their XXH64 alone. A row without
    label is left out, and of a pair of columns one that lacks one of them. Of columns with many values each, a pair has
    about one count a row.

    Parameters
    ----------
    label
        Name of the label, for errors.
    width
        How many columns.
    folds
        The fold of a row is ``XXH64(key) mod folds``, and 0 where the key is null.

    Attributes
    ----------
    table
        Frame of ``pair`` (its number, in the order of ``itertools.combinations``), ``one`` and ``other`` (hashes),
        ``fold``, ``rows`` and ``positive``; sorted.
    rows
        Rows with a label.
    """

    label: str = "label"
    width: int = 2
    folds: int = 5
    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_COUNTS))
    rows: int = 0

    @property
    def forms(self) -> Mapping[int, Form]:
        return {self.width + 1: "hashed"}

    def of(self, *columns: pl.Series) -> Self:
        """Return the summary of some rows.

        Raises
        ------
        DataRefusedError
            If a label is neither 0 nor 1.
        """
        *texts, label, key = columns
        check_labels(self.label, label, binary=True)
        there = label.is_not_null()
        fold, positive = folds_of(key, self.folds).filter(there), label.filter(there).cast(pl.Int64)
        coded = [_Coded.of(column.filter(there)) for column in texts]
        counted = [
            _counted(number, one, other, fold, positive, folds=self.folds)
            for number, (one, other) in enumerate(combinations(coded, 2))
        ]
        table = pl.concat([pl.DataFrame(schema=_COUNTS), *counted]).sort(_KEY)
        return self._with(table, len(positive))

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        tables = pl.concat([self.table, *(other.table for other in others)])
        table = tables.group_by(_KEY).agg(pl.col("rows", "positive").sum()).sort(_KEY)
        return self._with(table, self.rows + sum(other.rows for other in others))

    def _with(self, table: pl.DataFrame, rows: int) -> Self:
        return type(self)(self.label, self.width, self.folds, table, rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PairCounts) or self.rows != other.rows:
            return False
        same = (self.label, self.width, self.folds) == (other.label, other.width, other.folds)
        return same and self.table.equals(other.table)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    def gains(self, *, min_count: int, smoothing: float) -> tuple[Gain, ...]:
        """Return the gain of each pair, in the order of ``itertools.combinations``.

        For each fold, a logistic model with a weight for each value of the two columns is learned from the other folds,
        and one that also draws each combination with ``min_count`` rows there to its own rate: ``(positive + smoothing
        * p) / (rows + smoothing)``, with the first model's p. The gain is how much the second lifts the logarithm of
        the likelihood of the fold's labels.
        """
        asked = min_count, smoothing
        if asked not in self._known_gains:
            self._known_gains[asked] = tuple(self._gains(min_count, smoothing))
        return self._known_gains[asked]

    @cached_property
    def _known_gains(self) -> dict[tuple[int, float], tuple[Gain, ...]]:
        return {}  # NOTE: of a pair of a million combinations it takes seconds; steps and record both ask

    def _gains(self, min_count: int, smoothing: float) -> Iterator[Gain]:
        for number, pair in enumerate(combinations(range(self.width), 2)):
            table = self.table.filter(pl.col("pair") == number)
            cells = _Cells.of(table, self.folds)
            gained = [
                cells.gain(fold, min_count=min_count, smoothing=smoothing) / max(self.rows, 1)
                for fold in range(self.folds)
            ]
            yield Gain(pair, tuple(gained), int(table["rows"].sum()), len(cells.one))


@dataclass(frozen=True, slots=True)
class _Coded:
    """Texts as numbers, null as -1, and the hash of each number."""

    codes: "Array"
    hashes: pl.Series

    @classmethod
    def of(cls, texts: pl.Series) -> "_Coded":
        import numpy as np

        codes = enumerated(texts)
        hashes = pl.select(text=terms_of(codes)).select(hash_expr(pl.col("text"))).to_series()
        return cls(codes.to_physical().cast(pl.Int64).fill_null(-1).to_numpy().astype(np.int64), hashes)


def _counted(
    number: int, one: _Coded, other: _Coded, fold: pl.Series, positive: pl.Series, *, folds: int
) -> pl.DataFrame:
    both = (one.codes >= 0) & (other.codes >= 0)
    cell = ((one.codes * len(other.hashes) + other.codes) * folds + fold.to_numpy())[both]
    found, rows, total = by_cell([cell], Labels.of(positive.filter(both)), len(one.hashes) * len(other.hashes) * folds)
    values, fold_of = found // folds, found % folds
    first, second = values // max(len(other.hashes), 1), values % max(len(other.hashes), 1)
    made = {"one": one.hashes.gather(first), "other": other.hashes.gather(second), "fold": fold_of}
    counts = pl.DataFrame(made | {"rows": rows, "positive": total})
    return counts.select(pl.lit(number).alias("pair"), pl.all()).cast(_COUNTS)


@dataclass(frozen=True, slots=True)
class _Cells:
    """The combinations of two columns: the number of each value, and rows and positive labels by fold."""

    one: "Array"
    other: "Array"
    rows: "Array"
    positive: "Array"

    @classmethod
    def of(cls, table: pl.DataFrame, folds: int) -> "_Cells":
        import numpy as np

        place = table.select(first=pl.struct("one", "other").rle_id())["first"].to_numpy()
        first = np.flatnonzero(np.diff(place, prepend=-1))
        counts = np.zeros((2, len(first), folds))
        for into, column in zip(counts, ("rows", "positive"), strict=True):
            into[place, table["fold"].to_numpy()] = table[column].to_numpy()
        numbers = (np.unique(table[column].to_numpy()[first], return_inverse=True)[1] for column in ("one", "other"))
        return cls(*numbers, *counts)

    def gain(self, fold: int, *, min_count: int, smoothing: float) -> float:
        """Return the gain in the likelihood of a fold, in nats."""
        import numpy as np

        held = self.rows[:, fold], self.positive[:, fold]
        rows, positive = self.rows.sum(axis=1) - held[0], self.positive.sum(axis=1) - held[1]
        if not 0 < positive.sum() < rows.sum():
            return 0.0
        apart = self._apart(rows, positive)
        enough = rows >= min_count
        together = np.where(enough, (positive + smoothing * apart) / (rows + smoothing), apart)
        lifted = held[1] * np.log(together / apart) + (held[0] - held[1]) * np.log((1 - together) / (1 - apart))
        return float(lifted.sum())

    def _apart(self, rows: "Array", positive: "Array") -> "Array":
        """Return the chance of each combination by a weight for each value, without any for the combination."""
        import numpy as np

        rate = positive.sum() / rows.sum()
        logit = np.full(len(rows), np.log(rate / (1 - rate)))
        weights = [np.zeros(int(codes.max()) + 1) for codes in (self.one, self.other)]
        for _ in range(_PASSES):
            for codes, weight in zip((self.one, self.other), weights, strict=True):
                chance = _chance(logit)
                slope = np.bincount(codes, positive - rows * chance, len(weight)) - _RIDGE * weight
                curve = np.bincount(codes, rows * chance * (1 - chance), len(weight)) + _RIDGE
                step = np.clip(slope / curve, -2, 2)
                np.add(weight, step, out=weight)
                logit += step[codes]
        return _chance(logit)


def _chance(logit: "Array") -> "Array":
    import numpy as np

    chance: Array = 1 / (1 + np.exp(-logit))
    return chance
