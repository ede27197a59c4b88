from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ParameterError, UsageError
from featurelib.tables import Partition


@given(day=st.dates(), hour=st.none() | st.integers(0, 24))
def test_text_reads_back_as_the_same_partition(day: date, hour: int | None) -> None:
    partition = Partition(day, hour)
    assert Partition.parse(str(partition)) == partition


def test_text_and_path_of_a_day_and_an_hour() -> None:
    assert str(Partition(date(2026, 11, 1))) == "2026-11-01"
    assert Partition(date(2026, 11, 1)).path == "dt=2026-11-01"
    assert str(Partition(date(2026, 11, 1), 5)) == "2026-11-01T05"
    assert Partition(date(2026, 11, 1), 5).path == "dt=2026-11-01/hr=5"


def test_hours_sort_by_time() -> None:
    assert Partition(date(2026, 11, 1), 9) < Partition(date(2026, 11, 1), 10) < Partition(date(2026, 11, 2), 0)


@pytest.mark.parametrize("text", ["", "2026-11", "2026-11-31", "2026-11-01T25", "2026-11-01 05", "2026-11-01T5", "x"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a day such as 2026-11-01 or an hour such as 2026-11-01T05"):
        Partition.parse(text)


def test_hour_beyond_24_is_refused() -> None:
    with pytest.raises(ParameterError, match="hr must be a whole number from 0 to 24, or None, got 25"):
        Partition(date(2026, 11, 1), 25)


def test_an_instant_is_not_a_day() -> None:
    with pytest.raises(ParameterError, match=r"dt must be a datetime.date"):
        Partition(datetime(2026, 11, 1, tzinfo=UTC))
