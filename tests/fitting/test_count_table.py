import polars as pl

from featurelib.fitting import CountTable


def of(*terms: str | None) -> CountTable:
    return CountTable().of(pl.Series(terms, dtype=pl.String))


def test_terms_are_counted_and_nulls_apart():
    table = of("b", "a", "b", None, "")
    assert table.counts.rows() == [("", 1), ("a", 1), ("b", 2)]
    assert (table.missing, table.rows) == (1, 5)


def test_most_frequent_first_with_ties_by_the_term():
    table = of("b", "a", "é", "b", "é", "c")
    assert table.most_frequent_first()["term"].to_list() == ["b", "é", "a", "c"]
    assert table.most_frequent_first(at_least=2)["term"].to_list() == ["b", "é"]
    assert table.most_frequent_first(at_most=3)["term"].to_list() == ["b", "é", "a"]


def test_term_that_is_rare_in_each_part_but_not_in_all_is_kept():
    merged = of("a", "b").merge(of("a", "c"))
    assert merged.most_frequent_first(at_least=2)["term"].to_list() == ["a"]


def test_empty_table_has_no_terms():
    assert CountTable().rows == 0
    assert CountTable() == of()
    assert CountTable().most_frequent_first().is_empty()
