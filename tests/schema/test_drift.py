"""Drift: each measure against counting by hand, what is skipped, and how often chance alone raises an alarm."""

import hashlib
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import UsageError
from featurelib.schema.column import Column
from featurelib.schema.divergence import jensen_shannon, psi, psi_by_chance
from featurelib.schema.drift import columns_differ, compare, enough, freshness, leaks, volume
from featurelib.schema.edges import Bins, Edges
from featurelib.schema.findings import Finding, Moved, told, worst_first
from featurelib.schema.limits import Drift, Volume
from featurelib.schema.measure import profile_rows
from featurelib.schema.profile import Profile
from featurelib.schema.table import Table

EDGES = Edges(
    bins={
        "price": Bins(kind="numbers", edges=tuple(float(n) for n in range(5, 100, 5))),
        "device": Bins(kind="categories", categories=("ios", "web", "tv")),
        "is_new": Bins(kind="categories", categories=(False, True)),
    },
    label="clicked",
)
AGAINST = "2026-11-01"


class Features(Table):
    """For these tests."""

    event_time = "shown_at"
    freshness = timedelta(hours=2)

    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.", role="time", nullable=True)
    price = Column(dtype=pl.Float64(), doc="Price.", nullable=True, role="feature", default=0.0)
    device = Column(dtype=pl.String(), doc="Device.", nullable=True, role="feature")
    is_new = Column(dtype=pl.Boolean(), doc="Whether it is new.", nullable=True, role="feature")
    clicked = Column(dtype=pl.Int8(), doc="Whether it was clicked.", nullable=True, role="label")


def chance(*words: object) -> float:
    """Return a number from 0 to 1 that looks like chance and never changes."""
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:7], "big") / 2**56


def rows(n: int, *, seed: object = 0, click: Callable[[dict[str, Any]], int] | None = None) -> list[dict[str, Any]]:
    """Return plain days: prices spread evenly from 0 to 100, three devices, one click in ten rows."""
    made = []
    for number in range(n):
        row: dict[str, Any] = {
            "price": 100 * chance("price", seed, number),
            "device": ("ios", "web", "web", "tv")[int(4 * chance("device", seed, number))],
            "is_new": chance("new", seed, number) < 0.3,
        }
        row["clicked"] = int(chance("click", seed, number) < 0.1) if click is None else click(row)
        made.append(row)
    return made


def profile_of(made: Sequence[dict[str, Any]], edges: Edges = EDGES) -> Profile:
    schema = {name: column.dtype for name, column in Features.columns.items()}
    return profile_rows(pl.DataFrame(list(made), schema=schema).lazy(), Features, edges)


def found(findings: Sequence[Finding], *levels: str) -> set[tuple[str | None, str]]:
    return {(one.column, one.measure) for one in findings if one.level in levels}


def one(findings: Sequence[Finding], column: str | None, measure: str) -> Finding:
    (finding,) = (each for each in findings if (each.column, each.measure) == (column, measure))
    return finding


def compared(now: Sequence[dict[str, Any]], was: Sequence[dict[str, Any]], **how: Any) -> tuple[Finding, ...]:
    return compare(profile_of(now), profile_of(was), Features, EDGES, against=AGAINST, **how)


COUNTS = st.integers(2, 8).flatmap(
    lambda cells: st.tuples(*[st.lists(st.integers(0, 500), min_size=cells, max_size=cells).filter(any)] * 2)
)


@given(COUNTS)
def test_psi_is_the_sum_over_the_cells(counts: tuple[list[int], list[int]]):
    now, was = counts
    plain = 0.0
    for n, m in zip(now, was, strict=True):
        p, q = max(n / sum(now), 1e-4), max(m / sum(was), 1e-4)
        plain += (p - q) * math.log(p / q)
    assert psi(now, was) == pytest.approx(plain, abs=1e-12)
    assert psi(now, was) == pytest.approx(psi(was, now), abs=1e-12)
    assert psi(now, was) >= 0
    assert psi(now, now) == 0


@given(COUNTS)
def test_jensen_shannon_is_half_of_each_divergence_from_the_middle(counts: tuple[list[int], list[int]]):
    now, was = counts
    p, q = ([count / sum(each) for count in each] for each in counts)
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    plain = sum(sum(a / 2 * math.log2(a / m) for a, m in zip(each, middle, strict=True) if a) for each in (p, q))
    assert jensen_shannon(now, was) == pytest.approx(plain, abs=1e-12)
    assert -1e-12 <= jensen_shannon(now, was) <= 1 + 1e-12


def test_by_chance_the_psi_of_two_samples_is_what_it_is_said_to_be():
    cells, n, m, tries = 10, 2_000, 3_000, 60
    total = 0.0
    for number in range(tries):
        now, was = [0] * cells, [0] * cells
        for counts, rows_of, name in ((now, n, "now"), (was, m, "was")):
            for row in range(rows_of):
                counts[hash_cell(number, name, row, cells)] += 1
        total += psi(now, was)
    assert psi_by_chance([n // cells] * cells + [0], [m // cells] * cells + [0]) == pytest.approx(9 * (1 / n + 1 / m))
    assert total / tries == pytest.approx(9 * (1 / n + 1 / m), rel=0.15)


def hash_cell(number: int, name: str, row: int, cells: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{number} {name} {row}".encode(), digest_size=4).digest(), "big") % cells


def test_two_samples_of_one_day_differ_in_nothing():
    findings = compared(rows(4_000, seed="a"), rows(4_000, seed="b"))
    assert found(findings, "watch", "alarm", "skipped") == set()
    assert len(findings) == 3 * 2 + 2 + 1 + 1  # psi and nulls of each, two with categories, coverage, label rate


def test_what_moved_is_named_and_nothing_else():
    now = rows(4_000, seed="a")
    for row in now:
        row["price"] = row["price"] / 2
    findings = compared(now, rows(4_000, seed="b"))
    assert found(findings, "watch", "alarm") == {("price", "psi")}
    finding = one(findings, "price", "psi")
    assert finding.level == "alarm"
    assert len(finding.moved) == 3
    assert all(moved.cell in EDGES.bins["price"].labels() for moved in finding.moved)
    assert finding.text().startswith("ALARM   price: PSI ")
    assert "(limit 0.250) against 2026-11-01: " in finding.text()


def test_a_category_that_grows_is_told_in_points():
    now = [{**row, "device": "tv"} if chance("tv", n) < 0.5 else row for n, row in enumerate(rows(4_000))]
    finding = one(compared(now, rows(4_000, seed=1)), "device", "categories")
    assert finding.level == "alarm"
    assert finding.moved[0].cell == "tv"
    assert finding.moved[0].now - finding.moved[0].was == pytest.approx(0.375, abs=0.03)


def test_a_new_category_is_seen_as_other():
    now = [{**row, "device": "car"} if n % 5 == 0 else row for n, row in enumerate(rows(2_000))]
    finding = one(compared(now, rows(2_000, seed=1)), "device", "categories")
    assert (finding.level, finding.moved[0].cell) == ("watch", "other")


def test_missing_values_coverage_and_psi_say_that_half_are_gone():
    now = [{**row, "price": None} if n % 2 else row for n, row in enumerate(rows(4_000))]
    findings = compared(now, rows(4_000, seed=1))
    assert found(findings, "alarm") == {("price", "psi"), ("price", "nulls")}
    assert one(findings, "price", "nulls").value == pytest.approx(0.5)
    assert one(findings, "price", "nulls").moved[0].cell == "missing"
    assert one(findings, "price", "coverage").level == "watch"  # it fell by half, and not by more


def test_nan_is_missing():
    now = [{**row, "price": math.nan} if n % 2 else row for n, row in enumerate(rows(4_000))]
    assert one(compared(now, rows(4_000, seed=1)), "price", "nulls").value == pytest.approx(0.5)


def test_a_default_lowers_coverage_where_one_is_declared():
    now = [{**row, "price": 0.0} if n % 4 else row for n, row in enumerate(rows(4_000))]
    findings = compared(now, rows(4_000, seed=1))
    assert one(findings, "price", "coverage").value == pytest.approx(0.75, abs=0.01)
    assert not [each for each in findings if each.measure == "coverage" and each.column != "price"]


def test_the_label_rate_must_move_far_and_beyond_chance():
    def of(share: float, n: int, seed: object) -> list[dict[str, Any]]:
        return [{**row, "clicked": int(chance("c", seed, i) < share)} for i, row in enumerate(rows(n, seed=seed))]

    was = of(0.1, 5_000, "was")
    assert one(compared(of(0.1, 5_000, "now"), was), "clicked", "label_rate").level == "ok"
    assert one(compared(of(0.14, 5_000, "now"), was), "clicked", "label_rate").level == "watch"
    assert one(compared(of(0.03, 5_000, "now"), was), "clicked", "label_rate").level == "alarm"
    few = one(compared(of(0.03, 200, "now"), was), "clicked", "label_rate")
    assert few.level == "skipped"
    assert "too few rows" in few.why
    early = one(compared(of(0.03, 5_000, "now"), was, labels_final=False), "clicked", "label_rate")
    assert (early.level, early.why) == ("skipped", "labels may still change")


def test_a_share_that_moves_beyond_chance_is_told_of_few_rows_too():
    now = [{**row, "price": None} if n % 2 else row for n, row in enumerate(rows(100))]
    findings = compared(now, rows(100, seed=1))
    assert one(findings, "price", "nulls").level == "alarm"
    assert one(findings, "price", "psi").level == "skipped"
    assert (
        one(findings, "price", "psi").why == "too few rows (100 and 100): chance alone makes 0.4, at most 0.02 may be"
    )


def test_what_is_skipped_is_counted_with_its_reason():
    lines = told(compared(rows(60), rows(60, seed=1)))
    assert any(
        line.startswith("SKIPPED PSI of 3 columns against 2026-11-01: too few rows (60 and 60)") for line in lines
    )


@pytest.mark.parametrize(("now", "was"), [(0, 100), (100, 0), (0, 0)])
def test_without_rows_everything_is_skipped(now: int, was: int):
    findings = compared(rows(now), rows(was))
    assert {each.level for each in findings} == {"skipped"}
    assert not leaks_of([]) or {each.level for each in leaks_of([])} == {"skipped"}


def leaks_of(made: Sequence[dict[str, Any]], **how: Any) -> tuple[Finding, ...]:
    return leaks(profile_of(made), Features, EDGES, **how)


def test_a_feature_that_has_seen_the_label_is_a_leak():
    fair = leaks_of(rows(3_000))
    assert {each.level for each in fair} == {"ok"}
    number = leaks_of(rows(3_000, click=lambda row: int(row["price"] > 95)))
    assert found(number, "alarm") == {("price", "auc")}
    assert one(number, "price", "auc").value == pytest.approx(1.0)
    assert "it may have seen clicked" in one(number, "price", "auc").text()
    falling = leaks_of(rows(3_000, click=lambda row: int(row["price"] < 5)))
    assert found(falling, "alarm") == {("price", "auc")}
    claim = leaks_of(rows(3_000, click=lambda row: int(not row["is_new"])))
    assert found(claim, "alarm") == {("is_new", "auc")}


def test_a_leak_needs_labels_of_both_kinds_that_will_stay_and_enough_of_them():
    assert (
        one(leaks_of(rows(500, click=lambda _: 0)), "price", "auc").why == "clicked has 0 positive and 500 other rows"
    )
    early = leaks_of(rows(500, click=lambda row: int(row["price"] > 95)), labels_final=False)
    assert {each.level for each in early} == {"skipped"}
    few = leaks_of(rows(12, click=lambda row: int(row["price"] > 60)))
    assert one(few, "price", "auc").level == "skipped"


def test_only_rows_with_a_label_are_held_against_rows_with_a_label():
    was = rows(3_000, seed=1)
    now = [{**row, "price": 1.0, "clicked": None} for row in rows(3_000, seed=2)] + rows(3_000, seed=3)
    assert one(compared(now, was), "price", "psi").level == "alarm"
    assert one(compared(now, was, labelled_only=True), "price", "psi").level == "ok"


def test_a_limit_of_a_column_is_its_own_and_none_is_never_looked_at():
    class Strict(Features):
        """With limits of its own."""

        drift = Drift(psi=None, jensen_shannon=(0.05, 0.2), on_alarm="fail")
        wide = Column(dtype=pl.Float64(), doc="Price.", drift=Drift(psi=(5.0, 6.0)), role="feature")

    edges = Edges(bins={"wide": EDGES.bins["price"], "price": EDGES.bins["price"]})
    now = pl.LazyFrame({"price": [1.0, 2.0] * 2_000, "wide": [1.0] * 4_000})
    was = pl.LazyFrame({"price": [float(n % 100) for n in range(4_000)], "wide": [2.0] * 4_000})
    findings = compare(*(profile_rows(each, Strict, edges) for each in (now, was)), Strict, edges, against=AGAINST)
    assert one(findings, "wide", "psi").level == "ok"
    assert one(findings, "price", "jensen_shannon").refuses
    assert not [each for each in findings if (each.column, each.measure) == ("price", "psi")]


def test_profiles_with_other_edges_are_never_compared():
    other = Edges(bins={**EDGES.bins, "device": Bins(kind="categories", categories=("ios",))}, label="clicked")
    with pytest.raises(UsageError, match="columns 'device' are cut differently"):
        compare(profile_of(rows(10)), profile_of(rows(10), other), Features, EDGES, against=AGAINST)


def test_findings_of_hours_together_are_those_of_the_day():
    day, was = rows(2_400), profile_of(rows(2_400, seed=1))
    hours = [profile_of(day[start : start + 100]) for start in range(0, 2_400, 100)]
    merged = hours[0].merge_all(hours[1:])
    how = {"against": AGAINST}
    assert compare(merged, was, Features, EDGES, **how) == compare(profile_of(day), was, Features, EDGES, **how)
    assert leaks(merged, Features, EDGES) == leaks(profile_of(day), Features, EDGES)


def test_chance_alone_raises_nothing_in_many_splits():
    """Split the same rows in two by hash, time and again: whatever is found of the halves is a false alarm."""
    made = pl.DataFrame(rows(6_000))
    counted = {name: [EDGES.bins[name].cell(value) for value in made[name]] for name in EDGES.bins}
    false, compared_cells = 0, 0
    for split in range(60):
        first = [hash_cell(split, "half", row, 2) == 0 for row in range(len(made))]
        for name, cells in counted.items():
            now, was = [0] * EDGES.bins[name].cells, [0] * EDGES.bins[name].cells
            for cell, is_first in zip(cells, first, strict=True):
                (now if is_first else was)[cell] += 1
            compared_cells += 1
            false += psi(now, was) > 0.1
            assert psi_by_chance(now, was) <= 0.02
    assert (false, compared_cells) == (0, 180)


def test_half_a_day_and_too_many_rows_are_seen():
    usual = [1_000, 1_010, 990, 1_005, 995, 1_000, 1_000]
    levels = {
        n: getattr(volume(n, usual, Features, against="before"), "level", None)
        for n in (1_000, 1_150, 1_300, 450, 1_600)
    }
    assert levels == {1_000: "ok", 1_150: "ok", 1_300: "watch", 450: "alarm", 1_600: "alarm"}
    assert "450 rows, 1,000 are usual" in volume(450, usual, Features, against="before").text()  # type: ignore[union-attr]


def test_volume_needs_partitions_before_it():
    few = volume(10, [1_000, 1_000], Features, against="before")
    assert few is not None
    assert (few.level, few.why) == ("skipped", "2 of 7 partitions before it are there, 3 are needed")
    tiny = volume(1, [4, 4, 4], Features, against="before")
    assert tiny is not None
    assert tiny.level == "skipped"

    class Silent(Features):
        """Without a limit."""

        volume = None

    class Short(Features):
        """By the day before alone."""

        volume = Volume(partitions=1)

    assert volume(10, [1_000], Silent, against="before") is None
    assert getattr(volume(10, [1_000, 10, 10], Short, against="before"), "level", None) == "alarm"


def test_rows_of_a_fit_are_enough_from_three_of_some_size_on():
    assert enough([1_000, 1_000, 1_000], 0.5)
    assert not enough([1_000, 1_000], 0.5)
    assert not enough([10, 10, 10], 0.5)


def test_an_old_table_is_not_fresh():
    now = datetime(2026, 11, 2, tzinfo=UTC)
    assert getattr(freshness(now - timedelta(hours=1), now, Features), "level", None) == "ok"
    late = freshness(now - timedelta(hours=3), now, Features)
    assert late is not None
    assert late.level == "alarm"
    assert "3.0 h" in late.text()
    assert getattr(freshness(None, now, Features), "level", None) == "skipped"


def test_columns_that_lack_or_are_of_another_kind_are_alarms_and_unknown_ones_are_watched():
    ids, vectors = pl.List(pl.Int64()), pl.List(pl.Float32())
    declared = {"price": pl.Float32(), "device": pl.String(), "new": pl.Boolean(), "ids": ids, "at": pl.Date()}
    there = {"price": pl.Int64(), "prices": pl.String(), "new": pl.Null(), "ids": vectors, "at": pl.String()}
    found = columns_differ(there, wanted=declared, declared=declared, where="x")
    assert [(each.column, each.measure, each.level) for each in found] == [
        ("device", "missing", "alarm"),
        ("prices", "extra", "watch"),
    ]
    skewed = {"price": pl.String(), "device": pl.Int8(), "new": pl.UInt8(), "ids": pl.List(pl.String())}
    found = columns_differ(skewed, wanted=list(skewed), declared=declared, where="x")
    assert {(each.column, each.level) for each in found if each.measure == "type"} == {
        (name, "alarm") for name in skewed
    }
    (ids_of_text,) = [each.text() for each in found if each.column == "ids"]
    assert ids_of_text == "ALARM   ids: another type against x: lists of texts where lists of numbers are declared"


def test_numbers_where_categories_are_declared_are_an_alarm_and_texts_are_none():
    declared = {"country": pl.Enum(["DE", "FR"]), "device": pl.Categorical(), "city": pl.String()}
    there = {"country": pl.UInt8(), "device": pl.String(), "city": pl.Categorical()}
    found = columns_differ(there, wanted=list(declared), declared=declared, where="x")
    assert [each.text() for each in found] == [
        "ALARM   country: another type against x: numbers where texts are declared"
    ]


def test_the_worst_is_first_and_findings_are_plain_data():
    now = [{**row, "price": None, "device": "tv"} for row in rows(3_000)]
    ranked = worst_first(compared(now, rows(3_000, seed=1)))
    assert [each.level for each in ranked] == sorted(
        (each.level for each in ranked), key=["alarm", "watch", "skipped", "ok"].index
    )
    plain = ranked[0].to_json()
    assert set(plain) == {"measure", "column", "against", "value", "limit", "level", "moved", "why", "on_alarm"}
    assert all(set(moved) == {"cell", "was", "now"} for moved in plain["moved"])
    assert len(told(ranked, limit=2)) >= 3
    assert "and" in told(ranked, limit=2)[2]


def test_a_column_that_is_asked_for_and_no_longer_declared_is_extra():
    there = pl.Schema({"price": pl.Float64(), "pad": pl.List(pl.UInt32())})
    found = columns_differ(there, wanted=["price", "pad"], declared={"price": pl.Float64()}, where="the served rows")
    assert [(one.column, one.measure, one.level) for one in found] == [("pad", "extra", "watch")]


def test_a_cell_named_by_a_log_cannot_command_the_terminal():
    moved = Moved("tv\nALARM\x1b[2J\u202e" + "x" * 500, 0.1, 0.2)
    assert str(moved) == "tv\ufffdALARM\ufffd[2J\ufffd" + "x" * 47 + " 10.0% -> 20.0%"
