"""A span of a log is told by running sums as a walk over its files tells it, and a changed file is named."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from featurelib.ledger import Fingerprints
from featurelib.ledger.timeline import FileChanges, Timeline, mark
from featurelib.logs import LogFile, partition_span
from tests.shop import logs, shop, workspace, write_file

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def file(name: str, rows: int | None, landed: datetime | None) -> LogFile:
    return LogFile(name, 10 * len(name), hashlib.sha256(name.encode()).hexdigest()[:16], rows, landed)


FILES = {
    START: [file("a", 3, START), file("bb", 0, None)],
    START + HOUR: [file("c", None, START + 9 * HOUR)],
    START + 5 * HOUR: [file("d", 4, None), file("e", 5, START + timedelta(microseconds=1))],
    START + 6 * HOUR: [file("f", 1, None)],
}


@pytest.mark.parametrize("first", range(8))
@pytest.mark.parametrize("length", range(8))
def test_a_span_is_told_as_a_walk_over_its_files_tells_it(first: int, length: int) -> None:
    start, stop = START + first * HOUR, START + (first + length) * HOUR
    found: Sequence[LogFile] = [one for at, files in FILES.items() if start <= at < stop for one in files]
    rows, landed = [one.rows for one in found], [one.landed_at for one in found if one.landed_at is not None]
    told = Timeline.of(FILES).told(start, stop)
    assert told["files"] == len(found)
    assert told["bytes"] == sum(one.bytes for one in found)
    assert told["rows"] == (None if None in rows else sum(one or 0 for one in rows))
    assert told["landed"] == (str(max(landed)) if landed else None)
    assert told["each"] == "".join(mark(one) for one in found)
    assert told["digest"] == Timeline.of({start: found}).told(start, start + HOUR)["digest"]


def test_a_file_rewritten_moved_or_gone_changes_the_digest_and_is_named() -> None:
    before = Timeline.of(FILES).told(START, START + HOUR)
    a, b = FILES[START]
    new, rewritten = file("new", 1, None), replace(a, checksum="00" * 8)
    assert FileChanges.since(before, [a, b, new]) == FileChanges((new,), (), 0)
    assert FileChanges.since(before, [rewritten]) == FileChanges((), (rewritten,), 1)
    for files in ([a], [a, b, new], [rewritten, b], [replace(a, path="z"), b]):
        assert Timeline.of({START: files}).told(START, START + HOUR)["digest"] != before["digest"]


def test_a_link_to_the_file_of_another_day_counts_once(tmp_path: Path) -> None:
    space, (impressions, _) = workspace(tmp_path), logs()
    first = write_file(impressions, space.logs, START.date(), [])
    second = first.parent.with_name("2026-11-02")
    second.mkdir()
    (second / "a.parquet").symlink_to(first)
    prints = Fingerprints(shop(), space, START)
    span = (START, START + timedelta(days=2))
    assert len(prints.files(impressions, *span)) == 1
    told = prints.inputs(impressions, *span)
    assert (told["files"], told["bytes"]) == (1, first.stat().st_size)
    assert FileChanges.since(told, prints.files(impressions, *span)) == FileChanges((), (), 0)


def test_spans_asked_for_in_any_order_are_told_alike(tmp_path: Path) -> None:
    space, (impressions, _) = workspace(tmp_path), logs()
    for day in range(1, 6):
        write_file(impressions, space.logs, date(2026, 11, day), [])
    days = [(START + timedelta(days=n), START + timedelta(days=n + 2)) for n in range(4)]
    alone = [Fingerprints(shop(), space, START).inputs(impressions, *span) for span in days]
    prints = Fingerprints(shop(), space, START)
    assert [prints.inputs(impressions, *span) for span in reversed(days)] == alone[::-1]
    assert partition_span(impressions, *days[0]) == days[0]
