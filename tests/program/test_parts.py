import pickle

import polars as pl
import pytest

from featurelib.program import by_row, exploded
from featurelib.program.primitives import vector_angle
from featurelib.transforms import (
    Jaccard,
    MatchCount,
    MatchPosition,
    MeanEmbedding,
    MultiHot,
    Tokens,
    VectorCosine,
    fit,
)

TEXTS = ["a b", "b c", None, "", "c", "a a b"]
FRAME = pl.DataFrame(
    {
        "x": [TEXTS[place % 6] for place in range(40)],
        "y": [TEXTS[place % 5] for place in range(40)],
        "z": [None if place % 7 == 3 else ["a b", "c", None, "a b"][: place % 5] for place in range(40)],
        "v": [None if place % 9 == 2 else [1.0, 0.1 * place, -2.0][: place % 4] for place in range(40)],
        "w": [[0.3, 0.2, 1.0][: place % 4] for place in range(40)],
    }
)
OPERATORS = [
    *(Tokens("x"), Jaccard(["x", "y"]), MatchCount(["x", "z"]), MatchPosition(["y", "z"])),
    *(MultiHot("z", size=2), MeanEmbedding("z", vectors={"a b": [0.1, 0.2], "c": [3, 0.7]}), VectorCosine(["v", "w"])),
]


def test_program_that_was_used_goes_to_other_processes():
    program = fit(OPERATORS, FRAME)
    made = program.transform_rows(FRAME.to_dicts()), program.transform(FRAME)
    sent = pickle.loads(pickle.dumps(program))  # noqa: S301  # engines send programs so
    assert sent.transform_rows(FRAME.to_dicts()) == made[0]
    assert sent.transform(FRAME).equals(made[1])
    steps = [step for chain in program.chains for step in chain.steps]
    assert pickle.loads(pickle.dumps(steps)) == steps  # noqa: S301


def test_columns_of_many_rows_go_through_in_parts(monkeypatch: pytest.MonkeyPatch):
    program = fit(OPERATORS, FRAME)
    whole = program.transform(FRAME)
    assert whole.to_dicts() == [program.transform_row(row) for row in FRAME.to_dicts()]
    monkeypatch.setattr(by_row, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(exploded, "_CELLS_AT_ONCE", 3 * 64)
    monkeypatch.setattr(vector_angle, "_ROWS_AT_ONCE", 2)
    assert program.transform(FRAME).equals(whole)
