"""Delayed feedback: train on what is known at once, and mend it when the outcome comes."""

from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from featurelib.errors import ColumnTypeError, DeclarationError
from featurelib.samples.step import PartitionFacts, RowMaker

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Numbers = TypeVar("Numbers", float, "npt.NDArray[np.floating]", pl.Series, pl.Expr)

SEEN_AT, DELAY, ELAPSED = "seen_at", "delay_s", "elapsed_s"


@dataclass(frozen=True)
class DelayedFeedback(RowMaker):
    """Show each impression at once as a negative, and each positive again when its outcome came.

    So a model can learn from today's impressions, whose windows are still open: in the order of ``seen_at`` the rows
    are the stream that a trainer would have read live. The negatives are fake until proven otherwise, and the loss or
    the prediction makes up for it: `fake_negative_weight`, or `calibrate_fake_negatives`.

    Parameters
    ----------
    label
        An attributed label, with its ``<label>__at``.
    time
        The event time.

    Raises
    ------
    DeclarationError
        If the samples already have one of the columns that it adds.
    ColumnMissingError, ColumnTypeError
        If a column is missing (a carried label has no ``<label>__at``), the label is no ``Int8``, the event time no
        instant, or the label's time of another type than the event time.

    Notes
    -----
    Every row stays, in order, with label 0 and ``seen_at`` = its event time. A row whose label is 1 is made again after
    all of these, in the same order and with the same row number, with label 1 and ``seen_at`` = ``<label>__at``. Other
    columns are the same on both.

    Adds ``seen_at``, of the event time's type; ``delay_s``, ``Float64``: seconds from the event to its outcome, null
    if there is none yet; ``elapsed_s``, ``Float64``: seconds from the event until outcomes were last looked for, at
    least 0. The two say the same of both rows of a positive, so a feature must not read them. For the model of
    Chapelle 2014, which takes each impression once, leave out the fake negatives: the rows with label 0 and a
    ``delay_s``.

    References
    ----------
    Ktena et al. 2019, "Addressing Delayed Feedback for Continuous Training with Neural Networks in CTR prediction":
    fake negatives, their weights and calibration. Chapelle 2014, "Modeling Delayed Feedback in Display Advertising":
    delay and elapsed time.

    Examples
    --------
    >>> noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    >>> rows = pl.LazyFrame({"at": [noon, noon], "buy": [0, 1], "buy__at": [None, noon + timedelta(minutes=5)]})
    >>> rows = rows.cast({"buy": pl.Int8})
    >>> facts = PartitionFacts(time="at", labels=pl.Schema(), observed_at=noon + timedelta(hours=1))
    >>> made = DelayedFeedback("buy", time="at").make(rows, rows, facts)
    >>> made.select("buy", pl.col("seen_at").dt.strftime("%H:%M"), "delay_s", "elapsed_s").collect().rows()
    [(0, '12:00', None, 3600.0), (0, '12:00', 300.0, 3600.0), (1, '12:05', 300.0, 3600.0)]
    """

    label: str
    _: KW_ONLY
    time: str

    @property
    def outcomes(self) -> tuple[str, ...]:
        """All that it adds."""
        return SEEN_AT, DELAY, ELAPSED

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns with the three of the delay at their end."""
        self.need((self.label, self.time, self._at), given)
        for column, fits, want in (
            (self.label, given[self.label] == pl.Int8(), "Int8"),
            (self.time, isinstance(given[self.time], pl.Datetime), "a Datetime"),
            (self._at, given[self._at] == given[self.time], f"{given[self.time]} like {self.time!r}"),
        ):
            if not fits:
                raise ColumnTypeError(self, column, where="the samples", got=given[column], want=want)
        for column in (SEEN_AT, DELAY, ELAPSED):
            if column in given:
                raise DeclarationError(f"{self!r} adds column {column!r}, which the samples already have.")
        return pl.Schema({**given, SEEN_AT: given[self.time], DELAY: pl.Float64(), ELAPSED: pl.Float64()})

    def make(self, rows: pl.LazyFrame, seen: pl.LazyFrame, facts: PartitionFacts) -> pl.LazyFrame:  # noqa: ARG002
        """Return the rows as negatives, then the positives."""
        timed = rows.with_columns(
            pl.col(self.time).alias(SEEN_AT),
            _seconds((pl.col(self._at) - pl.col(self.time)).dt.total_microseconds()).alias(DELAY),
            self._elapsed(facts.observed_at).alias(ELAPSED),
        )
        at_once = timed.with_columns(pl.lit(0, dtype=pl.Int8).alias(self.label))
        later = timed.filter(pl.col(self.label) == 1).with_columns(pl.col(self._at).alias(SEEN_AT))
        return pl.concat([at_once, later])

    @property
    def _at(self) -> str:
        return f"{self.label}__at"

    def _elapsed(self, observed_at: datetime) -> pl.Expr:
        # by microseconds since 1970: a column may be in another zone, and polars subtracts within one only
        observed_us = (observed_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return _seconds(observed_us - pl.col(self.time).dt.epoch("us")).clip(lower_bound=0.0)


def _seconds(micros: pl.Expr) -> pl.Expr:
    # NOTE: by a column: polars divides two rows or more by a constant by multiplying by its reciprocal, one row not
    return micros / (micros * 0 + 1_000_000)


def fake_negative_weight(label: Numbers, prediction: Numbers) -> Numbers:
    """Return what a row weighs in the loss, so that the fake negatives cancel out (fake negative weighted loss).

    Parameters
    ----------
    label
        1 or 0, as `DelayedFeedback` made it.
    prediction
        The model's current probability of a positive, 0 to 1; no gradient should flow through it.

    Returns
    -------
    ``1 + p`` for a positive, ``(1 - p)(1 + p)`` for a negative. Null and NaN stay.

    Notes
    -----
    Positives are in the stream twice, so of its rows a share ``b = p / (1 + p)`` are positive where the truth is
    ``p``. Weighting each by truth over stream gives ``p / b = 1 + p`` and ``(1 - p) / (1 - b) = (1 - p)(1 + p)``.

    References
    ----------
    Ktena et al. 2019, "Addressing Delayed Feedback for Continuous Training with Neural Networks in CTR prediction".

    Examples
    --------
    >>> fake_negative_weight(1, 0.5), fake_negative_weight(0, 0.5)
    (1.5, 0.75)
    """
    weight: Numbers = (1 + prediction) * (1 - (1 - label) * prediction)
    return weight


def calibrate_fake_negatives(biased: Numbers) -> Numbers:
    """Return the probability of a positive, given what a model says that was trained without weights on the stream.

    Parameters
    ----------
    biased
        Its probability, 0 to 1. At most one half is possible where every positive was a negative first.

    Returns
    -------
    ``b / (1 - b)``, and 1 from one half on. Null and NaN stay.

    References
    ----------
    Ktena et al. 2019 (fake negative calibration): ``b = p / (1 + p)`` as in `fake_negative_weight`, solved for ``p``.

    Examples
    --------
    >>> calibrate_fake_negatives(0.2), calibrate_fake_negatives(0.9)
    (0.25, 1.0)
    """
    if isinstance(biased, float | int):
        possible = min(max(biased, 0.0), 0.5)
        return possible / (1 - possible)
    within: Numbers = biased.clip(0.0, 0.5)
    unbiased: Numbers = within / (1 - within)
    return unbiased
