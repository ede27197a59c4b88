"""Fit: learn a program from the samples of some days, and select its features."""

from dataclasses import dataclass

import polars as pl

from featurelib import __version__
from featurelib.days import Days
from featurelib.errors import DeclarationError, UsageError
from featurelib.fitting import State, Survey, learn, merge_answers
from featurelib.ledger import declared_features
from featurelib.program import Program, save
from featurelib.runs.run import Run
from featurelib.selection import decide
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SurveyTask:
    """Fill the states of a survey from one partition of samples."""

    workspace: Workspace
    pipeline: str
    version: int
    partition: Partition
    label: str
    survey: Survey


def survey_task(task: SurveyTask) -> list[State]:
    """Return the filled states of one partition."""
    table = VersionedTable.open(task.workspace.table(task.pipeline, "samples"))
    rows = table.scan(task.version, partitions=[task.partition])
    if isinstance(rows.collect_schema()[task.label], pl.List):
        rows = rows.with_columns(pl.col(task.label).list.max())  # positive if any of the request's rows is
    return task.survey.of(rows)


def fit_program(run: Run, days: Days) -> int:
    """Fit cleaning and features on the samples of some days, select, and save the program.

    The result depends on the rows of the days alone, not on the engine: states are filled per partition, and merge
    exactly.

    Parameters
    ----------
    run
        The run.
    days
        Days whose samples are built.

    Returns
    -------
    The version of the program; the latest one if that was fitted on the same samples and means the same.

    Raises
    ------
    UsageError
        If a day has no samples yet.
    DataRefusedError
        If no row is labelled, or selection would drop every feature.
    DeclarationError
        If a feature comes out with another type than its table declares.
    """
    pipeline, samples = run.pipeline, run.samples
    version = samples.version
    there = samples.partitions(version)
    partitions = pipeline.partitions(days)
    missing = [str(partition) for partition in partitions if partition not in there]
    if missing:
        raise UsageError(f"fitting {pipeline} on {days} needs samples of {', '.join(missing)}; backfill these first.")

    def survey(asked: Survey) -> list[State]:
        place = run.workspace, pipeline.name, version
        tasks = [SurveyTask(*place, partition, pipeline.label, asked) for partition in partitions]
        return merge_answers(run.engine.map(survey_task, tasks))

    chains = learn(pipeline.operators, survey)
    program = Program.of(chains, pipeline.sample_schema, pipeline.feature_names)
    _check_types(run, program)
    decisions = decide(program, pipeline.label, pipeline.selection, survey)
    made = {
        "pipeline": pipeline.name,
        "fit": {
            "start": str(days.start),
            "end": str(days.end),
            "rows": sum(there[partition].rows for partition in partitions),
        },
        "samples": {str(partition): there[partition].key for partition in partitions},
        "declared": declared_features(pipeline),
        "selection": [decision.to_json() for decision in decisions],
        "libraries": {"featurelib": __version__, "polars": pl.__version__},
    }
    kept = [decision.feature for decision in decisions if decision.kept]
    return save(program.keeping(kept, made=made), run.workspace.pipeline(pipeline.name))


def _check_types(run: Run, program: Program) -> None:
    table = run.pipeline.table
    for name, dtype in program.schema.items():
        if table.columns[name].dtype != dtype:
            raise DeclarationError(
                f"feature {name!r} of {run.pipeline} comes out as {dtype}, but table {table.__name__} declares "
                f"{table.columns[name].dtype} ({table.columns[name].declared_at}); declare {dtype}."
            )
