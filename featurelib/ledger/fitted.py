"""The program that a pipeline's features are made with now."""

from featurelib import __version__
from featurelib.ledger.fingerprint import describe, digest
from featurelib.pipeline import Pipeline
from featurelib.program import Program, load, versions
from featurelib.workspace import Workspace


def declared_features(pipeline: Pipeline) -> str:
    """Return a fingerprint of all that a program depends on by declaration; a program keeps its own."""
    rows = (pipeline.samples, pipeline.windows, pipeline.fit)
    return digest([__version__, describe((*rows, pipeline.cleaning, pipeline.features, pipeline.selection))])


def fitted(pipeline: Pipeline, workspace: Workspace) -> Program | None:
    """Return the latest program, or ``None`` if there is none for the pipeline as it is declared now."""
    root = workspace.pipeline(pipeline.name)
    if not versions(root):
        return None
    program = load(root)
    return program if program.made.get("declared") == declared_features(pipeline) else None
