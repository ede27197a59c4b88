import polars as pl
import pytest

from featurelib.cleaning import Normalize
from featurelib.errors import ColumnTypeError, ParameterError
from featurelib.transforms import fit

TEXTS = ["  Red\t\nShoes ", "Ｒｅｄ　ｓｈｏｅｓ", "ﬁne", None, "   ", "ΟΔΟΣ", "e\u0301"]


def normal(cleaner: Normalize) -> list[str | None]:
    frame = pl.DataFrame({"q": TEXTS})
    return fit(cleaner, frame).transform(frame)["q"].to_list()


def test_one_spelling_for_what_reads_the_same():
    assert normal(Normalize("q")) == ["red shoes", "red shoes", "fine", None, "", "οδος", "é"]


def test_form_case_and_space_are_independent():
    assert normal(Normalize("q", case=None))[:2] == ["Red Shoes", "Red shoes"]
    assert normal(Normalize("q", form=None))[1:3] == ["ｒｅｄ　ｓｈｏｅｓ", "ﬁne"]
    assert normal(Normalize("q", form="NFC"))[2:] == ["ﬁne", None, "", "οδος", "é"]
    assert normal(Normalize("q", fold_space=False))[0] == "  red\t\nshoes "


def test_nothing_to_do_changes_nothing():
    assert normal(Normalize("q", form=None, case=None, fold_space=False)) == TEXTS


def test_unknown_form_and_case_are_refused():
    with pytest.raises(ParameterError, match="form must be NFKC, NFC or None, got 'NFD'"):
        Normalize("q", form="NFD")
    with pytest.raises(ParameterError, match="case must be lower or None, got 'upper'"):
        Normalize("q", case="upper")


def test_float_column_is_refused():
    with pytest.raises(ColumnTypeError, match="q needs column 'q' of the samples table to be text"):
        fit(Normalize("q"), pl.DataFrame({"q": [1.0]}))
