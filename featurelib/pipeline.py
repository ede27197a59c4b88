"""Pipeline: everything between raw logs and feature table, declared in one object and checked when it is made."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from featurelib.cleaning import Cleaner
from featurelib.days import Days, day_bounds, hour_bounds, hours_in
from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, ParameterError, UsageError
from featurelib.fitting import Operator, check_names_taken
from featurelib.logs import Log
from featurelib.program.chain import Chain
from featurelib.program.view import element
from featurelib.samples import Impressions
from featurelib.schema import Table
from featurelib.selection import Selector
from featurelib.tables import Partition
from featurelib.tables.partition import shared_partition
from featurelib.transforms import Feature, Transform
from featurelib.windows import Question, TileSpec, Window, questions
from featurelib.windows.window import KINDS, combined, kind_of
from featurelib.workspace import TILES


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Declare how raw logs become a feature table.

    Parameters
    ----------
    name
        Name of the pipeline and of its directory: lower case letters, digits and underscores.
    samples
        Which rows, with which labels.
    cleaning
        Repairs, in order; features see the repaired columns, the samples table keeps what was logged.
    windows
        Point-in-time features, added to the samples.
    features
        Transforms, each making one column; in order, and one may read what an earlier one made. A transform without a
        name of its own makes ``<input>__<suffix>``.
    selection
        Rules that drop features, in order; the first label is the one they look at.
    table
        The feature table, from ``schemas/``. It lists every feature; its other columns are carried over from the
        samples (keys, labels, times). A feature that selection drops is null in all rows.
    fit
        The days that a first program is fitted on; keep the days that you evaluate on out of it.

    Raises
    ------
    DeclarationError
        If the parts do not fit together; the message names the object, what it needs and what is there. Raised when
        the pipeline is made, before any data is read.
    """

    name: str
    samples: Impressions
    cleaning: Sequence[Cleaner] = ()
    windows: Sequence[Window] = ()
    features: Sequence[Feature | Transform]
    selection: Sequence[Selector] = ()
    table: type[Table]
    fit: Days

    def __post_init__(self) -> None:
        for name in ("cleaning", "windows", "features", "selection"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ParameterError(self, "name", got=self.name, want="lower case letters, digits and underscores")
        if self.name == TILES:
            raise ParameterError(self, "name", got=self.name, want="another: all pipelines keep their tiles there")
        if not self.features:
            raise DeclarationError(f"{self} has no features; give at least one.")
        self._check_logs()
        self._check_windows()
        self._check_operators()
        self._check_label()
        self._check_table()

    def __str__(self) -> str:
        return f"pipeline {self.name!r}"

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r})"

    def _check_logs(self) -> None:
        names = [log.name for log in self.logs]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DeclarationError(f"{self} reads two different logs called {twice[0]!r}; give each its own name.")

    def _check_windows(self) -> None:
        taken = set(self.samples.schema)
        held = self.samples.schema
        for window in self.windows:
            if [other.name for other in self.windows].count(window.name) > 1:
                raise DeclarationError(f"{self} has two windows called {window.name!r}; give each its own name.")
            self._check_leaks(window)
            for column in (*window.entity, self.samples.log.time):
                if column not in held:
                    raise ColumnMissingError(f"window {window.name!r}", column, where="the samples table", columns=held)
            for column in window.entity:
                self._check_entity(window, column)
            for name in window.makes:
                if name in taken:
                    raise DeclarationError(
                        f"window {window.name!r} adds a column {name!r} that the samples already have."
                    )
                taken.add(name)

    def _check_entity(self, window: Window, column: str) -> None:
        """Refuse an entity whose text in a log may never be that in the samples."""
        held, logged = self.samples.schema[column], self.samples.log.table.polars_schema().get(column)
        one = logged if logged is not None and held == pl.List(logged) else held
        kind = kind_of(one)
        if kind is None:
            raise ColumnTypeError(window, column, where="the samples table", got=held, want=f"an entity: {KINDS}")
        for log in window.logs:
            theirs = log.table.polars_schema()[column]
            if kind_of(theirs) != kind:
                raise ColumnTypeError(window, column, where=str(log), got=theirs, want=f"{kind}, as in the samples")

    def _check_leaks(self, window: Window) -> None:
        """Refuse a window that reads what came of an impression as if it was known when it was shown."""
        outcomes = self.samples.outcomes
        for column in window.entity:
            if column in outcomes:
                raise DeclarationError(f"{window!r} is by {column!r}, which a label is made of: that leaks it.")
        for spec in window.tiles(self.samples.timezone):
            told = [column for column in spec.values if column in outcomes and spec.log == self.samples.log]
            if told and not window.delay:
                raise DeclarationError(
                    f"{window!r} reads {told[0]!r} of earlier impressions as soon as they are shown, but a label is "
                    "made of it, and known later: give a delay at least as long as that takes."
                )

    def _check_operators(self) -> None:
        outcomes = self.samples.outcomes
        known: dict[str, pl.DataType | None] = dict(self.sample_schema)
        label = element(self.sample_schema.get(self.label, pl.Null()))
        if label is not None:
            known[self.label] = label  # NOTE: a fit is given the greatest value of each list
        for operator in self.operators:
            read = zip(operator.reads, operator.kinds, strict=True)
            for column, kind in dict.fromkeys((*read, *operator.learns)):
                if column in operator.reads and column in outcomes:
                    raise DeclarationError(f"{operator!r} reads {column!r}, which a label is made of: that leaks it.")
                if column not in known:
                    raise ColumnMissingError(operator, column, where="what comes before it", columns=known)
                dtype = known[column]
                if dtype is not None:
                    look = Chain(operator.makes[-1], (column,), kind, ())
                    look.check_input(column, dtype, where="the samples")
            # NOTE: what a step makes is known when it is fitted; only existence is checked for what reads it
            known |= dict.fromkeys(operator.makes)
        check_names_taken(self.operators, self.sample_schema)
        names = self.feature_names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DeclarationError(
                f"{self} makes feature {twice[0]!r} twice; name one of them with Feature(name, ...)."
            )

    def _check_label(self) -> None:
        dtype = self.samples.schema.get(self.label)
        value = dtype.inner if isinstance(dtype, pl.List) else dtype
        if not isinstance(value, pl.DataType) or not value.is_numeric():
            raise DeclarationError(
                f"selection of {self} reads the first label, {self.label!r}, of each sample: a number or a list of "
                f"numbers. {self.samples.shape!r} makes it {dtype or 'no column'}; have it keep that label, or name "
                "another one first."
            )

    def _check_table(self) -> None:
        columns = self.table.columns
        for name in self.feature_names:
            if name not in columns:
                raise ColumnMissingError(f"{self}'s feature table", name, where=self.table.__name__, columns=columns)
        schema = self.sample_schema
        for name in self.carried:
            if name not in schema:
                where = "no feature makes and the samples table"
                raise ColumnMissingError(f"table {self.table.__name__}", name, where=where, columns=[*schema])
            if columns[name].dtype != schema[name]:
                raise DeclarationError(
                    f"table {self.table.__name__} declares {name!r} as {columns[name].dtype}, the samples have "
                    f"{schema[name]}; declare that type."
                )

    @property
    def operators(self) -> tuple[Operator, ...]:
        """Cleaning, then features: what a fit turns into a program."""
        return (*self.cleaning, *self.features)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Columns that the features make, in order."""
        return tuple(name for feature in self.features for name in feature.makes)

    @property
    def carried(self) -> tuple[str, ...]:
        """Columns of the feature table that come from the samples unchanged."""
        features = set(self.feature_names)
        return tuple(name for name in self.table.columns if name not in features)

    @property
    def label(self) -> str:
        """The first label: the one that selection looks at. Of a list, it looks at the greatest value."""
        return self.samples.labels[0].name

    @cached_property
    def sample_schema(self) -> pl.Schema:
        """Columns of the samples table: the log's, the labels', the windows'."""
        windows = {
            name: pl.List(dtype) if self.asks_lists(window.entity) else dtype
            for window in self.windows
            for name, dtype in window.makes.items()
        }
        return pl.Schema({**self.samples.schema, **windows})

    def is_private(self, column: str) -> bool:
        """Return whether values of a column, or of anything that it is made of, are of a person.

        A column of which no table says what it holds counts as private.
        """
        return column in self._private or column not in {*self.table.columns, *self.sample_schema}

    @cached_property
    def _private(self) -> frozenset[str]:
        """The private ones of all columns: those of a person, unknown ones, and what is made of either."""
        ours, logged = self.table.columns, self.samples.log.table.columns
        private = {name for columns in (logged, ours) for name, column in columns.items() if column.pii != "none"}
        private |= self.samples.schema.keys() - logged.keys() - ours.keys()
        for window in self.windows:
            specs = (*window.tiles(self.samples.timezone), *window.surveyed(self.samples.timezone))
            read = [spec.log.table.columns[name] for spec in specs for name in (*spec.by, *spec.values)]
            if not private.isdisjoint(window.entity) or any(column.pii != "none" for column in read):
                private |= window.makes.keys()
        for operator in self.operators:
            # NOTE: terms come of what is learned; of an outcome no value is kept, only how often it came
            learned = {name for name, _ in operator.learns} - self.samples.outcomes
            if not private.isdisjoint({*operator.reads, *learned}):
                private |= set(operator.makes)
        return frozenset(private)

    def asks_lists(self, by: Sequence[str]) -> bool:
        """Return whether the samples list some of an entity's columns, or their times: so they do its windows."""
        return any(isinstance(self.samples.schema[column], pl.List) for column in (*by, self.samples.log.time))

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What the windows ask of the past: one for each entity and grain."""
        return questions(self.windows, self.samples.timezone)

    @cached_property
    def tiles(self) -> tuple[TileSpec, ...]:
        """The tiles that the windows read and learn from, each once."""
        specs = [spec for question in self.questions for spec in (*question.tiles, *question.surveyed)]
        return tuple(replace(spec, every=self.samples.every) for spec in combined(specs))

    @property
    def logs(self) -> tuple[Log, ...]:
        """All logs read, the impression log first, each once."""
        return tuple(dict.fromkeys([*self.samples.logs, *(log for window in self.windows for log in window.logs)]))

    def partitions(self, wanted: Days | Sequence[Partition]) -> list[Partition]:
        """Return the partitions of some days, ascending; partitions that are given as such each once.

        Raises
        ------
        UsageError
            If one of them is an hour of a pipeline by days, a day of one by hours, or an hour that its day lacks.
        """
        if isinstance(wanted, Days):
            if self.samples.every == "1d":
                return [shared_partition(day) for day in wanted]
            zone = self.samples.timezone
            return [shared_partition(day, hour) for day in wanted for hour in range(hours_in(day, zone))]
        for partition in wanted:
            _ = self.bounds(partition)
        return sorted(set(wanted))

    def bounds(self, partition: Partition) -> tuple[datetime, datetime]:
        """Return the instants between which a partition lies, in UTC.

        Raises
        ------
        UsageError
            If the pipeline has no such partition.
        """
        if (partition.hr is None) != (self.samples.every == "1d"):
            length = "days, such as 2026-11-01" if self.samples.every == "1d" else "hours, such as 2026-11-01T05"
            raise UsageError(f"partitions of {self} are {length}, got {partition}.")
        if partition.hr is None:
            return day_bounds(partition.dt, self.samples.timezone)
        return hour_bounds(partition.dt, partition.hr, self.samples.timezone)

    def partitions_between(self, start: datetime, end: datetime) -> list[Partition]:
        """Return the partitions that have a moment of ``[start, end)``, ascending."""
        zone, last = ZoneInfo(self.samples.timezone), end - timedelta(microseconds=1)
        days = Days(start.astimezone(zone).date(), last.astimezone(zone).date())
        spans = [(partition, self.bounds(partition)) for partition in self.partitions(days)]
        return [partition for partition, (begin, stop) in spans if begin < end and start < stop]

    def mature_at(self, partition: Partition) -> datetime:
        """Return when the labels of a partition are final: its windows are closed, and late rows have landed.

        Until a window closes, an event may come that makes the label, or a later impression (or, for a label that goes
        via another, a later event of that one's log) that takes it. Each of these may land late.
        """
        return self.bounds(partition)[1] + self.settles_after

    @property
    def settles_after(self) -> timedelta:
        """How long after a partition's end its labels are final."""
        return self.settles_with(lambda log: log.lateness)

    def settles_with(self, lateness: Callable[[Log], timedelta]) -> timedelta:
        """Return how long after a partition's end its labels were final if each log had such a lateness."""
        waits = [self.samples.settles_with(label, lateness) for label in self.samples.attributed]
        return max([*waits, *(lateness(log) for log in self.logs)])

    @property
    def lookback_days(self) -> int:
        """How many earlier days of 24 hours the windows of one day of samples read."""
        reach = max((window.reach for window in self.windows), default=timedelta())
        return -(-reach // timedelta(days=1))

    def looked_back(self, partitions: Sequence[Partition]) -> list[Partition]:
        """Return the partitions whose tiles the windows of some may read, ascending; these included."""
        start, _ = self.bounds(min(partitions))
        _, end = self.bounds(max(partitions))
        back = max((window.reads_back(self.samples.timezone) for window in self.windows), default=timedelta())
        return self.partitions_between(start - back, end)

    def describe(self) -> dict[str, Any]:
        """Return what the pipeline reads, makes and needs, as plain data for `featurelib show`."""
        return {
            "pipeline": self.name,
            "reads": {log.name: log.files for log in self.logs},
            "lookback_days": self.lookback_days,
            "partitions": f"{self.samples.every}, {self.samples.timezone}",
            "lookahead": str(self.samples.lookahead),
            "labels": [label.name for label in self.samples.labels],
            "steps": [repr(step) for step in self.samples.steps],
            "cleaning": [repr(cleaner) for cleaner in self.cleaning],
            "windows": [name for window in self.windows for name in window.makes],
            "tiles": [spec.name for spec in self.tiles],
            "features": list(self.feature_names),
            "selection": [repr(rule) for rule in self.selection],
            "carried": list(self.carried),
            "fit": str(self.fit),
            "table": f"{self.table.__name__} v{self.table.version}",
        }
