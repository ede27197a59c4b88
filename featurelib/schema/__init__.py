"""Schema: what a table is, declared once; its checks, metrics, verdict and quarantine.

Owns the meaning of columns and the rules over them. Knows nothing of files, partitions or pipelines; Great Expectations
is imported only while `judge` runs, and pandas never.
"""

from featurelib.schema.arrow import to_arrow
from featurelib.schema.checks import Check, plan_checks
from featurelib.schema.column import Column, OnFail, Role
from featurelib.schema.judge import judge
from featurelib.schema.measure import measure
from featurelib.schema.metrics import Metrics, Seen
from featurelib.schema.quarantine import split
from featurelib.schema.structure import check_structure
from featurelib.schema.suite import suite
from featurelib.schema.table import RowCheck, Table
from featurelib.schema.verdict import CheckResult, Verdict

__all__ = [
    "Check",
    "CheckResult",
    "Column",
    "Metrics",
    "OnFail",
    "Role",
    "RowCheck",
    "Seen",
    "Table",
    "Verdict",
    "check_structure",
    "judge",
    "measure",
    "plan_checks",
    "split",
    "suite",
    "to_arrow",
]
