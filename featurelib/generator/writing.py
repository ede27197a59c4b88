"""Writing: one log file of a partition, appended to hour by hour, whole or not there at all."""

import io
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from featurelib.errors import StorageError
from featurelib.generator.declaration import Format

_COMPRESSION = {"gz": "gzip", "zst": "zstd"}


class LogFile:
    """A log file being written: under another name until it is complete.

    Parameters
    ----------
    path
        Where the complete file appears.
    form
        Its format. Texts hold instants as ``2026-11-01T05:00:00.000000Z``, and null as nothing (CSV) or ``null``.

    Raises
    ------
    StorageError
        If the file cannot be written; nothing is left of it.

    Notes
    -----
    Use it in a ``with`` statement: its end puts the file in place, an exception removes it. Write at least one
    table, which may have no rows: it says which columns there are.
    """

    def __init__(self, path: Path, form: Format) -> None:
        self.path = path
        self.rows = 0
        self._temporary = path.with_name(f".{path.name}.partial")
        self._form = form
        self._sink: Any = None

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table; every table of one file has the same columns."""
        try:
            if self._form == "parquet":
                self._write_parquet(table)
            else:
                self._write_text(table)
        except OSError as error:
            raise StorageError(f"{self.path}: cannot be written ({error}).") from error
        self.rows += len(table)

    def _write_parquet(self, table: pa.Table) -> None:
        if self._sink is None:
            coded = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
            self._temporary.parent.mkdir(parents=True, exist_ok=True)
            # NOTE: without the Arrow schema a reader sees plain texts where we hand over dictionary codes.
            self._sink = pq.ParquetWriter(
                self._temporary,
                table.schema,
                compression="lz4",
                use_dictionary=coded,
                store_schema=False,
            )
        if len(table):
            self._sink.write_table(table, row_group_size=len(table))

    def _write_text(self, table: pa.Table) -> None:
        first = self._sink is None
        kind, _, packing = self._form.partition(".")
        if first:
            self._temporary.parent.mkdir(parents=True, exist_ok=True)
            self._sink = pa.output_stream(str(self._temporary), compression=_COMPRESSION.get(packing))
        texts, buffer = as_texts(table), io.BytesIO()
        if kind == "csv":
            texts.write_csv(buffer, include_header=first)
        else:
            texts.write_ndjson(buffer)
        self._sink.write(buffer.getvalue())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._sink is not None:
                self._sink.close()
            if kind is None:
                self._temporary.replace(self.path)
        except OSError as problem:
            raise StorageError(f"{self.path}: cannot be written ({problem}).") from problem
        finally:
            if self.path.parent.is_dir():
                self._temporary.unlink(missing_ok=True)


def as_frame(table: pa.Table) -> pl.DataFrame:
    """Return a table as a frame with plain text columns."""
    return pl.DataFrame(table).with_columns(pl.col(pl.Categorical).cast(pl.String))


def as_texts(table: pa.Table) -> pl.DataFrame:
    """Return a table as a frame whose instants are ISO 8601 texts in UTC."""
    return as_frame(table).with_columns(pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
