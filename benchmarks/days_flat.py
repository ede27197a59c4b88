"""Days flat: the peak memory of a backfill of 2 to 32 days, which must not grow with the days.

Run it with ``python -m benchmarks.days_flat``. The program is fitted before, on the seven days before them.
"""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from benchmarks.measure import run, table
from featurelib.generator import ClickLogs, generate
from pipelines.search_ranking import search_ranking

DAYS, ROWS_A_DAY = (2, 4, 8, 16, 32), 200_000


def main() -> None:
    """Measure in a temporary folder and print."""
    with tempfile.TemporaryDirectory() as folder:
        print(measured(Path(folder)))


def measured(scratch: Path) -> str:
    """Return the table."""
    fit = search_ranking.fit
    logs, fitted, tables, work = (scratch / name for name in ("logs", "fitted", "tables", "work"))
    days = len(fit) + max(DAYS)
    generate(
        ClickLogs(days=days, start=fit.start, rows=days * ROWS_A_DAY, users=50_000, items=20_000, seed=7, every="1h"),
        logs,
    )
    run("benchmarks.backfill_days", logs, fitted, work, fit.start, fit.end)
    first, lines = fit.end + timedelta(days=1), []
    for count in DAYS:
        shutil.rmtree(tables, ignore_errors=True)
        shutil.copytree(fitted, tables)
        cost = run("benchmarks.backfill_days", logs, tables, work, first, first + timedelta(days=count - 1))
        lines.append([count, f"{count * ROWS_A_DAY:,}", f"{cost.cpu_s:.1f}", f"{cost.peak_mib:.0f}"])
    return table(["days", "rows", "CPU s", "peak MiB"], lines)


if __name__ == "__main__":
    main()
