import math
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import ParameterError
from featurelib.fitting import Operator
from featurelib.program.tokens import tokenizer
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Bm25, EditDistance, Jaccard, TfidfCosine, TokenOverlap, Tokens, fit

PAIR = ["x", "y"]
WORDS = pl.Series(["red shoes", "Shoes red red", "tv", "赤い靴 tv", "", "!", "red", None])
test_contract = transform_contract(
    {
        "tokens": [Tokens("x"), Tokens("y", rule="chars2")],
        "sets": [TokenOverlap(PAIR), Jaccard(PAIR, tokens="chars1")],
        "sets of lists": [TokenOverlap(PAIR, tokens=None), Jaccard(PAIR, tokens=None)],
        "edit distance": EditDistance(PAIR),
        "weighted": [Bm25(PAIR), TfidfCosine(PAIR, tokens="chars1")],
    }
)
test_contract_of_words = transform_contract(
    {"weighted words": [Bm25(PAIR, min_count=2, b=1.0), TfidfCosine(PAIR), TokenOverlap(PAIR), Jaccard(PAIR)]},
    columns={"x": WORDS, "y": WORDS},
)

TITLES = ["red shoes", "red lamp", "a red red tv", "lamp", None, "!"]


def score(operator: Operator, first: object, second: object, titles: list[str | None] = TITLES) -> float | None:
    frame = pl.DataFrame({"x": titles, "y": titles}, schema={"x": pl.String, "y": pl.String})
    (made,) = fit(operator, frame).transform_row({"x": first, "y": second}).values()
    return made


def test_overlap_and_jaccard_count_distinct_tokens():
    assert score(TokenOverlap(PAIR), "red red shoes", "shoes blue lamp") == 0.5
    assert score(TokenOverlap(PAIR), "shoes blue lamp tv", "red red shoes") == 0.25
    assert score(Jaccard(PAIR), "red red shoes", "shoes blue") == pytest.approx(1 / 3)
    assert score(Jaccard(PAIR, tokens="chars2"), "abcd", "bcde") == 0.5


def test_nothing_to_compare_is_missing():
    assert score(TokenOverlap(PAIR), "!", "red") is None
    assert score(TokenOverlap(PAIR), "red", "!") == 0
    assert score(Jaccard(PAIR), "", "!") is None
    assert score(Jaccard(PAIR), "", "red") == 0
    assert score(TfidfCosine(PAIR), "!", "red") is None
    assert score(Bm25(PAIR), "!", "red") == 0


def test_lists_are_compared_by_their_elements():
    frame = pl.DataFrame({"x": [["1", "2", None, "2"]], "y": [[2, 3, None]]})
    made = fit([TokenOverlap(PAIR, tokens=None), Jaccard(PAIR, tokens=None)], frame).transform(frame)
    assert made.rows() == [(0.5, pytest.approx(1 / 3))]


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [
        ("kitten", "sitting", 3),
        ("flaw", "lawn", 2),
        ("", "abc", 3),
        ("ab", "ba", 2),
        ("🙂a", "a", 1),
        ("abc", "abc", 0),
    ],
)
def test_edits_of_known_pairs(first: str, second: str, edits: int):
    expected = pl.Series([edits / max(len(first), len(second))], dtype=pl.Float32)[0]
    assert score(EditDistance(PAIR), first, second) == score(EditDistance(PAIR), second, first) == expected


def edits_of(first: str, second: str) -> int:
    row = list(range(len(second) + 1))
    for place, letter in enumerate(first, start=1):
        before, row[0] = row[0], place
        for other, against in enumerate(second, start=1):
            before, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, before + (letter != against))
    return row[-1]


@given(first=st.text("abc", max_size=80), second=st.text("abcd", max_size=80))
@settings(max_examples=100)
def test_edits_are_those_of_the_table_of_all_prefixes(first: str, second: str):
    longest = max(len(first), len(second), 1)
    assert score(EditDistance(PAIR), first, second) == pytest.approx(edits_of(first, second) / longest, abs=1e-7)


def test_bm25_is_the_stated_sum():
    documents = [tokenizer("words")(title) for title in TITLES if title is not None]
    average = sum(map(len, documents)) / len(documents)

    def expected(query: str, title: str, k1: float, b: float) -> float:
        tokens, total = tokenizer("words")(title), 0.0
        for token in dict.fromkeys(tokenizer("words")(query)):
            n, f = sum(token in document for document in documents), tokens.count(token)
            idf = math.log(1 + (len(documents) - n + 0.5) / (n + 0.5))
            total += idf * f * (k1 + 1) / (f + k1 * (1 - b + b * len(tokens) / average)) if f else 0
        return total

    for query in ("red lamp", "tv tv", "unseen red"):
        for title in ("red lamp lamp", "a red red tv", "unseen thing", "!"):
            assert score(Bm25(PAIR), query, title) == pytest.approx(expected(query, title, 1.2, 0.75))
            assert score(Bm25(PAIR, k1=0, b=0), query, title) == pytest.approx(expected(query, title, 0, 0))


def test_tfidf_cosine_is_the_stated_angle():
    documents = [tokenizer("words")(title) for title in TITLES if title is not None]

    def vector(text: str) -> dict[str, float]:
        def weight(token: str) -> float:
            return math.log((1 + len(documents)) / (1 + sum(token in document for document in documents))) + 1

        return {token: times * weight(token) for token, times in Counter(tokenizer("words")(text)).items()}

    first, second = vector("red red lamp"), vector("lamp tv unseen")
    product = sum(part * second.get(token, 0) for token, part in first.items())
    expected = product / math.hypot(*first.values()) / math.hypot(*second.values())
    assert score(TfidfCosine(PAIR), "red red lamp", "lamp tv unseen") == pytest.approx(expected)
    assert score(TfidfCosine(PAIR), "lamp red", "red lamp") == pytest.approx(1)


def test_rare_tokens_weigh_as_those_that_no_title_has():
    assert score(Bm25(PAIR, min_count=2), "tv", "tv") == score(Bm25(PAIR), "unseen", "unseen")
    assert score(TfidfCosine(PAIR, min_count=2), "tv red", "tv lamp") == score(TfidfCosine(PAIR), "no red", "no lamp")


def test_fitted_on_nothing_all_tokens_weigh_the_same():
    assert score(Bm25(PAIR), "red tv", "red", []) == pytest.approx(math.log(2))
    assert score(TfidfCosine(PAIR), "red tv", "red", []) == pytest.approx(math.sqrt(0.5))


def test_parameters_out_of_range_are_refused():
    with pytest.raises(ParameterError, match=r"columns must be two different columns, got \('x',\)"):
        Jaccard(["x"])
    with pytest.raises(ParameterError, match="tokens must be words, or chars1 to chars9, got 'bytes'"):
        TokenOverlap(PAIR, tokens="bytes")
    with pytest.raises(ParameterError, match="rule must be words, or chars1 to chars9, got 'chars0'"):
        Tokens("x", rule="chars0")
    with pytest.raises(ParameterError, match="b must be from 0 to 1, got 2"):
        Bm25(PAIR, b=2)
    with pytest.raises(ParameterError, match="k1 must be 0 or more, got -1"):
        Bm25(PAIR, k1=-1)
    with pytest.raises(ParameterError, match="min_count must be at least 1, got 0"):
        TfidfCosine(PAIR, min_count=0)
