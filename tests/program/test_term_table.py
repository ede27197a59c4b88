"""Where texts stand among known terms."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import DeclarationError
from featurelib.program import term_table
from featurelib.program.term_table import TermTable

texts = st.text(alphabet="ab\x00é", max_size=3)


def by_loop(terms: list[str], asked: list[str | None]) -> list[int | None]:
    return [terms.index(text) if text is not None and text in terms else None for text in asked]


@pytest.mark.parametrize("hashes", [None, 1, 3], ids=["xxh64", "one-hash", "three-hashes"])
@given(st.lists(texts, unique=True), st.lists(st.none() | texts))
def test_each_text_has_the_place_of_its_term(hashes: int | None, terms: list[str], asked: list[str | None]) -> None:
    column = pl.Series("found", asked, dtype=pl.String)
    expected = pl.Series("found", by_loop(terms, asked), dtype=pl.UInt32)
    few = TermTable(pl.Series(terms, dtype=pl.String)).places(column)
    with pytest.MonkeyPatch.context() as patch:  # few as many, and with hashes that are worse
        patch.setattr(term_table, "_FEW", 0)
        if hashes is not None:
            plain = term_table.hash_expr
            patch.setattr(term_table, "hash_expr", lambda text: plain(text) % hashes)
        found = TermTable(pl.Series(terms, dtype=pl.String)).places(column)
    assert found.equals(expected, check_dtypes=True, check_names=True)
    assert few.equals(expected, check_dtypes=True, check_names=True)


def test_more_terms_than_an_enum_is_made_of() -> None:
    terms = pl.Series([f"{number:06d}" for number in range(70_000)]).reverse()
    table = TermTable(terms)
    asked = pl.Series("text", ["000000", "069999", None, "070000", ""])
    assert table.places(asked).to_list() == [69_999, 0, None, None, None]
    twice = pl.LazyFrame({"text": [*terms, *terms]}).select(table.expr(pl.col("text"))).collect().to_series()
    assert twice.to_list() == [*range(70_000)] * 2


@pytest.mark.parametrize("many", [3, 70_000])
def test_a_term_that_stands_there_twice_is_an_error(many: int) -> None:
    terms = pl.Series([f"{number}" for number in range(many)]).append(pl.Series(["2"]))
    with pytest.raises(DeclarationError, match="'2' stands there twice"):
        TermTable(terms).places(pl.Series(["1"]))
