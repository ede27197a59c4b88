"""Fractions: keep a part of the negatives, and say how much each row stands for."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from featurelib.errors import ColumnTypeError, ParameterError
from featurelib.samples.keyed_hash import check_keys, in_share
from featurelib.samples.step import DROPPED, WEIGHT, RowRule

if TYPE_CHECKING:
    import numpy as np

_STEP = "keep_fraction"

Prediction = TypeVar("Prediction", float, "np.ndarray[Any, Any]", pl.Series, pl.Expr)


@dataclass(frozen=True)
class KeepFraction(RowRule):
    """Keep each positive, and a share of the other rows by a hash of their keys. Reason: ``sampled_out``.

    Parameters
    ----------
    rate
        The share of negatives that stays, above 0 and at most 1; 1 keeps all.
    label
        1 is a positive; 0 and null are negatives.
    keys
        What is drawn: rows with the same keys stay or go together. The key of the samples draws row by row.
    seed
        Another seed draws other rows.

    Raises
    ------
    ParameterError
        If ``rate`` is out of its range or there is no key.

    Notes
    -----
    Adds ``sample_weight``, ``Float64``: 1 for a positive, 1 / ``rate`` for a negative; where the column is there
    already, it is multiplied. A model trained without the weights predicts too much: see `calibrate`.

    A negative stays where ``keyed_hash("keep_fraction", seed, keys) < floor(rate * 2 ** 64)`` (see
    `featurelib.samples.keyed_hash`), so a larger rate with the same seed and keys keeps the same rows and more. For the
    same reason a second of these over the same keys needs another seed: with the same it drops nothing more, and
    weighs as if it had. No feature may read the weight, which tells positives from negatives.

    References
    ----------
    X. He et al., "Practical lessons from predicting clicks on ads at Facebook", ADKDD 2014.

    Examples
    --------
    >>> rows = pl.LazyFrame({"id": ["a", "b", "c", "d"], "click": [1, 0, 0, None]}).with_columns(
    ...     pl.lit(None, pl.String).alias(DROPPED)
    ... )
    >>> KeepFraction(0.5, label="click", keys=["id"], seed=4).mark(rows).select(DROPPED, WEIGHT).collect().rows()
    [(None, 1.0), ('sampled_out', 2.0), (None, 2.0), ('sampled_out', 2.0)]
    """

    rate: float
    _: KW_ONLY
    label: str
    keys: Sequence[str]
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", (self.keys,) if isinstance(self.keys, str) else tuple(self.keys))
        if not 2**-64 <= self.rate <= 1:
            raise ParameterError(self, "rate", got=self.rate, want="at least 2**-64 and at most 1")
        if not self.keys:
            raise ParameterError(self, "keys", got=self.keys, want="at least one column")

    @property
    def outcomes(self) -> tuple[str, ...]:
        """``sample_weight``: below 1 / ``rate`` it gives a positive away."""
        return (WEIGHT,)

    @property
    def reasons(self) -> tuple[str, ...]:
        """``sampled_out``."""
        return ("sampled_out",)

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns with ``sample_weight``."""
        self.need([self.label], given)
        check_keys(self, self.keys, given)
        if WEIGHT in given and given[WEIGHT] != pl.Float64:
            raise ColumnTypeError(self, WEIGHT, where="the samples", got=given[WEIGHT], want="Float64")
        return pl.Schema({**given, WEIGHT: pl.Float64()})

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """As `RowRule.mark`."""
        positive = (pl.col(self.label) == 1).fill_null(value=False)
        weight = pl.when(positive).then(1.0).otherwise(1 / self.rate)
        if WEIGHT in rows.collect_schema():
            weight *= pl.col(WEIGHT)
        stays = positive | in_share(_STEP, self.seed, self.keys, self.rate)
        dropped = pl.coalesce(DROPPED, pl.when(~stays).then(pl.lit("sampled_out")))
        return rows.with_columns(dropped, weight.alias(WEIGHT))


def calibrate(prediction: Prediction, rate: float) -> Prediction:
    """Return the probability that a prediction stands for, where a model saw a share of the negatives.

    Parameters
    ----------
    prediction
        Of a model trained on positives and on ``rate`` of the negatives without weights, within 0 and 1: a number, a
        NumPy array, a polars column or an expression. NaN and null stay.
    rate
        The share, above 0 and at most 1.

    Raises
    ------
    ParameterError
        If ``rate`` is out of its range.

    Notes
    -----
    ``p / (p + (1 - p) / rate)``; 0, 1 and the order of predictions stay.

    References
    ----------
    X. He et al., "Practical lessons from predicting clicks on ads at Facebook", ADKDD 2014, section 6.3.

    Examples
    --------
    >>> round(calibrate(0.5, 0.1), 4)
    0.0909
    """
    if not 0 < rate <= 1:
        raise ParameterError("calibrate", "rate", got=rate, want="above 0 and at most 1")
    # NOTE: times the reciprocal, which is what polars computes for a quotient by a constant: all four agree to the bit
    return prediction / (prediction + (1 - prediction) * (1 / rate))
