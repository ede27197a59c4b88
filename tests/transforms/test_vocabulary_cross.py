import polars as pl
import pytest

from featurelib.errors import ParameterError
from featurelib.program.hashing import hash_text
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import QuantileBins, VocabularyCross, fit

test_contract = transform_contract(
    {
        "cross of two": VocabularyCross(["x", "y"]),
        "cross of three": VocabularyCross(["x", "y", "z"], min_count=2, unseen_buckets=4, on_gone="retire"),
    }
)

FRAME = pl.DataFrame(
    {
        "device": ["app", "web", "app", "app", None, "web", ""],
        "country": ["DE", "DE", "DE", "FR", "DE", None, ""],
    }
)


def test_combinations_are_numbered_most_frequent_first_with_ties_by_their_texts():
    made = fit(VocabularyCross(["device", "country"]), FRAME).transform(FRAME)
    assert made.to_dict(as_series=False) == {"device_x_country__index": [2, 5, 2, 4, 0, 0, 3]}


def test_what_is_rare_or_not_seen_is_out_of_vocabulary_though_its_parts_are_known():
    program = fit(VocabularyCross(["device", "country"], min_count=2, unseen_buckets=9), FRAME)
    rows = [{"device": "web", "country": "DE"}, {"device": "web", "country": "FR"}]
    assert [row["device_x_country__index"] for row in program.transform_rows(rows)] == [
        1 + hash_text("web\x1fDE") % 9,
        1 + hash_text("web\x1fFR") % 9,
    ]
    assert program.transform_row({"device": "app", "country": "DE"}) == {"device_x_country__index": 10}


def test_order_of_the_columns_matters():
    frame = pl.DataFrame({"a": ["x", "y"], "b": ["y", "x"]})
    program = fit(VocabularyCross(["a", "b"]), frame)
    assert program.transform(frame).to_series().to_list() == [2, 3]


def test_cross_of_a_bin_and_a_text():
    frame = pl.DataFrame({"x": [1.0, 2.0, 2.0, None], "c": ["a", "a", "a", "a"]})
    program = fit([QuantileBins("x", bins=2), VocabularyCross(["x__bin", "c"])], frame)
    assert program.transform(frame)["x__bin_x_c__index"].to_list() == [4, 2, 2, 3]


def test_a_refit_keeps_the_numbers_of_combinations():
    cross = VocabularyCross(["device", "country"])
    program = fit(cross, FRAME)
    later = fit(cross, FRAME[1:2].vstack(pl.DataFrame({"device": ["tv"], "country": ["DE"]})), earlier=program)
    assert later.transform(FRAME).equals(program.transform(FRAME))
    assert later.transform_row({"device": "tv", "country": "DE"}) == {"device_x_country__index": 6}


@pytest.mark.parametrize("columns", [[], ["q"], ["q", "q"], "query"])
def test_fewer_than_two_columns_are_refused(columns: str | list[str]):
    with pytest.raises(ParameterError, match="columns must be two or more different columns"):
        VocabularyCross(columns)


def test_limits_are_those_of_a_vocabulary():
    with pytest.raises(ParameterError, match="min_count must be at least 1, got 0"):
        VocabularyCross(["a", "b"], min_count=0)
