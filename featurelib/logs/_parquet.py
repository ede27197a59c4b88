"""Parquet files: read where they lie; types from the footer, rejects from one pass over the ruled columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.errors import LogFileError, StorageError
from featurelib.logs._bytes import our_errors
from featurelib.logs._clocks import clock_faults
from featurelib.logs._columns import check_names, check_types, converted, converts
from featurelib.logs._epochs import is_instant
from featurelib.logs._placement import Placement
from featurelib.logs._rules import FOUND, LINE, Fault, any_fault, rejects_of, row_faults
from featurelib.logs._scan import FileRows, Scan, scan
from featurelib.logs._typed import TEXT
from featurelib.logs.log import Log

_HINT = "Fetch or write the file again; a Parquet file is complete only with its footer."


def read_parquet(log: Log, root: Path, places: Mapping[str, Placement]) -> dict[str, FileRows]:
    """Check Parquet files and count their rows.

    Parameters
    ----------
    log
        Their log.
    root
        The log root.
    places
        The name of each file below it, and which of its rows are ours.

    Returns
    -------
    dict of str to FileRows
        What each file holds, in the order given.

    Raises
    ------
    LogFileError
        If a file is damaged, or has a column that is unknown.
    ColumnMissingError, ColumnTypeError
        If a column is missing, or of a type that does not widen to its own.
    """
    alike: dict[Any, list[_File]] = {}
    for name, place in places.items():
        with our_errors(root / name, hint=_HINT):
            file = _File(root / name, name, place, _footer(root / name))
        alike.setdefault(file.kind, []).append(file)
    found = {name: rows for files in alike.values() for name, rows in _read_alike(log, files)}
    return {name: found[name] for name in places}


@dataclass(frozen=True, slots=True, eq=False)
class _File:
    path: Path
    name: str
    place: Placement
    footer: Any

    @property
    def rows(self) -> int:
        """How many it has."""
        rows: int = self.footer.num_rows
        return rows

    @property
    def kind(self) -> tuple[str, bytes | None]:
        """What the file's columns and their types follow from."""
        columns = str(self.footer.schema).partition("\n")[2]  # the first line is the address of an object
        return columns, (self.footer.metadata or {}).get(b"ARROW:schema")

    def times(self, column: str) -> tuple[int, int] | None:
        """Return the lowest and the highest value of a column as the footer tells them; None unless it is sure."""
        lows, highs = [], []
        for leaf in _leaves(self.footer):
            if leaf.path_in_schema == column:
                told = leaf.statistics if leaf.is_stats_set else None
                if told is None or not (told.has_min_max and told.has_null_count) or told.null_count:
                    return None
                lows.append(told.min_raw)
                highs.append(told.max_raw)
        return (min(lows), max(highs)) if lows and all(isinstance(count, int) for count in lows + highs) else None


def _read_alike(log: Log, files: Sequence[_File]) -> Iterator[tuple[str, FileRows]]:
    """Check files of the same columns: at once those whose rows are all ours, as their footers tell."""
    first = files[0]
    with our_errors(first.path, hint=_HINT):
        check_names(log, first.name, first.footer.schema.to_arrow_schema().names)
        raw = scan(first.path).collect_schema()
        check_types(log, first.name, raw)
    never_null = frozenset[str].intersection(*(_never_null(log, file.footer) for file in files))
    check = _Check.of(log, raw, never_null)
    whole = [file for file in files if _is_whole(file, log, raw)]
    for file in set(files).difference(whole):
        yield from check.rows([file], file.place)
    if whole:
        try:
            yield from check.rows(whole)
        except (LogFileError, StorageError):  # which of them it is, it does not tell
            for file in whole:
                yield from check.rows([file])


def _is_whole(file: _File, log: Log, raw: pl.Schema) -> bool:
    """Return whether the footer tells that all rows are ours."""
    if not file.rows:
        return True
    dtype, times = raw.get(log.sources[log.time]), file.times(log.sources[log.time])
    if times is None or not isinstance(dtype, pl.Datetime) or dtype.time_zone is None:
        return False
    return file.place.holds(*times, dtype.time_unit)


@dataclass(frozen=True, slots=True)
class _Check:
    """What is looked at in files of the same columns."""

    log: Log
    told: list[str]
    values: list[pl.Expr]
    faults: list[Fault]

    @classmethod
    def of(cls, log: Log, raw: pl.Schema, never_null: frozenset[str]) -> "_Check":
        told = _told(log, raw)
        faults = [*_instant_faults(log, raw, told), *row_faults(log.table, never_null=never_null), *clock_faults(log)]
        return cls(log, told, _columns(log, raw, told), faults)

    def rows(self, files: Sequence[_File], place: Placement | None = None) -> Iterator[tuple[str, FileRows]]:
        """Yield what each file holds; without a placement all rows are ours."""
        paths, edges = [file.path for file in files], list(accumulate((file.rows for file in files), initial=0))
        beside = [pl.col(self.log.sources[name]).alias(TEXT + name) for name in self.told]
        faults = self.faults if place is None else [*self.faults, place.outside()]
        ours = pl.lit(value=True) if place is None else place.mine()
        with our_errors(paths[0], hint=_HINT):
            typed = scan(*paths, number=LINE).select(LINE, *self.values, *beside)
            bad = typed.filter(ours & any_fault(faults)).collect(engine="streaming").sort(LINE)
            elsewhere = 0 if place is None else typed.select(ours.not_().sum()).collect(engine="streaming").item()
        rejects = rejects_of(bad, faults, _row(self.log, self.told)) if len(bad) else pl.DataFrame(schema=FOUND)
        starts = rejects["line"].search_sorted(pl.Series(edges))
        for file, (first, end), (begin, stop) in zip(files, pairwise(edges), pairwise(starts), strict=True):
            found = FileRows(end - first, elsewhere)
            one = Scan(
                path=file.path, file=file.name, rows=found.rows, columns=self.values, keep=ours if elsewhere else None
            )
            if stop > begin:
                here = rejects[begin:stop].with_columns(pl.col("line") - first + 1)
                found, one = replace(found, rejects=here), replace(one, rejected=here["line"] - 1)
            found.scans.append(one)
            yield file.name, found


def _footer(path: Path) -> Any:
    # NOTE: pyarrow says what is wrong with a footer; polars may panic on it
    from pyarrow import parquet

    return parquet.read_metadata(path)


def _leaves(footer: Any) -> Iterator[Any]:
    """Yield what the footer says of each column of each row group."""
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        yield from (group.column(leaf) for leaf in range(group.num_columns))


def _columns(log: Log, raw: pl.Schema, told: Sequence[str]) -> list[pl.Expr]:
    """Return the table's columns from the raw ones; an optional one that is absent is null."""
    columns = []
    for name, source in log.sources.items():
        value, column = pl.col(source) if source in raw else pl.lit(None), log.table.columns[name]
        value = converted(value, raw[source], column) if name in told else value.cast(column.dtype)
        columns.append(value.alias(name))
    return columns


def _told(log: Log, raw: pl.Schema) -> list[str]:
    """Return the columns whose instants are given as numbers, or as times without a zone."""
    columns = log.table.columns
    return [name for name, source in log.sources.items() if source in raw and converts(raw[source], columns[name])]


def _instant_faults(log: Log, raw: pl.Schema, told: Sequence[str]) -> list[Fault]:
    """Return the faults of numbers and times that are no instants, kept beside these."""
    faults = []
    for name in told:
        given, unit = pl.col(TEXT + name), str(log.table.columns[name].epoch)
        broken, shown = pl.col(name).is_null() & given.is_not_null(), given.cast(pl.String)
        if raw[log.sources[name]].is_integer():
            exact = is_instant(given.cast(pl.Int64, strict=False), unit).fill_null(value=False)
            faults.append(Fault("bad_time", name, broken & ~exact, shown))
            faults.append(Fault("bad_type", name, broken, shown))
        else:
            faults.append(Fault("bad_time", name, broken, shown))
    return faults


def _never_null(log: Log, footer: Any) -> frozenset[str]:
    """Return the columns that hold no null, as the footer counts them."""
    nulls: dict[str, int] = {}
    for leaf in _leaves(footer):
        known = leaf.is_stats_set and leaf.statistics.has_null_count
        nulls[leaf.path_in_schema] = nulls.get(leaf.path_in_schema, 0) + (leaf.statistics.null_count if known else 1)
    return frozenset(name for name, source in log.sources.items() if nulls.get(source) == 0)


def _row(log: Log, told: Sequence[str]) -> pl.Expr:
    """Return a row as JSON text under the raw names; bytes are shown in base64, nested bytes not at all."""
    fields = []
    for name, source in log.sources.items():
        dtype = log.table.columns[name].dtype
        if dtype == pl.Binary:
            fields.append(pl.col(name).bin.encode("base64").alias(source))
        elif "Binary" not in str(dtype):  # polars panics on these
            fields.append(pl.col(TEXT + name if name in told else name).alias(source))
    return pl.struct(fields).struct.json_encode()
