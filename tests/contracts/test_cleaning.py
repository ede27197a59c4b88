"""What holds for every cleaner: one meaning in every evaluator, and repairs that later steps see."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from featurelib import cleaning
from featurelib.cleaning import Impute, Normalize, Winsorize
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import fit

test_contract = transform_contract(
    {
        "impute a number": Impute("x", value=-0.0),
        "impute a number, indicator": Impute("x", value=0.5, indicator=True),
        "impute a text": Impute("x", value="none"),
        "impute a text, indicator": Impute("x", value="", indicator=True),
        "impute the mean": Impute("x", by="mean", indicator=True),
        "impute the median": Impute("x", by="median"),
        "impute the mode": Impute("x", by="mode", indicator=True),
        "impute the mean of a group": Impute("x", by="mean", within="g", indicator=True),
        "impute the median of a group": Impute("x", by="median", within="g"),
        "impute the mode of a group": Impute("x", by="mode", within="g", indicator=True),
        "normalize": Normalize("x"),
        "normalize NFC": Normalize("x", form="NFC", case=None),
        "normalize case alone": Normalize("x", form=None, fold_space=False),
        "normalize nothing": Normalize("x", form=None, case=None, fold_space=False),
        "winsorize": Winsorize("x", lower=0.2, upper=0.8),
        "winsorize one side": Winsorize("x", lower=0.5),
        "winsorize to the ends": Winsorize("x", lower=0, upper=1),
        "winsorize by sigma": Winsorize("x", by="sigma", k=1),
        "winsorize by Tukey's fences, to null": Winsorize("x", by="iqr", k=0.1, to="null"),
        "winsorize by the absolute deviation": Winsorize("x", by="mad", to="null"),
    }
)


def test_every_cleaner_has_a_case():
    assert {kind.__name__ for kind in test_contract.covers} == {*cleaning.__all__} - {"Cleaner"}


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_ascii_and_other_texts_take_different_ways_to_one_spelling(text: str):
    program = fit(Normalize("x"), pl.DataFrame({"x": [text]}))
    beside = pl.DataFrame({"x": [text, "plain", text, "ﬁ", None]})
    spelled = program.transform(beside)["x"].to_list()
    assert spelled == [program.transform_row({"x": value})["x"] for value in beside["x"]]
