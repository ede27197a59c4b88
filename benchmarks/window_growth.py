"""Window growth: what a sample's windows cost over 1 to 30 days of history, and over 1 to 20 million samples.

Run it with ``python -m benchmarks.window_growth [--rows ROWS ...] [--days DAYS ...] [--work FOLDER] [--svg FILE]``.
Samples are the impressions of eight days; 24 counts and sums of item and user reach one hour, six hours, and so many
days back as the history is long. Two CPU figures, each of the tasks alone, in a fresh process: making the tiles, which
is paid once for each day of a log, whoever reads them; and the samples with their windows, once the tiles are there:
logs read and checked, windows answered, joined and written. Each row is what the samples cost divided by how many there
are. The first table keeps the number of samples and lets the history grow, the second keeps the history.
"""

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from benchmarks.build_windows import Buckets, Timed
from benchmarks.measure import made_once, run, table
from benchmarks.window_columns import AT, CENTS, PRICE, PRICED
from benchmarks.window_logs import WindowLogs
from benchmarks.window_tables import TABLES
from featurelib.days import Days
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, build_samples
from featurelib.runs.tiles import make_tiles
from featurelib.samples import CarriedLabel, Impressions
from featurelib.tables import VersionedTable
from featurelib.transforms import HashBuckets
from featurelib.windows import Counter, Sum
from featurelib.workspace import Workspace

SAMPLED = Days(date(2026, 10, 1), date(2026, 10, 8))
HISTORIES, ROWS = (1, 7, 14, 30), (1_000_000, 5_000_000, 20_000_000)
MOST_GROWTH, MOST_BEND = 1.2, 1.2
WORK, PICTURE = Path("data/window_growth"), Path("docs/pictures/window-growth.svg")


@dataclass(frozen=True, slots=True)
class Grown:
    """What the windows of some samples cost over some days of history.

    Attributes
    ----------
    days, rows
        Of history, and of samples.
    tiles_s, samples_s
        CPU seconds of the tasks that make tiles of all days, and of those that make the samples after that.
    """

    days: int
    rows: int
    tiles_s: float
    samples_s: float

    @property
    def each_us(self) -> float:
        """CPU microseconds for each sample."""
        return self.samples_s / self.rows * 1e6


def declared(days: int) -> Pipeline:
    """Return the pipeline whose windows reach so many days back."""
    logs = {name: Log(name=name, table=TABLES[name], files=f"{name}/dt={{dt}}/*.parquet") for name in AT}
    over, windows = ["1h", "6h", f"{days}d"], list[Counter | Sum]()
    for by in ("item_id", "user_id"):
        windows += [Counter(f"{by}_{log}", of=logs[log], by=by, over=over) for log in ("impressions", "clicks")]
        windows += [Sum(f"{by}_{log}{CENTS}", of=logs[log], column=PRICE, by=by, over=over) for log in PRICED]
    labels = [CarriedLabel("clicked", column="clicked")]
    return Pipeline(
        name="growth",
        samples=Impressions(logs["impressions"], labels=labels, key=["impression_id"]),
        windows=windows,
        features=[HashBuckets("user_id", buckets=1024)],
        table=Buckets,
        fit=SAMPLED,
    )


def build(work: Path, days: int) -> None:
    """Make the tiles, then the samples; note what the tasks of each cost, and how many samples there are."""
    pipeline, workspace = declared(days), Workspace(work / "logs", work / "tables", work / "scratch")
    tiles, samples = Timed(), Timed()
    partitions = pipeline.partitions(SAMPLED)
    with Run.begin(pipeline, workspace, tiles) as begun:
        make_tiles(begun, pipeline.looked_back(partitions))
    with Run.begin(pipeline, workspace, samples) as begun:
        build_samples(begun, partitions)
    rows = VersionedTable.open(workspace.table(pipeline.name, "samples")).scan().select(pl.len()).collect().item()
    spent = [sum(map(sum, engine.seconds.values())) for engine in (tiles, samples)]
    (work / "grown.json").write_text(json.dumps([days, rows, *spent]))


def grown(work: Path, days: int, rows: int) -> Grown:
    """Return what so many samples cost over so many days of history."""
    all_days = Days(SAMPLED.start - timedelta(days=days), SAMPLED.end)
    logs = WindowLogs(days=all_days, impressions=rows // len(SAMPLED))
    made_once(work, f"{all_days}, {logs.impressions} each", lambda: logs.write(work / "logs"))
    shutil.rmtree(work / "tables", ignore_errors=True)
    run("benchmarks.window_growth", "--work", work, "--only-build", days)
    return Grown(*json.loads((work / "grown.json").read_text()))


def measured(work: Path, histories: Sequence[int], rows: Sequence[int], picture: Path) -> str:
    """Measure, draw, and return the tables."""
    of_days = [grown(work / f"{days}-days", days, rows[0]) for days in histories]
    of_rows = [of_days[0], *(grown(work / f"{many}-rows", histories[0], many) for many in rows[1:])]
    picture.write_text(svg(of_days, of_rows), encoding="utf-8")
    history, head = _days(histories[0]), ["CPU s of samples", "µs for each", "beside the first", "CPU s of tiles, once"]
    limits = [
        (f"a sample over {_days(histories[-1])} beside {history}", of_days, MOST_GROWTH),
        (f"a sample of {rows[-1]:,} beside one of {rows[0]:,}", of_rows, MOST_BEND),
    ]
    verdicts = []
    for of, many, most in limits:
        ratio = many[-1].each_us / many[0].each_us
        verdicts.append([of, f"{ratio:.2f}", f"{most:.2f}", "met" if ratio <= most else "MISSED"])
    return "\n\n".join(
        [
            table(
                [f"days of history, {of_days[0].rows:,} samples", *head],
                [_line(one.days, one, of_days[0]) for one in of_days],
            ),
            table(
                [f"samples, {history} of history", *head],
                [_line(f"{one.rows:,}", one, of_rows[0]) for one in of_rows],
            ),
            table(["requirement", "measured", "at most", ""], verdicts),
        ]
    )


def _days(number: int) -> str:
    return f"{number} day{'s' * (number > 1)}"


def _line(name: object, one: Grown, first: Grown) -> list[object]:
    times = f"{one.each_us / first.each_us:.2f}"
    return [name, f"{one.samples_s:.1f}", f"{one.each_us:.1f}", times, f"{one.tiles_s:.1f}"]


_STYLE = """
    .back { fill: #ffffff } .title { fill: #17212e; font-size: 18px; font-weight: 600 }
    .says { fill: #48566a; font-size: 13px } .tick { fill: #5b6980; font-size: 12px }
    .grid { stroke: #e3e8ef } .axis { stroke: #b4c0ce }
    .line { fill: none; stroke: #2467b0; stroke-width: 2.25 } .dot { fill: #2467b0 }
    .most { fill: none; stroke: #b7791f; stroke-width: 1.5; stroke-dasharray: 7 5 }
    @media (prefers-color-scheme: dark) {
      .back { fill: #0f151d } .title { fill: #eef3f9 } .says { fill: #b3c0cf } .tick { fill: #9aa8ba }
      .grid { stroke: #1f2934 } .axis { stroke: #45546a }
      .line { stroke: #86b9ee } .dot { fill: #86b9ee } .most { stroke: #e0a544 }
    }
"""
_TOP, _BOTTOM, _WIDE = 96.0, 300.0, 350.0


def svg(of_days: Sequence[Grown], of_rows: Sequence[Grown]) -> str:
    """Return both tables as one picture, light or dark as its reader is."""
    left = [(float(one.days), one.each_us, str(one.days)) for one in of_days]
    right = [(one.rows / 1e6, one.samples_s, f"{one.rows / 1e6:.0f}") for one in of_rows]
    each, rate = of_days[0].each_us, of_rows[0].samples_s / right[0][0]
    parts = [
        *_plot(70, left, "CPU µs for each sample", "days of history", [(x, each * MOST_GROWTH) for x, _, _ in left]),
        *_plot(520, right, "CPU s of all samples", "million samples", [(0, 0), (right[-1][0], rate * right[-1][0])]),
    ]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 370" role="img" aria-labelledby="title" '
        "font-family=\"ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n"
        '  <title id="title">What the windows of a sample cost, by days of history and by samples</title>\n'
        f'  <style>{_STYLE}  </style>\n  <rect class="back" width="920" height="370" rx="14"/>\n'
        + "".join(f"  {part}\n" for part in parts)
        + "</svg>\n"
    )


def _plot(
    at: float, points: Sequence[tuple[float, float, str]], title: str, below: str, most: Sequence[tuple[float, float]]
) -> Iterator[str]:
    wide = max(x for x, _, _ in points)
    high = max([*(y for _, y, _ in points), *(y for _, y in most)]) * 1.1

    def place(x: float, y: float) -> str:
        return f"{at + _WIDE * x / wide:.1f},{_BOTTOM - (_BOTTOM - _TOP) * y / high:.1f}"

    yield f'<text class="title" x="{at - 42:.0f}" y="44">{title}</text>'
    said = "dashed: the most it may be" if below.startswith("days") else "dashed: in proportion to the first"
    yield f'<text class="says" x="{at - 42:.0f}" y="68">{said}</text>'
    step = next(
        step for power in range(-2, 6) for step in (10.0**power, 2 * 10.0**power, 5 * 10.0**power) if step * 6 > high
    )
    for number in range(int(high // step) + 1):
        value = number * step
        y = place(0, value).split(",")[1]
        yield f'<path class="grid" d="M{at} {y}h{_WIDE}"/>'
        yield f'<text class="tick" x="{at - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{value:g}</text>'
    yield f'<path class="axis" d="M{at} {_BOTTOM}h{_WIDE}"/>'
    yield f'<polyline class="most" points="{" ".join(place(x, y) for x, y in most)}"/>'
    yield f'<polyline class="line" points="{" ".join(place(x, y) for x, y, _ in points)}"/>'
    for x, y, name in points:
        cx, cy = place(x, y).split(",")
        yield f'<circle class="dot" cx="{cx}" cy="{cy}" r="3.5"><title>{name}: {y:.1f}</title></circle>'
        yield f'<text class="tick" x="{cx}" y="{_BOTTOM + 20:.0f}" text-anchor="middle">{name}</text>'
    yield f'<text class="says" x="{at + _WIDE / 2:.0f}" y="{_BOTTOM + 46:.0f}" text-anchor="middle">{below}</text>'


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.window_growth", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, help="samples; the first for all histories")
    parser.add_argument("--days", type=int, nargs="+", default=HISTORIES, help="of history; the first for all samples")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for logs and tables")
    parser.add_argument("--svg", type=Path, default=PICTURE, help="file of the picture")
    parser.add_argument("--only-build", type=int, metavar="DAYS", help="build from the logs there")
    given = parser.parse_args()
    if given.only_build:
        build(given.work, given.only_build)
    else:
        print(measured(given.work, given.days, given.rows, given.svg))


if __name__ == "__main__":
    main()
