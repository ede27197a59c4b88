"""JSON lines files: one object per line, each value as its text, digits untouched."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.logs._bytes import opened, our_errors
from featurelib.logs._columns import refuse_unknown
from featurelib.logs._rules import FOUND, LINE, ROW
from featurelib.logs._typed import Batch
from featurelib.logs.log import Log

_LINES = 50_000  # parsed at a time
_BOM = b"\xef\xbb\xbf"


class _Number(str):
    """The text of a JSON number, which stays a number where it is written back inside nested JSON."""

    __slots__ = ()


_DECODE = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_Number).decode


class JsonLinesFile:
    """One JSON lines file: UTF-8, blank lines are no rows, a key that a line lacks is null.

    Parameters
    ----------
    log
        Its log.
    path, file
        Where it lies, and its name below the log root.
    """

    broken = 0  # every line that is not a row is in a batch's rejects

    def __init__(self, log: Log, path: Path, file: str) -> None:
        self._log, self._path, self._file = log, path, file
        self._known = frozenset(log.sources.values())

    def batches(self) -> Iterator[Batch]:
        """Yield the rows, with their physical line under `LINE` and their text under `ROW`."""
        with opened(self._log, self._path) as stream, our_errors(self._path):
            lines = enumerate(stream, start=1)
            while chunk := list(islice(lines, _LINES)):
                yield self._batch([(number, line) for number, line in chunk if line.strip(b" \t\r\n")])

    def located(self, rejects: pl.DataFrame) -> pl.DataFrame:
        """Return the rejects in order of lines."""
        return rejects.sort("line")

    def lines(self, rows: pl.Series) -> pl.Series:
        """Return the numbers as they are: these are lines."""
        return rows

    def row(self) -> pl.Expr:
        """Return the text of the line."""
        return pl.col(ROW)

    def _batch(self, lines: list[tuple[int, bytes]]) -> Batch:
        rows: list[dict[str, Any]] = []
        texts: list[str] = []
        numbers: list[int] = []
        rejects = []
        for number, line in lines:
            found = _parse(line.removeprefix(_BOM) if number == 1 else line)
            if isinstance(found[1], str):
                rejects.append((number, found[1], None, None, json.dumps(found[0], ensure_ascii=False)))
                continue
            if not self._known.issuperset(found[1]):
                refuse_unknown(self._log, f"{self._file}, line {number}", set(found[1]) - self._known)
            rows.append(found[1])
            texts.append(found[0])
            numbers.append(number)
        columns = [_column(name, [row.get(key) for row in rows]) for name, key in self._log.sources.items()]
        whole = [pl.Series(LINE, numbers, dtype=pl.Int64), pl.Series(ROW, texts, dtype=pl.String)]
        return Batch(pl.DataFrame([*columns, *whole]), pl.DataFrame(rejects, schema=FOUND, orient="row"))


def _parse(line: bytes) -> tuple[str, dict[str, Any] | str]:
    """Return a line as text, and its object, or the reason why it has none."""
    try:
        text = line.rstrip(b"\r\n").decode()
    except UnicodeDecodeError:
        return line.rstrip(b"\r\n").decode(errors="replace"), "bad_encoding"
    try:
        row = _DECODE(text)
        if not isinstance(row, dict):
            return text, "bad_json"
        if "[" in text or text.find("{", 1) > 0:
            row = {key: json_text(value) if isinstance(value, (dict, list)) else value for key, value in row.items()}
        if "\\ud" in text or "\\uD" in text:  # half of a surrogate pair is valid JSON, but no text
            json_text(row).encode()
    except UnicodeEncodeError:
        return text, "bad_encoding"
    except (ValueError, RecursionError):
        return text, "bad_json"
    return text, row


def _column(name: str, values: list[Any]) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=pl.String)
    except TypeError:  # booleans among them
        texts = [json_text(value) if isinstance(value, bool) else value for value in values]
        return pl.Series(name, texts, dtype=pl.String)


def json_text(value: Any) -> str:
    """Return a decoded value as compact JSON, numbers with the digits they came with.

    Examples
    --------
    >>> json_text(_DECODE('{"id": 12345678901234567890, "price": 1.10, "tags": ["a", null, true]}'))
    '{"id":12345678901234567890,"price":1.10,"tags":["a",null,true]}'
    """
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(key)}:{json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)
