"""Engines: run the same tasks one after another, in local processes, or on a cluster.

Owns how tasks are spread and tried again; its whole interface is ``map``. Must never learn what a task does: a task is
an importable function of one picklable item, which writes files of its own and returns a small summary.
"""

from featurelib.engine.attempt import Failed, attempt
from featurelib.engine.local import Loop, Processes
from featurelib.engine.protocol import Engine

__all__ = ["Engine", "Failed", "Loop", "Processes", "attempt"]
