"""A web server's access log: raw lines, crawlers, lines written twice, search engines in the referrers."""

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

import featurelib
from featurelib.samples import CRAWLERS
from pipelines.weblog_pages import AGENTS, follows, requests, weblog_pages
from tests.real.landed import DATA, MINUTE, Built, built, example, midnight, needs, rows_of

SOURCE = DATA / "weblog-apache" / "access.log.gz"
OWN = ("semicomplete.com", "www.semicomplete.com")
WITHIN = 30 * MINUTE
MOST = 60


@dataclass(frozen=True)
class Line:
    """A line of the log, cut up without featurelib and without the example's pattern."""

    place: int
    text: str

    @property
    def at(self) -> datetime:
        return datetime.strptime(self.text.split("[")[1].split("]")[0], "%d/%b/%Y:%H:%M:%S %z")

    @property
    def client(self) -> str:
        return self.text.split(" ")[0]

    @property
    def quoted(self) -> list[str]:
        return self.text.split('"')[1::2]  # no field of this log has a quote inside

    @property
    def target(self) -> str:
        return self.quoted[0].split(" ")[1]

    @property
    def page(self) -> str:
        return self.target.partition("?")[0]

    @property
    def bytes(self) -> str:
        return self.text.split('"')[2].split(" ")[2]

    @property
    def referrer(self) -> str:
        return self.quoted[1]

    @property
    def agent(self) -> str:
        return self.quoted[2]

    @property
    def is_whole(self) -> bool:
        return self.text.count('"') == 6

    @property
    def from_page(self) -> str | None:
        """The page of this site that a request for another page came from."""
        found = re.match(r"https?://([^/]*)([^?#]*)", self.referrer)
        is_asset = re.search(r"\.(css|js|png|jpe?g|gif|svg|ico|ttf|woff|xsl|txt|xml)$", self.page, re.IGNORECASE)
        return (found[2] or "/") if found and found[1] in OWN and not is_asset else None


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    with gzip.open(SOURCE, "rt", encoding="utf-8", newline="\n") as file:
        return [Line(place, text.rstrip("\n")) for place, text in enumerate(file)]


@pytest.fixture(scope="module")
def whole(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.is_whole]


@pytest.fixture(scope="module")
def distinct(whole: list[Line]) -> list[Line]:
    """Lines, without those whose text stood there before."""
    first = {line.text: line for line in reversed(whole)}
    return sorted(first.values(), key=lambda line: line.place)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("weblog")
    written = list(example("weblog_logs").split(SOURCE, logs, OWN))
    assert sum(rows for path, rows in written if "requests" in path.parts) == 10_000
    return logs


@pytest.fixture(scope="module")
def weblog(root: Path, lines: list[Line], tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(weblog_pages, root, tmp_path_factory.mktemp("built"), {line.at.date() for line in lines})


def count(lines: Sequence[Line], pattern: str) -> int:
    return sum(bool(re.search(pattern, line.referrer)) for line in lines)


@needs("weblog-apache")
def test_each_line_is_a_row_or_a_reject(root: Path, lines: list[Line], whole: list[Line], tmp_path: Path) -> None:
    assert (len(lines), len(whole)) == (10_000, 9_999)
    assert sum(after.at < before.at for before, after in pairwise(lines)) == 4_915
    found = rows_of(requests, root, tmp_path)
    frame = found.frame.collect()
    # NOTE: files are by day, and days lie in order in the file though seconds do not
    names = ("client", "requested_at", "target", "page", "status", "bytes", "referrer", "agent")
    assert frame.select(names).rows() == [
        (
            line.client,
            line.at,
            line.target,
            line.page,
            int(line.text.split('"')[2].split()[0]),
            None if line.bytes == "-" else int(line.bytes),
            None if line.referrer == "-" else line.referrer,
            None if line.agent == "-" else line.agent,
        )
        for line in whole
    ]
    assert frame["bytes"].null_count() == sum(line.bytes == "-" for line in whole) == 669
    assert frame["agent"].null_count() == 190
    assert Counter(frame["method"]) == {"GET": 9_951, "HEAD": 42, "POST": 5, "OPTIONS": 1}
    assert frame["client"].n_unique() == 1_753


@needs("weblog-apache")
def test_the_line_that_was_cut_is_refused_with_its_text(root: Path, lines: list[Line], tmp_path: Path) -> None:
    (cut,) = (line for line in lines if not line.is_whole)
    reject = rows_of(requests, root, tmp_path).rejects.row(0, named=True)
    assert reject["reason"] == "field_count"
    assert reject["file"] == "weblog/requests/dt=2015-05-20/access.csv.gz"
    before = [line for line in lines if line.at.date() == cut.at.date() and line.place < cut.place]
    assert reject["line"] == 2 + len(before)
    assert cut.text.replace('"', '\\"') in reject["row"]


@needs("weblog-apache")
def test_search_engines_say_query_and_rank(root: Path, whole: list[Line], tmp_path: Path) -> None:
    frame = rows_of(requests, root, tmp_path).frame.collect()
    assert count(whole, r"%[0-9A-Fa-f]{2}") == 408
    ranks = [re.search(r"[?&]cd=(\d+)", line.referrer) for line in whole]
    assert frame["search_rank"].to_list() == [int(rank[1]) if rank else None for rank in ranks]
    counts = Counter(frame["search_rank"].drop_nulls())
    assert (counts.total(), counts[1], counts[2]) == (231, 78, 29)
    asked = [
        re.search(r"^https?://[^/]*(?:google|bing|yahoo|yandex|baidu|duckduckgo)\.[^?]*\?(.*)", line.referrer)
        for line in whole
    ]
    queries = [re.search(r"(?:^|&)(?:q|p|wd|text)=([^&#]+)", found[1]) if found else None for found in asked]
    said = frame["search_query"].to_list()
    assert sum(query is not None for query in said) == sum(query is not None for query in queries)
    of_google = [
        (unquote_plus(found[1]), query)
        for line, query in zip(whole, said, strict=True)
        if (found := re.search(r"^https?://[^/]*google\.[^?]*\?(?:.*&)?q=([^&#]+)", line.referrer))
    ]
    assert count(whole, r"[?&]q=[^&]") == 76
    assert all(mine == theirs for mine, theirs in of_google)
    assert any(" " in mine for mine, _ in of_google)


@needs("weblog-apache")
def test_lines_written_twice_are_counted_once(weblog: Built, whole: list[Line], distinct: list[Line]) -> None:
    assert len(whole) - len(distinct) == 19
    counts = weblog.counts("requests")
    assert counts == {"in": 10_000, "kept": 9_980, "field_count": 1, "repeat": 19}
    assert weblog.counts("samples")["in"] == len(distinct)


@needs("weblog-apache")
def test_pages_that_led_on_are_those_of_a_loop(weblog: Built, distinct: list[Line]) -> None:
    seen = defaultdict(list)
    for line in distinct:
        seen[line.client, line.page].append(line)
    credited: dict[int, list[datetime]] = defaultdict(list)
    fates: Counter[str] = Counter()
    clicks = {(line.client, line.from_page, line.at, line.page): line for line in distinct if line.from_page}
    for line in clicks.values():
        start = midnight(line.at) - WITHIN
        before = [other for other in seen[line.client, line.from_page] if start <= other.at <= line.at]
        latest = max(before, key=lambda other: (other.at, other.place), default=None)
        if latest is None:
            fates["no_impression"] += 1
        elif line.at - latest.at >= WITHIN:
            fates["outside_window"] += 1
        else:
            fates["kept"] += 1
            credited[latest.place].append(line.at)
    counts = weblog.counts("follows")
    assert {reason: counts[reason] for reason in fates} == fates
    assert counts["in"] == fates.total() + counts["repeat"] == sum(bool(line.from_page) for line in distinct) + 1
    stays = people(distinct)
    assert weblog.samples.select("client", "page", "requested_at", "led_on", "led_on__count", "led_on__at").rows() == [
        (
            line.client,
            line.page,
            line.at,
            int(line.place in credited),
            len(credited[line.place]) if line.place in credited else 0,
            min(credited[line.place]) if line.place in credited else None,
        )
        for line in stays
    ]


def people(distinct: Sequence[Line]) -> list[Line]:
    """Return the lines that the bot rules leave."""
    named = [line for line in distinct if line.agent != "-" and not listed(line)]
    per_day = Counter((line.client, line.at.date()) for line in named)
    return [line for line in named if per_day[line.client, line.at.date()] <= MOST]


def listed(line: Line) -> bool:
    return any(agent.lower() in line.agent.lower() for agent in AGENTS)


@needs("weblog-apache")
def test_crawlers_are_dropped_and_counted_by_rule(weblog: Built, distinct: list[Line]) -> None:
    bots = [line for line in distinct if line.agent == "-" or listed(line)]
    stays = people(distinct)
    counts = weblog.counts("samples")
    assert counts == {
        "in": len(distinct),
        "kept": len(stays),
        "bot_agent": len(bots),
        "bot_impressions": len(distinct) - len(bots) - len(stays),
    }
    by_word = {line.place for line in distinct if re.search("bot|crawl|spider|slurp", line.agent, re.IGNORECASE)}
    assert by_word <= {line.place for line in bots}
    usual = [line for line in bots if any(agent in line.agent.lower() for agent in CRAWLERS)]
    unnamed = sum(line.agent == "-" for line in distinct)
    assert (len(usual), len(bots) - unnamed - len(usual)) == (2_488, 57)  # as docs/how-to/real-logs.md says
    assert counts["bot_impressions"] > 0


@needs("weblog-apache")
def test_features_are_those_that_serving_makes(weblog: Built) -> None:
    program = featurelib.load(weblog.tables)
    assert weblog.features.height == weblog.samples.height
    both = zip(weblog.samples.iter_rows(named=True), weblog.features.iter_rows(named=True), strict=True)
    for number, (row, features) in enumerate(both):
        if number % 397 == 0:
            assert program.transform_row(row).items() <= features.items()


def test_lines_of_other_formats_land_and_are_refused(tmp_path: Path) -> None:
    whole = '10.0.0.1 - - [17/May/2015:23:59:59 -0100] "GET /a?b=1 HTTP/1.1" 200 - "{referrer}" "{agent}"'
    text = [
        whole.format(referrer="http://own.example/b?x#y", agent='say \\"hi\\", they said'),
        whole.replace("[17/May", "[37/May").format(referrer="-", agent="impossible day"),
        "not a line at all, with commas",
        whole.format(referrer="http://[broken/", agent="-"),
        whole.replace(" 200 ", " 999 ").format(referrer="http://www.google.com/url?q=a%2C+b&cd=3", agent="x"),
    ]
    source = tmp_path / "access.log.gz"
    source.write_bytes(gzip.compress("".join(f"{line}\n" for line in text).encode()))
    written = {path.relative_to(tmp_path).as_posix(): rows for path, rows in
               example("weblog_logs").split(source, tmp_path, ["own.example"])}  # fmt: skip
    day = "dt=2015-05-18/access.csv.gz"  # in UTC
    assert written == {f"weblog/requests/{day}": 5, f"weblog/follows/{day}": 1}
    found = rows_of(requests, tmp_path, tmp_path / "scratch")
    frame = found.frame.collect()
    assert frame["agent"].to_list() == ['say \\"hi\\", they said', None]
    assert frame.select("referrer_host", "referrer_page").rows() == [("own.example", "/b"), (None, None)]
    assert frame["requested_at"].to_list() == [datetime(2015, 5, 18, 0, 59, 59, tzinfo=UTC)] * 2
    assert found.rejects["reason"].to_list() == ["bad_type", "field_count", "out_of_range"]
    assert "a, b" in found.rejects["row"][2]
    assert rows_of(follows, tmp_path, tmp_path / "scratch").frame.collect()["page"].to_list() == ["/b"]
