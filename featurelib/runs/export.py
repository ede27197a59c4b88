"""Export: the values of all windows as of an instant, for a model server to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import polars as pl

from featurelib.errors import LogMissingError, UsageError
from featurelib.ledger import declared_windows
from featurelib.runs.run import Run
from featurelib.runs.sample_tasks import ExportTask, export_task
from featurelib.runs.tiles import bucket_tasks, learned, make_tiles
from featurelib.windows import Question


@dataclass(frozen=True, slots=True)
class WindowValues:
    """The values of all windows as of an instant.

    Attributes
    ----------
    frames
        By the columns that make an entity: its text in ``entity``, and the windows' columns, of every entity with an
        event in reach; sorted by entity.
    empty
        For each window's column, what it is for any other entity.
    declared
        For each window's column, the fingerprint of what it means; see `declared_windows`.
    """

    frames: Mapping[tuple[str, ...], pl.DataFrame]
    empty: Mapping[str, Any]
    declared: Mapping[str, str]


def window_values(run: Run, at: datetime) -> WindowValues:
    """Compute what every window of a pipeline says of every entity at an instant; tiles that lack are built first.

    The values are those that a sample at that instant has: of the events whose files are there now. What windows learn
    of all entities, such as a prior, is that of the partition which the instant lies in.

    Raises
    ------
    UsageError
        If the pipeline has no windows.
    LogMissingError
        If no log has an event in reach.
    """
    pipeline = run.pipeline
    if not pipeline.windows:
        raise UsageError(f"{pipeline} has no windows; there is nothing to export.")
    (partition,) = pipeline.partitions_between(at, at + timedelta(microseconds=1))
    reach = pipeline.looked_back([partition])
    tiles = make_tiles(run, reach)
    frames: dict[tuple[str, ...], pl.DataFrame] = {}
    empty: dict[str, Any] = {}
    asking = sorted(enumerate(pipeline.questions), key=lambda asked: asked[1].by)
    for by, asked in groupby(asking, key=lambda asked: asked[1].by):
        mine = list(asked)
        known = tuple(learned(run, number, tiles, [partition]).get(partition, {}) for number, _ in mine)
        # NOTE: one cut into buckets for all questions of an entity, so that each task has all of an entity's columns
        rows = sum(held.rows for held in tiles.values())
        cut = zip(*(bucket_tasks(run, number, one.tiles, tiles, rows) for number, one in mine), strict=True)
        files = run.engine.map(export_task, [ExportTask(tuple(buckets), at, known) for buckets in cut])
        frames[by] = pl.read_parquet(files, glob=False).sort("entity")
        for (_, question), learned_ in zip(mine, known, strict=True):
            empty |= _empty(question, learned_)
    if not any(map(len, frames.values())):
        start, _ = pipeline.bounds(reach[0])
        raise LogMissingError(
            f"no log of {pipeline} has an event from {start:%Y-%m-%dT%H:%MZ} on that windows see at "
            f"{at:%Y-%m-%dT%H:%MZ}: all would have an empty history. Check the instant, and that logs have landed."
        )
    return WindowValues(frames, empty, declared_windows(pipeline))


def _empty(question: Question, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what each column is for an entity without events."""
    nobody = pl.Series(["nobody"])
    tiles = {spec: pl.LazyFrame(schema=spec.schema).drop("bucket") for spec in question.tiles}
    asked = pl.DataFrame({"id": [0], "entity": [0], "at": pl.Series([0]).cast(question.grain.dtype)})
    row = question.lay(tiles.items(), nobody).answer(asked, known).select(*question.makes).row(0, named=True)
    return dict(row)
