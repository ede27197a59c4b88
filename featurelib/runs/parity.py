"""Parity: served requests again, through the program and the online counters, or beside the stored tables."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, UsageError
from featurelib.ledger.stored import Stored
from featurelib.online import OnlineStore
from featurelib.parity import Parity, compare, read_served, write_bundle
from featurelib.pipeline import Pipeline
from featurelib.program import Program, load
from featurelib.runs.profiles import built
from featurelib.tables import Partition, TableVersion
from featurelib.workspace import Workspace

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """What a model server logged.

    Parameters
    ----------
    paths
        Files: Parquet, or a JSON object on each line. A row holds the key, what the program read, the features that
        were made of it, and the windows' columns if they are to be compared.
    by
        Columns by whose values rows are chosen; the key of the feature table by default. For a program that compares
        the candidates of a request, the column of the request: its rows are replayed together.
    most
        About how many rows to compare.
    """

    paths: Sequence[Path]
    by: Sequence[str] = ()
    most: int = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may differ; as in `featurelib.parity.compare`."""

    tolerance: float = 1e-5
    allow: float = 0.001
    allow_floats: float = 0.01


@dataclass
class _Replayed:
    """Rows that could be computed again, and how many could not, by reason."""

    served: list[Row] = field(default_factory=list)
    inputs: list[Row] = field(default_factory=list)
    expected: list[Row] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)

    def add(self, served: Row, inputs: Row, expected: Row) -> None:
        self.served.append(served)
        self.inputs.append(inputs)
        self.expected.append(expected)


def replayed(
    pipeline: Pipeline,
    workspace: Workspace,
    log: Served,
    *,
    version: int | None = None,
    online: OnlineStore | None = None,
    limits: Limits = Limits(),
    bundle: Path | None = None,
) -> Parity:
    """Compute served requests again, and compare with what was served.

    What the program read is taken from the log. The windows' columns are too, so that a difference in a feature is one
    of the program; they are themselves compared with the online counters, if these are given. Columns that the log
    lacks come from the counters.

    Parameters
    ----------
    pipeline, workspace
        Whose.
    log
        What was served.
    version
        Of the program that served; the latest by default.
    online
        The online counters, of the export that served: those of another instant differ.
    limits
        How much may differ.
    bundle
        A folder to write the worst rows to, with all that computes them again; only if some differ.

    Returns
    -------
    Parity
        Of the features, and of the windows' columns.

    Raises
    ------
    ProgramMissingError
        If there is no such program.
    UsageError
        If the table has no key and ``by`` is not said, the program compares the rows of a list and ``by`` is not said,
        or the bundle's folder is there already.
    ColumnMissingError, LogFileError
        If the log lacks a column to choose rows by, or cannot be read.
    """
    program = load(workspace.pipeline(pipeline.name), version)
    if not program.is_elementwise and not log.by:
        raise UsageError(
            f"{pipeline} compares the rows of a list, so all rows of a list are replayed together: say by which column."
        )
    rows = read_served(log.paths, by=_by(pipeline, log), most=log.most).rows
    windows = _windows(program, online, rows)
    found = _Replayed()
    for group in [rows] if program.is_elementwise else _groups(rows, log.by):
        _replay(group, program, online, windows, found)
    names = pipeline.table.key or log.by
    told = _compared(pipeline, {**program.schema, **windows}, found, limits, names, reads=tuple(program.inputs))
    if bundle is not None and told.worst:
        served, inputs, expected = (
            [rows[n] for n in told.worst] for rows in (found.served, found.inputs, found.expected)
        )
        keys = [{name: row.get(name) for name in names} for row in served]
        write_bundle(
            bundle, program, keys=keys, inputs=inputs, served=served, expected=expected, tolerance=limits.tolerance
        )
    return told


def beside_table(
    pipeline: Pipeline,
    workspace: Workspace,
    log: Served,
    *,
    limits: Limits = Limits(),
) -> Parity:
    """Compare what was served with the rows that training reads: by key, the stored features and samples.

    Parameters
    ----------
    pipeline, workspace, log, limits
        As in `replayed`.

    Raises
    ------
    UsageError
        If the table has no key, or nothing is built.
    ColumnMissingError, LogFileError
        As `replayed`.
    """
    key = pipeline.table.key
    if not key:
        raise UsageError(f"table {pipeline.table.__name__} has no key by which served rows are found in it.")
    chosen = read_served(log.paths, by=_by(pipeline, log), most=log.most).rows
    features, samples = (Stored.of(workspace, pipeline, name).live for name in ("features", "samples"))
    if features is None or samples is None:
        raise UsageError(f"{pipeline} has no features yet; backfill the days that were served.")
    windows = {name: dtype for window in pipeline.windows for name, dtype in window.makes.items()}
    known = _stored(pipeline, features, samples if windows else None, tuple(windows), chosen)
    found = _Replayed()
    for row in chosen:
        match _at_its_time(known.get(_key_of(row, key), []), row, pipeline):
            case [expected]:
                found.add(row, {}, expected)
            case []:
                found.lost["the table has no row of their key"] += 1
            case _:
                found.lost["the table has their key in several partitions"] += 1
    columns, hourly = pipeline.table.columns, pipeline.samples.every == "1h"
    places = {Partition(row["dt"], row["hr"] if hourly else None) for row in found.expected}
    outputs = {name for one in built(features, places).values() for name in one.outputs or pipeline.feature_names}
    made = {name: columns[name].dtype for name in pipeline.feature_names if name in outputs}
    logged = {name: dtype for name, dtype in windows.items() if any(name in row for row in found.served)}
    return _compared(pipeline, {**made, **logged}, found, limits, key)


def _at_its_time(stored: Sequence[Row], served: Row, pipeline: Pipeline) -> Sequence[Row]:
    """Return the stored rows of a key; of several partitions, those in which the served row happened."""
    time = pipeline.table.event_time
    at = None if time is None else _instant(served.get(time))
    if len(stored) < 2 or not isinstance(at, datetime) or at.tzinfo is None:
        return stored
    bounds = [pipeline.bounds(Partition(row["dt"], row.get("hr"))) for row in stored]
    return [row for row, (start, end) in zip(stored, bounds, strict=True) if start <= at < end]


def _stored(
    pipeline: Pipeline,
    features: TableVersion,
    samples: TableVersion | None,
    windows: Sequence[str],
    chosen: Sequence[Row],
) -> dict[tuple[Any, ...], list[Row]]:
    """Return the stored rows of the keys of some served ones, by key: their place, features and windows' columns."""
    key, columns = pipeline.table.key, pipeline.table.columns
    place = ("dt",) if pipeline.samples.every == "1d" else ("dt", "hr")
    wanted = pl.DataFrame(
        {
            name: _values([_key_of(row, key)[place] for row in chosen], columns[name].dtype)
            for place, name in enumerate(key)
        }
    )
    rows = _of_keys(features.scan(), wanted, (*key, *place, *pipeline.feature_names))
    if samples is not None:
        there = _of_keys(samples.scan(), wanted, (*key, *place, *windows))
        rows = rows.join(there, on=[*key, *place], how="left")
    known: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows.collect().iter_rows(named=True):
        known.setdefault(tuple(row[name] for name in key), []).append(row)
    return known


def _key_of(row: Row, key: Sequence[str]) -> tuple[Any, ...]:
    """Return the key of a served row; a list or an object is no value of a key, and found nowhere."""
    return tuple(None if isinstance(value := row.get(name), list | dict) else value for name in key)


def _values(values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    return pl.Series(values, dtype=dtype, strict=False)


def _of_keys(table: pl.LazyFrame, keys: pl.DataFrame, columns: Sequence[str]) -> pl.LazyFrame:
    return table.select(columns).join(keys.unique().lazy(), on=keys.columns, how="semi")


def _by(pipeline: Pipeline, log: Served) -> tuple[str, ...]:
    by = tuple(log.by) or pipeline.table.key
    if not by:
        raise UsageError(f"table {pipeline.table.__name__} has no key to choose served rows by: name the columns.")
    return by


def _groups(rows: Sequence[Row], by: Sequence[str]) -> Iterator[list[Row]]:
    """Yield rows that agree in some columns together."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(str(row[name]) for name in by), []).append(row)
    yield from groups.values()


def _replay(
    rows: Sequence[Row],
    program: Program,
    online: OnlineStore | None,
    windows: Mapping[str, pl.DataType],
    found: _Replayed,
) -> None:
    """Compute rows again. Where one cannot be, those that stand alone are tried one by one; lists are lost whole."""
    try:
        counters: Sequence[Row] = [{} for _ in rows] if online is None else online.read(rows)
        inputs = [_inputs(row, counted, program) for row, counted in zip(rows, counters, strict=True)]
        made = program.transform_rows(inputs)
    except (ColumnMissingError, ColumnTypeError) as error:
        if program.is_elementwise and len(rows) > 1:
            for row in rows:
                _replay([row], program, online, windows, found)
        else:
            found.lost[str(error)] += len(rows)
        return
    for row, read, counted, features in zip(rows, inputs, counters, made, strict=True):
        found.add(row, read, features | {name: counted[name] for name in windows})


def _inputs(row: Row, counted: Row, program: Program) -> dict[str, Any]:
    """Return what the program reads: from the log, and from the counters what it lacks."""
    read = {}
    for name, dtype in program.inputs.items():
        if name in row:
            read[name] = _instant(row[name]) if isinstance(dtype, pl.Datetime) else row[name]
        elif name in counted:
            read[name] = counted[name]
        else:
            raise ColumnMissingError("the program", name, where="the log of served features", columns=sorted(row))
    return read


def _instant(value: Any) -> Any:
    """Return an instant that JSON holds as text; whatever else is there is left to the program to judge."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _windows(program: Program, online: OnlineStore | None, rows: Sequence[Row]) -> dict[str, pl.DataType]:
    """Return the windows' columns that are both logged and counted online."""
    if online is None:
        return {}
    logged = {name for row in rows for name in row}
    return {
        name: dtype for name, dtype in online.export.schema.items() if name in logged and name not in program.schema
    }


def _compared(
    pipeline: Pipeline,
    schema: Mapping[str, pl.DataType],
    found: _Replayed,
    limits: Limits,
    names: Sequence[str],
    *,
    reads: Sequence[str] = (),
) -> Parity:
    return compare(
        found.served,
        found.expected,
        schema,
        keys=[{name: row.get(name) for name in names} for row in found.served],
        lost=found.lost,
        known=(*pipeline.sample_schema, *pipeline.table.columns, *reads, *names),
        tolerance=limits.tolerance,
        allow=limits.allow,
        allow_floats=limits.allow_floats,
    )
