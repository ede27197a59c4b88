"""Usual: rows come in clusters, so days differ without a cause; a shift beyond that is still seen on its day."""

from collections.abc import Sequence

import polars as pl
import pytest

from featurelib.program.hashing import hash_text
from featurelib.schema import Column, Table
from featurelib.schema.drift import compare
from featurelib.schema.edges import Bins, Edges
from featurelib.schema.findings import Finding
from featurelib.schema.measure import profile_rows
from featurelib.schema.profile import Profile
from featurelib.schema.usual import AGAINST_A_DAY, AGAINST_BASELINE, beyond_usual, usual_moves


class Shown(Table):
    country = Column(dtype=pl.UInt32(), doc="Country of the user.", role="feature")
    price = Column(dtype=pl.Float32(), doc="Price, of each row.", role="feature")
    clicked = Column(dtype=pl.Int8(), doc="Label.", role="label")


EDGES = Edges(
    bins={
        "country": Bins(kind="categories", categories=tuple(range(8))),
        "price": Bins(kind="numbers", edges=tuple(n / 10 for n in range(1, 10))),
    },
    label="clicked",
)
USERS, ROWS, FIT, DAYS = 60, 100, 7, 24


def share(*words: object) -> float:
    """Return a number from 0 to 1 that looks random, and is the same in each run."""
    return hash_text("/".join(map(str, words))) / 2**64


def day(number: int, *, price: float = 1.0) -> Profile:
    """Return the profile of a day: each user brings a hundred rows, all of one country."""
    rows = [(user, row) for user in range(USERS) for row in range(ROWS)]
    frame = pl.LazyFrame(
        {
            "country": [int(8 * share("country", number, user)) for user, _ in rows],
            "price": [price * share("price", number, user, row) for user, row in rows],
            "clicked": [int(share("click", number, user, row) < 0.1) for user, row in rows],
        },
        schema=Shown.polars_schema(),
    )
    return profile_rows(frame, Shown, EDGES)


@pytest.fixture(scope="module")
def days() -> list[Profile]:
    return [day(number) for number in range(DAYS)]


def loud(found: Sequence[Finding]) -> list[tuple[str | None, str]]:
    return [(one.column, one.measure) for one in found if one.level in {"watch", "alarm"}]


def whole(days: Sequence[Profile]) -> Profile:
    return days[0].merge_all(days[1:FIT])


def test_by_rows_alone_quiet_days_are_loud_and_by_days_they_are_not(days: list[Profile]) -> None:
    fit = whole(days)
    usual = usual_moves(days[:FIT], fit, Shown, EDGES)
    plain = [compare(one, fit, Shown, EDGES, against="the fit") for one in days[FIT:]]
    assert sum(("country", "psi") in loud(found) for found in plain) > DAYS // 3
    assert not any(column == "price" for found in plain for column, _ in loud(found))
    judged = [loud(beyond_usual(found, usual, AGAINST_BASELINE)) for found in plain]
    assert sum(map(bool, judged)) <= 1
    pairs = zip(days[FIT:], days[FIT + 1 :], strict=False)
    apart = [compare(now, was, Shown, EDGES, against="the day before") for was, now in pairs]
    assert not any(loud(beyond_usual(found, usual, AGAINST_A_DAY)) for found in apart)


def test_a_real_shift_is_told_and_what_is_usual_is_explained(days: list[Profile]) -> None:
    fit = whole(days)
    usual = usual_moves(days[:FIT], fit, Shown, EDGES)
    found = beyond_usual(compare(day(99, price=0.5), fit, Shown, EDGES, against="the fit"), usual, AGAINST_BASELINE)
    assert loud(found) == [("price", "psi")]
    calm = [one for one in found if one.column == "country" and "days of the fit lay up to" in one.why]
    assert all((one.level, one.moved) == ("ok", ()) for one in calm)


def test_of_fewer_than_three_days_nothing_is_usual(days: list[Profile]) -> None:
    assert usual_moves(days[:2], whole(days), Shown, EDGES) == {}
    found = compare(days[10], whole(days), Shown, EDGES, against="the fit")
    assert beyond_usual(found, {}, AGAINST_BASELINE) == found


def test_a_day_with_fewer_nulls_makes_no_day_with_more_of_them_usual():
    class Nullable(Table):
        x = Column(dtype=pl.Float64(), doc="A number.", nullable=True, role="feature")

    edges = Edges(bins={"x": Bins(kind="numbers", edges=(1.0,))})

    def of(nulls: int) -> Profile:
        values = [None] * nulls + [0.5, 1.5] * ((10_000 - nulls) // 2)
        return profile_rows(pl.LazyFrame({"x": values}, schema={"x": pl.Float64()}), Nullable, edges)

    days = [*[of(2000)] * 6, of(0)]
    whole = days[0].merge_all(days[1:])
    usual = usual_moves(days, whole, Nullable, edges)
    assert usual["x"]["nulls"] == pytest.approx(0.2 - 0.2 * 6 / 7)
    found = beyond_usual(compare(of(4000), whole, Nullable, edges, against="the fit"), usual, AGAINST_BASELINE)
    assert {one.level for one in found if one.measure == "nulls"} == {"alarm"}
