"""Schema: what a table is, declared once; its checks, metrics, verdict, profile, drift and quarantine.

Owns the meaning of columns and the rules over them. Knows nothing of files, partitions or pipelines; Great Expectations
is imported only while `judge` runs, and pandas never. Here stands what a declaration needs; what is done with one has a
module each, so that to declare a table stays cheap.
"""

from featurelib.schema.column import Column, OnFail, Role
from featurelib.schema.limits import Drift, Volume
from featurelib.schema.table import Reference, RowCheck, Table

__all__ = [
    "Column",
    "Drift",
    "OnFail",
    "Reference",
    "Role",
    "RowCheck",
    "Table",
    "Volume",
]
