import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import DeclarationError, ParameterError
from featurelib.fitting.operator import Operator
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import (
    Feature,
    MatchCount,
    MatchPosition,
    MeanEmbedding,
    MultiHot,
    Padded,
    VectorCosine,
    Vocabulary,
    fit,
)

PAIR = ["x", "y"]
test_contract = transform_contract(
    {
        "padded": Padded("x", length=3),
        "padded to the left": Padded("x", length=2, keep="first", side="left", max_size=2, unseen_buckets=3),
        "padded tokens": Padded("x", length=2, tokens="chars1", min_count=2),
        "padded like a column": Padded("x", length=2, terms_of="y", on_gone="retire"),
        "multi-hot": MultiHot("x", size=3),
        "weighted multi-hot": MultiHot("x", size=2, weights="y"),
        "matches": [MatchCount(PAIR), MatchPosition(PAIR)],
        "cosine": VectorCosine(PAIR),
        "mean embedding": MeanEmbedding(
            "x", vectors={"a": [0.1, 1e300, -0.0], "": [0.2, -1e300, 0], "7": [0.7, 1e300, 0]}
        ),
    }
)
VECTORS = pl.Series([[1.0, -2.0, 0.5], [0.1, 0.2, 0.3], [1e200] * 3, [0.0] * 3, [1.0, None, 2.0], [math.inf, 0, 0], []])
test_contract_of_vectors = transform_contract({"vectors": VectorCosine(PAIR)}, columns={"x": VECTORS, "y": VECTORS})

ITEMS = pl.DataFrame({"x": [["a", "b", "a"], ["a", None], [], None, ["c", "b"]]})


def test_indices_go_by_the_rows_that_hold_an_element():
    program = fit(Padded("x", length=3), ITEMS)
    assert program.transform(ITEMS)["x__padded"].to_list() == [[2, 3, 2], [2, 0, 0], [0, 0, 0], [0, 0, 0], [4, 3, 0]]
    assert program.schema == {"x__padded": pl.List(pl.UInt32)}


@pytest.mark.parametrize(
    ("keep", "side", "long", "short"),
    [
        ("last", "right", [3, 4], [2, 0]),
        ("first", "right", [2, 3], [2, 0]),
        ("last", "left", [3, 4], [0, 2]),
        ("first", "left", [2, 3], [0, 2]),
    ],
)
def test_an_end_is_kept_and_a_side_is_filled_up(keep: str, side: str, long: list[int], short: list[int]):
    program = fit(Padded("x", length=2, keep=keep, side=side), ITEMS)
    assert program.transform_row({"x": ["a", "b", "c"]}) == {"x__padded": long}
    assert program.transform_row({"x": ("a",)}) == {"x__padded": short}


def test_rare_elements_are_out_of_vocabulary():
    program = fit(Padded("x", length=4, min_count=2, max_size=1), ITEMS)
    assert program.transform_row({"x": ["a", "b", "c", "z"]}) == {"x__padded": [2, 1, 1, 1]}


def test_texts_are_padded_by_their_tokens():
    titles = pl.DataFrame({"x": ["red shoes", "red lamp", None, "!"]})
    program = fit(Padded("x", length=3, tokens="words"), titles)
    assert program.transform(titles)["x__padded"].to_list() == [[2, 4, 0], [2, 3, 0], [0, 0, 0], [0, 0, 0]]


def test_refits_keep_the_numbers_and_slots_of_elements():
    more = pl.DataFrame({"x": [["d"], ["d"], ["c"]]})
    for operator in (Padded("x", length=4), MultiHot("x", size=4)):
        before = fit(operator, ITEMS)
        after = fit(operator, more, earlier=before)
        assert after.transform(ITEMS).equals(before.transform(ITEMS))
    assert fit(Padded("x", length=2), more, earlier=fit(Padded("x", length=2), ITEMS)).transform_row(
        {"x": ["d", "c"]}
    ) == {"x__padded": [5, 4]}
    with pytest.raises(DeclarationError, match="gave numbers to 3 terms, more than max_size=2"):
        fit(Padded("x", length=4, max_size=2), more, earlier=fit(Padded("x", length=4), ITEMS))


def test_elements_are_numbered_as_the_vocabulary_of_the_candidate():
    first = pl.DataFrame({"item": ["a", "b", "b", "c"], "x": [["c", "z"], ["a"], ["b", "b"], None]})
    second = pl.DataFrame({"item": ["d", "d", "c"], "x": [["d"]] * 3})
    shared = {"min_count": 1, "max_size": 4, "unseen_buckets": 2}
    operators = [Vocabulary("item", **shared), Padded("x", length=2, terms_of="item", **shared)]
    program = fit(operators, first)
    assert program.transform_row({"item": "b", "x": ["c", "b"]}) == {"item__index": 3, "x__padded": [5, 3]}
    longer = [operators[0], Padded("x", length=3, terms_of="item", **shared)]
    refit = fit(longer, second, earlier=program)
    for item in ("a", "b", "c", "d", "new"):
        index = refit.transform_row({"item": item, "x": [item]})
        assert index["x__padded"] == [index["item__index"], 0, 0]


@pytest.mark.parametrize("added", [0, 1], ids=["vocabulary", "list"])
@pytest.mark.parametrize("named", [False, True], ids=["plain", "named"])
@pytest.mark.parametrize("order", [1, -1], ids=["listed first", "listed last"])
def test_what_is_added_later_takes_the_numbers_that_stand(added: int, order: int, *, named: bool) -> None:
    first = pl.DataFrame({"item": ["a", "b", "b", "c"], "x": [["c"]] * 4})
    second = pl.DataFrame({"item": ["d", "d", "c"], "x": [["d"]] * 3})
    shared = {"on_gone": "retire", "unseen_buckets": 2}
    pair = [Vocabulary("item", **shared), Padded("x", length=1, terms_of="item", **shared)]
    both: list[Operator] = [Feature("i", pair[0]), Feature("l", pair[1])] if named else [*pair]
    refit = fit(both[::order], second, earlier=fit(both[1 - added], first))
    for item, number in {"a": None, "b": None, "c": 5, "d": 6, "new": None}.items():
        row = refit.transform_row({"item": item, "x": [item]})
        index, (element,) = (row["i"], row["l"]) if named else (row["item__index"], row["x__padded"])
        assert index == element
        assert (index == number) if number else (index in {1, 2})
    apart = [pair[0], Padded("x", length=1, terms_of="item", unseen_buckets=2)]  # keeps what is gone: not the same
    assert fit(apart, second, earlier=fit(apart[0], first)).transform_row({"item": "d", "x": ["d"]}) == {
        "item__index": 6,
        "x__padded": [3],
    }


def test_room_is_left_alike_by_the_vocabulary_and_the_list_and_taken_alike_by_a_refit():
    first = pl.DataFrame({"item": list("aaaabbbccd"), "x": [["a"]] * 10})
    second = pl.DataFrame({"item": list("eeeeeaaabbfff"), "x": [["a"]] * 13})
    shared = {"max_size": 4, "room": 2}
    vocabulary, padded = Vocabulary("item", **shared), Padded("x", length=1, terms_of="item", **shared)
    both = fit([vocabulary, padded], first)
    refits = [fit([vocabulary, padded], second, earlier=earlier) for earlier in (both, fit(vocabulary, first))]
    for program, numbers in ((both, [2, 3, 1, 1, 1, 1]), *((refit, [2, 3, 1, 1, 4, 5]) for refit in refits)):
        rows = [program.transform_row({"item": item, "x": [item]}) for item in "abcdef"]
        assert [row["item__index"] for row in rows] == numbers
        assert [row["x__padded"] for row in rows] == [[number] for number in numbers]
    own = fit(Padded("x", length=3, **shared), pl.DataFrame({"x": [["a", "b", "c"], ["a", "b"], ["a"]]}))
    assert own.transform_row({"x": ["a", "b", "c"]}) == {"x__padded": [2, 3, 1]}


def test_elements_that_are_gone_retire():
    operator = Padded("x", length=2, on_gone="retire")
    after = fit(operator, pl.DataFrame({"x": [["c"]]}), earlier=fit(operator, ITEMS))
    frame = pl.DataFrame({"x": [["a", "c"]]})
    assert (
        after.transform(frame)["x__padded"].to_list()
        == [[1, 4]]
        == [after.transform_row(frame.row(0, named=True))["x__padded"]]
    )


def test_a_vector_holds_each_element_once_and_strangers_in_slot_zero():
    program = fit(MultiHot("x", size=2), ITEMS)
    lists = pl.DataFrame({"x": [["a", "a", "b"], ["z", "c"], [None], None]})
    assert program.transform(lists)["x__multihot"].to_list() == [[0, 1, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_a_vector_has_its_size_also_with_fewer_elements():
    assert fit(MultiHot("x", size=9), ITEMS).transform(ITEMS)[
        "x__multihot"
    ].drop_nulls().list.len().unique().to_list() == [10]


def test_weights_are_summed_from_first_to_last():
    frame = pl.DataFrame({"x": [["a", "b"]], "w": [[1.0, 2.0]]})
    program = fit(MultiHot("x", size=2, weights="w"), frame)

    def vector(*pairs: tuple[str | None, float | None]) -> list[float | None]:
        texts, weights = map(list, zip(*pairs, strict=True))
        return program.transform_row({"x": texts, "w": weights})["x__multihot"]

    assert vector(("a", 1e300), ("a", -1e300), ("a", 1.0)) == [0, 1, 0]
    assert vector(("z", 2), ("b", None), (None, 5), ("z", 0.5)) == [2.5, 0, 0]
    assert vector(("a", math.inf), ("a", -math.inf), ("b", 1e300)) == [0, None, math.inf]
    assert program.transform_row({"x": ["a"], "w": [1.0, 2.0]}) == {"x__multihot": None}
    assert program.transform_row({"x": None, "w": [1.0]}) == {"x__multihot": None}
    assert program.transform_row({"x": None, "w": []}) == {"x__multihot": [0, 0, 0]}


def test_matches_are_counted_and_placed_from_the_end():
    history = pl.DataFrame({"x": ["7", "7", "7", None, "7"], "y": [[7, 1, 7, 2], [1], [], [7], None]})
    made = fit([MatchCount(PAIR), MatchPosition(PAIR)], history).transform(history)
    assert made.rows() == [(2, 2), (0, None), (0, None), (None, None), (None, None)]


def cosine(first: list[float | None], second: list[float | None]) -> float | None:
    schema = {"x": pl.List(pl.Float64), "y": pl.List(pl.Float64)}
    return fit(VectorCosine(PAIR), pl.DataFrame(schema=schema)).transform_row({"x": first, "y": second})[
        "x_x_y__cosine"
    ]


def test_cosine_of_known_angles():
    assert cosine([1, 0], [5, 0]) == 1
    assert cosine([1, 0], [0, 2]) == 0
    assert cosine([1, 1], [-1, -1]) == pytest.approx(-1)


def test_vectors_without_an_angle_are_missing():
    for first, second in [([], []), ([0, 0], [1, 1]), ([1], [1, 2]), ([1, None], [1, 2]), ([math.inf, 1], [1, 1])]:
        assert cosine(first, second) is cosine(second, first) is None


@given(data=st.data(), size=st.integers(1, 9))
@settings(max_examples=30)
def test_vectors_of_whole_columns_have_the_angles_of_rows(data: st.DataObject, size: int):
    number = st.floats(-1e3, 1e3, width=32) | st.sampled_from([1e160, -1e-170, 0.0, None])
    vectors = st.lists(st.lists(number, min_size=size, max_size=size), min_size=3, max_size=3)
    frame = pl.DataFrame(
        {"x": data.draw(vectors), "y": data.draw(vectors)}, schema={"x": pl.List(pl.Float64), "y": pl.List(pl.Float64)}
    )
    program = fit(VectorCosine(PAIR), frame)
    assert program.transform(frame).to_dicts() == [program.transform_row(row) for row in frame.to_dicts()]


def test_embeddings_of_known_elements_are_averaged():
    program = fit(MeanEmbedding("x", vectors={"7": [1, 2], "8": [4, 0]}), pl.DataFrame({"x": [[7]]}))
    assert program.transform_row({"x": [7, "8", 7, None, 9]}) == {"x__embedding": [2, pytest.approx(4 / 3)]}
    frame = pl.DataFrame({"x": [[9], [], None, [8]]})
    assert program.transform(frame)["x__embedding"].to_list() == [None, None, None, [4, 0]]


def test_arrays_are_read_as_lists():
    lists = pl.DataFrame({"x": [[1.0, 2.0], [0.5, 0.5]], "y": [[1, 2], [1, 0]]})
    arrays = lists.cast({"x": pl.Array(pl.Float32, 2), "y": pl.Array(pl.Int64, 2)})
    program = fit(VectorCosine(PAIR), arrays)
    assert program.transform(arrays).equals(program.transform(lists))
    assert program.transform_row({name: column[0].to_numpy() for name, column in lists.to_dict().items()}) == {
        "x_x_y__cosine": 1.0
    }


def test_parameters_out_of_range_are_refused():
    with pytest.raises(ParameterError, match=r"length must be from 1 to 2\*\*20, got 0"):
        Padded("x", length=0)
    with pytest.raises(ParameterError, match="keep must be 'last' or 'first', got 'newest'"):
        Padded("x", length=1, keep="newest")
    with pytest.raises(ParameterError, match="side must be 'right' or 'left', got 'top'"):
        Padded("x", length=1, side="top")
    with pytest.raises(ParameterError, match="tokens must be words"):
        Padded("x", length=1, tokens="letters")
    with pytest.raises(ParameterError, match="terms_of must be left out beside tokens, got 'item'"):
        Padded("x", length=1, tokens="words", terms_of="item")
    with pytest.raises(ParameterError, match=r"size must be from 1 to 2\*\*20, got 0"):
        MultiHot("x", size=0)
    with pytest.raises(ParameterError, match="weights must be another column, got 'x'"):
        MultiHot("x", size=1, weights="x")
    for vectors in ({}, {"a": []}, {"a": [1], "b": [1, 2]}):
        with pytest.raises(ParameterError, match="vectors must be vectors of one size, at least 1"):
            MeanEmbedding("x", vectors=vectors)
    with pytest.raises(ParameterError, match="columns must be two different columns"):
        MatchCount(["x", "x"])
