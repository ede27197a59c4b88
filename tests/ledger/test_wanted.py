"""Keys that were remembered by the day or the month are those that the files of now give, one by one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from featurelib.days import Days
from featurelib.ledger import digest
from featurelib.ledger.fingerprint import Fingerprints
from featurelib.ledger.wanted import wanted_keys
from featurelib.pipeline import Pipeline
from featurelib.tables import Partition
from featurelib.workspace import Workspace
from tests.shop import logs, shop, workspace

DAYS = Days(date(2026, 10, 29), date(2026, 11, 2))
NOW = datetime(2026, 11, 2, tzinfo=UTC)
LATE = timedelta(hours=5)


def by_days() -> Pipeline:
    return shop(logs("jsonl", LATE), timezone="Europe/Berlin")


def by_hours() -> Pipeline:
    hourly = [
        replace(log, every="1h", files=f"{log.name}/{{dt}}/{{hr}}/*.jsonl", repeats=None)
        for log in logs("jsonl", timedelta(hours=2))
    ]
    declared = shop((hourly[0], hourly[1]), timezone="Europe/Berlin", windows=[])
    return replace(declared, samples=replace(declared.samples, every="1h"))


def files(pipeline: Pipeline, root: Path) -> list[Path]:
    """Return a file of the click log for each of its partitions."""
    clicks = pipeline.samples.attributed[0].log
    names = [f"{hour:02}/a.jsonl" for hour in range(24)] if clicks.every == "1h" else ["a.jsonl"]
    return [root / "clicks" / f"{day}" / name for day in DAYS for name in names]


def told(pipeline: Pipeline, space: Workspace, partitions: Sequence[Partition]) -> tuple[list[str], list[str]]:
    """Return the keys as they are remembered, and as they are."""
    prints = Fingerprints(pipeline, space, NOW)
    mature = [prints.is_mature(partition) for partition in partitions]
    direct = [digest(prints.samples(partition)) for partition in partitions]
    return wanted_keys(Fingerprints(pipeline, space, NOW), partitions, mature), direct


@pytest.mark.parametrize("pipeline", [by_days(), by_hours()], ids=["days", "hours"])
def test_keys_are_those_of_the_files_whatever_becomes_of_these(pipeline: Pipeline, tmp_path: Path) -> None:
    space = workspace(tmp_path)
    partitions = pipeline.partitions(DAYS)
    there = files(pipeline, space.logs)
    for path in there:
        path.parent.mkdir(parents=True)
        path.write_text(f"{path.parent.name}\n", encoding="utf-8")
    (space.logs / "impressions").mkdir()
    seen = []
    for at in (0, len(there) // 2, len(there) - 1):
        for change in ("nothing", "written anew", "another", "gone", "link"):
            path, other = there[at], there[at].with_name("b.jsonl")
            match change:
                case "written anew":
                    path.write_text("changed\n", encoding="utf-8")
                case "another":
                    other.write_text("more\n", encoding="utf-8")
                case "gone":
                    other.unlink()
                case "link":
                    other.symlink_to(there[at - 1])
            remembered, direct = told(pipeline, space, partitions)
            assert remembered == direct
            seen.append(tuple(direct))
        other.unlink()
    assert len(set(seen)) >= 7  # a file written anew, and another one, change a key each time


@pytest.mark.parametrize("pipeline", [by_days(), by_hours()], ids=["days", "hours"])
def test_a_memory_of_other_partitions_or_of_another_maturity_is_not_taken(pipeline: Pipeline, tmp_path: Path) -> None:
    space = workspace(tmp_path)
    for log in pipeline.samples.logs:
        (space.logs / log.name).mkdir()
    partitions = pipeline.partitions(DAYS)
    prints = Fingerprints(pipeline, space, NOW)
    for some in (partitions, partitions[::2], partitions[:2], partitions):
        for is_mature in (False, True):
            expected = [digest({**prints.samples(partition), "mature": is_mature}) for partition in some]
            assert wanted_keys(prints, some, [is_mature] * len(some)) == expected


def test_what_was_remembered_is_not_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline, space = by_days(), workspace(tmp_path)
    for log in pipeline.samples.logs:
        (space.logs / log.name).mkdir()
    partitions = pipeline.partitions(DAYS)
    mature = [Fingerprints(pipeline, space, NOW).is_mature(partition) for partition in partitions]
    first, _ = told(pipeline, space, partitions)

    def refuse(_: Fingerprints, partition: Partition) -> None:
        raise AssertionError(f"looked at {partition}")

    monkeypatch.setattr(Fingerprints, "samples", refuse)
    assert wanted_keys(Fingerprints(pipeline, space, NOW), partitions, mature) == first
