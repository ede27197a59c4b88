"""Land a dump of OpenSearch User Behavior Insights (UBI) as logs by day.

    python examples/ubi_logs.py DUMP.ndjson.gz [LOG_ROOT]

The dump is in bulk format: a line that says what the next one is, and that one. Writes
``LOG_ROOT/ubi/impressions/dt=2025-01-24/events.ndjson.gz`` and so on: ``queries``, ``impressions``, ``clicks``,
``carts`` and ``others``, by the UTC day of the event. A document stays as it is, its time in whatever format it came;
added are its id, and the object and position that UBI nests two levels deep. What is no document lands as it is, on
the day of the one before it. Files that are there already are written again with the same bytes.
"""

import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TOPICS = {"impression": "impressions", "click": "clicks", "add_to_cart": "carts"}
EVER = "1970-01-01"  # the day of what comes before any document with a time


def pairs(source: Path) -> Iterator[tuple[str, str]]:
    """Yield each pair of lines: what a document is, and the document."""
    with gzip.open(source, "rt", encoding="utf-8", newline="\n") as file:
        lines = iter([line.rstrip("\n") for line in file])
        for action in lines:
            yield action, next(lines, "")


def utc_day(time: Any) -> str | None:
    """Return the UTC day of a time: ISO with an offset, or epoch milliseconds; ``None`` of anything else."""
    try:
        at = datetime.fromtimestamp(time / 1000, UTC) if isinstance(time, int) else datetime.fromisoformat(time)
        return f"{at.astimezone(UTC):%Y-%m-%d}" if at.tzinfo else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def landed(action: str, document: str) -> tuple[str, str | None, str]:
    """Return the topic, the day where it is known, and the line of a document."""
    try:
        about, row = json.loads(action)["index"], json.loads(document)
        topic = "queries" if about["_index"] == "ubi_queries" else TOPICS.get(row.get("action_name"), "others")
        return topic, utc_day(row.get("timestamp")), json.dumps(flat(about.get("_id"), row), ensure_ascii=False)
    except (ValueError, KeyError, TypeError, AttributeError):
        return "others", None, document or action


def flat(event_id: str | None, row: dict[str, Any]) -> dict[str, Any]:
    """Return a document with its id, object and position beside what it holds."""
    attributes = row.get("event_attributes") or {}
    added = {
        "event_id": event_id,
        "object_id": (attributes.get("object") or {}).get("object_id"),
        "ordinal": (attributes.get("position") or {}).get("ordinal"),
    }
    return {**added, **row}


def split(source: Path, root: Path) -> Iterator[tuple[Path, int]]:
    """Write all files; yield each with its rows."""
    parts: dict[tuple[str, str], list[str]] = defaultdict(list)
    last = EVER
    for action, document in pairs(source):
        topic, day, line = landed(action, document)
        last = day or last
        parts[topic, last].append(line)
    for (topic, day), lines in sorted(parts.items()):
        path = root / "ubi" / topic / f"dt={day}" / "events.ndjson.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        # NOTE: no time in the gzip header: the same rows are the same bytes, so nothing becomes stale
        path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
        yield path, len(lines)


def main() -> None:
    """Land the dump given in the log root given, or ``data/logs``."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    root = Path(sys.argv[2] if len(sys.argv) > 2 else "data/logs")
    written = list(split(Path(sys.argv[1]), root))
    print(f"{sum(rows for _, rows in written):,} rows of UBI logs in {len(written)} files below {root}")


if __name__ == "__main__":
    main()
