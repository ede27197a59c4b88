"""Changes: which samples a rebuild changed, told when the partition is committed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.samples import Impressions
from featurelib.tables import StagedFile

_OLD = "@old "
_KEY = "@key "


@dataclass(frozen=True, slots=True)
class LabelTask:
    """Count the labels of one staged partition, and those that changed since the version it replaces.

    Attributes
    ----------
    samples
        Declares labels and key.
    root
        The samples table.
    file
        What is staged.
    before
        The rows that the partition has now; None if it is not there.
    """

    samples: Impressions
    root: Path
    file: StagedFile
    before: pl.LazyFrame | None


def label_task(task: LabelTask) -> dict[str, Any]:
    """Return the rows by label value, and what became of those that the partition had.

    How many rows of the same key turned from one value to another; how many are new or gone, and how many of these have
    a label of 1. Rules judge rows by their labels: a negative that was sampled out and then clicked is a new row with
    1, and no row that turned.
    """
    schema = task.samples.schema
    labels = [label.name for label in task.samples.labels if schema.get(label.name) == pl.Int8()]
    staged = pl.scan_parquet(task.root / task.file.path, glob=False, hive_partitioning=False)
    told: dict[str, Any] = {"labels": {name: _counted(staged, name) for name in labels}}
    key = [column for column in task.samples.key if column in schema and not schema[column].is_nested()]
    # NOTE: rows that were made repeat the key of the row they were made from, and are left out of what turned
    if task.before is not None and key and len(key) == len(task.samples.key) and not task.samples.make:
        there = task.before.collect_schema()
        held = [label for label in labels if label in there and set(key) <= set(there)]
        told["changes"] = _changes(task.before, staged, key, held) if held else {}
    return told


def _counted(rows: pl.LazyFrame, label: str) -> dict[str, int]:
    return {_word(value): count for value, count in rows.group_by(label).len().sort(label).collect().iter_rows()}


def _changes(before: pl.LazyFrame, after: pl.LazyFrame, key: Sequence[str], labels: Sequence[str]) -> dict[str, int]:
    """Count the rows by what became of each label, such as ``clicked 0 to 1``, and those new or gone."""
    nameable = pl.all_horizontal([pl.col(column).is_not_null() for column in key])
    keys = [pl.col(column).alias(_KEY + column) for column in key]
    names = [_KEY + column for column in key]
    old = before.filter(nameable).select(*keys, *(pl.col(label).alias(_OLD + label) for label in labels), was=True)
    now = after.filter(nameable).select(*keys, *labels, now=True)
    old, now = (rows.unique(names, keep="first", maintain_order=True) for rows in (old, now))
    joined = now.join(old, on=names, how="full", coalesce=True)
    turned = joined.select("was", "now", *labels, *(_OLD + label for label in labels)).collect()
    new, gone = turned.filter(pl.col("was").is_null()), turned.filter(pl.col("now").is_null())
    told = {"new rows": len(new), "gone rows": len(gone)}
    for label in labels:
        told[f"new rows with {label} 1"] = new.filter(pl.col(label) == 1).height
        told[f"gone rows with {label} 1"] = gone.filter(pl.col(_OLD + label) == 1).height
        both = turned.filter(pl.col("was") & pl.col("now") & pl.col(label).ne_missing(pl.col(_OLD + label)))
        for old_value, value, count in both.group_by(_OLD + label, label).len().sort(_OLD + label, label).iter_rows():
            told[f"{label} {_word(old_value)} to {_word(value)}"] = count
    return {what: count for what, count in told.items() if count}


def _word(value: int | None) -> str:
    return "null" if value is None else str(value)
