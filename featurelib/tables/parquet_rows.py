"""ParquetRows: the rows of Parquet files, where a text is computed with once for a row group."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.io.plugins import register_io_source

from featurelib.term_rows import OfTerms, TermRows

if TYPE_CHECKING:
    import numpy as np
    from pyarrow import Array, ChunkedArray, DataType
    from pyarrow.parquet import FileMetaData

_THREADS = max(1, min(4, (os.cpu_count() or 1) // 2))  # each reads a piece, and holds it; polars computes beside them
_ROWS = 65_536  # of a piece, at least: one of few rows costs more than its rows
_AT_ONCE = 262_144  # rows that are spread together
_CODED = frozenset({"RLE_DICTIONARY", "PLAIN_DICTIONARY"})


@dataclass(frozen=True, slots=True)
class ParquetRows(TermRows):
    """The rows of Parquet files on a local disk, one file after the other.

    Most texts of a log lie in Parquet as numbers of the distinct texts of their row group, its dictionary page. A
    program that is given these rows, in place of a lazy frame of them, computes what depends on one text alone once for
    each distinct text of a group; a fit looks it up once. What comes out is the same. A text column without dictionary
    pages is read as any other.

    Parameters
    ----------
    files
        Paths, in the order of the rows.
    columns
        Names and types of the columns that the files hold. A file that lacks one has nulls there; one that has others,
        or others of these types, is an error of polars when such columns are scanned.
    hive
        Names and types of columns that the files' paths tell (``dt=2026-11-01``).

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from featurelib.transforms import Frequency, fit
    >>> folder = TemporaryDirectory()
    >>> pl.DataFrame({"query": ["tv", "tv", None, "cd"]}).write_parquet(f"{folder.name}/log.parquet")
    >>> rows = ParquetRows.of(f"{folder.name}/log.parquet")
    >>> fit(Frequency("query"), rows).transform(rows).collect()["query__frequency"].to_list()
    [0.5, 0.5, None, 0.25]
    >>> folder.cleanup()
    """

    files: tuple[str, ...]
    columns: pl.Schema
    hive: pl.Schema = field(default_factory=pl.Schema)

    @classmethod
    def of(cls, *files: str | Path) -> "ParquetRows":
        """Return the rows of files that have the columns of the first."""
        return cls(tuple(map(str, files)), pl.Schema(pl.read_parquet_schema(files[0])))

    @property
    def schema(self) -> pl.Schema:
        """Names and types of the columns."""
        return pl.Schema({**self.columns, **self.hive})

    def lazy(self) -> pl.LazyFrame:
        """Return the rows as polars scans them."""
        return self._scan(self.files)

    def _scan(self, files: Sequence[str]) -> pl.LazyFrame:
        return pl.scan_parquet(
            list(files),
            schema=self.columns,
            hive_partitioning=bool(self.hive),
            hive_schema=self.hive or None,
            missing_columns="insert",
            glob=False,
        )

    def coded(self, column: str) -> Iterator["_Coded"]:
        """Yield a text column, some row groups at a time; rows in their order."""
        return (groups.coded(column) for groups in self._groups())

    def computed(self, columns: Sequence[str], of_terms: Mapping[str, OfTerms]) -> pl.LazyFrame:
        """Return some of the columns, then what is computed of the terms of others; rows in their order.

        Parameters
        ----------
        columns
            Columns to return as they are.
        of_terms
            What to compute, by text column. All names that they make are distinct, and none of ``columns``.
        """
        held = self.schema
        made = {name: held[name] for name in columns}
        made |= {name: dtype for part in of_terms.values() for name, dtype in part.schema.items()}

        def frames(
            wanted: list[str] | None, predicate: pl.Expr | None, most: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            for frame in self._frames(columns, of_terms, list(made) if wanted is None else wanted):
                shown = frame if most is None else frame.head(most)
                yield shown if predicate is None else shown.filter(predicate)
                if most is not None:
                    most -= len(shown)
                    if most == 0:
                        return

        return register_io_source(frames, schema=made)

    def _frames(
        self, columns: Sequence[str], of_terms: Mapping[str, OfTerms], wanted: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        """Yield the rows in order, a few at a time; pieces are read ahead."""
        pieces = self._groups()
        for piece in islice(pieces, 1):  # alone: what is made of the terms may have tables to make first
            yield from piece.computed(columns, of_terms).frames(wanted)
        due: deque[Future[_Computed]] = deque()
        pool = ThreadPoolExecutor(_THREADS)
        try:
            for piece in pieces:
                due.append(pool.submit(piece.computed, columns, of_terms))
                if len(due) > _THREADS:
                    yield from due.popleft().result().frames(wanted)
            while due:
                yield from due.popleft().result().frames(wanted)
        finally:
            # NOTE: polars drops a source from any thread, also from one of the pool, which can't wait for itself
            pool.shutdown(wait=False, cancel_futures=True)

    def _groups(self) -> Iterator["_Groups"]:
        """Yield the row groups, small ones together."""
        from pyarrow.parquet import read_metadata

        for file in self.files:
            rows, metadata = self._scan([file]), read_metadata(file)
            first, numbers, count = 0, list[int](), 0
            for number in range(metadata.num_row_groups):
                numbers.append(number)
                count += metadata.row_group(number).num_rows
                if count >= _ROWS or number == metadata.num_row_groups - 1:
                    yield _Groups(file, metadata, tuple(numbers), rows.slice(first, count), tuple(self.hive))
                    first, numbers, count = first + count, [], 0


@dataclass(frozen=True, slots=True)
class _Groups:
    """Some row groups: their file, their numbers there, their rows as polars scans them, what paths tell."""

    file: str
    metadata: "FileMetaData"
    numbers: tuple[int, ...]
    rows: pl.LazyFrame
    hive: tuple[str, ...]

    def coded(self, column: str) -> "_Coded":
        """Return a text column."""
        coded = self._coded([column]).get(column)
        if coded is not None:
            return coded
        return _Coded.plain(self.rows.select(column).collect(engine="in-memory").to_series())

    def computed(self, columns: Sequence[str], of_terms: Mapping[str, OfTerms]) -> "_Computed":
        """Return some of the columns, and what is computed of the terms of others; see `ParquetRows.computed`."""
        coded = self._coded(of_terms)
        plain = dict.fromkeys(name for name in (*columns, *of_terms) if name not in coded)
        read = self.rows.select(plain.keys()).collect(engine="in-memory")
        made: dict[str, pl.Series | _Spread] = {
            name: coded[name].spread(coded[name].terms) if name in coded else read[name] for name in columns
        }
        for name, part in of_terms.items():
            if name in coded:
                terms = coded[name].terms.alias(name).to_frame()
                made |= {values.name: coded[name].spread(values) for values in part.transform(terms).get_columns()}
            else:
                made |= {values.name: values for values in part.transform(read.select(name)).get_columns()}
        return _Computed(sum(self.metadata.row_group(number).num_rows for number in self.numbers), made)

    def _coded(self, columns: Iterable[str]) -> dict[str, "_Coded"]:
        """Return those of some columns that have a dictionary page in each group."""
        from pyarrow.parquet import ParquetFile

        held = self.metadata.schema.to_arrow_schema()
        texts = {field.name for field in held if _is_text(field.type) and "." not in field.name} - set(self.hive)
        for number in self.numbers:
            group = self.metadata.row_group(number)
            chunks = map(group.column, range(group.num_columns))
            texts &= {chunk.path_in_schema for chunk in chunks if not _CODED.isdisjoint(chunk.encodings)}
        names = [name for name in columns if name in texts]
        if not names:
            return {}
        with ParquetFile(self.file, metadata=self.metadata, read_dictionary=names, memory_map=True) as opened:
            table = opened.read_row_groups(self.numbers, columns=names, use_threads=False)
        return {name: _Coded.of(table[name]) for name in names}


def _is_text(held: "DataType") -> bool:
    from pyarrow import types

    return any(is_text(held) for is_text in (types.is_string, types.is_large_string, types.is_string_view))


@dataclass(frozen=True, slots=True)
class _Computed:
    """Columns of some rows."""

    rows: int
    columns: "Mapping[str, pl.Series | _Spread]"

    def frames(self, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rows, a few at a time, so that they stay in the processor's cache on their way."""
        columns = [self.columns[name].alias(name) for name in wanted]
        for start in range(0, self.rows, _AT_ONCE):
            yield pl.DataFrame([column.slice(start, _AT_ONCE) for column in columns])


@dataclass(frozen=True, slots=True)
class _Coded:
    """A column of a row group: its distinct texts, null behind them if it occurs, and the place of each row's."""

    terms: pl.Series
    numbers: pl.Series

    @classmethod
    def of(cls, held: "ChunkedArray") -> "_Coded":
        """Read a column of numbers and their dictionary."""
        chunks = held.unify_dictionaries().chunks
        terms = pl.Series(_Arrow(chunks[0].dictionary)).cast(pl.String)
        # NOTE: the same bytes under another type: polars takes by numbers of 32 bits without a sign, and would copy
        numbers = pl.concat([pl.Series(_Arrow(chunk.indices.view("uint32"))) for chunk in chunks], rechunk=True)
        if held.null_count:
            numbers = numbers.fill_null(len(terms))
            terms = terms.extend_constant(None, 1)
        return cls(terms, numbers)

    @classmethod
    def plain(cls, texts: pl.Series) -> "_Coded":
        """Return the texts of a column as they are, each as a term."""
        return cls(texts, pl.int_range(len(texts), dtype=pl.UInt32, eager=True))

    @property
    def places(self) -> "np.ndarray[Any, Any]":
        """The places as an array."""
        return self.numbers.to_numpy()

    def spread(self, values: pl.Series) -> "_Spread":
        """Return values, one beside each of the terms, as a column: for each row the one beside its text."""
        return _Spread(values, self.numbers)


@dataclass(frozen=True, slots=True)
class _Spread:
    """A column whose rows have one of a few values each."""

    values: pl.Series
    places: pl.Series

    def alias(self, name: str) -> "_Spread":
        """Return the column under a name."""
        return _Spread(self.values.alias(name), self.places)

    def slice(self, start: int, rows: int) -> pl.Series:
        """Return some of the rows."""
        return self.values[self.places.slice(start, rows)]  # NOTE: half of what `gather` takes, as no expression runs


@dataclass(frozen=True, slots=True)
class _Arrow:
    """An Arrow array for polars, which imports a compute library (45 ms) for one that it knows as pyarrow's.

    pyarrow's own ``to_numpy`` imports pandas.
    """

    array: "Array"

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        arrays: tuple[object, object] = self.array.__arrow_c_array__(requested_schema)
        return arrays
