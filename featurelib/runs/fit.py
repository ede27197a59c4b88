"""Fit: learn a program from the samples of some days, and select its features."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from featurelib import __version__
from featurelib.days import Days
from featurelib.errors import DeclarationError, ProgramError, UsageError
from featurelib.fitting import LabelTable, learn
from featurelib.ledger import declared_features, declared_windows
from featurelib.program import Chain, Program, load, save, versions
from featurelib.runs.baseline import Baseline, baseline_of, beside
from featurelib.runs.run import Run
from featurelib.runs.states import StateStore
from featurelib.runs.surveys import Surveys
from featurelib.schema.usual import FEWEST
from featurelib.selection import decide, label_tables

_USUAL_DAYS = 7
"""So many days of a fit tell what moves without a cause: a week, with its weekend."""


def fit_program(run: Run, days: Days, *, renumber: bool = False) -> int:
    """Fit cleaning and features on the samples of some days, select, and save the program with its baseline.

    The result depends on the rows of the days and the program before it alone, not on the engine: states are filled per
    partition, and merge exactly. They are kept beside the samples, so that a fit reads only the days of which something
    is not known yet.

    Parameters
    ----------
    run
        The run.
    days
        Days whose samples are built.
    renumber
        Give all terms of vocabularies new numbers. By default, those that an earlier program knew keep theirs.

    Returns
    -------
    The version of the program; the latest one if that was fitted on the same samples and means the same. What a person
    should look at is in its ``made["notes"]``, a sentence each.

    Raises
    ------
    UsageError
        If a day has no samples yet.
    DataRefusedError
        If no row is labelled, or selection would drop every feature.
    DeclarationError
        If a feature comes out with another type than its table declares, or a vocabulary has outgrown its size.
    ProgramError
        If the program before it is damaged, and numbers were to be kept.
    """
    pipeline, samples = run.pipeline, run.samples
    version = samples.version
    there = samples.partitions(version)
    partitions = pipeline.partitions(days)
    missing = [str(partition) for partition in partitions if partition not in there]
    if missing:
        raise UsageError(f"fitting {pipeline} on {days} needs samples of {', '.join(missing)}; backfill these first.")
    store = StateStore(run.workspace.pipeline(pipeline.name) / "states")
    survey = Surveys(pipeline, run.workspace, run.engine, version, partitions, there, store)
    records: list[dict[str, Any]] = []
    chains = learn(pipeline.operators, survey, earlier=() if renumber else _earlier(run), tell=records.append)
    program = Program.of(chains, pipeline.sample_schema, pipeline.feature_names)
    _check_types(run, program)
    tables = label_tables(program, pipeline.label, survey, beside=beside(pipeline))
    decisions = decide(program, tables, pipeline.selection)
    made = {
        "pipeline": pipeline.name,
        "fit": {
            "start": str(days.start),
            "end": str(days.end),
            "rows": sum(there[partition].rows for partition in partitions),
        },
        "samples": {str(partition): there[partition].key for partition in partitions},
        "declared": declared_features(pipeline),
        "windows": declared_windows(pipeline),
        "selection": [decision.to_json() for decision in decisions],
        "records": records,
        "libraries": {"featurelib": __version__, "polars": pl.__version__},
    }
    kept = [decision.feature for decision in decisions if decision.kept]
    program, root = program.keeping(kept, made=made), run.workspace.pipeline(pipeline.name)
    baseline = _baseline(run, program, survey, tables, days)
    baseline.save(root)
    survey.tidy()
    notes = [*(record["note"] for record in records if "note" in record), *baseline.broken]
    return save(replace(program, made={**made, "notes": notes}), root)


def _baseline(run: Run, program: Program, survey: Surveys, tables: Mapping[str, LabelTable], days: Days) -> Baseline:
    """Return how the columns of the feature table were distributed in the days of the fit, and in the last of them."""
    pipeline = run.pipeline
    carried = beside(pipeline)
    known = {name: tables[name] for name in (*program.outputs, *carried) if name in tables}
    rows = {str(partition): survey.live[partition].rows for partition in survey.partitions}
    last = list(days)[-_USUAL_DAYS:]
    single = {f"{day}": survey.of(pipeline.partitions(Days(day, day))) for day in last} if len(last) >= FEWEST else {}
    by_day = {day: label_tables(program, pipeline.label, of_day, beside=carried) for day, of_day in single.items()}
    return baseline_of(pipeline, program, known, days, rows, by_day)


def _earlier(run: Run) -> tuple[Chain, ...]:
    """Return the chains of the latest program, if there is one and a vocabulary is to go on from it."""
    root = run.workspace.pipeline(run.pipeline.name)
    if not versions(root) or not any(operator.continues for operator in run.pipeline.operators):
        return ()
    try:
        return load(root).chains
    except ProgramError as error:
        raise ProgramError(
            f"the program whose numbers of terms are to be kept cannot be read: {error} To do without it, and give all "
            "terms new numbers: renumber=True, or featurelib fit --renumber."
        ) from error


def _check_types(run: Run, program: Program) -> None:
    table = run.pipeline.table
    for name, dtype in program.schema.items():
        if table.columns[name].dtype != dtype:
            raise DeclarationError(
                f"feature {name!r} of {run.pipeline} comes out as {dtype}, but table {table.__name__} declares "
                f"{table.columns[name].dtype} ({table.columns[name].declared_at}); declare {dtype}."
            )
