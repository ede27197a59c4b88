"""Versioned Parquet tables: stage files, commit them at once, read any version, tag, verify, vacuum.

Owns the Delta log, the files under a table's root, and the lineage in each commit.
Never in here: what the columns mean, when a partition is due, or any rule about rows.
"""

from featurelib.tables.lineage import Lineage
from featurelib.tables.parquet_rows import ParquetRows
from featurelib.tables.partition import Partition
from featurelib.tables.records import PartitionRecord, Problem, StagedFile, VersionRecord
from featurelib.tables.staging import Staging
from featurelib.tables.table import VersionedTable
from featurelib.tables.version import TableVersion

__all__ = [
    "Lineage",
    "ParquetRows",
    "Partition",
    "PartitionRecord",
    "Problem",
    "StagedFile",
    "Staging",
    "TableVersion",
    "VersionRecord",
    "VersionedTable",
]
