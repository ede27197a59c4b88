"""Impressions: the declaration of samples, one per impression."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from featurelib.errors import ColumnMissingError, DeclarationError, ParameterError
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
        needed = (label.column,) if isinstance(label, CarriedLabel) else label.keys
        for column in needed:
            if column not in self.log.table.columns:
                where = f"log {self.log.name!r}"
                raise ColumnMissingError(f"label {label.name!r}", column, where=where, columns=self.log.table.columns)

    @property
    def schema(self) -> pl.Schema:
        """Columns of the samples: the log's, then the labels'."""
        columns = dict(self.log.table.polars_schema())
        for label in self.labels:
            columns |= dict(label.schema)
        return pl.Schema(columns)

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
