"""Content: what a page tells, as plain data; whoever gathers it decides what is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from featurelib.errors import ConservationError

Level = Literal["good", "watch", "bad"]
"""How a thing stands: as it should be; worth a look; to be acted on."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that needs a look.

    Attributes
    ----------
    level
        How bad it is.
    text
        What it is, in one sentence.
    section
        Where the page tells more: the id of one of its sections, such as ``checks``.
    """

    level: Level
    text: str
    section: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What became of the rows of one stage.

    Attributes
    ----------
    name
        What goes in, such as the name of a log.
    rows_in, kept
        Rows that went in and came out.
    dropped
        Rows set aside, by reason.
    made
        Rows added that did not go in.

    Raises
    ------
    ConservationError
        If rows are lost or come from nowhere.
    """

    name: str
    rows_in: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        if self.rows_in + self.made != self.kept + sum(self.dropped.values()):
            counts = {"rows_in": self.rows_in, "made": self.made, "kept": self.kept}
            raise ConservationError(self.name, "the report", **counts, dropped=dict(self.dropped))


@dataclass(frozen=True, slots=True)
class Path:
    """The way of the rows of one log: what a stage keeps goes into the next.

    Attributes
    ----------
    stages
        In order, at least one.
    ends_in
        What the last stage's rows become, such as ``features``.

    Raises
    ------
    ConservationError
        If a stage keeps another number of rows than goes into the next.
    """

    stages: tuple[Stage, ...]
    ends_in: str

    def __post_init__(self) -> None:
        for before, after in pairwise(self.stages):
            if before.kept != after.rows_in:
                where = f"{before.name} to {after.name}"
                raise ConservationError(
                    where, "the report", rows_in=before.kept, made=0, kept=after.rows_in, dropped={}
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """What one check came to, over all partitions.

    Attributes
    ----------
    id, rule, owner, declared_at
        As declared: the rule with its limit in words.
    status
        The worst of all partitions: ``passed``, ``warned``, ``quarantined`` or ``failed``.
    rows_bad
        Rows that count against it.
    partitions_bad
        Partitions in which some do.
    seen
        What was seen in the last of these, such as ``1.7 .. 9.3``.
    example
        A row that breaks it, in words; empty if none is at hand.
    since
        Since when, in words.
    """

    id: str
    rule: str
    status: Literal["passed", "warned", "quarantined", "failed"]
    rows_bad: int = 0
    partitions_bad: int = 0
    seen: str = ""
    example: str = ""
    since: str = ""
    owner: str = ""
    declared_at: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Partitions that could not be built, for one cause.

    Attributes
    ----------
    title
        Which, when it was tried, and what went wrong.
    text
        What was printed then, line by line.
    """

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature: what it is, what selection made of it, how it is distributed now and in its baseline.

    Attributes
    ----------
    name, doc, unit
        As declared.
    made_by
        What computes it, as declared.
    kept, rule, why
        What selection decided, by which rule, and why; kept is None where it has decided nothing yet.
    mutual_information, distinct
        Its scores, in nats and values; None if it has none.
    cells
        Names of the cells into which its values are cut; the last one counts null and NaN.
    now, before
        Rows by cell, in the partitions of the page and in the baseline; empty where not measured.
    rates
        Label rate by cell; None in a cell without labelled rows. Empty where not measured.
    missing, missing_before
        Share of rows with null or NaN.
    coverage
        Share of rows with another value than the one that says nothing.
    auc
        Of this feature alone, 0 to 1.
    drift
        Population stability index against the baseline by day of the page; None where it was not measured.
    judged
        What was found of it by day: a drift above a limit is good where days of the baseline differ as much. Empty: by
        the limits alone.
    watch, alarm
        Limits of the drift; None where it has none.
    level
        How it stands.
    says
        What was found about it, in words.
    """

    name: str
    doc: str = ""
    unit: str | None = None
    made_by: str = ""
    kept: bool | None = True
    rule: str = ""
    why: str = ""
    mutual_information: float | None = None
    distinct: int | None = None
    cells: tuple[str, ...] = ()
    now: tuple[int, ...] = ()
    before: tuple[int, ...] = ()
    rates: tuple[float | None, ...] = ()
    missing: float | None = None
    missing_before: float | None = None
    coverage: float | None = None
    auc: float | None = None
    drift: tuple[float | None, ...] = ()
    judged: tuple[Level, ...] = ()
    watch: float | None = 0.1
    alarm: float | None = 0.25
    level: Level = "good"
    says: tuple[str, ...] = ()

    @property
    def drift_at_most(self) -> float | None:
        """The highest drift of any day."""
        return max((value for value in self.drift if value is not None), default=None)

    @property
    def drift_at_last(self) -> float | None:
        """The drift of the last day on which it was measured."""
        return next((value for value in reversed(self.drift) if value is not None), None)


@dataclass(frozen=True, slots=True)
class Rate:
    """The labels of the rows that share a value.

    Attributes
    ----------
    name
        The value.
    labelled, positives
        Rows with a label, and those among them where it is above 0.
    """

    name: str
    labelled: int
    positives: int

    @property
    def rate(self) -> float | None:
        """Positives per labelled row; None without these."""
        return self.positives / self.labelled if self.labelled else None


@dataclass(frozen=True, slots=True)
class Rates:
    """The label rate by the values of one column.

    Attributes
    ----------
    column
        By what, such as ``position`` or ``hour``.
    label
        Of which label.
    values
        In the order to be shown.
    """

    column: str
    label: str
    values: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the page: its rows, and the labels among them.

    Attributes
    ----------
    name
        Such as ``2026-11-01``.
    rows, labelled, positives
        Rows of features; those with a label; those where it is above 0.
    """

    name: str
    rows: int
    labelled: int
    positives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """The state of one partition of one table.

    Attributes
    ----------
    table, day, hour
        Which; an hour of None for a partition that is a day. Days as ``2026-11-01``.
    state
        ``complete``, ``provisional``, ``stale``, ``failed`` or ``missing``.
    why
        The cause in words; may be empty.
    rows
        Rows in it now.
    """

    table: str
    day: str
    hour: int | None = None
    state: Literal["missing", "provisional", "stale", "failed", "complete"]
    why: str = ""
    rows: int = 0

    @property
    def name(self) -> str:
        """The partition, such as ``2026-11-01`` or ``2026-11-01T05``."""
        return self.day if self.hour is None else f"{self.day}T{self.hour:02}"


@dataclass(frozen=True, slots=True)
class Node:
    """Something in the graph of where features come from.

    Attributes
    ----------
    id
        Unique in the graph.
    layer
        How far it is from the logs, which are 0.
    title, lines
        What it is, and what there is to say of it.
    """

    id: str
    layer: int
    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """What a node is made of: rows or meaning go from one to the other."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Command:
    """What to type to do something, and what that is."""

    does: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that a page tells.

    Attributes
    ----------
    pipeline, span
        Whose page, and of which partitions, in words.
    made_at
        When the page was made, in words.
    facts
        What ran: versions, program, times; by name.
    commands
        What repeats it.
    notes
        What needs a look, the worst first.
    paths
        What became of the rows, log by log; that of the samples first.
    checks
        Each check of the feature table.
    checks_counted
        Checks by status, over all partitions.
    failures
        Partitions that could not be built.
    features
        Each declared feature, in order.
    days
        The days of the page, ascending: those that `Feature.drift` speaks of.
    baseline
        What features are held against, in words; empty if there is none.
    not_compared
        What of the last day was not held against anything, and why.
    label
        The label that rates are of.
    rates
        Label rates to show.
    label_rate_before
        The label rate of the baseline; None if there is none.
    squares
        The state of each partition of each table.
    nodes, edges
        Where the features come from.
    """

    pipeline: str
    span: str
    made_at: str
    facts: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    notes: tuple[Note, ...] = ()
    paths: tuple[Path, ...] = ()
    checks: tuple[CheckLine, ...] = ()
    checks_counted: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    features: tuple[Feature, ...] = ()
    days: tuple[Day, ...] = ()
    baseline: str = ""
    not_compared: tuple[str, ...] = ()
    label: str = "label"
    rates: tuple[Rates, ...] = ()
    label_rate_before: float | None = None
    squares: tuple[Square, ...] = ()
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
