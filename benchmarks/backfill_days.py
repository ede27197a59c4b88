"""Backfill some days of search ranking: the process that the other benchmarks measure.

Run as ``python -m benchmarks.backfill_days LOGS TABLES WORK START END``.
"""

import sys
from pathlib import Path

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.runs import backfill
from featurelib.workspace import Workspace
from pipelines.search_ranking import search_ranking


def main() -> None:
    """Bring the days up to date and print the report."""
    logs, tables, work, start, end = sys.argv[1:]
    workspace = Workspace(Path(logs), Path(tables), Path(work))
    report = backfill(search_ranking, workspace, Days.parse(start, end), Loop(), say=print)
    print(report.text())


if __name__ == "__main__":
    main()
