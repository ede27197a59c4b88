"""Partitions of generated logs, from files to the staged files, compared row for row with the oracle.

A partition may hold the logs of several markets. None of their keys are equal, so each market is compared with what the
oracle makes of it alone.
"""

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import polars as pl

from featurelib.days import Days
from featurelib.logs import REJECTS, Log
from featurelib.pipeline import Pipeline
from featurelib.runs.sample_tasks import PartitionResult, PartitionTask, partition_task
from featurelib.samples import DelayedFeedback, Impressions
from featurelib.schema import Column, Table
from featurelib.tables import Partition, StagedFile, Staging, VersionedTable
from featurelib.testing import DaySamples, PlainLabel, PlainLog, samples_of
from featurelib.testing.credits import lookback, standing
from featurelib.testing.drawing import EventLog
from featurelib.testing.rows import ROW
from featurelib.testing.samples import KEPT, Declared
from featurelib.transforms import Frequency
from featurelib.workspace import Workspace
from tests.shop import TIME, file_day, in_file_order, write_file

Row = dict[str, Any]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MARKET, NUMBER, FILE, LINE = "market", "@number", "@file", "@line"
KEYS = ("user_id", "request_id", "item_id")


def _texts(*names: str) -> dict[str, Column]:
    return {name: Column(dtype=pl.String(), doc=name, nullable=name != MARKET) for name in names}


def _table(name: str, at: str, columns: dict[str, Column]) -> type[Table]:
    times = {clock: Column(dtype=TIME, doc=clock) for clock in (at, "landed_at")}
    told = {"event_time": at, "landing_time": "landed_at", "min_rows": 0, "__doc__": name}
    return type(name, (Table,), {**told, **_texts(MARKET, "event_id", *KEYS), **columns, **times})


TABLES = {
    "impressions": _table(
        "Shown",
        "shown_at",
        {
            **_texts("category", "query", "user_agent"),
            "position": Column(dtype=pl.Int64(), doc="Where.", nullable=True),
            "is_prefix": Column(dtype=pl.Boolean(), doc="Whether it was typed on.", nullable=True),
        },
    ),
    "clicks": _table("Clicked", "clicked_at", {}),
    "orders": _table("Ordered", "ordered_at", {}),
}


class Shares(Table):
    """One row per user, for a model."""

    min_rows = 0

    user_id__frequency = Column(dtype=pl.Float32(), doc="Share of the user's rows.", between=(0, 1))


def pipeline_of(samples: Impressions) -> Pipeline:
    """Return a pipeline that makes these samples."""
    fit = Days(date(2026, 11, 1), date(2026, 11, 1))
    return Pipeline(name="drawn", samples=samples, features=[Frequency("user_id")], table=Shares, fit=fit)


def _named(market: str, row: Row) -> Row:
    """Return a row of a market: its ids are those of no other."""
    ids = {name: row[name] for name in ("event_id", "user_id", "request_id")}
    return row | {MARKET: market} | {name: value and f"{market}{value}" for name, value in ids.items()}


@dataclass(frozen=True)
class Logs:
    """The logs of some markets, in files.

    Attributes
    ----------
    rows
        By log, in the order in which a reader meets them, each with its number, file and line.
    days
        All their days.
    """

    samples: Impressions
    space: Workspace
    markets: Sequence[str]
    rows: Mapping[str, Sequence[Row]]
    days: Days
    staging: Mapping[str, Staging]

    @classmethod
    def write(cls, samples: Impressions, root: Path, logs: Mapping[str, EventLog]) -> Self:
        """Write one file for each UTC day, empty ones too; rows of the markets take turns."""
        case = root / uuid4().hex
        space = Workspace(case / "logs", _tables(root, samples), case / "work")
        space.work.mkdir(parents=True)
        whole = {}
        for log in samples.logs:
            of_each = ([_named(name, row) for row in drawn.rows()[log.name]] for name, drawn in logs.items())
            turns = sorted(((n, row) for rows in of_each for n, row in enumerate(rows)), key=lambda turn: turn[0])
            whole[log.name] = in_file_order(log, [row for _, row in turns])
            days = {drawn.midnight(n).date() for drawn in logs.values() for n in range(-1, drawn.days + 3)}
            for day in sorted({file_day(log)(row) for row in whole[log.name]} | days):
                of_day = [row for row in whole[log.name] if file_day(log)(row) == day]
                path = write_file(log, space.logs, day, of_day).relative_to(space.logs).as_posix()
                for line, row in enumerate(of_day, start=2 if log.format == "csv" else 1):
                    row |= {FILE: path, LINE: line}
            for number, row in enumerate(whole[log.name]):
                row[NUMBER] = number
        first, last = min(drawn.first for drawn in logs.values()), max(drawn.last for drawn in logs.values())
        tables = {name: VersionedTable.open(space.table("drawn", name)) for name in ("samples", "quarantine")}
        staging = {name: table.staging("run") for name, table in tables.items()}
        return cls(samples, space, list(logs), whole, Days(first, last), staging)

    def delete(self) -> None:
        shutil.rmtree(self.space.logs.parent)


def _tables(root: Path, samples: Impressions) -> Path:
    """Return tables for these columns, made the first time: what is staged in them is never committed."""
    place = root / f"{abs(hash((samples.every, *samples.schema.items())))}"
    if not place.exists():
        for name, schema in (("samples", samples.schema), ("quarantine", REJECTS)):
            VersionedTable.create(place / "drawn" / name, schema, hourly=samples.every == "1h")
    return place


def check(logs: Logs, partition: Partition) -> Counter[str]:
    """Make the samples of a partition, and compare all that comes out with the oracle; return the fates met."""
    pipeline = pipeline_of(logs.samples)
    found = partition_task(PartitionTask(pipeline, logs.space, partition, logs.staging, logs.space.work, samples=True))
    wanted = Wanted.of(logs, partition)
    wanted.check_counts(found)
    wanted.check_hours(found)
    wanted.check_quarantine(_staged(logs.space, "quarantine", found.quarantine))
    wanted.check_samples(_staged(logs.space, "samples", found.samples))
    return wanted.met()


def _staged(space: Workspace, table: str, file: StagedFile | pl.LazyFrame | None) -> pl.DataFrame:
    assert isinstance(file, StagedFile)
    path = space.table("drawn", table) / file.path
    frame = pl.read_parquet(path, hive_partitioning=False, memory_map=False)
    path.unlink()
    return frame


@dataclass(frozen=True)
class Wanted:
    """What the oracle makes of each market of a partition.

    Attributes
    ----------
    rows
        By market and log, the rows that their files may hold.
    astray
        By log, the rows of the partition that their files may not hold.
    days
        By market.
    """

    samples: Impressions
    start: datetime
    end: datetime
    rows: Mapping[str, Mapping[str, Sequence[Row]]]
    astray: Mapping[str, Sequence[Row]]
    days: Mapping[str, DaySamples]

    @classmethod
    def of(cls, logs: Logs, partition: Partition) -> Self:
        samples = logs.samples
        start, end = pipeline_of(samples).bounds(partition)
        placed = {log.name: [row for row in logs.rows[log.name] if not _is_astray(log, row)] for log in samples.logs}
        rows = {
            market: {name: [row for row in of_log if row[MARKET] == market] for name, of_log in placed.items()}
            for market in logs.markets
        }
        astray = {
            log.name: [row for row in logs.rows[log.name] if _is_astray(log, row) and start <= _home(log, row) < end]
            for log in samples.logs
        }
        asks = any(isinstance(maker, DelayedFeedback) for maker in samples.make)
        observed_at = _observed_at(samples, start, end, rows.values()) if asks else None
        days = {market: _oracle(samples, partition, own, observed_at) for market, own in rows.items()}
        return cls(samples, start, end, rows, astray, days)

    def aside(self, log: Log) -> list[tuple[Row, str]]:
        """Return the rows of a log that are set aside, and why."""
        found = [(row, _fault(log, row) or "") for row in self.astray[log.name]]
        for market, day in self.days.items():
            rows = self.rows[market][log.name]
            fates = ((rows[i], fate) for i, fate in day.fates[log.name].items() if fate != KEPT)
            found += [(row, fate) for row, fate in fates if log != self.samples.log or fate in _BEFORE_RULES]
        return found

    def met(self) -> Counter[str]:
        """Return how many rows have each fate."""
        fates = Counter(fate for log in self.samples.logs for _, fate in self.aside(log))
        for day in self.days.values():
            fates += Counter(f"{name} {fate}" for name in day.fates for fate in day.fates[name].values())
            fates["made"] += sum(day.made)
        return fates

    def check_counts(self, found: PartitionResult) -> None:
        for log in self.samples.logs:
            rows_in = len(self.astray[log.name]) + sum(len(day.fates[log.name]) for day in self.days.values())
            dropped = Counter(reason for _, reason in self.aside(log))
            wanted = {"in": rows_in, "kept": rows_in - dropped.total(), "dropped": dropped}
            counts = found.counts[log.name].to_json()
            assert counts == wanted, f"{log.name}: found {counts}, wanted {wanted}"
        reasons: Counter[str] = Counter()
        for day in self.days.values():
            reasons += Counter(day.fates[self.samples.log.name].values()) + day.unused
        dropped = {reason: n for reason, n in reasons.items() if reason not in {KEPT, *_BEFORE_RULES}}
        stage = found.counts["samples"].to_json()
        assert stage["in"] == found.counts[self.samples.log.name].kept
        assert stage["kept"] == sum(len(day.rows) for day in self.days.values())
        assert stage.get("made", 0) == sum(sum(day.made) for day in self.days.values())
        assert {reason: n for reason, n in stage["dropped"].items() if n} == dropped

    def check_hours(self, found: PartitionResult) -> None:
        hours: dict[str, Any] = {"start": str(self.start)}
        landed = {}
        for log in self.samples.logs:
            aside = {id(row) for row, reason in self.aside(log) if reason in _BEFORE_RULES}
            distinct = [row for row in self._of_partition(log) if id(row) not in aside]
            hours[log.name] = {"events": self._by_hour(row[log.time] for row in distinct)}
            if log != self.samples.log:
                dropped = {id(row) for row, _ in self.aside(log)}
                credited = (row[log.time] for row in distinct if id(row) not in dropped)
                hours[log.name]["credited"] = self._by_hour(credited)
            elif self.samples.schema.get(log.time) == TIME:
                times = (row[log.time] for day in self.days.values() for row in day.rows)
                hours[log.name]["samples"] = self._by_hour(times)
            if distinct:
                landed[log.name] = str(max(row["landed_at"] for row in distinct))
        assert found.hours == hours
        assert found.landed == landed

    def _of_partition(self, log: Log) -> list[Row]:
        return [self.rows[market][log.name][i] for market, day in self.days.items() for i in day.fates[log.name]]

    def _by_hour(self, times: Any) -> list[int]:
        counted = Counter((at - self.start) // HOUR for at in times)
        return [counted[hour] for hour in range(-((self.start - self.end) // HOUR))]

    def check_quarantine(self, found: pl.DataFrame) -> None:
        assert found.schema == REJECTS
        wanted = []
        for log in self.samples.logs:
            for row, reason in self.aside(log):
                at = row[log.time] if reason == _fault(log, row) else None
                told = {name: _text(row[name]) for name in log.table.columns}
                place = {"log": log.name, "file": row[FILE], "line": row[LINE]}
                wanted.append({**place, "reason": reason, "column": at and log.time, "value": _text(at), "row": told})
        read = [row | {"value": _instant(row["value"]), "row": _row(row["row"])} for row in found.to_dicts()]
        _same("quarantine", sorted(read, key=_place), sorted(wanted, key=_place))

    def check_samples(self, found: pl.DataFrame) -> None:
        assert found.schema == self.samples.schema
        read: dict[str, list[Row]] = {market: [] for market in self.days}
        for row in found.to_dicts():
            read[row[MARKET]].append(row)
        for market, day in self.days.items():
            _same(
                f"samples of {market!r}",
                read[market],
                [{name: row[name] for name in found.columns} for row in day.rows],
            )
        if not self.samples.make:
            shown = {market: rows[self.samples.log.name] for market, rows in self.rows.items()}
            numbers = [
                (shown[market][row[ROW]][NUMBER], market) for market, day in self.days.items() for row in day.rows
            ]
            assert found[MARKET].to_list() == [market for _, market in sorted(numbers)]


def _same(what: str, found: Sequence[Row], wanted: Sequence[Row]) -> None:
    """Check that rows are equal, and in the same order; else say which differ first."""
    assert [*map(set, found)] == [*map(set, wanted)], what
    for n, (row, other) in enumerate(zip(found, wanted, strict=True)):
        columns = [name for name in other if row[name] != other[name]]
        assert columns == [], f"{what}: row {n}.\nFound  {row}\nWanted {other}"


_BEFORE_RULES = ("in_the_future", "outside_partition", "duplicate", "repeat")


def _fault(log: Log, row: Row) -> str | None:
    """Say why a row cannot be right: its clock was far ahead of that of its landing, or its file is of another day."""
    if row[log.time] > row["landed_at"] + log.skew:
        return "in_the_future"
    return "outside_partition" if _is_astray(log, row) else None


def _is_astray(log: Log, row: Row) -> bool:
    home = _home(log, row)
    return not home - log.lateness <= row[log.time] < home + DAY


def _home(log: Log, row: Row) -> datetime:
    """Return when the day of a row's file starts."""
    return datetime.combine(file_day(log)(row), time(), tzinfo=UTC)


def _place(row: Row) -> tuple[str, str, int]:
    return row["log"], row["file"], row["line"]


def _row(text: str) -> Row:
    """Return a quarantined row, its values as texts: those of a rejected row are as its file has them."""
    row: Row = json.loads(text)
    return {name: _instant(value) if name.endswith("_at") else _text(value) for name, value in row.items()}


def _text(value: Any) -> str | None:
    if isinstance(value, bool | datetime):
        return str(value).lower() if isinstance(value, bool) else value.isoformat()
    return None if value is None else str(value)


def _instant(text: str | None) -> str | None:
    return None if text is None else datetime.fromisoformat(text).isoformat()


def _told(step: Any) -> Declared:
    return type(step).__name__, {name: getattr(step, name) for name in step.__dataclass_fields__ if name != "_"}


def _labels(samples: Impressions) -> list[PlainLabel]:
    return [
        PlainLabel(name=each.name, log=each.log.name, keys=each.keys, within=each.within, via=each.via)
        for each in samples.attributed
    ]


def _logs(samples: Impressions) -> dict[str, PlainLog]:
    return {
        log.name: PlainLog(
            time=log.time,
            event_id=log.event_id,
            repeats=None if log.repeats is None else (log.repeats.columns, log.repeats.gap),
            broken=lambda row, log=log: _fault(log, row),
        )
        for log in samples.logs
    }


def _oracle(
    samples: Impressions, partition: Partition, rows: Mapping[str, Sequence[Row]], observed_at: datetime | None
) -> DaySamples:
    return samples_of(
        rows,
        day=partition.dt,
        hour=partition.hr,
        timezone=samples.timezone,
        logs=_logs(samples),
        labels=_labels(samples),
        sessions=None if samples.sessions is None else _told(samples.sessions)[1],
        keep=[_told(rule) for rule in samples.keep],
        make=[_told(maker) for maker in samples.make],
        shape=None if samples.shape is None else _told(samples.shape),
        observed_at=observed_at,
    )


def _observed_at(
    samples: Impressions, start: datetime, end: datetime, markets: Sequence[Mapping[str, Sequence[Row]]]
) -> datetime:
    """Return when the last event that a label may be made of landed."""
    landed = []
    labels, logs = _labels(samples), _logs(samples)
    for label in samples.attributed:
        name = label.log.name
        since = start - lookback(labels, samples.log.name).get(name, timedelta(0))
        for rows in markets:
            standings = standing(rows[name], logs[name], since=since, start=start, timezone=samples.timezone)
            for row, aside in zip(rows[name], standings, strict=True):
                if aside is None and start <= row[label.log.time] < end + samples.reach(label):
                    landed.append(row["landed_at"])
    return min(max(landed), end + samples.lookahead) if landed else end
