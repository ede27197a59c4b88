"""Drift of a pipeline's features by day, and skew between them and what was served."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.days import Days
from featurelib.engine import Engine, Loop
from featurelib.errors import LogFileError, UsageError
from featurelib.pipeline import Pipeline
from featurelib.runs.baseline import Baseline
from featurelib.runs.profiles import Built, ByDay, Profiles, built, profiles_of
from featurelib.schema.drift import columns_differ, compare, freshness, leaks, volume
from featurelib.schema.findings import Finding, Level, told, worst_first
from featurelib.schema.measure import profile_rows
from featurelib.schema.profile import Profile
from featurelib.schema.usual import AGAINST_A_DAY, AGAINST_BASELINE, beyond_usual
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace

BASELINE = "baseline"
_SERVED = "the log of served features"
_DAYS = 7
_TOLD = 31
_SHOWN = 5
_BEFORE = ((timedelta(days=1), "the day before"), (timedelta(days=7), "the same weekday a week before"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDrift:
    """What was found of one day.

    Attributes
    ----------
    name
        The day, or what else was judged.
    rows
        Its rows.
    findings
        One per column, measure and comparison.
    notes
        What was not compared, and why.
    """

    name: str
    rows: int
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[Level, int]:
        """Findings by level."""
        return _counts(self.findings)

    def text(self) -> str:
        """Return what is beyond a limit, what was skipped, and how many were fine."""
        lines = [*told(self.findings), *(f"SKIPPED {note}" for note in self.notes)]
        return "\n".join([f"{self.name}: {self.rows:,} rows: {_text(self.counts)}", *(f"  {line}" for line in lines)])

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "name": self.name,
            "rows": self.rows,
            "counts": self.counts,
            "findings": [finding.to_json() for finding in self.findings],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDrift:
    """What was found, day by day.

    Attributes
    ----------
    pipeline, table, owner
        Of what, and whom to ask.
    against
        What the days were compared with, in words.
    days
        Ascending.
    table_findings
        Of the table as a whole: how fresh it is.
    measured
        Partitions whose profile was measured from the stored rows, as none was kept for these edges.
    broken
        Days of the fit that are alarms against its other days, in lines: the baseline holds them, too.
    """

    pipeline: str
    table: str
    owner: str
    against: str
    days: tuple[DayDrift, ...]
    table_findings: tuple[Finding, ...] = ()
    measured: tuple[Partition, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def is_alarm(self) -> bool:
        """Whether anything is beyond an alarm limit."""
        return "alarm" in self.counts

    @property
    def counts(self) -> dict[Level, int]:
        """Findings by level, over all days."""
        return _counts([*self.table_findings, *(finding for day in self.days for finding in day.findings)])

    def short(self) -> list[str]:
        """Return a few lines: counts, the worst findings with their day, and the command that tells all."""
        loud = {
            finding: day.name for day in self.days for finding in day.findings if finding.level in {"alarm", "watch"}
        }
        ranked = worst_first(loud)
        lines = [f"Drift:    {_text(self.counts)} (against {self.against})"]
        lines += [f"  {loud[finding]} {finding.text()}" for finding in ranked[:_SHOWN]]
        if ranked:
            more = f"{len(ranked) - _SHOWN} more; " if len(ranked) > _SHOWN else ""
            first, last = self.days[0].name, self.days[-1].name
            lines.append(f"  {more}all of it: featurelib drift {self.pipeline} --start {first} --end {last}")
        return lines

    def text(self) -> str:
        """Return it for a terminal."""
        lines = [f"{self.pipeline}: table {self.table} against {self.against}; owner {self.owner or 'not declared'}"]
        lines += [*told(self.table_findings), *(day.text() for day in self.days)]
        lines += [f"within the fit's own days: {line}" for line in self.broken]
        if self.measured:
            first, last, number = self.measured[0], self.measured[-1], len(self.measured)
            span = f"{first}" if number == 1 else f"{first} .. {last} ({number} partitions)"
            lines.append(f"profiles measured from the stored rows, as none was kept for the baseline's edges: {span}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "pipeline": self.pipeline,
            "table": self.table,
            "owner": self.owner,
            "against": self.against,
            "alarm": self.is_alarm,
            "measured": [str(partition) for partition in self.measured],
            "table_findings": [finding.to_json() for finding in self.table_findings],
            "broken": list(self.broken),
            "days": [day.to_json() for day in self.days],
        }


def drift(
    pipeline: Pipeline,
    workspace: Workspace,
    engine: Engine,
    *,
    against: str | None = None,
    days: Days | None = None,
    measure: bool = True,
) -> FoundDrift:
    """Compare the features of some days with others.

    Parameters
    ----------
    pipeline, workspace
        Whose.
    engine
        What measures partitions of which no profile is kept.
    against
        ``baseline`` (the days of the fit), a day such as ``2026-11-01``, or a tag of the feature table (all rows of
        that version). By default the baseline, the day before, and the same weekday a week before.
    days
        Which; by default the last seven that are there.
    measure
        Whether partitions of which no profile is kept are measured again.

    Returns
    -------
    For each day the findings of all comparisons, of single features as leaks, and of the rows. What cannot be compared
    (a day that is not there, hours that lack, another program) is told. A day of a table by hours is judged as a whole.

    Raises
    ------
    UsageError
        If nothing is built, there is no baseline, or no such day or tag.
    """
    table = ByDay.of(pipeline, workspace)
    wanted = list(days) if days is not None else table.days[-_DAYS:]
    there = [day for day in wanted if table.partitions(day)]
    if not there:
        raise UsageError(
            f"no features of {pipeline} in {days}; they are there for {table.days[0]} .. {table.days[-1]}."
        )
    reach = _reach(table, there, _day(against))
    known = built(table.live, [partition for day in reach for partition in table.partitions(day)])
    program = known[table.partitions(there[-1])[-1]].program
    baseline = table.baseline(program)
    profiles = profiles_of(pipeline, workspace, engine, list(known), baseline.edges, live=table.live, measure=measure)
    look = _Look(table, baseline, profiles, known)
    tagged = None if against is None or against == BASELINE or _day(against) else _tagged(look, engine, against)
    found = [_of_day(look, day, against, tagged) for day in wanted]
    fresh = _freshness(table) if against is None else None
    declared = pipeline.table
    return FoundDrift(
        pipeline=pipeline.name,
        table=declared.__name__,
        owner=declared.owner,
        against=_words(against, baseline),
        days=tuple(found),
        table_findings=() if fresh is None else (fresh,),
        measured=profiles.measured,
        broken=baseline.broken,
    )


def drift_of_build(pipeline: Pipeline, workspace: Workspace, partitions: Sequence[Partition]) -> list[str]:
    """Return, in a few lines, what moved in the latest days of a build, from the profiles that are kept.

    Of many days only the last 31 are looked at: who builds years asks for their drift when they want it.
    """
    days = sorted({partition.dt for partition in partitions})[-_TOLD:]
    try:
        return drift(pipeline, workspace, Loop(), days=Days(days[0], days[-1]), measure=False).short()
    except UsageError as error:  # nothing could be built of them, or there is no baseline
        return [f"Drift:    not looked at: {error}"]


def skew(
    pipeline: Pipeline, workspace: Workspace, engine: Engine, served: Sequence[Path], *, days: Days | None = None
) -> FoundDrift:
    """Compare a log of served features with those that are stored.

    Parameters
    ----------
    pipeline, workspace
        Whose.
    engine
        What measures partitions of which no profile is kept.
    served
        Files of Parquet, or of JSON objects, one on each line (also gzipped), with a column per feature. Values of
        another type are cast, and are null where they cannot be; a text where a number is declared, or the like, is an
        alarm by itself.
    days
        Of the stored features; by default the newest that is there.

    Returns
    -------
    One entry: the findings of each feature that is served, one for each that is not, or is of another kind, and one for
    each column served that the table does not declare.

    Raises
    ------
    UsageError
        If nothing is built, there is no baseline, or a file is of another kind.
    LogFileError
        If a file cannot be read.
    """
    table = ByDay.of(pipeline, workspace)
    wanted = [day for day in (days or table.days[-1:]) if table.partitions(day)]
    if not wanted:
        raise UsageError(
            f"no features of {pipeline} in {days}; they are there for {table.days[0]} .. {table.days[-1]}."
        )
    known = built(table.live, [partition for day in wanted for partition in table.partitions(day)])
    newest = known[max(known)]
    baseline = table.baseline(newest.program)
    kept = [partition for partition, one in known.items() if one.program == newest.program]
    profiles = profiles_of(pipeline, workspace, engine, kept, baseline.edges, live=table.live)
    columns = pipeline.table.columns
    features = newest.outputs if newest.outputs is not None else pipeline.feature_names
    try:
        rows = pl.concat([_served(path) for path in served], how="diagonal_relaxed")
        held = rows.collect_schema()
        present = [
            pl.col(name).cast(column.dtype, strict=False) if name in held else pl.lit(None, column.dtype).alias(name)
            for name, column in columns.items()
        ]
        now = profile_rows(rows.select(present), pipeline.table, baseline.edges)
    except (pl.exceptions.PolarsError, OSError) as error:
        hint = "Log the features again, with a column for each, or leave the file out."
        raise LogFileError(", ".join(map(str, served)), f"{_SERVED} cannot be read: {error}", hint=hint) from error
    span = f"{wanted[0]}" if len(wanted) == 1 else f"{wanted[0]} .. {wanted[-1]}"
    against = f"the stored features of {span}"
    declared = pipeline.table
    differ = columns_differ(held, wanted=features, declared=declared.polars_schema(), where=_SERVED)
    found = compare(now, profiles.merged(kept), pipeline.table, baseline.edges, against=against)
    judged = {name for name in features if name in held}
    entry = DayDrift(
        name=_SERVED,
        rows=now.rows,
        findings=(*differ, *(finding for finding in found if finding.column in judged)),
        notes=_other_programs(known, kept),
    )
    return FoundDrift(
        pipeline=pipeline.name,
        table=declared.__name__,
        owner=declared.owner,
        against=against,
        days=(entry,),
        measured=profiles.measured,
        broken=baseline.broken,
    )


def against_baseline(
    profile: Profile, baseline: Baseline, pipeline: Pipeline, *, final: bool, whole_days: bool
) -> tuple[Finding, ...]:
    """Return the findings of a partition that depend on its rows and the program's baseline alone.

    They may refuse it: they are the same in whatever order partitions are built. An hour is no sample of whole days, so
    of a table by hours only leaks are judged.
    """
    leaking = leaks(profile, pipeline.table, baseline.edges, labels_final=final)
    return (*_with_baseline(profile, baseline, pipeline, final=final), *leaking) if whole_days else leaking


def short(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return what the lineage records: what is beyond a limit."""
    return [
        {
            "column": finding.column,
            "measure": finding.measure,
            "level": finding.level,
            "value": None if finding.value is None else float(f"{finding.value:.6g}"),
            "limit": finding.limit,
        }
        for finding in findings
        if finding.level in {"watch", "alarm"}
    ]


def _with_baseline(profile: Profile, baseline: Baseline, pipeline: Pipeline, *, final: bool) -> tuple[Finding, ...]:
    found = compare(
        profile,
        baseline.profile,
        pipeline.table,
        baseline.edges,
        against=baseline.name,
        labelled_only=baseline.edges.label is not None,
        labels_final=final,
    )
    return beyond_usual(found, baseline.usual, AGAINST_BASELINE)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the comparisons of all days share."""

    table: ByDay
    baseline: Baseline
    profiles: Profiles
    known: Mapping[Partition, Built]

    def profile(self, day: date) -> Profile:
        return self.profiles.merged(self.table.partitions(day))

    def lacks(self, day: date) -> str:
        """Return why a day cannot be compared; empty if it can."""
        partitions = self.table.partitions(day)
        if why := self.table.lacks(day):
            return why
        if any(self.known[partition].program != self.baseline.program for partition in partitions):
            return f"{day} was made with another program; build it again with the latest"
        if any(partition in self.profiles.lacking for partition in partitions):
            return f"no profile of {day} is kept; featurelib profile measures it"
        return ""


def _of_day(look: _Look, day: date, against: str | None, tagged: tuple[Profile, str] | None) -> DayDrift:
    table, pipeline, edges = look.table, look.table.pipeline, look.baseline.edges
    name, rows = f"{day}", table.rows_of(day)
    if why := look.lacks(day):
        return DayDrift(name=name, rows=rows, notes=(why,))
    now = look.profile(day)
    final = all(look.known[partition].final for partition in table.partitions(day))
    findings = list(leaks(now, pipeline.table, edges, labels_final=final))
    notes = []
    if against in {None, BASELINE}:
        findings += _with_baseline(now, look.baseline, pipeline, final=final)
    if tagged is not None:
        found = compare(now, tagged[0], pipeline.table, edges, against=tagged[1], labels_final=final)
        findings += beyond_usual(found, look.baseline.usual, AGAINST_A_DAY)
    for other, words in _others(day, _day(against), against):
        if why := look.lacks(other):
            notes.append(why if words in why or not words else f"{words}: {why}")
            continue
        final_then = all(look.known[partition].final for partition in table.partitions(other))
        name_then = f"{other} ({words})" if words else f"{other}"
        found = compare(
            now, look.profile(other), pipeline.table, edges, against=name_then, labels_final=final and final_then
        )
        findings += beyond_usual(found, look.baseline.usual, AGAINST_A_DAY)
    if against is None and (seen := _volume(table, day)) is not None:
        findings.append(seen)
    return DayDrift(name=name, rows=rows, findings=tuple(findings), notes=tuple(notes))


def _others(day: date, chosen: date | None, against: str | None) -> Iterator[tuple[date, str]]:
    if chosen is not None:
        yield chosen, ""
    elif against is None:
        for back, words in _BEFORE:
            yield day - back, words


def _reach(table: ByDay, days: Sequence[date], chosen: date | None) -> list[date]:
    """Return the days that are looked at."""
    if chosen is not None and not table.partitions(chosen):
        raise UsageError(f"no features of {chosen}; they are there for {table.days[0]} .. {table.days[-1]}.")
    before = {day - back for day in days for back, _ in _BEFORE}
    return sorted({*days, *before, *([chosen] if chosen is not None else [])})


def _volume(table: ByDay, day: date) -> Finding | None:
    limits = table.pipeline.table.volume
    if limits is None:
        return None
    before = [day - timedelta(days=number) for number in range(1, limits.partitions + 1)]
    there = [table.rows_of(other) for other in before if not table.lacks(other)]
    against = f"the median of the {limits.partitions} days before"
    return volume(table.rows_of(day), there, table.pipeline.table, against=against)


def _freshness(table: ByDay) -> Finding | None:
    declared = table.pipeline.table
    if declared.freshness is None or declared.event_time is None:
        return None
    rows = table.live.scan(table.partitions(table.days[-1]))
    newest = rows.select(pl.col(declared.event_time).max()).collect(engine="streaming").item()
    return freshness(newest, datetime.now(UTC), declared)


def _tagged(look: _Look, engine: Engine, tag: str) -> tuple[Profile, str]:
    """Return the profile of all rows of a tagged version, cut as the baseline is."""
    pipeline, workspace = look.table.pipeline, look.table.workspace
    store = VersionedTable.open(workspace.table(pipeline.name, "features"))
    tags = store.tags()
    if tag not in tags:
        known = ", ".join(sorted(tags)) or "none"
        raise UsageError(
            f"--against takes baseline, a day such as 2026-11-01, or a tag of the features ({known}); got {tag!r}."
        )
    live = store.at(tag)
    partitions = {file.partition for file in live.files}
    found = profiles_of(pipeline, workspace, engine, partitions, look.baseline.edges, live=live)
    return found.merged(found.of), f"tag {tag} (version {live.version})"


def _counts(findings: Iterable[Finding]) -> dict[Level, int]:
    found = Counter(finding.level for finding in findings)
    levels: tuple[Level, ...] = ("alarm", "watch", "ok", "skipped")
    return {level: found[level] for level in levels if found[level]}


def _text(counts: Mapping[Level, int]) -> str:
    return ", ".join(f"{number} {level}" for level, number in counts.items()) or "nothing compared"


def _words(against: str | None, baseline: Baseline) -> str:
    if against is None:
        return f"{baseline.name}, " + ", ".join(words for _, words in _BEFORE)
    return baseline.name if against == BASELINE else against


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None


def _other_programs(known: Mapping[Partition, Built], kept: Sequence[Partition]) -> tuple[str, ...]:
    others = [str(partition) for partition in known if partition not in kept]
    return (f"made with another program: {', '.join(others[:5])}",) if others else ()


def _served(path: Path) -> pl.LazyFrame:
    if path.suffix == ".parquet":
        return pl.scan_parquet(path)
    if {".jsonl", ".ndjson"} & set(path.suffixes[-2:]):
        return pl.scan_ndjson(path, infer_schema_length=None)
    raise UsageError(f"{_SERVED} is of .parquet, .jsonl or .jsonl.gz files, got {path}.")
