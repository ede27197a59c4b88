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
    from pyarrow import ChunkedArray, DataType
    from pyarrow.parquet import FileMetaData

_THREADS = min(4, os.cpu_count() or 1)  # each makes a piece, and holds it
_ROWS = 65_536  # of a piece, at least: one of few rows costs more than its rows
_CODED = frozenset({"RLE_DICTIONARY", "PLAIN_DICTIONARY"})


@dataclass(frozen=True, slots=True)
class ParquetRows(TermRows):
    """The rows of Parquet files on a local disk, one file after the other.

    Most texts of a log lie in Parquet as numbers of the distinct texts of their row group, its dictionary page. A
    program that is given these rows, in place of a lazy frame of them, computes what depends on one text alone once for
    each distinct text of a group. What comes out is the same. A text column without dictionary pages is read as any
    other. A fit reads these rows as their lazy frame.

    Parameters
    ----------
    files
        Paths, in the order of the rows.
    columns
        Names and types of the columns that the files hold. A file that lacks one has nulls there; one that has others,
        or others of these types, is an error of polars when it is read.
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
        made = {name: dtype for part in of_terms.values() for name, dtype in part.schema.items()}

        def pieces(
            wanted: list[str] | None, predicate: pl.Expr | None, most: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            for piece in self._pieces(columns, of_terms):
                shown = piece if wanted is None else piece.select(wanted)
                if most is not None:
                    shown = shown.head(most)
                    most -= len(shown)
                yield shown if predicate is None else shown.filter(predicate)
                if most == 0:
                    return

        return register_io_source(pieces, schema={**{name: held[name] for name in columns}, **made})

    def _pieces(self, columns: Sequence[str], of_terms: Mapping[str, OfTerms]) -> Iterator[pl.DataFrame]:
        """Yield the pieces in order; a few are made at the same time."""
        pieces = self._groups()
        for piece in islice(pieces, 1):  # alone: what is made of the terms may have tables to make first
            yield piece.computed(columns, of_terms)
        due: deque[Future[pl.DataFrame]] = deque()
        pool = ThreadPoolExecutor(_THREADS)
        try:
            for piece in pieces:
                due.append(pool.submit(piece.computed, columns, of_terms))
                if len(due) > _THREADS:
                    yield due.popleft().result()
            while due:
                yield due.popleft().result()
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

    def computed(self, columns: Sequence[str], of_terms: Mapping[str, OfTerms]) -> pl.DataFrame:
        """Return some of the columns, and what is computed of the terms of others; see `ParquetRows.computed`."""
        coded = self._coded(of_terms)
        texts = {name: column.spread(column.terms).alias(name) for name, column in coded.items() if name in columns}
        plain = dict.fromkeys(name for name in (*columns, *of_terms) if name not in coded)
        read = self.rows.select(plain.keys()).collect(engine="in-memory")
        made = [texts[name] if name in coded else read[name] for name in columns]
        for name, part in of_terms.items():
            if name in coded:
                terms = coded[name].terms.alias(name).to_frame()
                made += map(coded[name].spread, part.transform(terms).get_columns())
            else:
                made += part.transform(read.select(name)).get_columns()
        return pl.DataFrame(made)

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
class _Coded:
    """A column of a row group: its distinct texts, null behind them if it occurs, and the place of each row's."""

    terms: pl.Series
    places: "np.ndarray[Any, Any]"

    @classmethod
    def of(cls, held: "ChunkedArray") -> "_Coded":
        """Read a column of numbers and their dictionary."""
        import numpy as np

        chunks = held.unify_dictionaries().chunks
        terms = pl.Series(pl.from_arrow(chunks[0].dictionary)).cast(pl.String)
        indices = [chunk.indices for chunk in chunks]
        if held.null_count:
            indices = [piece.fill_null(len(terms)) for piece in indices]
            terms = terms.extend_constant(None, 1)
        places = [piece.to_numpy() for piece in indices]
        return cls(terms, places[0] if len(places) == 1 else np.concatenate(places))

    def spread(self, values: pl.Series) -> pl.Series:
        """Return, for each row, the value that stands beside its text."""
        if values.null_count() or not values.dtype.is_numeric():
            return values.gather(self.places)
        return pl.Series(values.name, values.to_numpy().take(self.places))
