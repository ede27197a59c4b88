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
from featurelib.schema.usual import AGAINST_A_DAY, AGAINST_BASELINE, Usual, beyond_usual, broken_days, usual_moves


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


def day(number: int, *, price: float = 1.0, users: int = USERS, each: int = ROWS) -> Profile:
    """Return the profile of a day: each user brings a hundred rows, all of one country."""
    rows = [(user, row) for user in range(users) for row in range(each)]
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


def usual_of(days: Sequence[Profile], table: type[Table] = Shown, edges: Edges = EDGES) -> Usual:
    named = {str(number): one for number, one in enumerate(days)}
    broken = broken_days(named, table, edges)
    return usual_moves(named, days[0].merge_all(days[1:]), table, edges, broken=broken)


def whole(days: Sequence[Profile]) -> Profile:
    return days[0].merge_all(days[1:FIT])


def test_by_rows_alone_quiet_days_are_loud_and_by_days_they_are_not(days: list[Profile]) -> None:
    fit = whole(days)
    usual = usual_of(days[:FIT])
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
    usual = usual_of(days[:FIT])
    found = beyond_usual(compare(day(99, price=0.5), fit, Shown, EDGES, against="the fit"), usual, AGAINST_BASELINE)
    assert loud(found) == [("price", "psi")]
    calm = [one for one in found if one.column == "country" and "days of the fit lay up to" in one.why]
    assert all((one.level, one.moved) == ("ok", ()) for one in calm)


def test_of_fewer_than_three_days_nothing_is_usual(days: list[Profile]) -> None:
    assert usual_of(days[:2]) == {}
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
    usual = usual_of(days, Nullable, edges)
    assert usual["x"]["nulls"] == pytest.approx(0.2 - 0.2 * 6 / 7)
    found = beyond_usual(compare(of(4000), whole, Nullable, edges, against="the fit"), usual, AGAINST_BASELINE)
    assert {one.level for one in found if one.measure == "nulls"} == {"alarm"}


def broken(days: Sequence[Profile]) -> list[str]:
    return list(broken_days({str(number): one for number, one in enumerate(days)}, Shown, EDGES))


def test_one_broken_day_in_the_fit_is_told_and_makes_no_later_day_like_it_usual(days: list[Profile]) -> None:
    bad = day(98, price=0.5)
    fitted = [*days[: FIT - 1], bad]
    fit, usual = fitted[0].merge_all(fitted[1:]), usual_of(fitted)
    assert broken(fitted) == [str(FIT - 1)]
    assert usual["price"]["psi"] < usual_of([*fitted[1:], day(97, price=0.5)])["price"]["psi"] / 5
    again = beyond_usual(compare(day(99, price=0.5), fit, Shown, EDGES, against="the fit"), usual, AGAINST_BASELINE)
    assert ("price", "psi") in loud(again)
    calm = beyond_usual(compare(days[FIT], fit, Shown, EDGES, against="the fit"), usual, AGAINST_BASELINE)
    assert not loud(calm)


def test_a_day_of_few_rows_makes_no_later_day_usual(days: list[Profile]) -> None:
    fitted = [*days[: FIT - 1], day(98, users=2, each=5)]
    assert broken(fitted) == []
    found = compare(day(99, price=0.5), fitted[0].merge_all(fitted[1:]), Shown, EDGES, against="the fit")
    assert ("price", "psi") in loud(beyond_usual(found, usual_of(fitted), AGAINST_BASELINE))


def test_days_without_rows_are_no_days(days: list[Profile]) -> None:
    empty = [day(number, users=0) for number in range(90, 93)]
    assert broken([*days[:2], *empty]) == broken([*days[:3], day(98, price=0.1), *empty]) == []
    assert usual_of([*days[:2], *empty]) == {}


def test_neither_quiet_days_nor_two_alike_are_taken_for_broken(days: list[Profile]) -> None:
    assert not any(broken(days[start : start + FIT]) for start in range(0, DAYS - FIT, 4))
    assert broken([*days[: FIT - 2], day(97, price=0.5), day(98, price=0.5)]) == []


def test_of_few_days_none_is_told_as_broken_and_four_times_the_alarm_limit_is_the_most(days: list[Profile]) -> None:
    fitted = [*days[:3], day(98, price=0.1)]
    assert broken(fitted) == []
    assert usual_of(fitted)["price"]["psi"] == 4 * Shown.drift.psi[1]  # type: ignore[index]
