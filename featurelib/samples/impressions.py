"""Impressions: the declaration of samples, one per impression unless a shape says otherwise."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, ParameterError
from featurelib.logs import Log
from featurelib.samples.delayed_feedback import DelayedFeedback
from featurelib.samples.labels import AttributedLabel, CarriedLabel, Label
from featurelib.samples.random_items import RandomItems
from featurelib.samples.sessions import Sessions
from featurelib.samples.step import RowMaker, RowRule, SampleStep, Shape


@dataclass(frozen=True)
class Impressions:
    """Declare samples: which logged rows, with which labels, and what is done to them before they are written.

    A partition goes the way of the parameters: its rows are read, without duplicates; labelled; put into sessions;
    thinned by the rules, in order; added to by the makers, in order; and given a shape. Nothing crosses the edge of a
    partition but labels: a session, a user's day and a list end with it.

    Parameters
    ----------
    log
        The impression log. All its columns are in the samples.
    labels
        Carried in the log's rows or attributed from other logs, at least one; the first is the one that selection
        looks at.
    key
        Columns that tell one sample from another, by which a rebuild counts the labels that changed; the log's event
        id by default. Where there is neither, changed labels are not counted.
    sessions
        Numbers the sessions of a user.
    keep
        Rules that drop rows, each with a reason that is counted.
    make
        What adds rows that were not logged.
    shape
        Another grain than one row per impression, such as `Lists`.
    every
        Length of a partition: ``1d``, or ``1h`` for days that are too large or too late.
    timezone
        Time zone whose days partition the samples, such as ``Europe/Berlin``. By event time.

    Raises
    ------
    DeclarationError
        If there is no label, two columns have the same name, a label's key is missing, or `RandomItems` comes after
        `DelayedFeedback`.
    ColumnMissingError
        If a step reads a column that the samples do not have at that point, or the key is not among them.
    ColumnTypeError
        If a carried label is no number, or a label's key or event time has another type in its own log.
    ParameterError
        If the time zone is unknown, or the length of a partition is another.
    """

    log: Log
    _: KW_ONLY
    labels: Sequence[Label]
    key: str | Sequence[str] = ()
    sessions: Sessions | None = None
    keep: Sequence[RowRule] = ()
    make: Sequence[RowMaker] = ()
    shape: Shape | None = None
    every: Literal["1d", "1h"] = "1d"
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        for name in ("labels", "key", "keep", "make"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        if not self.key and self.log.event_id is not None:
            object.__setattr__(self, "key", (self.log.event_id,))
        if not self.labels:
            raise DeclarationError(f"samples of log {self.log.name!r} have no label; give at least one.")
        if self.every not in ("1d", "1h"):
            raise ParameterError(self, "every", got=self.every, want="'1d' or '1h'")
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
        self._check_makers()
        _ = self.schema  # each step checks the columns that it is given
        for column in self.key:
            if column not in self.labelled_schema:
                raise ColumnMissingError("the key", column, where="the samples table", columns=self.labelled_schema)

    def _check_makers(self) -> None:
        delayed = [n for n, maker in enumerate(self.make) if isinstance(maker, DelayedFeedback)]
        late = [maker for maker in self.make[min(delayed, default=len(self.make)) :] if isinstance(maker, RandomItems)]
        if late:
            raise DeclarationError(
                f"{late[0]!r} comes after DelayedFeedback, which shows a positive twice and says when; an item that is "
                "drawn was never shown. Give it first: make=[RandomItems(...), DelayedFeedback(...)]."
            )

    def _check_label(self, label: Label) -> None:
        who, where, schema = f"label {label.name!r}", f"log {self.log.name!r}", self.log.table.polars_schema()
        if isinstance(label, CarriedLabel):
            if label.column not in schema:
                raise ColumnMissingError(who, label.column, where=where, columns=schema)
            if not (schema[label.column].is_numeric() or schema[label.column] == pl.Boolean()):
                want = "a number or boolean"
                raise ColumnTypeError(who, label.column, where=where, got=schema[label.column], want=want)
            return
        if label.log == self.log:
            raise DeclarationError(f"{who} is attributed from {where} to itself; use CarriedLabel.")
        cause = self._cause(label)
        where, schema = f"log {cause.name!r}", cause.table.polars_schema()
        theirs = label.log.table.polars_schema()
        for key in label.keys:
            if key not in schema:
                raise ColumnMissingError(who, key, where=where, columns=schema)
        for ours, column in [(cause.time, label.log.time), *((key, key) for key in label.keys)]:
            if theirs[column] != schema[ours]:
                want = f"{schema[ours]} like {ours!r} of {where}"
                raise ColumnTypeError(who, column, where=f"log {label.log.name!r}", got=theirs[column], want=want)

    def _cause(self, label: AttributedLabel) -> Log:
        """Return the log to whose events a label's events are credited."""
        if label.via is None:
            return self.log
        earlier = {other.name: other for other in self.labels[: list(self.labels).index(label)]}
        via = earlier.get(label.via)
        if not isinstance(via, AttributedLabel):
            known = [name for name, other in earlier.items() if isinstance(other, AttributedLabel)]
            raise DeclarationError(
                f"label {label.name!r} goes via {label.via!r}, which is no attributed label before it; there are: "
                f"{', '.join(known) or 'none'}."
            )
        if via.log == label.log:
            raise DeclarationError(f"label {label.name!r} is attributed from log {via.log.name!r} to itself.")
        return via.log

    @property
    def steps(self) -> Iterator[SampleStep]:
        """All steps, in the order in which rows go through them."""
        if self.sessions is not None:
            yield self.sessions
        yield from self.keep
        yield from self.make
        if self.shape is not None:
            yield self.shape

    @cached_property
    def labelled_schema(self) -> pl.Schema:
        """Columns before the first step: the log's, then the labels'."""
        return pl.Schema({**self.log.table.polars_schema(), **self.label_schema})

    @property
    def label_schema(self) -> pl.Schema:
        """Columns that labels add."""
        return pl.Schema({name: dtype for label in self.labels for name, dtype in label.schema.items()})

    @cached_property
    def schema(self) -> pl.Schema:
        """Columns of the samples: the log's, the labels', and what the steps make of them."""
        columns = self.labelled_schema
        for step in self.steps:
            columns = step.schema(columns)
        return columns

    @property
    def outcomes(self) -> frozenset[str]:
        """Columns that say what came of an impression: no feature may read them."""
        carried = {label.column for label in self.labels if isinstance(label, CarriedLabel)}
        carried |= {name for name, column in self.log.table.columns.items() if column.role == "label"}
        carried |= {name for step in self.steps for name in step.outcomes}
        return frozenset(carried.union(self.label_schema))

    def cause(self, label: AttributedLabel) -> AttributedLabel | None:
        """Return the label that one goes via; None if its events are credited straight to impressions."""
        return next((other for other in self.attributed if other.name == label.via), None)

    def reach(self, label: AttributedLabel) -> timedelta:
        """Return how long after an impression a label may still change: its window, and those it goes via."""
        cause = self.cause(label)
        return label.window + (timedelta() if cause is None else self.reach(cause))

    def settles_with(self, label: AttributedLabel, lateness: Callable[[Log], timedelta]) -> timedelta:
        """Return how long after an impression a label is final if each log had such a lateness.

        Its reach, and then the longest lateness of the logs that it is made of: its own, those of the labels it goes
        via, and the impression log, as a later impression takes a click, and a later click an order.
        """
        logs = [self.log]
        at: AttributedLabel | None = label
        while at is not None:
            logs.append(at.log)
            at = self.cause(at)
        return self.reach(label) + max(map(lateness, logs))

    @property
    def lookahead(self) -> timedelta:
        """How long after a partition's end its labels may still change."""
        return max((self.reach(label) for label in self.attributed), default=timedelta())

    @property
    def attributed(self) -> tuple[AttributedLabel, ...]:
        """The labels that come from logs of their own."""
        return tuple(label for label in self.labels if isinstance(label, AttributedLabel))

    @property
    def logs(self) -> tuple[Log, ...]:
        """All logs read, the impression log first, each once."""
        return tuple(dict.fromkeys([self.log, *(label.log for label in self.attributed)]))
