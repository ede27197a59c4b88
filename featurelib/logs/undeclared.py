"""Undeclared: raw files that no table declares yet, typed as far as all of their values agree."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import new_class
from typing import Any

import polars as pl

from featurelib.errors import ColumnTypeError, UsageError
from featurelib.logs._bytes import check_content, opened, our_errors
from featurelib.logs._columns import converted, widens
from featurelib.logs._csv import CsvFile
from featurelib.logs._jsonl import _column, _Number, _parse
from featurelib.logs._typed import typed
from featurelib.logs.log import _KINDS, Log, _suffix
from featurelib.schema.column import Column, Epoch
from featurelib.schema.infer import Found, epoch_of, is_id, is_time, python_name
from featurelib.schema.table import Table

_BOM = b"\xef\xbb\xbf"
_LINES = 50_000  # parsed at a time
_NULL_WORDS = ("null", "NULL", "None", "none", "nil", "N/A", "n/a", "NA", "nan", "NaN", "-", "\\N", "undefined", "?")
_LONG = 16  # digits from which a number of a log names something, and from which a float loses digits
_INSTANT = pl.Datetime("us", "UTC")
_EPOCHS: tuple[Epoch, ...] = ("s", "ms", "us")


@dataclass(frozen=True, slots=True, kw_only=True)
class Undeclared:
    """Raw files as they could be declared.

    Parameters
    ----------
    frame
        Their rows, typed, under names that a table can declare.
    found
        What is known of each column beside that.
    files, of
        How many files were read, and of how many.
    rows, broken
        Rows read, and those among them that could not be cut into columns, which ``frame`` lacks.
    """

    frame: pl.LazyFrame
    found: Mapping[str, Found]
    files: int
    of: int
    rows: int
    broken: int


def raw_files(folder: Path) -> list[Path]:
    """Return the files below a folder whose names end as those of logs do, sorted; hidden ones are left out."""
    paths = sorted(path for path in folder.rglob("*") if _suffix(path.name) is not None and path.is_file())
    return [path for path in paths if not any(p.startswith((".", "_")) for p in path.relative_to(folder).parts)]


def undeclared(files: Sequence[Path], *, most_rows: int = 200_000, as_log: bool = True) -> Undeclared:
    """Read raw files that no table declares yet.

    Parameters
    ----------
    files
        All of one format: Parquet, CSV or JSON lines, the latter two plain or compressed, as their suffixes say.
    most_rows
        Files are read whole, in the order given, until they have so many rows.
    as_log
        Whether a `Log` of Parquet files is to be declared, which reads numbers and times without a zone as instants
        where it is told to; or a table, whose names and types are those of the files. Text files are always a log's.

    Returns
    -------
    Undeclared
        What a `Log` of these files would read if it were declared so. A text that names something stays text, also if
        it is a number; so do values of which not all agree.

    Raises
    ------
    UsageError
        If there is no file, or they are of several formats or none that a log reads.
    LogFileError
        If a file is damaged.
    ColumnTypeError
        If Parquet files have a column with types of which none holds the others.
    """
    suffixes = {_suffix(path.name) for path in files}
    formats = {None if suffix is None else _KINDS[suffix][0] for suffix in suffixes}
    if len(formats) != 1 or None in formats:
        ends = ", ".join(sorted(str(suffix) for suffix in suffixes)) or "no file"
        raise UsageError(f"files of one format are needed, ending in {', '.join(_KINDS)}; got {ends}.")
    for path in files:
        check_content(_stub([], path), path)
    match formats.pop():
        case "parquet":
            return _of_parquet(files, most_rows, as_log=as_log)
        case "csv":
            return _of_texts(files, most_rows, _csv_texts)
        case _:
            return _of_texts(files, most_rows, _json_texts)


def _of_parquet(files: Sequence[Path], most_rows: int, *, as_log: bool) -> Undeclared:
    frames, schemas, rows = [], [], 0
    for path in files:
        with our_errors(path):
            frame = pl.scan_parquet(path, hive_partitioning=False, glob=False)
            schemas.append(frame.collect_schema())
            rows += frame.select(pl.len()).collect().item()
        frames.append(frame)
        if rows >= most_rows:
            break
    schema = _widest(files, schemas)
    names = _names(list(schema)) if as_log else {raw: raw for raw in schema}
    frame = pl.concat(
        [
            one.select(
                (pl.col(raw) if raw in own else pl.lit(None)).cast(dtype).alias(raw) for raw, dtype in schema.items()
            )
            for one, own in zip(frames, schemas, strict=True)
        ]
    )
    found, values = {}, []
    for raw, name in names.items():
        column = _instants(frame, raw, schema[raw]) if as_log else None
        value = pl.col(raw) if column is None else converted(pl.col(raw), schema[raw], column)
        values.append(value.alias(name))
        found[name] = Found(
            source=raw if raw != name else None,
            epoch=None if column is None else column.epoch,
            zone=None if column is None else column.zone,
            optional=as_log and any(raw not in own for own in schemas),
            remarks=() if column is None else (_why(column),),
        )
    return Undeclared(frame=frame.select(values), found=found, files=len(frames), of=len(files), rows=rows, broken=0)


def _widest(files: Sequence[Path], schemas: Sequence[pl.Schema]) -> dict[str, pl.DataType]:
    widest: dict[str, pl.DataType] = {}
    for path, schema in zip(files, schemas, strict=False):
        for name, dtype in schema.items():
            before = widest.get(name, dtype)
            if not widens(dtype, before) and not widens(before, dtype):
                want = f"{before!r}, as in a file before, or a type that widens to it without loss"
                raise ColumnTypeError("a declaration", name, where=f"file {path}", got=repr(dtype), want=want)
            widest[name] = before if widens(dtype, before) else dtype
    return widest


def _instants(frame: pl.LazyFrame, raw: str, dtype: pl.DataType) -> Column | None:
    """Return how a raw Parquet column that is no instant yet is one, if it is."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        return Column(dtype=pl.Datetime(dtype.time_unit, "UTC"), doc="", zone="UTC")
    if not dtype.is_integer() or not is_time(raw):
        return None
    low, high = frame.select(low=pl.col(raw).min(), high=pl.col(raw).max()).collect(engine="streaming").row(0)
    unit = None if low is None else epoch_of(low, high)
    return None if unit is None else Column(dtype=_INSTANT, doc="", epoch=unit)


def _of_texts(files: Sequence[Path], most_rows: int, texts_of: Callable[[Path], "_Texts"]) -> Undeclared:
    taken: list[_Texts] = []
    rows = 0
    for path in files:
        taken.append(texts_of(path))
        rows += taken[-1].frame.height + taken[-1].broken
        if rows >= most_rows:
            break
    whole = _together(taken)
    names = _names(whole.frame.columns)
    if not names:
        raise UsageError(f"{files[0]} has no column: nothing can be declared from it.")
    texts = whole.frame.rename(names)
    columns, found = {}, {}
    for raw, name in names.items():
        guess = _guess(texts[name], raw, whole.kinds[raw])
        columns[name] = guess.column
        found[name] = Found(
            source=raw if raw != name else None,
            epoch=guess.column.epoch,
            zone=guess.column.zone,
            optional=not any(whole.kinds.values()) and any(raw not in one.frame.columns for one in taken),
            remarks=guess.remarks,
        )
    return Undeclared(
        frame=typed(texts, columns, ("",)).select(list(columns)).lazy(),
        found=found,
        files=len(taken),
        of=len(files),
        rows=rows,
        broken=whole.broken,
    )


@dataclass(frozen=True, slots=True)
class _Texts:
    """The rows of a text file, under their raw names; in JSON, how often a column held a value of each kind."""

    frame: pl.DataFrame
    broken: int
    kinds: Mapping[str, Counter[str]]


def _csv_texts(path: Path) -> _Texts:
    names = CsvFile(_stub([], path), path, path.name).header
    source = CsvFile(_stub(names, path), path, path.name)
    columns = {f"c{number}": name for number, name in enumerate(dict.fromkeys(names))}
    found = [pl.DataFrame(schema=dict.fromkeys(columns, pl.String))]
    broken = 0
    for batch in source.batches():
        found.append(batch.texts.select(list(columns)))
        broken += batch.rejects.height
    return _Texts(pl.concat(found).rename(columns), broken + source.broken, {})


def _json_texts(path: Path) -> _Texts:
    taken: list[_Texts] = []
    with opened(_stub([], path), path) as stream, our_errors(path):
        lines = enumerate(stream)
        while chunk := list(islice(lines, _LINES)):
            taken.append(_json_part([line.removeprefix(_BOM) if number == 0 else line for number, line in chunk]))
    return _together(taken)


def _json_part(lines: Sequence[bytes]) -> _Texts:
    parsed = [_parse(line)[1] for line in lines if line.strip(b" \t\r\n")]
    rows = [row for row in parsed if isinstance(row, dict) and row]  # an empty object has no column to be cut into
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: [row.get(name) for row in rows] for name in names}
    kinds = {name: Counter(_kind(value) for value in column if value is not None) for name, column in values.items()}
    frame = pl.DataFrame([_column(name, column) for name, column in values.items()])
    return _Texts(frame, len(parsed) - len(rows), kinds)


def _together(taken: Sequence[_Texts]) -> _Texts:
    """Return parts as one; a column that a part lacks is null in its rows."""
    names = dict.fromkeys(name for one in taken for name in one.frame.columns)
    return _Texts(
        pl.concat([one.frame for one in taken], how="diagonal") if taken else pl.DataFrame(),
        sum(one.broken for one in taken),
        {name: sum((one.kinds.get(name, Counter()) for one in taken), Counter()) for name in names},
    )


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth values"
    if isinstance(value, _Number):
        return "numbers"
    return "nested values" if value[:1] in {"{", "["} else "texts"


def _stub(names: Sequence[str], path: Path) -> Log:
    """Return a log that reads all columns of a file as texts; its event time is a column that no file has."""
    columns: dict[str, Any] = {
        f"c{number}": Column(dtype=pl.String(), doc="", nullable=True, optional=True, source=name)
        for number, name in enumerate(dict.fromkeys(names))
    }
    nowhere = "_".join(["no", *names])
    columns["when"] = Column(dtype=_INSTANT, doc="", nullable=True, optional=True, source=nowhere)
    table = new_class("Undeclared", (Table,), exec_body=lambda body: body.update({**columns, "event_time": "when"}))
    return Log(name="undeclared", table=table, files=f"{{dt}}/file{_suffix(path.name)}", unknown_columns="ignore")


def _names(raw: Sequence[str]) -> dict[str, str]:
    """Return for each raw name one that a table can declare; those that need no change come first."""
    named: dict[str, str] = {}
    for name in sorted(raw, key=lambda name: python_name(name, set()) != name):
        named[name] = python_name(name, set(named.values()))
    return {name: named[name] for name in raw}


@dataclass(frozen=True, slots=True)
class _Guess:
    column: Column
    remarks: tuple[str, ...] = ()


def _guess(texts: pl.Series, raw: str, kinds: Counter[str]) -> _Guess:
    """Return a type that all texts of a column have, and what is doubtful about it."""
    said = texts.drop_nulls()
    said = said.filter(said != "")
    mixed = f"{_list(kinds)} in one field" if len(kinds) > 1 else ""
    if kinds["nested values"]:
        why = f"nested values{f' ({mixed})' if mixed else ''}, kept as their JSON text"
        return _Guess(_as(pl.String()), (f"Doubtful: {why}.",))
    if said.is_empty():
        return _Guess(_as(pl.String()))
    fits = _Fits(said.alias("text"))
    for rule in (_as_text, _as_time, _as_number):
        guess = rule(fits, raw, kinds)
        if guess is not None:
            break
    else:
        guess = _Guess(_as(pl.String()), tuple(fits.almost()))
    told = mixed and not isinstance(guess.column.dtype, pl.Datetime)  # which says so itself
    return _Guess(guess.column, (f"Doubtful: {mixed}.", *guess.remarks)) if told else guess


class _Fits:
    """How many texts of a column are of each type, as a log would read them."""

    def __init__(self, texts: pl.Series) -> None:
        self.texts = texts
        self.n = len(texts)

    def of(self, column: Column) -> int:
        """Return how many texts a column would read."""
        return self.n - self.read(column).null_count()

    def read(self, column: Column) -> pl.Series:
        """Return the texts as a column would read them."""
        return typed(self.texts.to_frame(), {"text": column}, ())["text"]

    def like(self, form: str) -> int:
        """Return how many texts have a form."""
        return int(self.texts.str.contains(form).sum())

    def almost(self) -> Iterator[str]:
        """Yield why a column that is nearly all numbers is none."""
        others = self.texts.filter(self.read(_as(pl.Float64())).is_null())
        if len(others) < 0.5 * self.n:
            shown = sorted(others.unique())[0][:40]
            share = f"{100 * (self.n - len(others)) / self.n:.2f} % of the texts are numbers, but {shown!r} is not"
            if set(others.unique()) <= set(_NULL_WORDS):
                words = ", ".join(map(repr, ["", *sorted(others.unique())]))
                share += f"; if that means null, give the log null_texts=({words}) and a number's type here"
            yield f"Doubtful: {share}."


def _as_text(fits: _Fits, raw: str, kinds: Counter[str]) -> _Guess | None:
    """Return text for what names something, and for digits that a number would lose."""
    digits = fits.like("^[0-9]+$")
    if digits < fits.n and is_id(raw):
        return _Guess(_as(pl.String()))
    if digits < fits.n:
        return None
    if is_id(raw):
        why = "numbers that name something; text keeps leading zeros and all digits" if kinds["numbers"] else ""
        return _Guess(_as(pl.String()), (f"{why[0].upper()}{why[1:]}.",) if why else ())
    if fits.like("^0[0-9]"):
        return _Guess(_as(pl.String()), ("Doubtful: digits with leading zeros, kept as text; is it an id?",))
    longest = int(fits.texts.str.len_chars().max() or 0)  # type: ignore[arg-type]
    if longest >= _LONG and not (is_time(raw) and _epoch(fits)):
        return _Guess(_as(pl.String()), (f"Doubtful: numbers of {longest} digits, kept as text; is it an id?",))
    return None


def _as_time(fits: _Fits, raw: str, kinds: Counter[str]) -> _Guess | None:  # noqa: ARG001
    if fits.like(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$") and fits.of(_as(pl.Date())) == fits.n:
        return _Guess(_as(pl.Date()))
    for unit in ("us", "ns"):
        instant = pl.Datetime(unit, "UTC")
        stated = fits.of(_as(instant))
        local = fits.of(_as(instant, zone="UTC")) - stated
        epoch = _epoch(fits) if stated + local < fits.n else None
        counted = 0 if epoch is None else fits.of(_as(instant, epoch=epoch)) - stated
        if stated + local + counted < fits.n or (counted == fits.n and not is_time(raw)):
            continue
        column = _as(instant, epoch=epoch if counted else None, zone="UTC" if local else None)
        remarks = [_why(_as(_INSTANT, zone="UTC"))] if local else []
        remarks += [_why(column)] if counted else []
        if counted and counted < fits.n:
            remarks.append(f"Doubtful: {counted:,} of {fits.n:,} are numbers, the others texts.")
        return _Guess(column, tuple(remarks))
    return None


def _epoch(fits: _Fits) -> Epoch | None:
    """Return the unit in which all numbers among the texts are times of this century."""
    numbers = fits.texts.filter(fits.texts.str.contains(r"^[0-9]+(\.[0-9]+)?$")).cast(pl.Float64)
    if numbers.is_empty():
        return None
    return epoch_of(float(numbers.min()), float(numbers.max()))  # type: ignore[arg-type]


def _as_number(fits: _Fits, raw: str, kinds: Counter[str]) -> _Guess | None:  # noqa: ARG001
    if fits.like(r"^-?(0|[1-9][0-9]*)$") == fits.n and fits.of(_as(pl.Int64())) == fits.n:
        yes_no = fits.like("^[01]$") == fits.n
        return _Guess(_as(pl.Int8() if yes_no else pl.Int64()))
    if fits.of(_as(pl.Boolean())) == fits.n:
        return _Guess(_as(pl.Boolean()))
    if fits.of(_as(pl.Float64())) == fits.n:
        return _Guess(_as(pl.Float64()))
    return None


def _as(dtype: pl.DataType, *, epoch: Epoch | None = None, zone: str | None = None) -> Column:
    return Column(dtype=dtype, doc="", nullable=True, epoch=epoch, zone=zone)


def _why(column: Column) -> str:
    if column.epoch is not None:
        return f"Doubtful: numbers, read as {column.epoch} since 1970."
    return "Doubtful: these times state no zone, so UTC is a guess."


def _list(kinds: Counter[str]) -> str:
    return " and ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
