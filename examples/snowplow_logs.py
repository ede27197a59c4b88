"""Land a file of Snowplow events (one CSV, 135 columns) as logs by the day on which they were collected.

    python examples/snowplow_logs.py events.csv.gz [LOG_ROOT]

Writes ``LOG_ROOT/snowplow/page_views/dt=2021-03-02/events.csv.gz`` and so on: ``page_views``, ``page_pings``,
``clicks`` and ``others``. A collector writes what arrives: an event lies in the partition of the UTC day on which it
arrived, which may be days after it happened. Columns stay as they are; added is ``page_view_id``, which Snowplow keeps
in a JSON context. A row with too few or too many fields lands as it is, among the others of the day of the row before
it. A day on which nothing arrived gets a file without rows: else nobody could tell it from a day that has not landed
yet. Files that are there already are written again with the same bytes.
"""

import csv
import gzip
import io
import json
import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

TOPICS = {"page_view": "page_views", "page_ping": "page_pings", "link_click": "clicks", "object_click": "clicks"}
CONTEXT = "contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"
ARRIVED = "collector_tstamp"
CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+")
EVER = "1970-01-01"  # the day of rows none of which says when it arrived


def page_view_id(context: str) -> str:
    """Return the id in a web page context, nested in one or more lists; empty where there is none."""
    try:
        found: Any = json.loads(context)
        while isinstance(found, list):
            found = found[0]
        return str(found["id"] or "")
    except (ValueError, LookupError, TypeError):
        return ""


def arrived_on(header: list[str], fields: list[str]) -> str | None:
    """Return the UTC day on which a row arrived, or ``None`` where it does not say."""
    text = dict(zip(header, fields, strict=False)).get(ARRIVED, "")
    return text[:10] if len(fields) == len(header) and CLOCK.fullmatch(text) else None


def days(found: Collection[str]) -> list[str]:
    """Return all days from the first to the last."""
    first, last = (date.fromisoformat(day) for day in (min(found), max(found)))
    return [str(first + timedelta(days=number)) for number in range((last - first).days + 1)]


def split(source: Path, root: Path) -> Iterator[tuple[Path, int]]:
    """Write all files; yield each with its rows."""
    parts: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    arrivals = [arrived_on(header, fields) for fields in rows]
    last = next((day for day in arrivals if day), EVER)
    for fields, day in zip(rows, arrivals, strict=True):
        last = day or last
        if len(fields) == len(header):
            topic = TOPICS.get(fields[header.index("event_name")], "others")
            parts[topic, last].append([page_view_id(fields[header.index(CONTEXT)]), *fields])
        else:
            parts["others", last].append(fields)
    for topic, day in product([*dict.fromkeys(TOPICS.values()), "others"], days({day for _, day in parts})):
        rows = parts[topic, day]
        path = root / "snowplow" / topic / f"dt={day}" / "events.csv.gz"
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([["page_view_id", *header], *rows])
        path.parent.mkdir(parents=True, exist_ok=True)
        # NOTE: no time in the gzip header: the same rows are the same bytes, so nothing becomes stale
        path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
        yield path, len(rows)


def main() -> None:
    """Land the file given in the log root given, or ``data/logs``."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    root = Path(sys.argv[2] if len(sys.argv) > 2 else "data/logs")
    written = list(split(Path(sys.argv[1]), root))
    print(f"{sum(rows for _, rows in written):,} rows of Snowplow logs in {len(written)} files below {root}")


if __name__ == "__main__":
    main()
