"""Runs: one run of a pipeline over days: samples, fit, features, and the report of it.

Owns the order of stages, the tasks that an engine spreads, and the commits, which only the driver makes. Must never
hold what a stage computes, or know who called (command line, Prefect, a test).
"""

from featurelib.runs.backfill import backfill, expected, to_do
from featurelib.runs.compare import Comparison, compare
from featurelib.runs.drift import drift, skew
from featurelib.runs.export import WindowValues, window_values
from featurelib.runs.features import build_features
from featurelib.runs.fit import fit_program
from featurelib.runs.page import leaving_a_page, write_page
from featurelib.runs.profiles import profile, vacuum_profiles
from featurelib.runs.progress import Progress, Say
from featurelib.runs.quarantine import Replay, SetAside, quarantined, replay
from featurelib.runs.report import Report
from featurelib.runs.run import Run
from featurelib.runs.samples import build_samples
from featurelib.runs.steps import Step, backfill_steps, fit, fit_steps, follow
from featurelib.runs.undeclared_tiles import undeclared_tiles
from featurelib.runs.validate import Judged, validate, validate_files

__all__ = [
    "Comparison",
    "Judged",
    "Progress",
    "Replay",
    "Report",
    "Run",
    "Say",
    "SetAside",
    "Step",
    "WindowValues",
    "backfill",
    "backfill_steps",
    "build_features",
    "build_samples",
    "compare",
    "drift",
    "expected",
    "fit",
    "fit_program",
    "fit_steps",
    "follow",
    "leaving_a_page",
    "profile",
    "quarantined",
    "replay",
    "skew",
    "to_do",
    "undeclared_tiles",
    "vacuum_profiles",
    "validate",
    "validate_files",
    "window_values",
    "write_page",
]
