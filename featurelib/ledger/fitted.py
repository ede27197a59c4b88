"""The program that a pipeline's features are made with now."""

from featurelib.ledger.fingerprint import describe, digest
from featurelib.pipeline import Pipeline
from featurelib.program import Program, load, versions
from featurelib.workspace import Workspace


def declared_features(pipeline: Pipeline) -> str:
    """Return a fingerprint of what is declared between samples and features; a program keeps its own."""
    return digest(describe((pipeline.cleaning, pipeline.features, pipeline.selection, pipeline.label)))


def fitted(pipeline: Pipeline, workspace: Workspace) -> Program | None:
    """Return the latest program, or ``None`` if there is none for the pipeline as it is declared now."""
    root = workspace.pipeline(pipeline.name)
    if not versions(root):
        return None
    program = load(root)
    return program if program.made.get("declared") == declared_features(pipeline) else None
