"""Land a web server's access log, in Apache's combined format, as logs by day.

    python examples/weblog_logs.py access.log.gz OWN_HOST[,OWN_HOST...] [LOG_ROOT]

Writes ``LOG_ROOT/weblog/requests/dt=2015-05-17/access.csv.gz`` and so on, one row per line by its UTC day. The fields
stay as they are, ``-`` for nothing included. Added are the page without its query, whether it is an asset of a page,
and what the referrer says: its host, the page where it is one of ours, and the search engine's query and rank. A line
in another format lands as it is, on its own day or on that of the line before it.

A request for a page from a page of ours is also a click on that page. These are written once more, to
``LOG_ROOT/weblog/follows``. Files that are there already are written again with the same bytes.
"""

import csv
import gzip
import io
import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

TEXT = r'"((?:[^"\\]|\\.)*)"'
LINE = re.compile(rf'(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d{{3}}) (\d+|-) {TEXT} {TEXT}')
TIME = re.compile(r"\[(\d{2}/\w{3}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\]")
ASSET = re.compile(r"\.(css|js|png|jpe?g|gif|svg|ico|ttf|woff|xsl|txt|xml)$", re.IGNORECASE)
ENGINE = re.compile(r"(^|\.)(google|bing|yahoo|yandex|baidu|duckduckgo)\.")
QUERIES = ("q", "p", "wd", "text")  # what the engines call a query
CLIENT = ["client", "ident", "user", "requested_at"]
REQUEST = [*CLIENT, "method", "target", "protocol", "status", "bytes", "referrer", "agent"]
ADDED = ["page", "asset", "referrer_host", "referrer_page", "search_query", "search_rank"]
FOLLOW = ["client", "page", "followed_at", "to_page"]
NOTHING = "-"
EVER = "1970-01-01"  # the day of what comes before any line with a time


def instant(text: str) -> datetime | None:
    """Return the time of a line, or ``None`` where there is none."""
    try:
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
    except ValueError:
        return None


def referred(referrer: str, own: Collection[str]) -> dict[str, str]:
    """Return what a referrer says of where the client came from."""
    try:
        url = urlsplit(referrer)
        host = url.hostname or NOTHING
    except ValueError:
        return {}
    said = {"referrer_host": host}
    if host in own:
        said["referrer_page"] = url.path or "/"
    if ENGINE.search(host):
        asked = parse_qs(url.query)
        said["search_query"] = next((asked[name][0] for name in QUERIES if name in asked), NOTHING)
        said["search_rank"] = asked.get("cd", [NOTHING])[0]
    return said


def parsed(line: str, own: Collection[str]) -> dict[str, str] | None:
    """Return the fields of a line by name, or ``None`` where it has another format."""
    found = LINE.fullmatch(line)
    if found is None:
        return None
    row = {**dict.fromkeys([*REQUEST, *ADDED], NOTHING), **dict(zip(REQUEST, found.groups(), strict=True))}
    page = row["target"].split("?")[0]
    asset = "true" if ASSET.search(page) else "false"
    return {**row, "page": page, "asset": asset, **referred(row["referrer"], own)}


def split(source: Path, root: Path, own: Collection[str]) -> Iterator[tuple[Path, int]]:
    """Write all files; yield each with its rows."""
    parts: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    last = EVER
    with gzip.open(source, "rt", encoding="utf-8", newline="\n") as file:
        lines = [line.rstrip("\n") for line in file]
    for line in lines:
        found = TIME.search(line)
        at = instant(found[1]) if found else None
        last = f"{at.astimezone(UTC):%Y-%m-%d}" if at else last
        row = parsed(line, own)
        parts["requests", last].append([line] if row is None else list(row.values()))
        if row is not None and row["referrer_page"] != NOTHING and row["asset"] == "false":
            follow = [row["client"], row["referrer_page"], row["requested_at"], row["page"]]
            parts["follows", last].append(follow)
    for (topic, day), rows in sorted(parts.items()):
        path = root / "weblog" / topic / f"dt={day}" / "access.csv.gz"
        text = io.StringIO(newline="")
        header = [*REQUEST, *ADDED] if topic == "requests" else FOLLOW
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        path.parent.mkdir(parents=True, exist_ok=True)
        # NOTE: no time in the gzip header: the same rows are the same bytes, so nothing becomes stale
        path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
        yield path, len(rows)


def main() -> None:
    """Land the file given in the log root given, or ``data/logs``."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    root = Path(sys.argv[3] if len(sys.argv) > 3 else "data/logs")
    written = list(split(Path(sys.argv[1]), root, sys.argv[2].split(",")))
    print(f"{sum(rows for _, rows in written):,} rows of web logs in {len(written)} files below {root}")


if __name__ == "__main__":
    main()
