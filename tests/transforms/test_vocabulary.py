import polars as pl
import pytest

from featurelib.errors import ParameterError
from featurelib.program import Program
from featurelib.transforms import Vocabulary, fit

FRAME = pl.DataFrame({"t": ["en", "fr", "en", "de", None, "", "de", "007", "7"]})


def indices(program: Program, *terms: object) -> list[int]:
    return [program.transform_row({"t": term})["t__index"] for term in terms]


def test_most_frequent_term_is_two_with_ties_by_the_term():
    assert indices(fit(Vocabulary("t"), FRAME), "de", "en", "", "007", "7", "fr") == [2, 3, 4, 5, 6, 7]


def test_missing_is_zero_and_unseen_is_one():
    assert indices(fit(Vocabulary("t"), FRAME), None, "tlh", "EN", " en") == [0, 1, 1, 1]


def test_rare_terms_are_out_of_vocabulary():
    assert indices(fit(Vocabulary("t", min_count=2), FRAME), "de", "en", "fr", "") == [2, 3, 1, 1]


def test_largest_size_keeps_the_most_frequent():
    assert indices(fit(Vocabulary("t", max_size=1), FRAME), "de", "en") == [2, 1]


def test_leading_zeros_and_long_ids_stay_apart():
    ids = pl.DataFrame({"t": ["12345678901234567890", "12345678901234567891", "012345678901234567890"]})
    assert sorted(indices(fit(Vocabulary("t"), ids), *ids["t"])) == [2, 3, 4]


def test_integers_and_booleans_are_read_as_text():
    program = fit(Vocabulary("t"), pl.DataFrame({"t": [2**63, 1]}, schema={"t": pl.UInt64}))
    assert indices(program, 2**63, "1", 1, 3) == [3, 2, 2, 1]
    assert indices(fit(Vocabulary("t"), pl.DataFrame({"t": [True, True, False]})), True, False, "true") == [2, 3, 2]


def test_fitted_on_nothing_every_term_is_unseen():
    program = fit(Vocabulary("t"), pl.DataFrame({"t": []}, schema={"t": pl.String}))
    assert program.transform(FRAME)["t__index"].to_list() == [1, 1, 1, 1, 0, 1, 1, 1, 1]


def test_refit_on_other_order_gives_the_same_indices():
    assert fit(Vocabulary("t"), FRAME).fingerprint == fit(Vocabulary("t"), FRAME.reverse()).fingerprint


def test_many_terms_are_all_found():
    frame = pl.DataFrame({"t": [f"term {number}" for number in range(70_000)]})
    program = fit(Vocabulary("t"), frame)
    made = program.transform(frame)["t__index"]
    assert made.n_unique() == 70_000
    assert (made.min(), made.max()) == (2, 70_001)


def test_counts_below_one_are_refused():
    with pytest.raises(
        ParameterError, match=r"Vocabulary\(column='t', min_count=0.*min_count must be at least 1, got 0"
    ):
        Vocabulary("t", min_count=0)
    with pytest.raises(ParameterError, match="max_size must be at least 1, got 0"):
        Vocabulary("t", max_size=0)
