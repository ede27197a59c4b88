import math
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.fitting import LabelTable

VALUES = st.lists(st.tuples(st.none() | st.integers(-2, 3).map(float), st.booleans()), min_size=1, max_size=60)


def of(pairs: list[tuple[float | None, object]], *, exact: bool = True) -> LabelTable:
    values, labels = ([pair[place] for pair in pairs] for place in (0, 1))
    columns = pl.Series(values, dtype=pl.Float64), pl.Series(labels, dtype=pl.Float64, strict=False)
    return LabelTable(exact).of(*columns)


def information(pairs: list[tuple[object, object]]) -> float:
    """The slow oracle: plug-in mutual information in nats, less Miller's bias."""
    n = len(pairs)
    both, first, second = Counter(pairs), Counter(x for x, _ in pairs), Counter(y for _, y in pairs)
    plain = math.fsum(k / n * math.log((k / n) / (first[x] / n * second[y] / n)) for (x, y), k in both.items())
    return max(0.0, plain - (len(first) - 1) * (len(second) - 1) / (2 * n))


@given(VALUES)
def test_information_of_codes_agrees_with_the_definition(pairs: list[tuple[float | None, bool]]):
    assert of(pairs).mutual_information() == pytest.approx(information(pairs), abs=1e-12)


@given(st.lists(st.tuples(st.none() | st.floats(-1e6, 1e6), st.booleans()), min_size=1, max_size=120))
def test_information_of_measures_is_that_of_twenty_bins_of_equal_rows(pairs: list[tuple[float | None, bool]]):
    there = sorted(x for x, _ in pairs if x is not None)
    distinct = {x for x, _ in pairs}

    def code(x: float | None) -> object:
        below = sum(other < x for other in there) if x is not None else 0
        return x if x is None or len(distinct) <= 20 else below * 20 // len(there)

    expected = information([(code(x), y) for x, y in pairs])
    assert of(pairs, exact=False).mutual_information() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("label", [True, False])
def test_label_of_one_kind_tells_nothing(label: bool):
    assert of([(1.0, label), (2.0, label)]).mutual_information() == 0.0


def test_empty_table_tells_nothing():
    assert LabelTable().mutual_information() == 0.0
    assert LabelTable(exact=False).mutual_information() == 0.0


def test_code_per_row_does_not_look_good_by_sparsity_alone():
    assert of([(float(number), number % 2) for number in range(500)]).mutual_information() < 0.2


def test_rows_without_a_label_are_left_out_and_missing_values_are_a_value():
    table = of([(None, 1), (1.0, 0), (1.0, None), (math.inf, 1), (-0.0, 0), (0.0, 1)])
    assert table.table.rows() == [(None, 1, 1), (0.0, 2, 1), (1.0, 1, 0), (math.inf, 1, 1)]
    assert (table.rows, table.distinct) == (5, 4)
    assert (table.rows_where(None), table.rows_where(0.0), table.rows_where(7.0)) == (1, 2, 0)


def test_any_label_above_zero_is_positive():
    assert of([(1.0, 2.0), (1.0, -1.0), (1.0, 0.5)]).table.rows() == [(1.0, 3, 2)]
