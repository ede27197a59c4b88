"""Edges: cells that say what they hold, stay the same as text, and refuse what they cannot be."""

import json
import pickle

import pytest

from featurelib.errors import DeclarationError, ParameterError
from featurelib.schema.edges import Bins, Edges

NUMBERS = Bins(kind="numbers", edges=(-1, 0.5, 2))
CATEGORIES = Bins(kind="categories", categories=("ios", "web"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "words"}, "kind must be numbers or categories, got 'words'"),
        ({"kind": "numbers", "edges": (1, 1)}, "edges must be finite and rising"),
        ({"kind": "numbers", "edges": (2, 1)}, "edges must be finite and rising"),
        ({"kind": "numbers", "edges": (float("nan"),)}, "edges must be finite and rising"),
        ({"kind": "numbers", "edges": (0, float("inf"))}, "edges must be finite and rising"),
        ({"kind": "numbers", "categories": (1,)}, "categories must be left out for numbers"),
        ({"kind": "categories", "edges": (1,)}, "edges must be left out for categories"),
        ({"kind": "categories", "categories": ("a", "a")}, "categories must be different from one another"),
        ({"kind": "categories", "categories": (1, True)}, "categories must be texts, whole numbers or truth values"),
        ({"kind": "categories", "categories": (0, 1), "names": ("a",)}, "names must be one for each category"),
        ({"kind": "categories", "categories": (1.5,)}, "categories must be texts, whole numbers or truth values"),
    ],
)
def test_bins_that_contradict_themselves_are_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        Bins(**change)


def test_each_cell_has_a_name_and_the_last_is_that_of_missing_values():
    for bins in (NUMBERS, CATEGORIES, Bins(kind="numbers"), Bins(kind="categories")):
        assert len(bins.labels()) == bins.cells == bins.cell(None) + 1
    assert NUMBERS.labels() == ("below -1", "-1 to 0.5", "0.5 to 2", "2 and above", "missing")
    named = Bins(kind="categories", categories=(0, 2), names=("missing (0)", "lamp"))
    assert named.labels() == ("missing (0)", "lamp", "other", "missing")
    assert Bins.from_json(json.loads(json.dumps(named.to_json()))) == named
    assert CATEGORIES.cell("fridge") == CATEGORIES.labels().index("other")


@pytest.mark.parametrize("edges", [(), (0,), (7,), (-3, 4), (1e-12, 2e-12), (-1.5e308, 1.5e308), (5e-324,)])
def test_edges_lie_within_a_spread_of_their_centre(edges):
    bins = Bins(kind="numbers", edges=edges)
    assert bins.spread > 0
    assert all(abs(edge - bins.centre) <= bins.spread for edge in edges if abs(edge) < 1e100)


def test_edges_come_back_from_json_and_from_another_process():
    edges = Edges(bins={"price": NUMBERS, "device": CATEGORIES}, label="clicked", hour_of="shown_at")
    assert Edges.from_json(json.loads(json.dumps(edges.to_json()))) == edges
    assert pickle.loads(pickle.dumps(edges)) == edges  # noqa: S301
    assert hash(edges) == hash(pickle.loads(pickle.dumps(edges)))  # noqa: S301


def test_the_key_tells_what_is_counted_and_not_how_it_is_written():
    edges = Edges(bins={"a": NUMBERS, "b": CATEGORIES})
    assert edges.key == Edges(bins={"b": CATEGORIES, "a": Bins(kind="numbers", edges=(-1.0, 0.5, 2.0))}).key
    others = [
        Edges(bins={"a": NUMBERS}),
        Edges(bins={"a": NUMBERS, "b": CATEGORIES}, label="clicked"),
        Edges(bins={"a": NUMBERS, "b": CATEGORIES}, hour_of="shown_at"),
        Edges(bins={"a": NUMBERS, "b": Bins(kind="categories", categories=("web", "ios"))}),
    ]
    assert len({edges.key, *(each.key for each in others)}) == 5


def test_a_column_called_hour_does_not_hide_behind_the_hour():
    assert Edges(bins={"hour": NUMBERS}).bins["hour"] == NUMBERS
    with pytest.raises(DeclarationError, match="make a column 'hour', and there is one already: leave out hour_of"):
        Edges(bins={"hour": NUMBERS}, hour_of="shown_at")
