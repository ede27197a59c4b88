from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl

from featurelib.ledger import declared_windows
from featurelib.logs import Log
from featurelib.schema import Column
from featurelib.windows import Beta, Counter, LastN, LastValue, Rate, Window
from tests.shop import Clicked, logs, rate, shop

SHOWN, CLICKS = logs()


def marks(*windows: Window) -> dict[str, str]:
    return declared_windows(shop(windows=windows))


def counter(over: str | Sequence[str] = ("1d", "2d"), *, of: Log = CLICKS) -> Counter:
    return Counter("clicks", of=of, by="item_id", over=over)


def test_a_column_means_the_same_whatever_other_windows_and_the_files_and_rules_of_its_log_are():
    class Stricter(Clicked):
        """Other rules, of other words."""

        min_rows = 5
        owner = "somebody"
        kind = Column(dtype=pl.String(), doc="A new column.")

    item_rate, both = rate(SHOWN, CLICKS), marks(rate(SHOWN, CLICKS), counter())
    assert list(both) == ["item_rate", "clicks_1d", "clicks_2d"]
    assert marks(counter(), item_rate) == both
    assert marks(item_rate) == {"item_rate": both["item_rate"]}
    assert marks(counter(["2d", "3d"]))["clicks_2d"] == both["clicks_2d"]
    others = [
        declared_windows(shop(moved, windows=[rate(*moved)]))
        for moved in (logs("csv", timedelta(hours=1)), (SHOWN, replace(CLICKS, table=Stricter)))
    ]
    assert others == [marks(item_rate)] * 2


def test_each_list_of_a_window_has_a_mark_of_its_own():
    found = marks(LastN("last", of=CLICKS, by="user_id", column="item_id", n=3, also="slot", over=["1d", "2d"]))
    assert list(found) == ["last_1d", "last_1d_slot", "last_2d", "last_2d_slot"]
    assert len(set(found.values())) == 4


def test_a_column_means_something_else_where_its_value_is_made_otherwise():
    class Later(Rate):
        """A class of its own."""

    class Wide(Clicked):
        """The slots are larger numbers."""

        slot = Column(dtype=pl.Int64(), doc="Where.")

    parts: dict[str, Any] = {
        "of": CLICKS,
        "per": SHOWN,
        "by": "item_id",
        "over": "1d",
        "delay": "1h",
        "smooth": Beta(0.1, 0.7),
    }
    changed: list[dict[str, Any]] = [
        {"over": "2d"}, {"delay": "2h"}, {"smooth": Beta(0.1, 0.8)}, {"by": "user_id"}, {"exact": True},
        {"delay": "1d"}, {"delay": "1d", "grain": "1d"}, {"per": replace(SHOWN, name="other")},
    ]  # fmt: skip
    windows = [Rate("r", **parts), Later("r", **parts), *(Rate("r", **parts | change) for change in changed)]
    found = [marks(window)["r"] for window in windows]
    assert len(set(found)) == len(found)

    def last(log: Log, timezone: str = "UTC") -> str:
        window = LastValue("slot_last", of=log, by="user_id", column="slot", over="1d", grain="1d")
        return declared_windows(shop((SHOWN, log), windows=[window], timezone=timezone))["slot_last"]

    assert len({last(CLICKS), last(replace(CLICKS, table=Wide)), last(CLICKS, "Asia/Tokyo")}) == 3
