"""Conservation: every row of a partition is accounted for, and a sum that is off is an error."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import ConservationError
from featurelib.ledger.conservation import UNCREDITED, Account, HourCounts, check, conservation
from featurelib.runs import backfill
from featurelib.samples import RowCounts, attribute, attribute_via
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW
from featurelib.tables import Partition
from featurelib.testing.samples import NEAREST
from featurelib.workspace import Workspace
from tests.shop import logs, shop, workspace, write

FIRST = date(2026, 11, 2)
DAYS = Days(FIRST, FIRST + timedelta(days=1))
DAY = Partition(FIRST)
PIPELINE = shop(fit=Days(FIRST, FIRST))


def event(kind: str, n: int, at: datetime, name: str) -> dict[str, Any]:
    keys = {"user_id": f"u{n % 3}", "request_id": f"{at:%d}/r{n}", "item_id": f"i{n % 3}", "slot": n % 5}
    return {**keys, "event_id": f"{kind}{at:%d}/{n}", name: at, "landed_at": at}


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two days: of each, 12 impressions with one repeated, 3 good clicks and one that is too late."""
    space = workspace(tmp_path_factory.mktemp("shop"))
    impressions, clicks = logs()
    shown, clicked = [], []
    for day in DAYS:
        at = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(hours=2)
        times = [at + timedelta(hours=n) for n in range(12)]
        shown += [event("i", n, time, "shown_at") for n, time in enumerate([*times])]
        shown.append(event("i", 0, times[0], "shown_at"))
        late = {0: 3, 4: 3, 8: 3, 1: 45}
        clicked += [event("c", n, times[n] + timedelta(minutes=m), "clicked_at") for n, m in late.items()]
    write(impressions, space.logs, shown, list(DAYS))
    write(clicks, space.logs, clicked, [*DAYS, DAYS.end + timedelta(days=1)])
    backfill(PIPELINE, space, DAYS, Loop(), say=lambda _: None)
    return space


def test_the_uncredited_are_all_that_attribution_does_not_credit() -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    minutes = pl.Series([0, 40, 40], dtype=pl.Int64) * timedelta(minutes=1) + at
    clicks = pl.DataFrame({"k": ["a", "a", "b"], "clicked_at": minutes})
    ordered_at = [at, at + timedelta(minutes=50), at + timedelta(hours=9), at]
    orders = pl.DataFrame({"k": ["a", "b", "b", "c"], "ordered_at": ordered_at})
    shown = pl.LazyFrame({"k": ["a"], "shown_at": [at], ROW: pl.Series([0], dtype=pl.UInt32)})
    within = timedelta(minutes=30)
    of_clicks = attribute(shown, clicks, keys=["k"], shown_at="shown_at", clicked_at="clicked_at", within=within)
    of_orders = attribute_via(
        of_clicks, orders, keys=["k"], clicked_at="clicked_at", converted_at="ordered_at", within=within
    )
    reasons = [*of_clicks[REASON], *of_orders[REASON]]
    assert {reason for reason in reasons if reason is not None} == UNCREDITED == {*NEAREST} - {"credited"}


def test_rows_and_labels_of_each_day_and_in_total(space: Workspace) -> None:
    found = conservation(PIPELINE, space, DAYS)
    clicks = RowCounts(4, 3, {"outside_window": 1})
    day = {"impressions": RowCounts(13, 12, {"duplicate": 1}), "clicks": clicks, "samples": RowCounts(12, 12)}
    assert found.accounts[DAY].rows == day
    assert found.total.rows == {name: counts + counts for name, counts in day.items()}
    assert found.total.labels == {"clicked": {"0": 18, "1": 6}}


def test_hours_reconcile_impressions_with_samples_and_clicks_with_credits(space: Workspace) -> None:
    hours = {(hour.log, hour.at.hour): hour for hour in conservation(PIPELINE, space, [DAY]).accounts[DAY].hours}
    assert (hours["impressions", 2].events, hours["impressions", 2].kept, hours["impressions", 2].share) == (1, 1, 1.0)
    assert (hours["clicks", 3].events, hours["clicks", 3].kept, hours["clicks", 3].share) == (1, 0, 0.0)
    assert hours["clicks", 23].share is None
    assert len(hours) == 48


def test_days_that_were_not_built_are_named(space: Workspace) -> None:
    found = conservation(PIPELINE, space, Days(FIRST, FIRST + timedelta(days=2)))
    assert found.not_built == (Partition(date(2026, 11, 4)),)
    assert "not built: 2026-11-04" in found.text()
    assert "total of 2" in found.text()


def test_nothing_built_is_no_agreement(tmp_path: Path) -> None:
    found = conservation(PIPELINE, workspace(tmp_path), DAYS)
    assert found.not_built == (DAY, Partition(DAYS.end))
    assert "agree" not in found.text(hours=True)


HOUR = datetime(2026, 11, 2, tzinfo=UTC)
GOOD = Account(
    rows={
        "impressions": RowCounts(5, 4, {"duplicate": 1}),
        "clicks": RowCounts(3, 1, {"duplicate": 1, "no_impression": 1}),
        "samples": RowCounts(4, 4),
    },
    labels={"clicked": {"0": 3, "1": 1}},
    changes={},
    hours=(HourCounts("impressions", HOUR, 4, "samples", 4), HourCounts("clicks", HOUR, 2, "credited", 1)),
)


def test_an_account_whose_sums_agree_passes() -> None:
    check(GOOD, DAY, sampled="impressions", rows=4, set_aside=3)


@pytest.mark.parametrize(
    ("changes", "held", "match"),
    [
        ({"rows": {**GOOD.rows, "clicks": RowCounts(3, 1, {"duplicate": 1})}}, {}, r"clicks of .*\+1 rows"),
        ({"rows": {**GOOD.rows, "samples": RowCounts(3, 3)}}, {}, "impressions to samples of .*4 rows in, 3 kept"),
        ({"labels": {"clicked": {"0": 3}}}, {}, "label clicked of 2026-11-02: 4 rows in, 3 kept"),
        ({"hours": (HourCounts("impressions", HOUR, 3, "samples", 4),)}, {}, "impressions by hour"),
        ({"hours": (HourCounts("impressions", HOUR, 4, "samples", 3),)}, {}, "samples by hour"),
        ({"hours": (HourCounts("clicks", HOUR, 1, "credited", 1),)}, {}, "clicks by hour"),
        ({"hours": (HourCounts("clicks", HOUR, 2, "credited", 2),)}, {}, "credited clicks by hour"),
        (
            {"hours": (HourCounts("clicks", HOUR, 0, "credited", 1), HourCounts("clicks", HOUR, 2, "credited", 0))},
            {},
            "credited clicks of the hour 00:00Z",
        ),
        ({}, {"rows": 5}, "samples in the table of"),
        ({}, {"set_aside": 2}, "rows in quarantine of"),
    ],
)
def test_a_sum_that_is_off_is_an_error_that_names_it(changes: dict[str, Any], held: dict[str, int], match: str) -> None:
    with pytest.raises(ConservationError, match=match):
        check(replace(GOOD, **changes), DAY, sampled="impressions", **{"rows": 4, "set_aside": 3, **held})
