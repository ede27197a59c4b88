"""What holds for every cleaner: one meaning in every evaluator, and repairs that later steps see."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib import cleaning
from featurelib.cleaning import Cleaner, Impute, Normalize, Winsorize
from featurelib.fitting import learn, merge_answers
from featurelib.program import Program, load, save
from featurelib.transforms import fit

FLOAT, INT, BOOL, TEXT = pl.Float64(), pl.Int64(), pl.Boolean(), pl.String()
CASES: dict[str, tuple[Cleaner, pl.DataType]] = {
    "impute a number": (Impute("x", value=-0.0), FLOAT),
    "impute a number in a boolean": (Impute("x", value=0.5, indicator=True), BOOL),
    "impute a text": (Impute("x", value="", indicator=True), TEXT),
    "impute a text in an integer": (Impute("x", value="none"), INT),
    "impute the mean": (Impute("x", by="mean", indicator=True), FLOAT),
    "impute the median": (Impute("x", by="median"), INT),
    "impute the mode": (Impute("x", by="mode", indicator=True), TEXT),
    "normalize": (Normalize("x"), TEXT),
    "normalize NFC": (Normalize("x", form="NFC", case=None), TEXT),
    "normalize case alone": (Normalize("x", form=None, fold_space=False), TEXT),
    "normalize nothing": (Normalize("x", form=None, case=None, fold_space=False), TEXT),
    "normalize an integer": (Normalize("x"), INT),
    "normalize a category": (Normalize("x"), pl.Categorical()),
    "winsorize": (Winsorize("x", lower=0.2, upper=0.8), FLOAT),
    "winsorize one side": (Winsorize("x", lower=0.5), INT),
    "winsorize to the ends": (Winsorize("x", lower=0, upper=1), FLOAT),
}
Frames = Callable[..., st.SearchStrategy[pl.DataFrame]]


def test_every_cleaner_has_a_case():
    cleaners = {name for name in cleaning.__all__ if name != "Cleaner"}
    assert {type(cleaner).__name__ for cleaner, _ in CASES.values()} == cleaners


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(max_examples=25)
def test_rows_and_micro_batches_equal_columns_to_the_last_bit(
    name: str, data: st.DataObject, frames: Frames, agree: Callable[[Program, pl.DataFrame], None]
):
    cleaner, dtype = CASES[name]
    fitted, unseen = data.draw(frames({"x": dtype})), data.draw(frames({"x": dtype}))
    agree(fit(cleaner, fitted), pl.concat([unseen, fitted]))


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(max_examples=10)
def test_fit_of_merged_parts_equals_fit_of_the_whole(name: str, data: st.DataObject, frames: Frames):
    cleaner, dtype = CASES[name]
    parts = data.draw(st.lists(frames({"x": dtype}), min_size=1, max_size=4))
    merged = learn([cleaner], lambda survey: merge_answers([survey.of(part.lazy()) for part in reversed(parts)]))
    assert merged == learn([cleaner], lambda survey: survey.of(pl.concat(parts).lazy()))


@pytest.mark.parametrize("name", CASES)
def test_saved_repair_equals_the_live_one(name: str, tmp_path: Path):
    cleaner, dtype = CASES[name]
    frame = pl.DataFrame({"x": [1, None, 0, 1]}).cast(pl.String if dtype == pl.Categorical else dtype).cast(dtype)
    program = fit(cleaner, frame)
    loaded = load(tmp_path, save(program, tmp_path))
    assert loaded.fingerprint == program.fingerprint
    assert loaded.transform(frame).equals(program.transform(frame))


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_ascii_and_other_texts_take_different_ways_to_one_spelling(text: str):
    program = fit(Normalize("x"), pl.DataFrame({"x": [text]}))
    beside = pl.DataFrame({"x": [text, "plain", text, "ﬁ", None]})
    spelled = program.transform(beside)["x"].to_list()
    assert spelled == [program.transform_row({"x": value})["x"] for value in beside["x"]]
