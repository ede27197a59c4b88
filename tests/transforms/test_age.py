from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from featurelib.errors import ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Age, fit

test_contract = transform_contract({"days": Age("x", at="y"), "seconds": Age("x", at="y", unit="s")})

AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(("unit", "expected"), [("s", 5400), ("min", 90), ("h", 1.5), ("d", 0.0625)])
def test_an_hour_and_a_half_in_each_unit(unit: str, expected: float):
    frame = pl.DataFrame({"was": [AT], "now": [AT + timedelta(hours=1.5)]})
    program = fit(Age("was", at="now", unit=unit), frame)
    assert program.transform(frame)["was__age"].to_list() == [expected]
    assert program.transform_row({"was": AT + timedelta(hours=3), "now": AT + timedelta(hours=1.5)}) == {
        "was__age": -expected
    }


def test_missing_time_gives_a_missing_age():
    program = fit(Age("was", at="now"), pl.DataFrame({"was": [AT], "now": [AT]}))
    assert program.transform_row({"was": None, "now": AT}) == {"was__age": None}
    assert program.transform_row({"was": AT, "now": None}) == {"was__age": None}


def test_unknown_unit_and_a_column_against_itself_are_refused():
    with pytest.raises(ParameterError, match="unit must be one of s, min, h, d, got 'week'"):
        Age("was", at="now", unit="week")
    with pytest.raises(ParameterError, match="at must be another column, got 'was'"):
        Age("was", at="was")
