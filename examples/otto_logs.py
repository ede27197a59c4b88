"""Land the OTTO sessions, one JSON object with all its events per user, as logs by day.

    python examples/otto_logs.py train.jsonl [LOG_ROOT]

Writes ``LOG_ROOT/otto/clicks/dt=2022-08-01/events.jsonl`` and so on: ``clicks``, ``carts``, ``orders`` and
``others``, one line per event by the UTC day of its ``ts``, which stays epoch milliseconds. Added are the session, the
event's number in it, and an ``event_id`` of both, since OTTO's events have none. What is no session or no event lands
as it is among the others, on the day of the event before it. Files that are there already are written again with the
same bytes.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TOPICS = ("clicks", "carts", "orders")
EVER = "1970-01-01"  # the day of what comes before any event with a time


def events(line: str) -> Iterator[tuple[str, Any, str]]:
    """Yield the topic, the time and the line of each event of a session."""
    try:
        session = json.loads(line)
        number, found = session["session"], list(session["events"])
    except (ValueError, KeyError, TypeError):
        yield "others", None, line
        return
    for place, event in enumerate(found):
        if not isinstance(event, dict):
            yield "others", None, json.dumps(event)
            continue
        row = {"event_id": f"{number}-{place}", "session": number, "place": place, **event}
        topic = event.get("type")
        yield topic if topic in TOPICS else "others", event.get("ts"), json.dumps(row)


def utc_day(milliseconds: Any) -> str | None:
    """Return the UTC day of a time in epoch milliseconds; ``None`` of anything else."""
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d}"
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def split(source: Path, root: Path) -> Iterator[tuple[Path, int]]:
    """Write all files; yield each with its rows."""
    parts: dict[tuple[str, str], list[str]] = defaultdict(list)
    last = EVER
    for line in source.read_text(encoding="utf-8").splitlines():
        for topic, time, event in events(line):
            last = utc_day(time) or last
            parts[topic, last].append(event)
    for (topic, day), lines in sorted(parts.items()):
        path = root / "otto" / topic / f"dt={day}" / "events.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        yield path, len(lines)


def main() -> None:
    """Land the file given in the log root given, or ``data/logs``."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    root = Path(sys.argv[2] if len(sys.argv) > 2 else "data/logs")
    written = list(split(Path(sys.argv[1]), root))
    print(f"{sum(rows for _, rows in written):,} rows of OTTO logs in {len(written)} files below {root}")


if __name__ == "__main__":
    main()
