"""The program that a pipeline's features are made with now."""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from featurelib import __version__
from featurelib.days import Days
from featurelib.ledger.description import describe
from featurelib.ledger.fingerprint import digest
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.program import Program, load, versions
from featurelib.tables import Partition
from featurelib.windows import Window
from featurelib.windows.window import RangedWindow
from featurelib.workspace import Workspace


def declared_features(pipeline: Pipeline) -> str:
    """Return a fingerprint of all that a program depends on by declaration; a program keeps its own."""
    rows = (pipeline.samples, pipeline.windows, pipeline.fit)
    return digest([__version__, describe((*rows, pipeline.cleaning, pipeline.features, pipeline.selection))])


def declared_windows(pipeline: Pipeline) -> dict[str, str]:
    """Return, for each column of the windows, a fingerprint of what it means; a program and an export keep them.

    That is its window as declared, but for the lengths of other columns; the zone of its days; its type; and of each
    log the name, not the files, lateness or rules.
    """
    zone = pipeline.samples.timezone
    return {column: mark for window in pipeline.windows for column, mark in _columns_declared(window, zone)}


def _columns_declared(window: Window, timezone: str) -> Iterator[tuple[str, str]]:
    held = {field.name: getattr(window, field.name) for field in fields(window)}
    logs = {name: value.name for name, value in held.items() if isinstance(value, Log)}
    said, days_of = {**describe(window), **logs}, timezone if window.grain == "1d" else None
    alone = window.lengths if isinstance(window, RangedWindow) else {}  # it makes each of these as if it made no other
    for column, dtype in window.makes.items():
        own = {"name": column, "over": str(alone[column])} if column in alone else {}
        yield column, digest({"column": column, "window": said | own, "days_of": days_of, "type": describe(dtype)})


def fitted(pipeline: Pipeline, workspace: Workspace) -> Program | None:
    """Return the latest program, or ``None`` if there is none for the pipeline as it is declared now."""
    root = workspace.pipeline(pipeline.name)
    if not versions(root):
        return None
    program = load(root)
    return program if program.made.get("declared") == declared_features(pipeline) else None


def outgrown(program: Program, live: Mapping[Partition, str | None]) -> list[Partition]:
    """Return the partitions that a program was fitted on and whose samples are others now, or gone; ascending.

    Parameters
    ----------
    program
        The program.
    live
        What each partition of the samples was built with.
    """
    then = {Partition.parse(name): key for name, key in program.made.get("samples", {}).items()}
    return sorted(partition for partition, key in then.items() if live.get(partition) != key)


def told_outgrown(pipeline: str, program: Program | None, live: Mapping[Partition, str | None]) -> str:
    """Return, in words, what `outgrown` finds, and the command that fits anew; empty if that is nothing."""
    others = outgrown(program, live) if program is not None else []
    if program is None or not others:
        return ""
    fit, count = program.made["fit"], len(program.made["samples"])
    length = len(list(Days.parse(fit["start"], fit["end"])))
    names = ", ".join(map(str, others[:2])) + (f" and {len(others) - 2} more" if len(others) > 2 else "")
    return (
        f"the program was fitted on samples that were built anew since, {len(others)} of {count} partitions: {names}; "
        f"to fit again: featurelib fit {pipeline} --end {fit['end']} --days {length}"
    )
