"""The picture and the text: well formed, complete, and drawn where the numbers say."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.lag import Curve, human, propose, report, svg
from tests.shop import logs

SVG = "{http://www.w3.org/2000/svg}"


def curve(rows: list[tuple[int, int | None, int]], **changes: object) -> Curve:
    counts = pl.DataFrame(rows, schema={"hour": pl.Int8, "lag_s": pl.Int64, "rows": pl.Int64}, orient="row")
    day = Days(date(2026, 11, 1), date(2026, 11, 1))
    parts = {"log": logs()[0], "days": day, "timezone": "UTC", "horizon": timedelta(), "counts": counts}
    return Curve(**(parts | {"rejected": {}, "missing": 0, "newest": None} | changes))


SHAPES = {
    "a whole day": [(hour, lag, 10) for hour in range(24) for lag in (0, 3, 60, 4000)],
    "gaps": [(hour, lag, 10) for hour in (0, 1, 5, 23) for lag in (3, 60)],
    "one hour": [(7, 12, 1)],
    "all at once": [(hour, 0, 5) for hour in range(24)],
    "years": [(3, 1, 1), (3, 10**9, 1)],
    "no lag": [(3, -4, 2), (4, None, 1)],
    "nothing": [],
}


@pytest.mark.parametrize("rows", SHAPES.values(), ids=SHAPES)
def test_every_shape_is_drawn_inside_the_picture(rows: list[tuple[int, int | None, int]]) -> None:
    shown = curve(rows)
    drawn = svg(shown, propose(shown))
    root = ET.fromstring(drawn)  # noqa: S314  # of our own
    width, height = (float(size) for size in root.attrib["viewBox"].split()[2:])
    for line in root.iter(f"{SVG}polyline"):
        for point in line.attrib["points"].split():
            x, y = (float(part) for part in point.split(","))
            assert 0 < x < width
            assert 0 < y < height
    for text in root.iter(f"{SVG}text"):
        assert 0 < float(text.attrib["y"]) < height, "".join(text.itertext())
    assert "nan" not in drawn.lower()
    assert len(list(root.iter(f"{SVG}circle"))) == 5 * sum(lag.longest_s is not None for lag in shown.hours)
    assert ("no row has a lag" in drawn) == (shown.total.longest_s is None)
    assert report(shown, propose(shown))


def test_light_and_dark_have_a_colour_for_all_that_is_drawn() -> None:
    late = curve(SHAPES["a whole day"], log=logs(lateness=timedelta(minutes=5))[0])
    drawn = svg(late, propose(late))
    style = re.search(r"<style>(.*?)</style>", drawn, re.DOTALL)
    assert style is not None
    light, dark = style[1].split("@media (prefers-color-scheme: dark)")
    used = {name for names in re.findall(r'class="([^"]+)"', drawn) for name in names.split()} - {"line", "name"}
    assert used >= {"declared", "proposed", "t-declared", "t-proposed", "a", "te", "band", "bar"}
    coloured = [set(re.findall(r"\.([\w-]+)(?=[ ,])", part)) for part in (light, dark)]
    assert [sorted(used - names) for names in coloured] == [[], []]


def test_names_at_the_end_of_lines_do_not_overlap() -> None:
    close = curve([(hour, 5, 1) for hour in range(24)])
    root = ET.fromstring(svg(close, propose(close)))  # noqa: S314  # of our own
    heights = sorted(float(t.attrib["y"]) for t in root.iter(f"{SVG}text") if t.attrib["class"].startswith("name "))
    assert len(heights) == 6
    assert min(b - a for a, b in pairwise(heights)) >= 16


def test_the_name_of_a_log_is_text_in_the_picture() -> None:
    odd = curve(SHAPES["one hour"], log=replace(logs()[0], name="a<b & c"))
    assert "How late rows of a&lt;b &amp; c land" in svg(odd, propose(odd))


def test_the_table_says_it_all() -> None:
    newest = datetime(2026, 11, 1, 20, tzinfo=UTC)
    shown = curve(
        [(7, 3, 995), (7, 90, 5), (8, 4000, 1), (8, -700, 2), (9, None, 4)],
        rejected={"outside_partition": 6},
        missing=1,
        newest=newest,
    )
    lines = report(shown, propose(shown)).splitlines()
    assert lines[0] == "log 'impressions': 1,007 rows of 2026-11-01, from shown_at to landed_at"
    assert next(line for line in lines if line.startswith("   07")).split()[:9] == (
        ["07", "1,000", "3s", "3s", "3s", "1m", "30s", "1m", "30s"]
    )
    text = "\n".join(lines)
    for told in (
        "2 rows landed before their event, by up to 11m 40s (clock skew): not in the lags; 2 by more than",
        "4 rows have no landing time",
        "6 rows were rejected (outside_partition: not found within 0s, see --horizon)",
        "1 partitions of these days have no file",
        "rows of the last of these days may still land",
        "declared lateness  0s       1,001 rows (100.000%) landed later",
        "proposed lateness  5m       1 rows (0.100%) landed later still",
    ):
        assert told in text
    assert max(map(len, lines)) < 180


def test_durations_are_said_in_two_units() -> None:
    told = {0: "0s", 59: "59s", 3661: "1h 1m", 86_400: "1d", 604_800 + 1800: "7d 30m", -700: "-11m 40s", None: "-"}
    assert {lag: human(lag) for lag in told} == told
    assert human(timedelta(hours=2)) == "2h"
