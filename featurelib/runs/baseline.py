"""Baseline: how the features of a fit's days were distributed, frozen with the program that was fitted on them."""

import json
import math
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.days import Days
from featurelib.errors import DeclarationError, StorageError, UsageError
from featurelib.fitting import LabelTable
from featurelib.pipeline import Pipeline
from featurelib.program import Program
from featurelib.program.hashing import SEPARATOR
from featurelib.program.primitives import Index
from featurelib.schema.cells import check_edges
from featurelib.schema.column import Column
from featurelib.schema.cuts import REACH
from featurelib.schema.drift import enough
from featurelib.schema.edges import Bins, Edges
from featurelib.schema.findings import told
from featurelib.schema.profile import UNIT_BITS, Profile
from featurelib.schema.table import Table
from featurelib.schema.usual import Usual, broken_days, usual_moves
from featurelib.tables import Partition
from featurelib.workspace import Workspace

_FORMAT = 2
_FOLDER = "baselines"
_CELLS = 20
_CODES = 50  # as many whole numbers at most have a cell each
_OWN_ROLES = ("key", "time", "entity", "label", "weight")


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What each day is held against, and how its columns are cut.

    Parameters
    ----------
    program
        Fingerprint of the program.
    days
        Those it was fitted on.
    edges
        How columns are cut.
    profile
        Of the rows of these days that have a label, as the program makes them.
    rows
        All rows of each partition of these days, by its text.
    usual
        How far single days of them lie from all together; see `usual_moves`.
    broken
        What is an alarm in a day of the fit against the others, in lines; see `broken_days`.
    """

    program: str
    days: Days
    edges: Edges
    profile: Profile
    rows: Mapping[str, int]
    usual: Usual = field(default_factory=dict)
    broken: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The baseline, in words."""
        return f"baseline {self.days}"

    def fits(self, table: type[Table]) -> bool:
        """Return whether a table, as it is declared now, has the columns that are cut, with types that can be."""
        try:
            check_edges(self.edges, table, table.polars_schema())
        except DeclarationError:
            return False
        return True

    def save(self, root: Path) -> None:
        """Write it below the folder of a pipeline; it appears whole or not at all.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        plain, frames = self.profile.to_stored()
        stored = {
            "format": _FORMAT,
            "program": self.program,
            "days": [str(self.days.start), str(self.days.end)],
            "rows": dict(self.rows),
            "usual": {name: dict(moves) for name, moves in self.usual.items()},
            "broken": list(self.broken),
            "edges": self.edges.to_json(),
            "profile": plain,
            "columns": [_plain(row) for row in frames["columns"].to_dicts()],
        }
        path = _path(root, self.program)
        staged = path.with_name(f".{uuid.uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            staged.write_text(json.dumps(stored, allow_nan=False), encoding="utf-8")
            staged.replace(path)
        except OSError as error:
            with suppress(OSError):
                staged.unlink(missing_ok=True)
            raise StorageError(f"the baseline {path} cannot be written: {error}.") from error


def baseline_for(pipeline: Pipeline, workspace: Workspace, program: str) -> Baseline | None:
    """Return the baseline of a program that fits the table of a pipeline as it is declared now.

    Parameters
    ----------
    pipeline, workspace
        Whose.
    program
        Fingerprint of the program.

    Returns
    -------
    ``None`` if there is none: a fit writes it again.
    """
    found = load_baseline(workspace.pipeline(pipeline.name), program)
    return found if found is not None and found.fits(pipeline.table) else None


def check_baseline(baseline: Baseline | None, pipeline: Pipeline, program: str | None) -> None:
    """Check that days can be held against a baseline, if the table says that drift refuses them.

    Raises
    ------
    UsageError
        If it does, and there is no baseline: without it a day that has to be refused would pass.
    """
    table = pipeline.table
    limits = [table.drift, *(column.drift for column in table.columns.values() if column.drift is not None)]
    if baseline is None and any(each.on_alarm == "fail" for each in limits):
        of = "the program" if program is None else f"program {program[:12]}"
        raise UsageError(
            f"table {table.__name__} refuses days by their drift, and {of} has no baseline, fit for the table, to hold "
            f"them against: fit again with featurelib fit {pipeline.name}."
        )


def usual_rows(baseline: Baseline | None, table: type[Table], partition: Partition) -> tuple[int, ...]:
    """Return the rows of the fit's partitions of the same length, if these are enough to tell chance from change.

    Not those of the partitions before it: which of them are there depends on what was built first.
    """
    limits = table.volume
    if baseline is None or limits is None:
        return ()
    rows = {Partition.parse(name): number for name, number in baseline.rows.items()}
    usual = tuple(number for other, number in sorted(rows.items()) if other.hr == partition.hr)
    return usual if enough(usual, limits.alarm) else ()


def load_baseline(root: Path, program: str) -> Baseline | None:
    """Return the baseline of a program below the folder of a pipeline; ``None`` if there is none that can be read."""
    try:
        stored = json.loads(_path(root, program).read_text(encoding="utf-8"))
        if stored["format"] != _FORMAT or stored["program"] != program:
            return None
        edges = Edges.from_json(stored["edges"])
        schema = Profile.empty(edges).columns.schema
        columns = pl.DataFrame([_numbers(row) for row in stored["columns"]], schema=schema)
        return Baseline(
            program=program,
            days=Days.parse(*stored["days"]),
            edges=edges,
            profile=Profile.from_stored(stored["profile"], {"columns": columns}),
            rows=stored["rows"],
            usual=stored["usual"],
            broken=tuple(stored["broken"]),
        )
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
        return None


def beside(pipeline: Pipeline) -> dict[str, pl.DataType]:
    """Return the columns of the samples that a baseline holds beside the features.

    Those carried along whose values are of a known range: truth values, and columns that declare ``allowed`` values or
    both bounds. Of others nobody knows whether they grow for ever, as numbers of events do.
    """
    table, schema = pipeline.table, pipeline.sample_schema
    no = {*table.key, *(label.name for label in pipeline.samples.labels)}
    no |= {name for name, column in table.columns.items() if column.role in _OWN_ROLES or not _is_bounded(column)}
    return {name: schema[name] for name in pipeline.carried if name not in no}


def _is_bounded(column: Column) -> bool:
    if column.dtype == pl.Boolean():
        return True
    if column.dtype != pl.String() and not column.dtype.is_numeric():
        return False
    return column.allowed is not None or (column.between is not None and None not in column.between)


def baseline_of(
    pipeline: Pipeline,
    program: Program,
    tables: Mapping[str, LabelTable],
    days: Days,
    rows: Mapping[str, int],
    by_day: Mapping[str, Mapping[str, LabelTable]],
) -> Baseline:
    """Cut columns into cells, and count the days of a fit in them.

    Parameters
    ----------
    pipeline
        Whose.
    program
        What was fitted.
    tables
        For each column, its values with the label, over all these days.
    days
        The days.
    rows
        Of each partition.
    by_day
        What ``tables`` is, of single days by name: from these it is told what is usual.

    Notes
    -----
    Numbers get up to 20 cells of about equal rows, cut between two values that occur; texts a cell for each of the 20
    most frequent, ties by the text; truth values and up to 50 whole numbers a cell each. Of a partition with more than
    4,096 distinct numbers a label table keeps 4,096 of equal rows, so a share may be off by 1/4096 at each edge.
    """
    table = pipeline.table
    types = {name: table.columns[name].dtype for name in tables}
    label = pipeline.label if _has_label(pipeline) else None
    bins = {name: _bins(values, types[name]) for name, values in tables.items()}
    bins |= {name: _named(bins[name], step) for name, step in _indices(pipeline, program) if name in bins}
    edges = Edges(bins=bins, label=label, hour_of=_hour_of(pipeline, bins))
    whole = _profile(tables, table, edges)
    single = {day: _profile(of_day, table, edges) for day, of_day in by_day.items()}
    broken = broken_days(single, table, edges)
    return Baseline(
        program=program.fingerprint,
        days=days,
        edges=edges,
        profile=whole,
        rows=rows,
        usual=usual_moves(single, whole, table, edges, broken=broken),
        broken=tuple(f"{day}: {line}" for day, findings in broken.items() for line in told(findings)),
    )


def _profile(tables: Mapping[str, LabelTable], table: type[Table], edges: Edges) -> Profile:
    """Return the profile of rows of which each column's values are known, with the label."""
    empty, is_labelled = Profile.empty(edges), edges.label is not None
    cut = {name: bins for name, bins in edges.bins.items() if name in tables}
    counted = {name: _count(tables[name], table.columns[name], bins, is_labelled) for name, bins in cut.items()}
    filled = [row | counted.get(row["column"], {}) for row in empty.columns.to_dicts()]
    some = next(iter(tables.values()), LabelTable())
    return Profile(
        edges=edges.key,
        rows=some.rows,
        labelled=some.rows if is_labelled else 0,
        positives=int(some.table["positive"].sum()) if is_labelled else 0,
        columns=pl.DataFrame(filled, schema=empty.columns.schema),
    )


def _has_label(pipeline: Pipeline) -> bool:
    column = pipeline.table.columns.get(pipeline.label)
    return column is not None and column.dtype.is_numeric()


def _hour_of(pipeline: Pipeline, bins: Mapping[str, Bins]) -> str | None:
    time = pipeline.table.event_time
    if time is None or "hour" in bins or not isinstance(pipeline.table.columns[time].dtype, pl.Datetime):
        return None
    return time


def _bins(table: LabelTable, dtype: pl.DataType) -> Bins:
    there = table.table.filter(pl.col("value").is_not_null())
    if dtype == pl.String():
        ranked = there.sort(["rows", "value"], descending=[True, False])
        return Bins(kind="categories", categories=tuple(ranked["value"].head(_CELLS)))
    if dtype == pl.Boolean():
        return Bins(kind="categories", categories=(False, True))
    if dtype.is_integer() and len(there) <= _CODES:
        return Bins(kind="categories", categories=tuple(int(value) for value in there["value"]))
    return Bins(kind="numbers", edges=tuple(_edges(there, dtype)))


def _indices(pipeline: Pipeline, program: Program) -> Iterator[tuple[str, Index]]:
    """Yield the columns that hold numbers of terms, with the step that numbers them; none whose terms are private."""
    for chain in program.chains:
        last = chain.steps[-1] if chain.steps else None
        if isinstance(last, Index) and not pipeline.is_private(chain.into):
            yield chain.into, last


def _named(bins: Bins, step: Index) -> Bins:
    """Return cells of numbers that are called by their terms."""
    return replace(bins, names=tuple(_name(int(number), step) for number in bins.categories))


def _name(number: int, step: Index) -> str:
    if number == step.missing:
        return f"missing ({number})"
    if step.unseen <= number < step.unseen + step.buckets:
        return f"unseen ({number})"
    return step.terms[number - step.first].replace(SEPARATOR, " x ")


def _edges(there: pl.DataFrame, dtype: pl.DataType) -> list[float]:
    """Return where to cut numbers so that cells have about equal rows, between two values that occur."""
    reached = pl.col("rows").cum_sum() - pl.col("rows")
    cell = reached * _CELLS // pl.col("rows").sum()
    cuts = there.select("value", below=pl.col("value").shift(), first=cell != cell.shift()).filter("first")
    edges = []
    for value, below, _ in cuts.iter_rows():
        if math.isfinite(value):
            edges.append(_between(below, value, dtype))
    return edges


def _between(below: float, value: float, dtype: pl.DataType) -> float:
    """Return a number of a column's type that is above the one value and not above the other; if it can, halfway."""
    middle = below / 2 + value / 2 if math.isfinite(below) else value
    if dtype.is_integer():
        middle = math.ceil(middle)
    held = float(pl.Series([middle], dtype=pl.Float64).cast(dtype).item())
    return held if below < held <= value else value


def _count(table: LabelTable, column: Column, bins: Bins, labelled: bool) -> dict[str, Any]:  # noqa: FBT001
    """Return the row of a profile, but for its name and its cells' meaning."""
    rows, last = table.table.select("rows", "positive", "value"), bins.cells - 1
    value = pl.col("value")
    if bins.kind == "numbers":
        cut = pl.Series(bins.edges, dtype=pl.Float64).search_sorted(rows["value"].fill_null(0.0), side="right")
        rows = rows.with_columns(cell=pl.when(value.is_null()).then(last).otherwise(cut.cast(pl.Int64)))
    else:
        known = [category if isinstance(category, str) else float(category) for category in bins.categories]
        cells = value.replace_strict(known, range(len(known)), default=len(known), return_dtype=pl.Int64)
        rows = rows.with_columns(cell=pl.when(value.is_null()).then(last).otherwise(cells))
    of_cell = {
        cell: (n, positive) for cell, n, positive in rows.group_by("cell").agg(pl.col("rows", "positive").sum()).rows()
    }
    counts, positives = ([of_cell.get(cell, (0, 0))[which] for cell in range(bins.cells)] for which in (0, 1))
    default = column.default if isinstance(column.default, str | None) else float(column.default)
    return {
        "rows": table.rows,
        "nulls": counts[last],
        "nans": 0,
        "defaults": 0 if default is None else int(rows.filter(value == default)["rows"].sum()),
        "counts": counts,
        "labelled": counts if labelled else [0] * bins.cells,
        "positives": positives if labelled else [0] * bins.cells,
        **_sums(rows.filter(value.is_not_null()), bins),
    }


def _sums(rows: pl.DataFrame, bins: Bins) -> dict[str, Any]:
    if bins.kind == "categories":
        return {}
    away = ((pl.col("value") - bins.centre) / bins.spread).clip(-REACH, REACH) * 2**UNIT_BITS
    units, n = away.round(mode="half_to_even").cast(pl.Int128), pl.col("rows").cast(pl.Int128)
    sums = rows.select(total=(units * n).sum(), squares=(units * units * n).sum())
    return {**sums.row(0, named=True), "low": rows["value"].min(), "high": rows["value"].max()}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row that strict JSON can hold: it knows no infinity."""
    return {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **{name: float(row[name]) for name in ("low", "high") if row[name] is not None}}


def _path(root: Path, program: str) -> Path:
    return root / _FOLDER / f"{program}.json"
