"""Made-up contents of pages: a small one with all that a page can hold, awkward texts, and a large one."""

import math
from collections.abc import Iterator
from datetime import date, timedelta

from featurelib.report import (
    CheckLine,
    Command,
    Content,
    Day,
    Edge,
    Failure,
    Feature,
    Level,
    Node,
    Note,
    Path,
    Rate,
    Rates,
    Square,
    Stage,
)

FIRST = date(2026, 9, 1)
AWKWARD = (
    "</script><script>document.title='broken'</script>",
    '"><img src=x onerror="document.title=1">',
    "a\u202eb\u2066c\u0007",
    'it\'s "quoted" & <b>bold</b>',
    "مرحبا " + "é" * 3,
    "\ud800 lone",
    "x" * 300,
)


def days(number: int) -> list[str]:
    return [str(FIRST + timedelta(days=n)) for n in range(number)]


def bell(cells: int, middle: float, width: float, rows: int) -> tuple[int, ...]:
    weights = [math.exp(-(((n - middle) / width) ** 2)) for n in range(cells)]
    return (*(round(rows * weight / sum(weights)) for weight in weights), rows // 50)


def features(number: int, length: int) -> Iterator[Feature]:
    for n in range(number):
        cells = (*(f"{edge / 10:.4g} .. {(edge + 1) / 10:.4g}" for edge in range(20)), "missing")
        before = bell(20, 4 + n % 12, 3 + n % 4, 100_000)
        moved = 3.0 * (n % 29 == 3) + 1.2 * (n % 17 == 5)
        psi = [0.012 + 0.006 * math.sin(n + day / 3) + 0.1 * moved * (day / length) ** 2 for day in range(length)]
        level: Level = "bad" if psi[-1] > 0.25 else "watch" if psi[-1] > 0.1 else "good"
        kept = n % 9 != 8
        of, what = ("item", "user", "query", "price")[n % 4], ("rate", "index", "age_log", "bin", "z")[n % 5]
        yield Feature(
            name=f"{of}_{what}_{n:03}",
            doc="Clicks per impression of the item in the seven days before, smoothed.",
            unit="s" if n % 5 == 2 else None,
            made_by="Standardize('item_click_rate_7d')",
            kept=kept,
            rule="" if kept else "keep_top",
            why="" if kept else f"rank {n} of {number} by mutual information, beyond 400",
            mutual_information=0.02 / (1 + n % 97) if n % 50 else None,
            distinct=17 + n,
            cells=cells,
            now=bell(20, 4 + n % 12 + moved, 3 + n % 4, 58_008),
            before=before,
            rates=tuple(0.02 + 0.002 * cell if cell < 20 else None for cell in range(21)),
            missing=0.02,
            missing_before=0.021,
            coverage=0.93,
            auc=0.5 + 0.1 * abs(math.sin(n)),
            drift=(None, *psi[1:]) if n % 7 == 0 else tuple(psi),
            level=level,
            says=(f"PSI {psi[-1]:.3f} on {days(length)[-1]}.",) if level != "good" else (),
        )


def squares(length: int) -> Iterator[Square]:
    for table in ("samples", "features"):
        for n, day in enumerate(days(length)):
            at = {"table": table, "day": day, "rows": 7_251}
            if n == length - 1:
                yield Square(**at, state="provisional", why="its labels may change until 2026-09-09 06:00Z")
            elif n == 4:
                yield Square(**at, state="stale", why="1 file of log impressions new")
            elif n == 5:
                yield Square(**(at | {"rows": 0}), state="failed", why="SchemaViolationError: price_usd.between")
            elif n == 6:
                yield Square(**(at | {"rows": 0}), state="missing", why="no log files for it")
            else:
                yield Square(**at, state="complete")


def content(number: int = 24, length: int = 14, **changed: object) -> Content:
    """Return a page with ``number`` features over ``length`` days; ``changed`` parts replace its own."""
    main = Path(
        (
            Stage("impressions", 60_216, 58_008, {"duplicate": 2_208}),
            Stage("samples", 58_008, 61_000, {"bot": 1_408, "over_cap": 12}, made=4_412),
            Stage("samples to features", 61_000, 60_961, {"quarantine": 39}),
        ),
        "features",
    )
    clicks = Path((Stage("clicks", 1_703, 1_694, {"duplicate": 6, "no_impression": 3}),), "labels")
    rising = [
        Rate(f"{n:02}", 2_400 - 60 * abs(n - 14), round((2_400 - 60 * abs(n - 14)) * (0.02 + n / 1500)))
        for n in range(24)
    ]
    falling = [Rate(str(n), 5_800, round(5_800 * 0.09 / n)) for n in range(1, 11)]
    kinds = [Rate(name, rows, rows // 33) for name, rows in (("mobile web", 30_000), ("tablet", 900), ("other", 40))]
    parts: dict[str, object] = {
        "pipeline": "search_ranking",
        "span": f"{days(length)[0]} .. {days(length)[-1]}",
        "made_at": "2026-11-23 19:00 UTC",
        "facts": {
            "Program": "v3, fitted on 2026-09-01 .. 2026-09-07 (50,747 rows)",
            "Versions": "samples 12, features 14",
            "Last commit": "2026-09-14 02:41 UTC, run 3f9a0c11d2ee",
            "featurelib": "0.1.0",
        },
        "commands": (
            Command(
                "Build what is missing or stale",
                "featurelib backfill search_ranking --start 2026-09-01 --end 2026-09-14",
            ),
            Command("Read the table", "VersionedTable.open('data/tables/search_ranking/features').scan(14)"),
        ),
        "notes": (
            Note("bad", "price_usd.between failed on 2026-09-06: 1,204 rows (2.1 %), seen 0.5 .. 93,000.", "checks"),
            Note("watch", "2 features drifted beyond the alarm on 2026-09-14: query_bin_003, item_rate_032.", "drift"),
            Note("watch", "1 day is stale, and 1 is missing.", "partitions"),
        ),
        "paths": (main, clicks),
        "checks": (
            CheckLine(
                id="price_usd.between",
                rule="price_usd in [0, 10000]",
                status="failed",
                rows_bad=1_204,
                partitions_bad=1,
                seen="0.5 .. 93,000",
                example="event_id=0013194139533696 price_usd=93000.0",
                since="2026-09-06, today",
                owner="ranking team",
                declared_at="search_ranking_features.py:31",
            ),
            CheckLine(
                id="device.allowed",
                rule="device in {ios, android, web, tv}",
                status="quarantined",
                rows_bad=31,
                partitions_bad=4,
                seen="toaster (31)",
                example="event_id=77 device=toaster",
                since="2026-09-10 (4 days)",
                owner="ranking team",
                declared_at="search_ranking_features.py:14",
            ),
            *(CheckLine(id=f"c{n}.not_null", rule=f"c{n} is not null", status="passed") for n in range(40)),
        ),
        "checks_counted": {"passed": 609, "failed": 1, "quarantined": 4, "warned": 0},
        "failures": (
            Failure(
                "features of 2026-09-06, tried 2026-09-07 02:41 UTC: SchemaViolationError",
                "search_ranking features of 2026-09-06: table SearchRankingFeatures version 1.0.0, 57,012 rows\n"
                "NOT PUBLISHED: 1 failed, 46 passed\n"
                "FAIL  price_usd.between: price_usd in [0, 10000]   1,204 rows (2.112%)   seen 0.5 .. 93000\n"
                "      e.g. event_id=0013194139533696 price_usd=93000.0",
            ),
        ),
        "features": tuple(features(number, length)),
        "days": tuple(
            Day(day, 4_000 + 300 * (n % 7), 4_000, round(4_000 * (0.028 + 0.004 * math.sin(n))))
            for n, day in enumerate(days(length))
        ),
        "baseline": "2026-09-01 .. 2026-09-07",
        "not_compared": ("2026-09-07 is not there.",),
        "label": "clicked",
        "rates": (
            Rates("hour", "clicked", tuple(rising)),
            Rates("position", "clicked", tuple(falling)),
            Rates("device", "clicked", tuple(kinds)),
        ),
        "label_rate_before": 0.0293,
        "squares": tuple(squares(length)),
        "nodes": (
            Node("impressions", 0, "impressions", ("log, 60,216 rows", "impressions/dt={dt}/hr={hr}")),
            Node("clicks", 0, "clicks", ("log, 1,703 rows",)),
            Node("windows", 1, "1 window", ("item_click_rate_7d",)),
            Node("samples", 2, "samples v12", ("61,000 rows", "label: clicked")),
            Node("program", 3, "program v3", ("28 chains, 24 features", "fitted on 7 days")),
            Node("features", 4, "features v14", ("60,961 rows",)),
            Node("quarantine", 4, "quarantine", ("39 rows",)),
        ),
        "edges": tuple(
            Edge(*pair)
            for pair in (
                ("impressions", "samples"),
                ("impressions", "windows"),
                ("clicks", "windows"),
                ("clicks", "samples"),
                ("windows", "samples"),
                ("samples", "program"),
                ("program", "features"),
                ("program", "quarantine"),
            )
        ),
    }
    return Content(**(parts | changed))
