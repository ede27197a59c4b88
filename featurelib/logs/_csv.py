"""CSV files: fields as text through Arrow; rows of another width, and line numbers, through Python's reader."""

import codecs
import csv
import io
import json
import re
from collections import deque
from collections.abc import Generator, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import polars as pl

from featurelib.errors import LogFileError
from featurelib.logs._bytes import opened, our_errors
from featurelib.logs._columns import check_names
from featurelib.logs._rules import FOUND, LINE, Fault, any_fault, rejects_of
from featurelib.logs._typed import TEXT, Batch
from featurelib.logs.log import Log

_BLOCK = 16 << 20  # bytes read at a time; a longer row is refused
_END = "\x00end of file\x00"
_MARK = 0x10FF80  # the last private signs of Unicode stand for the bytes 0x80 to 0xff where these are no text
_MARKS = "[\U0010ff80-\U0010ffff]"
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
        self._one_line_each = False
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

    @property
    def header(self) -> tuple[str, ...]:
        """The raw names of the columns."""
        return tuple(self._header)

    def batches(self) -> Iterator[Batch]:
        """Yield the rows of the right width, numbered among themselves under `LINE`."""
        if not self._has_rows:
            return
        with opened(self._log, self._path) as stream, our_errors(self._path, hint=_QUOTES):
            feed = _Feed(stream, f"\n{self._end}")
            for block in self._blocks(feed):
                first, self._rows = self._rows + 1, self._rows + block.height
                rows = block.with_columns(pl.int_range(first, self._rows + 1).alias(LINE))
                yield self._decoded(rows) if feed.damaged else Batch(rows, pl.DataFrame(schema=FOUND))
        if not self._closed:
            line, _ = deque(self._records(), maxlen=1)[0]
            raise LogFileError(self._path, f"opens a quote in line {line} that is never closed", hint=_QUOTES)
        self._one_line_each = not self.broken and feed.lines == 1 + self._rows

    def located(self, rejects: pl.DataFrame) -> pl.DataFrame:
        """Return the rejects of `batches` at their physical lines, and those of rows of another width."""
        if rejects.is_empty() and not self.broken:
            return rejects
        wanted = set(rejects["line"])
        lines: dict[int, int] = {}
        others = []
        row = 0
        for line, fields, number in self._numbered():
            if number is None:
                width = f"{len(fields)} fields, not {len(self._header)}"
                others.append((line, "field_count", None, width, _json(fields)))
                continue
            row = number
            if row in wanted:
                lines[row] = line
        if (row, len(others)) != (self._rows, self.broken):
            seen = f"held {self._rows + self.broken} rows when first read, and {row + len(others)} when read again"
            raise LogFileError(self._path, seen, hint=_AGAIN)
        if lines:
            physical = pl.col("line").replace_strict(lines, return_dtype=pl.Int64)
            rejects = rejects.with_columns(physical)
        return pl.concat([rejects, pl.DataFrame(others, schema=FOUND, orient="row")]).sort("line")

    def lines(self, rows: pl.Series) -> pl.Series:
        """Return the physical lines of rows of the right width, given by their numbers, ascending.

        Raises
        ------
        LogFileError
            If the file has fewer rows than when it was read.
        """
        if self._one_line_each or rows.is_empty():
            return rows + 1
        wanted, last = set(rows), rows[-1]
        lines: dict[int, int] = {}
        for line, _, number in self._numbered():
            if number is not None and number in wanted:
                lines[number] = line
            if number == last:
                return rows.replace_strict(lines, return_dtype=pl.Int64)
        raise LogFileError(self._path, f"held {self._rows} rows when read, and fewer now", hint=_AGAIN)

    def row(self) -> pl.Expr:
        """Return a row of typed texts as JSON text under the raw names."""
        texts = [pl.col(TEXT + name).alias(source) for name, source in self._log.sources.items()]
        return pl.struct(texts).struct.json_encode()

    def _decoded(self, rows: pl.DataFrame) -> Batch:
        """Return the rows without those that hold a byte that is not UTF-8."""
        shown = {name: pl.col(name).str.replace_all(_MARKS, "\ufffd") for name in self._log.sources}
        faults = [
            Fault("bad_encoding", name, pl.col(name).str.contains(_MARKS).fill_null(value=False), text)
            for name, text in shown.items()
        ]
        damaged = rows.select(any_fault(faults)).to_series()
        row = pl.struct(shown[name].alias(source) for name, source in self._log.sources.items()).struct.json_encode()
        return Batch(rows.filter(~damaged), rejects_of(rows.filter(damaged), faults, row))

    def _blocks(self, feed: "_Feed") -> Iterator[pl.DataFrame]:
        """Yield the rows of the right width as texts, under the names of the table."""
        import pyarrow as pa  # only text files need it, and it is heavy to import
        from pyarrow import csv as arrow

        def skip(row: Any) -> str:
            if row.text == self._end:
                self._closed = True
            else:
                self.broken += 1
            return "skip"

        names = {source: name for name, source in self._log.sources.items() if name not in self._absent}
        nothing = [pl.lit(None, dtype=pl.String).alias(name) for name in self._absent]
        blocks = arrow.open_csv(
            pa.PythonFile(feed, mode="r"),
            read_options=arrow.ReadOptions(use_threads=False, block_size=_BLOCK),
            parse_options=arrow.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(self._header, pa.string()),
                include_columns=list(names),
                null_values=list(self._log.null_texts),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        for block in blocks:
            yield pl.DataFrame(block).rename(names).with_columns(nothing)

    def _numbered(self) -> Iterator[tuple[int, list[str], int | None]]:
        """Yield each row: its first physical line, its fields, and its number among those of the right width."""
        number = 0
        for line, fields in islice(self._records(), 1, None):
            if len(fields) == len(self._header):
                number += 1
                yield line, fields, number
            else:
                yield line, fields, None

    def _records(self) -> Generator[tuple[int, list[str]], None, None]:
        """Yield each row that is not blank, header included, with its first physical line.

        If a quote is open at the end, the last row ends in ``_END``.
        """
        limit = csv.field_size_limit(_LONGEST_FIELD)
        try:
            with opened(self._log, self._path) as stream, our_errors(self._path):
                text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
                reader = csv.reader(chain(text, ["\n", _END]))
                line = 1
                for fields in reader:
                    if fields == [_END]:
                        return
                    if fields:
                        yield line, fields
                    line = reader.line_num + 1
        finally:
            csv.field_size_limit(limit)


class _Feed(io.RawIOBase):
    """A stream as Arrow can take it: always UTF-8, with a last line of our own.

    A byte that is not UTF-8 becomes a sign that no text has, and `damaged` is set. No read ends between the two signs
    of a Windows line end: Arrow (26.0) takes the second for a blank line, and drops it even inside a quoted text.
    """

    def __init__(self, stream: IO[bytes], end: str) -> None:
        self._stream, self._end, self._held = stream, end, b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._last = ""
        self._ends = 0
        self.damaged = False

    @property
    def lines(self) -> int:
        """How many physical lines were read, the one of our own left out; at least as many as there are."""
        return self._ends - (self._last == "\n")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._held if len(self._held) >= size else self._held + self._more(size)
        cut = min(size, len(data))
        if cut > 1 and data[cut - 1 : cut] == b"\r":
            cut -= 1
        self._held, data = data[cut:], data[:cut]
        self._ends += data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
        return data

    def _more(self, size: int) -> bytes:
        text, data = "", b"?"
        while data and not text:  # a read may end within the first sign
            data = self._stream.read(size)
            text = self._decoder.decode(data, final=not data)
        if data:
            self._last = text[-1]
        else:
            self._last = text[-1:] or self._last
            text, self._end = text + self._end, ""
        try:
            return text.encode()
        except UnicodeEncodeError:
            self.damaged = True
            return re.sub("[\udc80-\udcff]", lambda byte: chr(ord(byte[0]) - 0xDC80 + _MARK), text).encode()


def _json(fields: list[str]) -> str:
    texts = [field.encode("utf-8", "surrogateescape").decode(errors="replace") for field in fields]
    return json.dumps(texts, ensure_ascii=False)
