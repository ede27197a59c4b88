from collections.abc import Callable

import numpy as np
import pytest

from featurelib.cleaning import Impute
from featurelib.errors import ParameterError
from featurelib.selection import DropMissing
from featurelib.transforms import (
    Bm25,
    ChiMerge,
    Edges,
    EqualWidthBins,
    FirstDays,
    Frequency,
    GbdtLeaves,
    HashBuckets,
    HashedCross,
    KMeansBins,
    MeanEmbedding,
    MultiHot,
    OutOfFold,
    Padded,
    QuantileBins,
    QuantileUniform,
    TargetMean,
    TfidfCosine,
    Tokens,
    TreeBins,
    Vocabulary,
    VocabularyCross,
    Weekend,
)

FIRST, FOLDS = FirstDays(time="at", days=1), OutOfFold(key="request", time="at")
PAIR = ["a", "b"]
WHOLE: dict[str, Callable[[object], object]] = {  # which parameter of what
    "Bm25 min_count": lambda value: Bm25(PAIR, min_count=value),
    "EqualWidthBins bins": lambda value: EqualWidthBins("x", bins=value),
    "Frequency min_count": lambda value: Frequency("x", min_count=value),
    "GbdtLeaves sample": lambda value: GbdtLeaves(PAIR, label="y", key="k", fitted=FIRST, sample=value),
    "HashBuckets buckets": lambda value: HashBuckets("x", buckets=value),
    "HashedCross buckets": lambda value: HashedCross(PAIR, buckets=value),
    "Impute min_count": lambda value: Impute("x", by="mean", within="g", min_count=value),
    "KMeansBins bins": lambda value: KMeansBins("x", bins=value),
    "MultiHot size": lambda value: MultiHot("x", size=value),
    "OutOfFold folds": lambda value: OutOfFold(key="request", time="at", folds=value),
    "Padded length": lambda value: Padded("x", length=value),
    "Padded room": lambda value: Padded("x", length=1, room=value, max_size=9),
    "QuantileBins bins": lambda value: QuantileBins("x", bins=value),
    "QuantileUniform knots": lambda value: QuantileUniform("x", knots=value),
    "TargetMean min_count": lambda value: TargetMean("x", label="y", fitted=FOLDS, min_count=value),
    "TfidfCosine min_count": lambda value: TfidfCosine(PAIR, min_count=value),
    "TreeBins bins": lambda value: TreeBins("x", label="y", fitted=FOLDS, bins=value),
    "Vocabulary max_size": lambda value: Vocabulary("x", max_size=value),
    "Vocabulary min_count": lambda value: Vocabulary("x", min_count=value),
    "Vocabulary room": lambda value: Vocabulary("x", room=value, max_size=9),
    "Vocabulary unseen_buckets": lambda value: Vocabulary("x", unseen_buckets=value),
    "VocabularyCross max_size": lambda value: VocabularyCross(PAIR, max_size=value),
}


@pytest.mark.parametrize("named", WHOLE)
@pytest.mark.parametrize("value", [5.0, float("nan"), True, "5"], ids=str)
def test_a_count_is_a_whole_number(named: str, value: object):
    owner, name = named.split()
    with pytest.raises(ParameterError, match=rf"^{owner}\(.*: {name} must be a whole number, .*, got {value!r}\.$"):
        WHOLE[named](value)
    WHOLE[named](5)


NUMBERS: dict[str, Callable[[object], object]] = {
    "Bm25 b": lambda value: Bm25(PAIR, b=value),
    "Bm25 k1": lambda value: Bm25(PAIR, k1=value),
    "ChiMerge significance": lambda value: ChiMerge("x", label="y", fitted=FOLDS, bins=2, significance=value),
    "GbdtLeaves learning_rate": lambda value: GbdtLeaves(PAIR, label="y", key="k", fitted=FIRST, learning_rate=value),
    "DropMissing above": lambda value: DropMissing(above=value),
    "TargetMean smoothing": lambda value: TargetMean("x", label="y", fitted=FOLDS, smoothing=value),
    "TreeBins min_share": lambda value: TreeBins("x", label="y", fitted=FOLDS, bins=2, min_share=value),
}


@pytest.mark.parametrize("named", NUMBERS)
@pytest.mark.parametrize("value", ["0.4", None, True, float("nan"), -1], ids=str)
def test_a_number_is_a_number_within_its_bounds(named: str, value: object):
    owner, name = named.split()
    with pytest.raises(ParameterError, match=rf"^{owner}\(.*: {name} must be .*, got {value!r}\.$"):
        NUMBERS[named](value)
    NUMBERS[named](0.4)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: MeanEmbedding("x", vectors={7: [1.0]}), "vectors must be by texts"),
        (lambda: MeanEmbedding("x", vectors={"a": "12"}), "vectors must be sequences of finite numbers, got \"'12'\""),
        (lambda: MeanEmbedding("x", vectors={"a": None}), "vectors must be sequences of finite numbers"),
        (lambda: MeanEmbedding("x", vectors={"a": ["b"]}), "vectors must be sequences of finite numbers"),
        (lambda: MeanEmbedding("x", vectors={"a": [float("nan")]}), "vectors must be sequences of finite numbers"),
        (lambda: Edges("x", edges=["low"]), "edges must be numbers"),
        (lambda: Edges("x", edges="12"), "edges must be numbers"),
        (lambda: Tokens("x", rule=None), "rule must be words"),
        (lambda: Impute("x", value=[1]), "value must be a text or a number"),
        (lambda: Padded("x", length=10**12), r"length must be from 1 to 2\*\*20"),
        (lambda: MultiHot("x", size=10**12), r"size must be from 1 to 2\*\*20"),
        (lambda: ChiMerge("x", label="y", fitted=FOLDS, bins=2, significance=1 - 2**-53), "significance must be"),
    ],
    ids=["term", "text", "none", "texts", "nan", "edge", "edges", "rule", "constant", "length", "size", "significance"],
)
def test_what_has_no_meaning_is_refused(make: Callable[[], object], complaint: str):
    with pytest.raises(ParameterError, match=complaint):
        make()


def test_edges_and_days_may_be_given_in_other_forms():
    assert Edges("x", edges=np.array([1, 2])).edges == (1.0, 2.0)
    assert Weekend("at", zone="UTC", days=7).days == (7,)


def test_vectors_are_those_that_were_given():
    vectors = {"a": [1.0]}
    mean = MeanEmbedding("x", vectors=vectors)
    vectors["a"].append(2.0)
    assert mean.vectors == {"a": (1.0,)}
