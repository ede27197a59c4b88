"""Labels: what came of an impression."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta

import polars as pl

from featurelib.durations import duration
from featurelib.errors import ColumnMissingError, ParameterError
from featurelib.logs import Log
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW

_PLACE = "@place"


@dataclass(frozen=True)
class CarriedLabel:
    """A label that the impression log carries in its rows.

    Parameters
    ----------
    name
        The label's column in the samples, ``Int8``: 1 where the log's column is true or above 0, 0 where it is not,
        null where it is null or NaN.
    column
        The log's column.
    """

    name: str
    _: KW_ONLY
    column: str

    @property
    def schema(self) -> pl.Schema:
        """Columns that it adds to the samples."""
        return pl.Schema({self.name: pl.Int8()})


@dataclass(frozen=True)
class AttributedLabel:
    """A label attributed from a log of its own, by keys and window (see `attribute` and `attribute_via`).

    Parameters
    ----------
    name
        The label's column in the samples, ``Int8``, 0 or 1. Adds ``<name>__count``, ``Int32`` (how many events were
        credited), and ``<name>__at``, the first one's time, null where there is none.
    log
        The log of clicks, or of what follows from one.
    keys
        Columns (or one) that both logs have: request and item, or user and item where there is no request id.
    within
        The attribution window, such as ``30m``; half-open.
    via
        An earlier label through which this one is credited: an order goes to the latest click with the same keys, if
        the click is recent enough, and so to the impression of that click. By default straight to an impression.

    Raises
    ------
    ParameterError
        If the window is empty, there is no key, or one is named twice.
    ColumnMissingError
        If the log lacks a key.
    """

    name: str
    log: Log
    _: KW_ONLY
    keys: str | Sequence[str]
    within: str | timedelta
    via: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", (self.keys,) if isinstance(self.keys, str) else tuple(self.keys))
        object.__setattr__(self, "within", duration(self, "within", self.within))
        if self.window <= timedelta():
            raise ParameterError(self, "within", got=str(self.within), want="longer than nothing")
        if not self.keys:
            raise ParameterError(self, "keys", got=self.keys, want="at least one column")
        if len(set(self.keys)) < len(self.keys):
            raise ParameterError(self, "keys", got=self.keys, want="each column once")
        for key in self.keys:
            if key not in self.log.table.columns:
                where = f"log {self.log.name!r}"
                raise ColumnMissingError(f"label {self.name!r}", key, where=where, columns=self.log.table.columns)

    @property
    def schema(self) -> pl.Schema:
        """Columns that it adds to the samples."""
        at = self.log.table.polars_schema()[self.log.time]
        return pl.Schema({self.name: pl.Int8(), f"{self.name}__count": pl.Int32(), f"{self.name}__at": at})

    @property
    def window(self) -> timedelta:
        """The attribution window."""
        return duration(self, "within", self.within)


Label = CarriedLabel | AttributedLabel


def add_carried(samples: pl.LazyFrame, label: CarriedLabel) -> pl.LazyFrame:
    """Add a label that the rows carry."""
    value = pl.col(label.column).cast(pl.Float64).fill_nan(None)  # NaN > 0 is true in polars
    return samples.with_columns((value > 0).cast(pl.Int8).alias(label.name))


def add_credits(samples: pl.LazyFrame, label: AttributedLabel, attributed: pl.DataFrame) -> pl.LazyFrame:
    """Add a label from attributed clicks.

    Parameters
    ----------
    samples
        Rows with their number in `ROW`; they and their order stay.
    label
        Names the columns.
    attributed
        What `attribute` returned, of which the click's time, `ROW` and `REASON` are read; clicks credited to no row
        of ``samples`` change nothing.

    Notes
    -----
    The plan holds 4 bytes for each row up to the last one that has a click, and 12 for each that has one.
    """
    count, at = f"{label.name}__count", f"{label.name}__at"
    credited = attributed.filter(pl.col(REASON).is_null() & pl.col(ROW).is_not_null())
    time = pl.col(label.log.time)
    per_row = credited.group_by(ROW).agg(pl.len().cast(pl.Int32).alias(count), time.min().alias(at)).sort(ROW)
    nothing = pl.DataFrame({count: [0], at: [None]}, schema=per_row.drop(ROW).schema)
    values = pl.concat([nothing, per_row.drop(ROW)])
    # NOTE: looked up by position: a join would build all columns of the rows anew, and a mapping hashes each number
    rows = 0 if per_row.is_empty() else per_row[ROW][-1] + 1
    places = pl.zeros(rows, pl.UInt32, eager=True).scatter(per_row[ROW], range(1, len(values)))
    place = pl.lit(places).gather(pl.col(ROW), null_on_oob=True).fill_null(0)
    looked_up = [pl.lit(values[name]).gather(pl.col(_PLACE)).alias(name) for name in (count, at)]
    labelled = samples.with_columns(place.alias(_PLACE)).with_columns(looked_up).drop(_PLACE)
    return labelled.with_columns((pl.col(count) > 0).cast(pl.Int8).alias(label.name))
