"""Whole partitions of samples, from files to the staged file, against the oracle; on generated logs."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from featurelib import samples as library
from featurelib.days import Days
from featurelib.logs import REJECTS, Log, Repeats
from featurelib.pipeline import Pipeline
from featurelib.runs.sample_tasks import PartitionTask, partition_task
from featurelib.samples import AttributedLabel, Impressions, Sessions
from featurelib.schema import Column, Table
from featurelib.tables import Partition, VersionedTable
from featurelib.testing import PlainLabel, PlainLog, samples_of
from featurelib.testing.credits import lookback, standing
from featurelib.testing.samples import Declared
from featurelib.testing.strategies import EventLog, event_logs
from featurelib.transforms import Frequency
from featurelib.workspace import Workspace
from tests.shop import TIME, file_day, in_file_order, write_file

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
DAY = timedelta(days=1)
KEYS = ("user_id", "request_id", "item_id")


def _texts(*names: str) -> dict[str, Column]:
    return {name: Column(dtype=pl.String(), doc=name, nullable=True) for name in names}


def _table(name: str, time: str, columns: dict[str, Column]) -> type[Table]:
    times = {at: Column(dtype=TIME, doc=at) for at in (time, "landed_at")}
    told = {"event_time": time, "landing_time": "landed_at", "min_rows": 0, "__doc__": name}
    return type(name, (Table,), {**told, **_texts("event_id", *KEYS), **columns, **times})


SHOWN = _table(
    "Shown",
    "shown_at",
    {
        **_texts("category", "query", "user_agent"),
        "position": Column(dtype=pl.Int64(), doc="Where.", nullable=True),
        "is_prefix": Column(dtype=pl.Boolean(), doc="Whether it was typed on.", nullable=True),
    },
)
TABLES = {
    "impressions": SHOWN,
    "clicks": _table("Clicked", "clicked_at", {}),
    "orders": _table("Ordered", "ordered_at", {}),
}


class Shares(Table):
    """One row per user, for a model."""

    min_rows = 0

    user_id__frequency = Column(dtype=pl.Float32(), doc="Share of the user's rows.", between=(0, 1))


RULES: tuple[Declared, ...] = (
    ("TooManyImpressions", {"by": "user_id", "most": 4}),
    ("TooManyClicks", {"by": "user_id", "label": "clicked", "share": 0.5, "at_least": 3}),
    ("ClicksTooFast", {"by": "user_id", "clicked_at": "clicked__at", "median_s": 2, "at_least": 2}),
    ("ListedAgents", {"column": "user_agent", "agents": ["googlebot", "bot"], "empty": True}),
    ("SkipAbove", {"request": ("request_id",), "position": "position", "label": "clicked", "keep_below": 1}),
    (
        "SkipAbove",
        {
            "request": ("user_id", "request_id"),
            "position": "position",
            "label": "clicked",
            "keep_below": 0,
            "without_click": "drop",
        },
    ),
    ("KeepFraction", {"rate": 0.3, "label": "clicked", "keys": ("request_id", "item_id"), "seed": 3}),
    ("CapPerUser", {"by": "user_id", "most": 2, "keys": KEYS, "seed": 1}),
)
MAKERS: tuple[Declared, ...] = (
    (
        "RandomItems",
        {"item": "item_id", "n": 2, "request": ("request_id",), "carries": ("category",), "blank": ("position",)},
    ),
    ("RandomItems", {"item": "item_id", "n": 1, "request": ("user_id", "request_id"), "seed": 5}),
    ("DelayedFeedback", {"label": "clicked", "time": "shown_at"}),
)
SHAPES: tuple[Declared | None, ...] = (
    None,
    ("Lists", {"request": ("user_id", "request_id"), "order": "position", "columns": ["item_id", "clicked"]}),
    (
        "Lists",
        {"request": ("user_id",), "order": "shown_at", "columns": ["query"], "first": ["shown_at", "clicked__at"]},
    ),
    ("QueryPairs", {"by": "user_id", "query": "query", "time": "shown_at", "label": "clicked", "within": "5m"}),
    (
        "QueryPairs",
        {"by": "user_id", "query": "query", "time": "shown_at", "label": "clicked", "is_prefix": "is_prefix"},
    ),
)
SESSIONS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"by": "user_id", "time": "shown_at"},
    {"by": ("user_id", "request_id"), "time": "shown_at", "gap": "5m"},
    {"by": "request_id", "time": "shown_at", "gap": None},
)


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Draw a declaration; the time zone is set when the logs are known."""
    repeats = Repeats([*KEYS], within="5m") if draw(st.booleans()) else None
    lateness = timedelta(hours=26) if draw(st.booleans()) else timedelta(0)
    event_id = draw(st.sampled_from(("event_id", "event_id", None)))
    impressions, clicks, orders = (
        Log(
            name=name,
            table=table,
            files=f"{name}/{{dt}}/*.parquet",
            lateness=lateness,
            event_id=event_id,
            repeats=repeats,
        )
        for name, table in TABLES.items()
    )
    keys = ("request_id", "item_id")
    labels = [AttributedLabel("clicked", clicks, keys=keys, within="30m")]
    if draw(st.booleans()):
        labels.append(AttributedLabel("bought", orders, keys=keys, within="2h", via="clicked"))
    keep = draw(st.lists(st.sampled_from(RULES), max_size=4, unique_by=id))
    make = draw(st.sampled_from((None, *MAKERS)))
    shape, sessions = draw(st.sampled_from(SHAPES)), draw(st.sampled_from(SESSIONS))
    return Pipeline(
        name="drawn",
        samples=Impressions(
            impressions,
            labels=labels,
            sessions=None if sessions is None else Sessions(**sessions),
            keep=[_made(rule) for rule in keep],
            make=[] if make is None else [_made(make)],
            shape=None if shape is None else _made(shape),
        ),
        features=[Frequency("user_id")],
        table=Shares,
        fit=Days(date(2026, 11, 1), date(2026, 11, 1)),
    )


def _made(declared: Declared) -> Any:
    name, how = declared
    return getattr(library, name)(**how)


def _told(step: Any) -> Declared:
    return type(step).__name__, {name: getattr(step, name) for name in step.__dataclass_fields__ if name != "_"}


def check(root: Path, log: EventLog, pipeline: Pipeline) -> None:
    """Make the samples of each day of the log, and compare all that comes out with the oracle."""
    samples = replace(pipeline.samples, timezone=log.zone)
    pipeline = replace(pipeline, samples=samples)
    rows = {each.name: in_file_order(each, log.rows()[each.name]) for each in samples.logs}
    case = root / uuid4().hex
    space = Workspace(case / "logs", _tables(root, pipeline), case / "work")
    space.work.mkdir(parents=True)
    days = {log.midnight(0).date() + n * DAY for n in range(log.days + 3)}
    for each in samples.logs:
        filed = file_day(each)
        for day in sorted({filed(row) for row in rows[each.name]} | days):
            write_file(each, space.logs, day, [row for row in rows[each.name] if filed(row) == day])
    for n in range(log.days):
        compare(space, log.first + n * DAY, pipeline, rows)
    shutil.rmtree(case)


def _tables(root: Path, pipeline: Pipeline) -> Path:
    """Return tables for these columns, made the first time: what is staged in them is never committed."""
    place = root / f"{abs(hash(tuple(pipeline.samples.schema.items())))}"
    if not place.exists():
        VersionedTable.create(place / pipeline.name / "samples", pipeline.samples.schema)
        VersionedTable.create(place / pipeline.name / "quarantine", REJECTS)
    return place


def compare(space: Workspace, day: date, pipeline: Pipeline, rows: dict[str, list[dict[str, Any]]]) -> None:
    samples = pipeline.samples
    found = partition_task(PartitionTask(pipeline, space, Partition(day), "run", space.work, samples=True))
    labels = [
        PlainLabel(name=each.name, log=each.log.name, keys=each.keys, within=each.within, via=each.via)
        for each in samples.attributed
    ]
    logs = {
        each.name: PlainLog(
            time=each.time,
            event_id=each.event_id,
            repeats=None if each.repeats is None else (each.repeats.columns, each.repeats.gap),
        )
        for each in samples.logs
    }
    wanted = samples_of(
        rows,
        day=day,
        timezone=samples.timezone,
        logs=logs,
        labels=labels,
        sessions=None if samples.sessions is None else _told(samples.sessions)[1],
        keep=[_told(rule) for rule in samples.keep],
        make=[_told(maker) for maker in samples.make],
        shape=None if samples.shape is None else _told(samples.shape),
        observed_at=_observed_at(pipeline, day, rows, logs, labels),
    )
    for name in logs:
        assert found.counts[name].to_json() | {"made": 0} == _before_rules(wanted, name, samples) | {"made": 0}, name
    stage = found.counts["samples"].to_json()
    fates = wanted.counts("impressions")
    assert stage.get("made", 0) == sum(wanted.made)
    assert stage["kept"] == len(wanted.rows)
    dropped = {reason: n for reason, n in fates["dropped"].items() if reason not in _ASIDE}
    assert stage["dropped"] == {
        reason: dropped.get(reason, 0) + wanted.unused[reason] for reason in sorted({*dropped, *wanted.unused})
    }
    assert not isinstance(found.samples, pl.LazyFrame)
    assert found.samples is not None
    written = pl.read_parquet(space.table(pipeline.name, "samples") / found.samples.path, hive_partitioning=False)
    for name, dtype in samples.schema.items():
        assert written[name].to_list() == [row[name] for row in wanted.rows], name
        assert written[name].dtype == dtype


_ASIDE = ("duplicate", "repeat")


def _before_rules(wanted: Any, name: str, samples: Impressions) -> dict[str, Any]:
    counts: dict[str, Any] = wanted.counts(name)
    if name == samples.log.name:
        dropped = {reason: n for reason, n in counts["dropped"].items() if reason in _ASIDE}
        return {"in": counts["in"], "kept": counts["in"] - sum(dropped.values()), "dropped": dropped}
    return counts


def _observed_at(
    pipeline: Pipeline,
    day: date,
    rows: dict[str, list[dict[str, Any]]],
    logs: dict[str, PlainLog],
    labels: Sequence[PlainLabel],
) -> datetime:
    """Return when the last event that a label may be made of landed."""
    samples = pipeline.samples
    start, end = pipeline.bounds(Partition(day))
    landed = []
    for label in samples.attributed:
        name = label.log.name
        since = start - lookback(labels, samples.log.name).get(name, timedelta(0))
        standings = standing(rows[name], logs[name], since=since, timezone=samples.timezone)
        for row, aside in zip(rows[name], standings, strict=True):
            if aside is None and start <= row[label.log.time] < end + samples.reach(label):
                landed.append(row["landed_at"])
    return min(max(landed), end + samples.lookahead) if landed else end


@pytest.mark.parametrize("part", range(4))
def test_partitions_are_those_of_the_oracle(part: int, root: Path):
    @seed(part)  # else all parts would draw the same
    @settings(max_examples=10, phases=UNSHRUNK, database=None)
    @given(log=event_logs(), pipeline=pipelines())
    def compared(log: EventLog, pipeline: Pipeline) -> None:
        check(root, log, pipeline)

    compared()
