"""The program that a pipeline's features are made with now."""

from collections.abc import Mapping

from featurelib import __version__
from featurelib.days import Days
from featurelib.ledger.description import describe
from featurelib.ledger.fingerprint import digest
from featurelib.pipeline import Pipeline
from featurelib.program import Program, load, versions
from featurelib.tables import Partition
from featurelib.workspace import Workspace


def declared_features(pipeline: Pipeline) -> str:
    """Return a fingerprint of all that a program depends on by declaration; a program keeps its own."""
    rows = (pipeline.samples, pipeline.windows, pipeline.fit)
    return digest([__version__, describe((*rows, pipeline.cleaning, pipeline.features, pipeline.selection))])


def declared_windows(pipeline: Pipeline) -> str:
    """Return a fingerprint of the windows as declared; a program keeps that of its fit, an export of them its own."""
    return digest(describe(pipeline.windows))


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
