"""Build: run a pipeline over days: samples, fit, features, and the report of it.

Owns the order of stages, the tasks that an engine spreads, and the commits, which only the driver makes. Must never
hold what a stage computes, or know who called (command line, Prefect, a test).
"""

from featurelib.build.backfill import announced, backfill
from featurelib.build.features import build_features
from featurelib.build.fit import fit_program
from featurelib.build.report import Report
from featurelib.build.run import Run
from featurelib.build.samples import build_samples
from featurelib.build.steps import Step, backfill_steps, fit_steps, follow

__all__ = [
    "Report",
    "Run",
    "Step",
    "announced",
    "backfill",
    "backfill_steps",
    "build_features",
    "build_samples",
    "fit_program",
    "fit_steps",
    "follow",
]
