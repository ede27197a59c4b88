"""The rows of Parquet files, where a text is computed with once for a row group."""

from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from featurelib.tables import Lineage, ParquetRows, Partition, VersionedTable


class Lengths:
    """The length of each text, and each text in capitals; it keeps what it was given."""

    schema = pl.Schema({"length": pl.UInt32(), "capitals": pl.String()})

    def __init__(self, column: str) -> None:
        self.column = column
        self.given: list[list[str | None]] = []

    def transform(self, frame: pl.DataFrame, /) -> pl.DataFrame:
        assert frame.columns == [self.column]
        self.given.append(frame[self.column].to_list())
        text = pl.col(self.column)
        return frame.select(length=text.str.len_bytes(), capitals=text.str.to_uppercase())


@pytest.fixture(params=[1, 65_536], autouse=True)
def least(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Pieces of a row group each, and of all together."""
    monkeypatch.setattr("featurelib.tables.parquet_rows._ROWS", request.param)
    return int(request.param)


TEXTS = ["b", "a", None, "b", "", "b", "ccc", "b", None, "a", "a", "a"]
FRAME = pl.DataFrame({"text": TEXTS, "n": range(len(TEXTS)), "x": [float(n) for n in range(len(TEXTS))]})


def written(folder: Path, frame: pl.DataFrame = FRAME, *, dictionary: bool = True) -> Path:
    path = folder / "rows.parquet"
    pq.write_table(frame.to_arrow(), path, row_group_size=5, use_dictionary=dictionary)
    return path


def expected(frame: pl.DataFrame = FRAME) -> pl.DataFrame:
    text = pl.col("text")
    return frame.select("n", "text", length=text.str.len_bytes(), capitals=text.str.to_uppercase())


@pytest.mark.parametrize("dictionary", [True, False])
def test_what_is_computed_of_terms_stands_in_the_rows_that_hold_them(tmp_path: Path, dictionary: bool) -> None:
    rows = ParquetRows.of(written(tmp_path, dictionary=dictionary))
    made = rows.computed(["n", "text"], {"text": Lengths("text")}).collect()
    assert made.equals(expected())
    assert made.schema == expected().schema


def test_a_distinct_text_of_a_row_group_is_computed_with_once(tmp_path: Path, least: int) -> None:
    part = Lengths("text")
    ParquetRows.of(written(tmp_path)).computed([], {"text": part}).collect()
    by_group = [["b", "a", "", None], ["b", "ccc", "a", None], ["a"]]
    assert sorted(part.given, key=str) == sorted(by_group if least == 1 else [["b", "a", "", "ccc", None]], key=str)


def test_rows_go_on_from_file_to_file(tmp_path: Path) -> None:
    files = []
    for number, part in enumerate((FRAME[:4], FRAME[4:4], FRAME[4:])):
        (tmp_path / str(number)).mkdir()
        files.append(written(tmp_path / str(number), part))
    assert ParquetRows.of(*files).computed(["n", "text"], {"text": Lengths("text")}).collect().equals(expected())


def test_a_column_of_nulls_and_a_file_of_no_rows_keep_their_types(tmp_path: Path) -> None:
    nulls = FRAME.with_columns(text=pl.lit(None, dtype=pl.String))
    for frame in (nulls, nulls.clear(), FRAME.clear()):
        made = ParquetRows.of(written(tmp_path, frame)).computed(["n", "text"], {"text": Lengths("text")}).collect()
        assert made.equals(expected(frame))
        assert made.schema == expected().schema


def test_what_polars_asks_of_a_source_is_answered(tmp_path: Path) -> None:
    made = ParquetRows.of(written(tmp_path)).computed(["n", "text"], {"text": Lengths("text")})
    whole = expected()
    assert made.select(pl.len()).collect().item() == len(FRAME)
    assert made.select("length").collect().equals(whole.select("length"))
    assert made.head(7).collect().equals(whole.head(7))
    assert (
        made.filter(pl.col("length") > 0).select("n").collect().equals(whole.filter(pl.col("length") > 0).select("n"))
    )
    assert made.head(7).filter(pl.col("n") > 3).collect().equals(whole.head(7).filter(pl.col("n") > 3))


def test_a_dictionary_that_ends_in_the_middle_of_a_row_group_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": [f"{number % 700:05}" for number in range(5000)], "n": range(5000)})
    path = tmp_path / "rows.parquet"
    pq.write_table(frame.to_arrow(), path, dictionary_pagesize_limit=1024, data_page_size=512)
    encodings = pq.read_metadata(path).row_group(0).column(0).encodings
    assert {"PLAIN", "RLE_DICTIONARY"} <= set(encodings)
    assert ParquetRows.of(path).computed(["n", "text"], {"text": Lengths("text")}).collect().equals(expected(frame))


def test_files_of_other_columns_are_refused(tmp_path: Path) -> None:
    files = []
    others = [pl.col("n").cast(pl.Float32), pl.col("n").cast(pl.String).alias("text"), pl.lit(1).alias("more")]
    for number, other in enumerate([pl.col("n"), *others]):
        (tmp_path / str(number)).mkdir()
        files.append(written(tmp_path / str(number), FRAME.with_columns(other)))
    for file in (files[1], files[3]):
        with pytest.raises(pl.exceptions.PolarsError):
            ParquetRows.of(files[0], file).computed(["n"], {"text": Lengths("text")}).collect()
    whole = ParquetRows.of(files[0], files[2]).computed(["n", "text"], {"text": Lengths("text")}).collect()
    assert whole.equals(pl.concat([expected(), expected(FRAME.with_columns(others[1]))]))


def test_a_text_named_as_a_leaf_of_a_struct_is_read(tmp_path: Path) -> None:
    frame = FRAME.select("n", **{"s.q": "text", "s": pl.struct(q="text")})
    path = tmp_path / "rows.parquet"
    pq.write_table(frame.to_arrow(), path, use_dictionary=["s.q"])
    made = ParquetRows.of(path).computed(["n"], {"s.q": Lengths("s.q")}).collect()
    assert made.equals(expected().drop("text"))


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_reader_that_wants_no_more_may_stop(tmp_path: Path) -> None:
    frame = pl.concat([FRAME] * 200)
    path = written(tmp_path, frame)
    for _ in range(20):
        made = ParquetRows.of(path).computed(["n"], {"text": Lengths("text")})
        assert made.filter(pl.col("n") > 3).head(30).collect().height == 30
        pl.collect_all([made.filter(pl.col("n") > 3).head(3) for _ in range(2)])


def test_rows_of_a_table_are_those_of_its_scan(tmp_path: Path) -> None:
    table = VersionedTable.create(tmp_path / "table", FRAME.schema)
    days = [Partition(date(2026, 11, 1)), Partition(date(2026, 11, 2))]
    files = [table.stage(part, day, run="r") for part, day in zip((FRAME[:5], FRAME[5:]), days, strict=True)]
    lineage = Lineage(run="r", pipeline="p", partitions={str(day): {"key": str(day)} for day in days})
    table.commit(files, replaces=days, lineage=lineage)
    table.evolve(pl.Schema({**FRAME.schema, "later": pl.String()}))
    rows = table.at().rows(days)
    assert isinstance(rows, ParquetRows)
    assert rows.schema == table.scan().collect_schema()
    made = rows.computed([*FRAME.columns, "later", "dt"], {"later": Renamed(), "text": Lengths("text")}).collect()
    assert made.drop("capitals", "length", "same").equals(table.scan().select(*FRAME.columns, "later", "dt").collect())
    assert made["same"].null_count() == len(FRAME)


class Renamed:
    schema = pl.Schema({"same": pl.String()})

    def transform(self, frame: pl.DataFrame, /) -> pl.DataFrame:
        return frame.select(same="later")
