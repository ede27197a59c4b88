"""Report page: what `featurelib report` costs for 500 features and 90 days that were built, and how large its page is.

Run it with ``python -m benchmarks.report_page [--days N] [--work FOLDER] [--runs RUNS]``. Made once, and kept in the
work folder: logs of small days; a project of its own with the pipeline of ``benchmarks/many_features.py``; its tables,
built by a backfill, which takes some minutes. How fast a browser opens such a page, a test says (``tests/report``).
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import many_features as declared
from benchmarks.measure import command, made_once, median, table
from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.generator import ClickLogs, generate
from featurelib.runs import backfill
from featurelib.workspace import Workspace

DAYS, ROWS_A_DAY, RUNS, MOST_MB = 90, 1000, 3, 5
NOW = datetime(2027, 6, 1, tzinfo=UTC)
WORK = Path("data/report_page")
PROJECT = '[tool.featurelib]\npipelines = "pipelines"\nlogs = "logs"\ntables = "tables"\nwork = "work"\n'


def _make(work: Path, days: int) -> None:
    start = declared.START
    rows = (days + 1) * ROWS_A_DAY
    generate(ClickLogs(days=days + 1, start=start, rows=rows, users=2000, items=500, seed=7, every="1h"), work / "logs")
    (work / "pipelines").mkdir()
    (work / "pyproject.toml").write_text(PROJECT)
    (work / "pipelines" / "__init__.py").touch()
    (work / "pipelines" / "many_features.py").write_text(Path(declared.__file__).read_text())
    workspace = Workspace(work / "logs", work / "tables", work / "work")
    span = Days(start, start + timedelta(days=days - 1))
    backfill(declared.many_features, workspace, span, Loop(), say=print, now=NOW)


def measured(work: Path, days: int, runs: int) -> str:
    """Return the table."""
    made_once(work, days, lambda: _make(work, days))
    page = work / "page.html"
    words = [Path(sys.executable).with_name("featurelib"), "report", "many_features", "--now", NOW.isoformat()]
    # NOTE: an installed package is compiled; where Python may not write that down, it would be done in each run
    settings = {"PYTHONPATH": str(Path.cwd()), "PYTHONDONTWRITEBYTECODE": ""}
    cost = median([command([*words, "--to", page.resolve()], folder=work, **settings) for _ in range(runs)])
    size = page.stat().st_size / 1e6
    line = [
        f"{len(declared.many_features.feature_names)} features, {days} days",
        *(f"{figure:.1f}" for figure in (cost.cpu_s, cost.wall_s)),
        f"{cost.peak_mib:.0f}",
        f"{size:.2f}",
        "met" if size < MOST_MB else "MISSED",
    ]
    return table(["page of", "CPU s", "wall s", "peak MiB", "MB", f"under {MOST_MB} MB"], [line])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_page", description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help="days that are built, 14 at least")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for logs and tables, its own")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs, of which the median is shown")
    given = parser.parse_args()
    print(measured(given.work, given.days, given.runs))


if __name__ == "__main__":
    main()
