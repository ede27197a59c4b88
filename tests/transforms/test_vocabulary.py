from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import DeclarationError, ParameterError
from featurelib.program import Program, save
from featurelib.program.hashing import hash_text
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Feature, Frequency, Vocabulary, VocabularyCross, fit

test_contract = transform_contract(
    {
        "vocabulary": Vocabulary("x"),
        "of two rows": Vocabulary("x", min_count=2, max_size=2, unseen_buckets=3, on_gone="retire"),
        "given": Vocabulary("x", terms=["a", "", "7"], unseen_buckets=2**31),
    }
)

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


def test_terms_out_of_vocabulary_share_buckets_by_their_hash():
    program = fit(Vocabulary("t", min_count=2, unseen_buckets=5), FRAME)
    assert indices(program, None, "de", "en") == [0, 6, 7]
    unseen = ["fr", "", "tlh", *map(str, range(50))]
    assert indices(program, *unseen) == [1 + hash_text(term) % 5 for term in unseen]
    assert set(indices(program, *unseen)) == {1, 2, 3, 4, 5}


def test_given_terms_have_the_numbers_that_they_are_given_in():
    program = fit(Vocabulary("t", terms=("fr", "", "12")), FRAME)
    assert indices(program, "fr", "", 12, "en", None) == [2, 3, 4, 1, 0]
    longer = fit(Vocabulary("t", terms=["fr", "", "12", "en"]), FRAME, earlier=program)
    assert indices(longer, "fr", "", 12, "en") == [2, 3, 4, 5]
    assert indices(fit(Vocabulary("t", terms="fr"), FRAME, earlier=program), "fr", "f", "") == [2, 1, 1]
    assert indices(fit(Vocabulary("t", terms=[]), FRAME), "fr", None) == [1, 0]


WORDS = st.lists(st.sampled_from("abcdefg"), max_size=12)


def texts(words: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"t": words}, schema={"t": pl.String})


@given(first=WORDS, then=WORDS, last=WORDS, min_count=st.integers(1, 2), retire=st.booleans())
def test_a_refit_never_gives_a_number_to_another_term(
    first: list[str], then: list[str], last: list[str], min_count: int, *, retire: bool
):
    vocabulary = Vocabulary("t", min_count=min_count, on_gone="retire" if retire else "keep")
    programs: list[Program] = []
    for words in (first, then, last):
        programs.append(fit(vocabulary, texts(words), earlier=programs[-1] if programs else None))
        again = fit(vocabulary, texts(words[::-1]), earlier=programs[-1])
        assert again.fingerprint == programs[-1].fingerprint
    term_of: dict[int, str] = {}
    for program, words in zip(programs, (first, then, last), strict=True):
        known = {term: number for term in "abcdefg" if (number := indices(program, term)[0]) > 1}
        for term, number in known.items():
            assert term_of.setdefault(number, term) == term
        frequent = {term for term in words if words.count(term) >= min_count}
        assert known.keys() >= frequent
        assert not retire or known.keys() == frequent
    assert len(set(term_of.values())) == len(term_of)


def test_a_refit_appends_the_most_frequent_first_with_ties_by_the_term():
    program = fit(Vocabulary("t"), texts(["x", "b"]))
    later = fit(Vocabulary("t"), texts(["c", "a", "z", "z", "b"]), earlier=program)
    assert indices(later, "b", "x", "z", "a", "c") == [2, 3, 4, 5, 6]


def test_a_term_that_is_gone_keeps_its_number_and_is_known_or_waits():
    first = fit(Vocabulary("t"), texts(["a", "a", "b"]))
    kept = fit(Vocabulary("t"), texts(["b", "c"]), earlier=first)
    assert indices(kept, "a", "b", "c") == [2, 3, 4]
    retiring = Vocabulary("t", on_gone="retire")
    retired = fit(retiring, texts(["b", "c"]), earlier=first)
    assert indices(retired, "a", "b", "c") == [1, 3, 4]
    assert indices(fit(retiring, texts(["d"]), earlier=retired), "a", "b", "c", "d") == [1, 1, 1, 5]
    assert indices(fit(retiring, texts(["a", "d"]), earlier=retired), "a", "b", "c", "d") == [2, 1, 1, 5]
    assert indices(fit(Vocabulary("t"), texts(["d"]), earlier=retired), "a", "b", "c", "d") == [2, 3, 4, 5]


def test_a_retired_term_hashes_like_one_that_was_never_known():
    vocabulary = Vocabulary("t", unseen_buckets=7, on_gone="retire")
    first = fit(vocabulary, texts(["a", "a", "b"]))
    assert indices(fit(vocabulary, texts(["b"]), earlier=first), "a", "b") == [1 + hash_text("a") % 7, 9]


def test_the_largest_size_bounds_the_numbers_over_all_refits():
    vocabulary = Vocabulary("t", max_size=3)
    first = fit(vocabulary, texts(["a", "b"]))
    later = fit(vocabulary, texts(["z", "z", "y", "x", "x", "x"]), earlier=first)
    assert indices(later, "a", "b", "x", "z", "y") == [2, 3, 4, 1, 1]
    assert indices(fit(vocabulary, texts(["z"] * 9), earlier=later), "x", "z") == [4, 1]
    with pytest.raises(DeclarationError, match=r"gave numbers to 3 terms, more than max_size=2\. Raise max_size, or"):
        fit(Vocabulary("t", max_size=2), texts(["a"]), earlier=later)


def test_room_is_left_by_the_first_fit_and_taken_by_later_ones():
    vocabulary = Vocabulary("t", max_size=3, room=1)
    first = fit(vocabulary, texts(["a", "a", "b", "b", "c"]))
    assert indices(first, "a", "b", "c") == [2, 3, 1]
    later = fit(vocabulary, texts(["a", "c", "d", "d", "b", "e"]), earlier=first)
    assert indices(later, "a", "b", "c", "d", "e") == [2, 3, 1, 4, 1]


@pytest.mark.parametrize(
    "earlier",
    [
        Feature("t__index", Vocabulary("u")),
        Vocabulary("t", unseen_buckets=2),
        Feature("t__index", Frequency("t")),
        Feature("other", Vocabulary("t")),
        Feature("t__index", VocabularyCross(["t", "u"])),
        Vocabulary("t", terms=["b"], unseen_buckets=3),
    ],
    ids=["column", "buckets", "transform", "name", "cross", "given"],
)
def test_another_declaration_under_its_name_starts_afresh(earlier: Any):
    frame = pl.DataFrame({"t": ["b", "b", "a"], "u": ["a", "a", "b"]})
    followed = fit(Vocabulary("t"), frame, earlier=fit(earlier, frame))
    assert followed.fingerprint == fit(Vocabulary("t"), frame).fingerprint


def test_a_feature_keeps_the_numbers_under_its_own_name():
    named = Feature("lang", Vocabulary("t"))
    program = fit(named, texts(["x"]))
    assert fit(named, texts(["a"]), earlier=program).transform_row({"t": "x"}) == {"lang": 2}


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"unseen_buckets": 0}, r"unseen_buckets must be from 1 to 2\*\*31, got 0"),
        ({"unseen_buckets": 2**31 + 1}, "unseen_buckets must be from 1"),
        ({"on_gone": "drop"}, "on_gone must be 'keep' or 'retire', got 'drop'"),
        ({"room": -1, "max_size": 3}, "room must be 0, or less than a max_size that is given too, got -1"),
        ({"room": 1}, "room must be 0, or less than a max_size"),
        ({"room": 3, "max_size": 3}, "room must be 0, or less than a max_size"),
        ({"terms": ["a", "a"]}, "terms must be each term once"),
        ({"terms": [7]}, "terms must be texts, as columns are read as text"),
        ({"terms": ["a"], "min_count": 2}, "terms must be given without min_count"),
        ({"terms": ["a"], "max_size": 2}, "terms must be given without min_count, max_size"),
        ({"terms": ["a"], "on_gone": "retire"}, "terms must be given without min_count, max_size, room and on_gone"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, Any], match: str):
    with pytest.raises(ParameterError, match=match):
        Vocabulary("t", **parameters)


def test_memory_of_terms_that_are_left_out_is_not_kept():
    texts = [f"a query that is longer than a view holds {number}" for number in range(10_000)]
    program = fit(Vocabulary("q", max_size=10), pl.DataFrame({"q": [*texts, *texts[:10]]}))
    (terms,) = (step.tables()["terms"] for step in program.chains[0].steps)
    buffers = terms.to_arrow(compat_level=pl.CompatLevel.newest()).buffers()
    assert sum(buffer.size for buffer in buffers if buffer) < 10_000


def test_a_refit_without_news_is_saved_as_the_same_bytes(tmp_path: Path):
    frame = pl.DataFrame({"q": ["b", "a", "b"]})
    first = fit(Vocabulary("q"), frame)
    for name, program in (("one", first), ("other", fit(Vocabulary("q"), frame, earlier=first))):
        save(program, tmp_path / name)
    one, other = (sorted((tmp_path / name).rglob("*.arrow")) for name in ("one", "other"))
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in other]
    assert one
