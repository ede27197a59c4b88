from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from featurelib.fitting import tally
from featurelib.fitting.enumerated import HashedTexts, enumerated_pieces
from featurelib.fitting.numbered_texts import NumberedTexts
from featurelib.program.hashing import hash_text


@dataclass(frozen=True)
class Piece:
    """Some rows, as places among terms, which may be listed twice, and in any order."""

    terms: pl.Series
    places: "np.ndarray[tuple[int], np.dtype[np.int32]]"

    @classmethod
    def of(cls, terms: list[str | None], places: list[int]) -> "Piece":
        return cls(pl.Series(terms, dtype=pl.String), np.asarray(places, dtype=np.int32))


PIECES = [
    Piece.of(["b", "a"], [0, 0, 1]),
    Piece.of([], []),
    Piece.of(["", "a", "a", None, "unused"], [3, 2, 0, 1]),
]
TEXTS = ["b", "b", "a", None, "a", "", "a"]


@pytest.fixture(params=[1, 2, 2**17], autouse=True)
def _rows_at_a_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_SLICE", request.param)


@pytest.fixture(params=["pieces", "series"])
def texts(request: pytest.FixtureRequest) -> NumberedTexts:
    return NumberedTexts.of_pieces(PIECES) if request.param == "pieces" else NumberedTexts.of(pl.Series(TEXTS))


def test_texts_are_counted_as_they_rise(texts: NumberedTexts):
    counts, missing = texts.counted()
    assert (counts.rows(), missing) == ([("", 1), ("a", 3), ("b", 2)], 1)
    assert texts.to_series().to_list() == TEXTS


def test_some_rows_are_counted_alone(texts: NumberedTexts):
    there = pl.Series([False, True, False, True, True, False, True])
    counts, missing = texts.filter(there).counted()
    assert (counts.rows(), missing) == ([("a", 2), ("b", 1)], 1)


def test_what_is_counted_by_part_is_counted_as_a_whole_too(texts: NumberedTexts):
    labels = tally.Labels.of(pl.Series([1, 0, 1, 1, 0, 0, 1]))
    number, part, rows, totals = texts.by_part(np.asarray([0, 1, 1, 0, 1, 1, 0]), 2, labels)
    named = [None, *texts.terms]
    assert [(named[n], *others) for n, *others in zip(number, part, rows, totals, strict=True) if others[1]] == [
        (None, 0, 1, 1),
        ("", 1, 1, 0),
        ("a", 0, 1, 1),
        ("a", 1, 2, 1),
        ("b", 0, 1, 1),
        ("b", 1, 1, 0),
    ]
    counts, missing = texts.counted()
    assert (counts.rows(), missing) == ([("", 1), ("a", 3), ("b", 2)], 1)


@pytest.mark.parametrize("empty", [NumberedTexts.of(pl.Series([], dtype=pl.String)), NumberedTexts.of_pieces([])])
def test_nothing_has_no_terms(empty: NumberedTexts):
    nothing = empty.by_part(np.asarray([], dtype=np.int64), 3, tally.Labels.of(pl.Series([], dtype=pl.Int64)))
    assert [found.tolist() for found in nothing] == [[]] * 4
    counts, missing = empty.counted()
    assert (counts.rows(), missing) == ([], 0)
    assert counts.schema == {"term": pl.String, "rows": pl.Int64}
    assert empty.to_series().to_list() == []


def test_pieces_are_enumerated_and_hashed_as_their_rows_are():
    assert enumerated_pieces(PIECES).cast(pl.String).to_list() == TEXTS
    hashes = [None if text is None else hash_text(text) for text in TEXTS]
    of_pieces = HashedTexts.of_pieces(PIECES)
    assert of_pieces.hashes.to_list() == HashedTexts.of(pl.Series(TEXTS)).hashes.to_list() == hashes
    assert HashedTexts.of(of_pieces) is of_pieces


@pytest.mark.parametrize("cells", [6, 10**9])
def test_few_of_many_cells_are_counted_as_all_of_few_are(cells: int):
    pieces = [np.asarray([5, 0, 5]), np.asarray([], dtype=np.int64), np.asarray([3, 5])]
    labels = tally.Labels.of(pl.Series([2.0**32, 1.0, 0.0, -4.0, 7.0]))
    found, rows, total = tally.by_cell(pieces, labels, cells)
    assert (found.tolist(), rows.tolist(), total.tolist()) == ([0, 3, 5], [1, 1, 3], [1, -4, 2**32 + 7])
