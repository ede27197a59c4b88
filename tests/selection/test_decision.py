"""Selection: each rule, the record it leaves, and the scores against counting by hand."""

import math
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import DataRefusedError, ParameterError
from featurelib.fitting import LabelTable, State, Survey, merge_answers
from featurelib.program import Chain, Program
from featurelib.program.primitives import FillNullText
from featurelib.selection import Decision, DropConstant, DropMissing, KeepTop, Selector, decide, label_tables
from featurelib.selection.rules import Score
from featurelib.transforms import Feature, Log1p, MultiHot, OneHot, QuantileBins, Vocabulary, fit


def score(information: float = 0.1, *, missing: float = 0.0, distinct: int = 2) -> Score:
    return Score(missing_rate=missing, distinct=distinct, mutual_information=information)


def decided(frame: pl.DataFrame, *rules: Selector, label: str = "clicked", parts: int = 1) -> list[Decision]:
    """Decide on the vocabulary of each text column and the logarithm of each number, seen in a few partitions."""
    columns = [name for name in frame.columns if name != label]
    features = [Vocabulary(name) if frame[name].dtype == pl.String else Log1p(name) for name in columns]
    program: Program = fit([Feature(name, feature) for name, feature in zip(columns, features, strict=True)], frame)

    def survey(asked: Survey) -> list[State]:
        size = -(-len(frame) // parts) or 1
        return merge_answers(
            [asked.of(frame[start : start + size].lazy()) for start in range(0, max(len(frame), 1), size)]
        )

    return decide(program, label_tables(program, label, survey), rules)


def tables_of(program: Program, frame: pl.DataFrame) -> dict[str, LabelTable]:
    return label_tables(program, "clicked", lambda asked: asked.of(frame.lazy()))


def information(pairs: list[tuple[Any, int]]) -> float:
    """Mutual information from the contingency table, in nats, less Miller's bias; by hand."""
    n, both = len(pairs), Counter(pairs)
    value, label = Counter(x for x, _ in pairs), Counter(y for _, y in pairs)
    if len(label) < 2:
        return 0.0
    plain = sum(k / n * math.log(k * n / (value[x] * label[y])) for (x, y), k in both.items())
    return max(0.0, plain - (len(value) - 1) * (len(label) - 1) / (2 * n))


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "", None]),
        st.sampled_from([0.0, 1.5, 7.0, None]),
        st.sampled_from([0, 1, None]),
    ),
    min_size=1,
    max_size=40,
)
SCHEMA = {"term": pl.String, "price": pl.Float64, "clicked": pl.Int8}


@settings(max_examples=80)
@given(rows=ROWS, parts=st.integers(1, 4))
def test_scores_are_those_of_the_contingency_table(rows: list[tuple[Any, Any, Any]], parts: int):
    labelled = [row for row in rows if row[2] is not None]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    if not labelled:
        with pytest.raises(DataRefusedError, match="selection found no labelled row in the days it was fitted on"):
            decided(frame, parts=parts)
        return
    for place, found in enumerate(decided(frame, parts=parts)):
        pairs = [(row[place], row[2]) for row in labelled]
        assert found.score.mutual_information == pytest.approx(information(pairs), abs=1e-12)
        assert found.score.missing_rate == sum(x is None for x, _ in pairs) / len(pairs)
        assert found.score.distinct == len({x for x, _ in pairs})


FRAME = pl.DataFrame(
    {
        "tells": ["a", "b"] * 10,
        "half": (["a", "b"] * 5 + ["a"] * 10),
        "same": ["x"] * 20,
        "gone": [None] * 19 + ["x"],
        "clicked": [1, 0] * 10,
    },
    schema_overrides={"clicked": pl.Int8},
)


def test_record_says_for_each_feature_what_became_of_it_and_why():
    found = decided(FRAME, DropMissing(above=0.9), DropConstant(), KeepTop(1))
    assert [(one.feature, one.kept, one.rule, one.why) for one in found] == [
        ("tells", True, "", ""),
        ("half", False, "keep_top", "rank 2 of 2 by mutual information, beyond 1"),
        ("same", False, "constant", "holds one value"),
        ("gone", False, "missing_rate", "missing in 95.00% of rows, more than 90.00%"),
    ]
    assert found[0].to_json() == {
        "feature": "tells",
        "kept": True,
        "rule": "",
        "why": "",
        "score": {"missing_rate": 0.0, "distinct": 2, "mutual_information": pytest.approx(math.log(2) - 1 / 40)},
    }


def test_without_rules_every_feature_stays_and_is_scored():
    assert [one.kept for one in decided(FRAME)] == [True] * 4


def test_later_rule_ranks_only_what_earlier_ones_left():
    found = decided(FRAME, KeepTop(3), DropMissing(above=0.9))
    assert [one.feature for one in found if one.kept] == ["tells", "half"]
    assert {one.feature: one.rule for one in found if not one.kept} == {"same": "keep_top", "gone": "missing_rate"}


def test_missing_rate_at_the_limit_stays():
    assert DropMissing(above=0.5).drops({"a": score(missing=0.5), "b": score(missing=0.51)}) == {
        "b": "missing in 51.00% of rows, more than 50.00%"
    }


def test_constant_counts_missing_as_a_value():
    assert set(DropConstant().drops({"a": score(distinct=1), "b": score(distinct=2)})) == {"a"}
    frame = pl.DataFrame(
        {"a": ["x", None], "b": [None, None], "c": ["x", "x"], "clicked": [0, 1]}, schema_overrides={"b": pl.String}
    )
    assert [one.kept for one in decided(frame, DropConstant())] == [True, False, False]


def test_ties_go_to_the_name_that_sorts_first():
    scores = {"z": score(0.5), "b": score(0.1), "a": score(0.1), "c": score(0.1)}
    assert set(KeepTop(2).drops(scores)) == {"b", "c"}
    assert KeepTop(9).drops(scores) == {}


def test_dropping_every_feature_is_refused():
    with pytest.raises(
        DataRefusedError,
        match=r"selection dropped all 1 features, the first because it holds one value; fit on more days",
    ):
        decided(FRAME.select("same", "clicked"), DropConstant())


@pytest.mark.parametrize("label", [0, 1])
def test_label_of_one_kind_scores_zero_and_ties_are_by_name(label: int):
    frame = FRAME.with_columns(clicked=pl.lit(label, dtype=pl.Int8))
    found = decided(frame, KeepTop(2))
    assert {one.score.mutual_information for one in found} == {0.0}
    assert [one.feature for one in found if one.kept] == ["half", "gone"]


def test_rows_without_a_label_do_not_count():
    unlabelled = FRAME.with_columns(clicked=pl.lit(None, dtype=pl.Int8), same=pl.lit("y"))
    found = decided(pl.concat([FRAME, unlabelled]), DropConstant())
    assert {one.feature: one.kept for one in found}["same"] is False


def test_no_labelled_row_is_refused():
    with pytest.raises(DataRefusedError, match="selection found no labelled row in the days it was fitted on"):
        decided(FRAME.with_columns(clicked=pl.lit(None, dtype=pl.Int8)))


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_missing_limit_is_a_share(share: float):
    with pytest.raises(ParameterError, match="above must be a share from 0 to 1, got"):
        DropMissing(above=share)


@pytest.mark.parametrize("k", [0, -1])
def test_at_least_one_feature_is_kept(k: int):
    with pytest.raises(ParameterError, match=f"k must be at least 1, got {k}"):
        KeepTop(k)


def test_a_list_stays_without_a_score_and_a_text_is_scored_as_one():
    features = [
        MultiHot("tags", size=2),
        Feature("cheap", OneHot("tells", terms=["a"])),
        Feature("gone", OneHot("same", terms=["y"])),
    ]
    frame = FRAME.with_columns(tags=pl.Series([["x"], []] * 10))
    program = fit(features, frame)
    tells = Chain("tells", ("tells",), "text", (FillNullText("?"),))
    program = Program.of([*program.chains, tells], program.inputs, [*program.outputs, "tells"])
    found = decide(program, tables_of(program, frame), [DropMissing(above=0.4), DropConstant()])
    assert [(one.feature, one.kept, one.score is None) for one in found] == [
        ("tags__multihot", True, True),
        ("cheap", True, False),
        ("gone", False, False),
        ("tells", True, False),
    ]
    assert found[1].score == found[3].score == score(math.log(2) - 1 / 40)
    assert found[2].why == "holds one value"


def test_a_claim_that_is_seldom_true_is_not_missing():
    frame = FRAME.with_columns(tells=pl.Series(["a"] + ["b"] * 19))
    program = fit([OneHot("tells", terms=["a"])], frame)
    (found,) = decide(program, tables_of(program, frame), [DropMissing(above=0.1)])
    assert found.kept
    assert found.score is not None
    assert found.score.missing_rate == 0.0


def test_many_values_of_a_number_are_told_to_within_a_cell():
    values = pl.DataFrame({"x": [float(n) for n in range(10_000)], "clicked": [n % 3 // 2 for n in range(10_000)]})
    program = fit([QuantileBins("x", bins=10)], values)
    (found,) = decide(program, tables_of(program, values), [])
    exact = LabelTable().of(program.transform(values)["x__bin"].cast(pl.Float64), values["clicked"].cast(pl.Float64))
    assert found.score is not None
    assert found.score.distinct == exact.distinct == 10
    assert found.score.mutual_information == pytest.approx(exact.mutual_information(), abs=1e-4)
