import datetime as dt
from typing import Any

import pytest

from featurelib.errors import ParameterError
from featurelib.generator import ClickLogs

SMALL: dict[str, Any] = {"days": 2, "users": 100, "items": 100, "rows": 1000, "seed": 1}


@pytest.mark.parametrize(
    ("name", "value", "want"),
    [
        ("days", 0, "days must be from 1 to 10000, got 0"),
        ("users", 1, "users must be from 2"),
        ("items", 10, "items must be from 64"),
        ("rows", 0, "rows must be from 1"),
        ("seed", -1, "seed must be from 0"),
        ("queries", 0, "queries must be left out, or from 1"),
        ("every", "1w", "every must be one of 1h, 1d, got '1w'"),
        ("format", "xlsx", "format must be one of parquet, csv"),
        ("fault", "fire", "fault must be one of late_file, duplicate_hour"),
        ("resent", 1.0, "resent must be a share, at least 0 and below 1, got 1.0"),
        ("orphans", -0.1, "orphans must be a share"),
        ("attraction", 0.0, "attraction must be above 0"),
        ("order_share", 0.5, "order_share must be from 0 to 0.1"),
        ("bot_users", 0.0, "bot_events must be above 0 with bot_users above 0"),
        ("landing_shares", (0.5, 0.2, 0.1, 0.1), "landing_shares must be four shares that sum to 1"),
        ("item_exponent", 4.0, "item_exponent must be from 0 to 3"),
        ("page_drop", 0.5, "page_drop must be at least 1"),
        ("landing_median_s", 0.0, "landing_median_s must be above 0 s"),
        ("click_delay", (3.9, 0.0), "click_delay must be a mu and a sigma above 0"),
        ("session_requests", (4, 4), "session_requests must be a median of at least 1, and more at p99"),
        ("busiest_hour", 24, "busiest_hour must be from 0 to 23"),
        ("order_reach_days", 31, "order_reach_days must be from 1 to 30"),
    ],
)
def test_a_parameter_out_of_range_is_named(name: str, value: object, want: str):
    with pytest.raises(ParameterError, match=want.replace("(", r"\(")):
        ClickLogs(**{**SMALL, name: value})


def test_a_schema_change_needs_a_partition_before_it():
    with pytest.raises(ParameterError, match="left out when there is only one partition"):
        ClickLogs(**{**SMALL, "days": 1, "fault": "schema_change"})
    assert ClickLogs(**{**SMALL, "days": 1, "every": "1h", "fault": "schema_change"}).partitions == 24


def test_people_and_bots_make_up_all_users():
    logs = ClickLogs(**{**SMALL, "users": 5000})
    assert (logs.bots, logs.people) == (30, 4970)
    assert ClickLogs(**SMALL, bot_users=0.0, bot_events=0.0).bots == 0


def test_the_start_counts_from_1970():
    assert ClickLogs(**SMALL, start=dt.date(1970, 1, 2)).first_us == 86_400_000_000
