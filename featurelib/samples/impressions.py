"""Impressions: the declaration of samples, one per impression."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, ParameterError
from featurelib.logs import Log
from featurelib.samples.labels import AttributedLabel, CarriedLabel, Label


@dataclass(frozen=True)
class Impressions:
    """Declare samples: one row per impression, with its labels.

    Parameters
    ----------
    log
        The impression log. All its columns are in the samples.
    labels
        Carried in the log's rows or attributed from other logs, at least one; the first is the one that selection
        looks at.
    timezone
        Time zone whose days partition the samples, such as ``Europe/Berlin``. By event time.

    Raises
    ------
    DeclarationError
        If there is no label, two columns have the same name, or a label's key is missing.
    ColumnTypeError
        If a carried label is no number, or a label's key or event time has another type in its own log.
    ParameterError
        If the time zone is unknown.
    """

    log: Log
    _: KW_ONLY
    labels: Sequence[Label]
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if not self.labels:
            raise DeclarationError(f"samples of log {self.log.name!r} have no label; give at least one.")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ParameterError(self, "timezone", got=self.timezone, want="a zone such as Europe/Berlin") from error
        taken = set(self.log.table.columns)
        for label in self.labels:
            self._check_label(label)
            for name in label.schema:
                if name in taken and not (isinstance(label, CarriedLabel) and label.column == name):
                    raise DeclarationError(
                        f"label {label.name!r} adds column {name!r}, which the samples already have."
                    )
                taken.add(name)

    def _check_label(self, label: Label) -> None:
        who, where, schema = f"label {label.name!r}", f"log {self.log.name!r}", self.log.table.polars_schema()
        for column in (label.column,) if isinstance(label, CarriedLabel) else label.keys:
            if column not in schema:
                raise ColumnMissingError(who, column, where=where, columns=schema)
        if isinstance(label, CarriedLabel):
            if not (schema[label.column].is_numeric() or schema[label.column] == pl.Boolean()):
                want = "a number or boolean"
                raise ColumnTypeError(who, label.column, where=where, got=schema[label.column], want=want)
            return
        if label.log == self.log:
            raise DeclarationError(f"{who} is attributed from {where} to itself; use CarriedLabel.")
        theirs = label.log.table.polars_schema()
        for ours, column in [(self.log.time, label.log.time), *((key, key) for key in label.keys)]:
            if theirs[column] != schema[ours]:
                want = f"{schema[ours]} like {ours!r} of {where}"
                raise ColumnTypeError(who, column, where=f"log {label.log.name!r}", got=theirs[column], want=want)

    @property
    def schema(self) -> pl.Schema:
        """Columns of the samples: the log's, then the labels'."""
        columns = dict(self.log.table.polars_schema())
        for label in self.labels:
            columns |= dict(label.schema)
        return pl.Schema(columns)

    @property
    def outcomes(self) -> frozenset[str]:
        """Columns that say what came of an impression: no feature may read them."""
        carried = {label.column for label in self.labels if isinstance(label, CarriedLabel)}
        carried |= {name for name, column in self.log.table.columns.items() if column.role == "label"}
        return frozenset(carried.union(*(label.schema for label in self.labels)))

    @property
    def lookahead(self) -> timedelta:
        """How long after a partition's end its labels may still change."""
        return max(label.reach for label in self.labels)

    @property
    def attributed(self) -> tuple[AttributedLabel, ...]:
        """The labels that come from logs of their own."""
        return tuple(label for label in self.labels if isinstance(label, AttributedLabel))

    @property
    def logs(self) -> tuple[Log, ...]:
        """All logs read, the impression log first, each once."""
        return tuple(dict.fromkeys([self.log, *(label.log for label in self.attributed)]))
