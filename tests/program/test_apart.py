"""The parts of a program that depend on one text column alone."""

from pathlib import Path

import polars as pl
import pytest

from featurelib.program import Chain, Program
from featurelib.program.apart import apart
from featurelib.program.primitives import Affine, HashBucket, Index, JoinText, NormalizeText
from featurelib.tables import ParquetRows

SCHEMA = pl.Schema({"query": pl.String(), "item": pl.String(), "price": pl.Float64(), "page": pl.Int64()})
FRAME = pl.DataFrame(
    {
        "query": ["TV", "tv ", None, "Tv", "radio"],
        "item": ["a", "b", "a", None, "a"],
        "price": [1.0, None, 2.0, float("nan"), 4.0],
        "page": [1, 2, 1, None, 2],
    },
    schema=SCHEMA,
)
LOWER = Chain("lower", ("query",), "text", (NormalizeText(),))
INDEX = Chain("index", ("lower",), "text", (Index(("tv", "radio")),))
CROSS = Chain("cross", ("lower", "item"), "text", (JoinText(), HashBucket(100)))
PAGE = Chain("page_bucket", ("page",), "text", (HashBucket(100),))
SCALED = Chain("scaled", ("index",), "number", (Affine(1.0, 2.0),))
Z = Chain("z", ("price",), "number", (Affine(1.0, 2.0),))


def program(*chains: Chain, outputs: tuple[str, ...]) -> Program:
    return Program.of(chains, SCHEMA, outputs)


def same(program: Program, folder: Path, keep: tuple[str, ...] = ()) -> bool:
    FRAME.write_parquet(folder / "rows.parquet", row_group_size=2)
    made = program.transform(ParquetRows.of(folder / "rows.parquet"), keep=keep).collect()
    return made.equals(program.transform(FRAME, keep=keep))


def test_what_depends_on_one_text_is_apart_and_the_rest_reads_it(tmp_path: Path) -> None:
    whole = program(LOWER, INDEX, CROSS, PAGE, SCALED, Z, outputs=("index", "cross", "page_bucket", "scaled", "z"))
    parts = apart(whole, ["query", "item"])
    assert {column: tuple(part.schema) for column, part in parts.of_terms.items()} == {
        "query": ("lower", "index", "scaled")
    }
    assert parts.rest.outputs == ("cross", "page_bucket", "z")
    assert same(whole, tmp_path)
    assert same(whole, tmp_path, keep=("query", "price"))


def test_a_column_made_twice_stays_in_the_rest(tmp_path: Path) -> None:
    again = Chain("lower", ("item",), "text", (NormalizeText(),))
    whole = program(LOWER, INDEX, again, Chain("i", ("lower",), "text", (Index(("a",)),)), outputs=("index", "i"))
    assert not apart(whole, ["query", "item"]).of_terms
    assert same(whole, tmp_path)


def test_a_column_made_under_the_name_of_an_input_stays_in_the_rest(tmp_path: Path) -> None:
    before = Chain("b", ("item",), "text", (Index(("a",)),))
    over = Chain("item", ("query",), "text", (NormalizeText(),))
    whole = program(before, over, Chain("i", ("item",), "text", (Index(("tv",)),)), outputs=("b", "i"))
    assert set(apart(whole, ["query", "item"]).of_terms) <= {"query"}
    assert same(whole, tmp_path)


def test_a_kept_column_with_the_name_of_one_on_the_way_is_the_frames(tmp_path: Path) -> None:
    on = Chain("page", ("query",), "text", (NormalizeText(),))
    whole = program(on, Chain("y", ("page", "item"), "text", (JoinText(), HashBucket(100))), outputs=("y",))
    assert apart(whole, ["query", "item"]).made == ("page",)
    assert same(whole, tmp_path, keep=("page",))


def test_rows_without_a_column_are_refused_as_a_frame_is(tmp_path: Path) -> None:
    FRAME.drop("item").write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(Exception, match="item"):
        program(LOWER, CROSS, outputs=("cross",)).transform(ParquetRows.of(tmp_path / "rows.parquet"))
