"""CSV files: fields as text through Arrow; rows of another width, and line numbers, through Python's reader."""

import csv
import io
import json
from collections import deque
from collections.abc import Generator, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import polars as pl

from featurelib.errors import LogFileError
from featurelib.logs._bytes import opened, our_errors
from featurelib.logs._columns import check_names
from featurelib.logs._rules import FOUND, LINE
from featurelib.logs._typed import TEXT, Batch
from featurelib.logs.log import Log

_BLOCK = 16 << 20  # bytes read at a time; a longer row is refused
_END = "\x00end of file\x00"
_LONGEST_FIELD = 2**31 - 1
_QUOTES = "Look for a quote that is opened and never closed; inside a quoted field a quote is doubled."
_AGAIN = "Is it still being written? Wait until it has landed whole."


class CsvFile:
    """One CSV file: UTF-8, commas, double quotes; line breaks inside quotes are text, blank lines are no rows.

    Parameters
    ----------
    log
        Its log.
    path, file
        Where it lies, and its name below the log root.

    Notes
    -----
    Arrow and Python's ``csv`` split texts into the same rows (a test compares them on many random ones). Python's is
    slow, so it walks a file only when there is something to report.
    """

    def __init__(self, log: Log, path: Path, file: str) -> None:
        self._log, self._path, self._file = log, path, file
        self._rows = 0
        self.broken = 0
        self._closed = False
        rows = self._records()
        self._header = next(rows, (0, []))[1]
        self._has_rows = next(rows, None) is not None
        rows.close()
        if not self._header:
            raise LogFileError(path, "has no header line", hint="Write the column names as its first line.")
        if self._header[-1].endswith(_END):
            raise LogFileError(path, "opens a quote in its header that is never closed", hint=_QUOTES)
        if any("\udc80" <= sign <= "\udcff" for sign in "".join(self._header)):
            raise LogFileError(path, "has a header that is not UTF-8", hint="Write the file again as UTF-8.")
        self._absent = check_names(log, file, self._header)
        # NOTE: one line of another width, put after the last: Arrow reports it unless an open quote swallowed it
        self._end = _END + ("," if len(self._header) == 1 else "")

    def batches(self) -> Iterator[Batch]:
        """Yield the rows of the right width, numbered among themselves under `LINE`."""
        if not self._has_rows:
            return
        names = {source: name for name, source in self._log.sources.items() if name not in self._absent}
        nothing = [pl.lit(None, dtype=pl.Binary).alias(name) for name in self._absent]
        with opened(self._log, self._path) as stream, our_errors(self._path, hint=_QUOTES):
            for block in self._blocks(stream, list(names)):
                rows = pl.DataFrame(block).rename(names).with_columns(nothing)
                first, self._rows = self._rows + 1, self._rows + rows.height
                yield _decoded(rows.with_columns(pl.int_range(first, self._rows + 1).alias(LINE)), list(names.values()))
        if not self._closed:
            line, _ = deque(self._records(), maxlen=1)[0]
            raise LogFileError(self._path, f"opens a quote in line {line} that is never closed", hint=_QUOTES)

    def located(self, rejects: pl.DataFrame) -> pl.DataFrame:
        """Return the rejects of `batches` at their physical lines, and those of rows of another width."""
        if rejects.is_empty() and not self.broken:
            return rejects
        wanted = set(rejects["line"])
        lines: dict[int, int] = {}
        others = []
        row = 0
        for line, fields in islice(self._records(), 1, None):
            if len(fields) != len(self._header):
                width = f"{len(fields)} fields, not {len(self._header)}"
                others.append((line, "field_count", None, width, _json(fields)))
                continue
            row += 1
            if row in wanted:
                lines[row] = line
        if (row, len(others)) != (self._rows, self.broken):
            seen = f"held {self._rows + self.broken} rows when first read, and {row + len(others)} when read again"
            raise LogFileError(self._path, seen, hint=_AGAIN)
        if lines:
            physical = pl.col("line").replace_strict(lines, return_dtype=pl.Int64)
            rejects = rejects.with_columns(physical)
        return pl.concat([rejects, pl.DataFrame(others, schema=FOUND, orient="row")]).sort("line")

    def row(self) -> pl.Expr:
        """Return a row of typed texts as JSON text under the raw names."""
        texts = [pl.col(TEXT + name).alias(source) for name, source in self._log.sources.items()]
        return pl.struct(texts).struct.json_encode()

    def _blocks(self, stream: IO[bytes], columns: list[str]) -> Iterator[Any]:
        import pyarrow as pa
        from pyarrow import csv as arrow

        def skip(row: Any) -> str:
            if row.text == self._end:
                self._closed = True
            else:
                self.broken += 1
            return "skip"

        return iter(
            arrow.open_csv(
                pa.PythonFile(_WithEnd(stream, f"\n{self._end}".encode()), mode="r"),
                read_options=arrow.ReadOptions(use_threads=False, block_size=_BLOCK),
                parse_options=arrow.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
                convert_options=arrow.ConvertOptions(
                    column_types=dict.fromkeys(
                        self._header, pa.binary()
                    ),  # so that a row that is no UTF-8 is one reject
                    include_columns=columns,
                    null_values=list(self._log.null_texts),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        )

    def _records(self) -> Generator[tuple[int, list[str]], None, None]:
        """Yield each row that is not blank, header included, with its first physical line.

        If a quote is open at the end, the last row ends in ``_END``.
        """
        limit = csv.field_size_limit(_LONGEST_FIELD)
        try:
            with opened(self._log, self._path) as stream, our_errors(self._path):
                text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
                reader = csv.reader(chain(text, [_END]))
                line = 1
                for fields in reader:
                    if fields == [_END]:
                        return
                    if fields:
                        yield line, fields
                    line = reader.line_num + 1
        finally:
            csv.field_size_limit(limit)


class _WithEnd(io.RawIOBase):
    """A stream with a last line of our own.

    No read ends between the two signs of a Windows line end: Arrow (26.0) takes the second for a blank line, and so
    drops it even where a quoted text goes on.
    """

    def __init__(self, stream: IO[bytes], end: bytes) -> None:
        self._stream, self._end, self._held = stream, end, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._held + (self._stream.read(size - len(self._held)) or self._take_end())
        self._held = b"\r" if len(data) > 1 and data.endswith(b"\r") else b""
        return data[: len(data) - len(self._held)]

    def _take_end(self) -> bytes:
        end, self._end = self._end, b""
        return end


def _decoded(rows: pl.DataFrame, columns: list[str]) -> Batch:
    try:
        return Batch(rows.with_columns(pl.col(columns).cast(pl.String)), pl.DataFrame(schema=FOUND))
    except pl.exceptions.ComputeError:  # some text is not UTF-8: find which
        pass
    found = [_not_text(row) for row in rows.iter_rows(named=True)]
    ok = rows.filter(pl.Series([reject is None for reject in found], dtype=pl.Boolean))
    rejects = pl.DataFrame([reject for reject in found if reject], schema=FOUND, orient="row")
    return Batch(ok.with_columns(pl.col(columns).cast(pl.String)), rejects)


def _not_text(row: dict[str, Any]) -> tuple[int, str, str, str, str] | None:
    """Return the reject of a row with a field that is not UTF-8."""
    for name, value in row.items():
        if isinstance(value, bytes) and "\ufffd" in value.decode(errors="replace"):
            try:
                value.decode()
            except UnicodeDecodeError:
                shown = {k: v.decode(errors="replace") for k, v in row.items() if isinstance(v, bytes)}
                return row[LINE], "bad_encoding", name, shown[name], json.dumps(shown, ensure_ascii=False)
    return None


def _json(fields: list[str]) -> str:
    texts = [field.encode("utf-8", "surrogateescape").decode(errors="replace") for field in fields]
    return json.dumps(texts, ensure_ascii=False)
