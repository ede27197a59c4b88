"""Tiles of a run: which are lacking, which may be read, and the tasks over their buckets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from featurelib import __version__
from featurelib.errors import CommitConflictError
from featurelib.ledger import digest
from featurelib.ledger.keys import keys_of
from featurelib.runs.run import Run
from featurelib.runs.sample_tasks import TILE_ROWS, BucketTask, LearnTask, PartitionTask, learn_task, partition_task
from featurelib.tables import Lineage, Partition, StagedFile, Staging, TableVersion, VersionedTable
from featurelib.windows import TileSpec
from featurelib.windows.entities import BUCKETS

ROWS_PER_TASK = 4_500_000
"""Tiles, and what is asked of them, that a task over buckets takes on, about."""


@dataclass(frozen=True, slots=True)
class HeldTiles:
    """The tiles of one table that may be read.

    Attributes
    ----------
    frame
        Those that are of the logs as they are now, by partition.
    rows
        How many these are.
    """

    frame: pl.LazyFrame
    rows: int


def stored_tiles(run: Run) -> dict[TileSpec, TableVersion]:
    """Return the newest version of each table of tiles; one that is not there is made."""
    return {spec: run.tiles(spec).at() for spec in run.pipeline.tiles}


def staging(run: Run, stored: Mapping[TileSpec, TableVersion]) -> dict[str, Staging]:
    """Return what writes files of the tables that partition tasks make: samples, quarantine, and each of the tiles."""
    tables = {"samples": run.samples, "quarantine": run.quarantine}
    rows = {name: table.staging(run.name) for name, table in tables.items()}
    tiles = {spec.name: live.staging(run.name, group_rows=TILE_ROWS, codec="lz4") for spec, live in stored.items()}
    return rows | tiles


def tiles_lacking(
    run: Run, stored: Mapping[TileSpec, TableVersion], partitions: Sequence[Partition]
) -> dict[Partition, tuple[TileSpec, ...]]:
    """Return which tiles of some partitions are to be made: those whose log has files, and that are not of these."""
    lacking: dict[Partition, list[TileSpec]] = {}
    for spec, live in stored.items():
        there = keys_of(live, run.workspace)
        for one in _with_logs(run, spec, partitions):
            if not _are_current(run, spec, one, there.get(one)):
                lacking.setdefault(one, []).append(spec)
    return {one: tuple(specs) for one, specs in lacking.items()}


def _with_logs(run: Run, spec: TileSpec, partitions: Collection[Partition]) -> list[Partition]:
    """Return the partitions of which the log of some tiles has files, ascending."""
    return [one for one in sorted(partitions) if run.fingerprints.tiles(spec, one)["inputs"][spec.log.name]["files"]]


def make_tiles(run: Run, reach: Sequence[Partition]) -> dict[str, HeldTiles]:
    """Make and commit the tiles of some partitions that lack; return what may be read of each table, by its name."""
    stored = stored_tiles(run)
    writers, lacking = staging(run, stored), tiles_lacking(run, stored, reach)
    make = partial(PartitionTask, run.pipeline, run.workspace, staging=writers, scratch=run.scratch, samples=False)
    tasks = [make(partition=one, tiles=specs) for one, specs in sorted(lacking.items())]
    made = run.engine.map(partition_task, tasks)
    return commit_tiles(run, reach, {result.partition: result.tiles for result in made})


def commit_tiles(
    run: Run,
    reach: Sequence[Partition],
    made: Mapping[Partition, Mapping[TileSpec, StagedFile]],
    broken: Collection[Partition] = (),
) -> dict[str, HeldTiles]:
    """Commit the tiles that were made; return what may be read of each table, by its name.

    Parameters
    ----------
    run
        The run.
    reach
        The partitions that are to be read.
    made
        Staged tiles, by partition.
    broken
        The partitions whose tiles could not be made.

    Raises
    ------
    CommitConflictError
        If tiles that were there when the run began are those of another declaration by now.
    """
    held = {}
    for spec in run.pipeline.tiles:
        files = {one: tiles[spec] for one, tiles in made.items() if spec in tiles}
        parts = {one: run.fingerprints.tiles(spec, one) for one in files}
        entries = {one: {"key": digest(part), **part} for one, part in parts.items()}
        table = run.tiles(spec)
        version = commit(run, table, list(files.values()), entries)
        live = table.at(version)
        keys = keys_of(live, run.workspace)
        current = [one for one in reach if _are_current(run, spec, one, keys.get(one))]
        gone = _with_logs(run, spec, set(reach).difference(current, broken))
        if gone:
            raise CommitConflictError(
                f"tiles {spec.name} of {gone[0]} were made anew meanwhile, for a pipeline that declares {spec.log} "
                "otherwise; without them windows would be wrong. Run again; if it happens again, declare it alike."
            )
        rows = sum(file.rows for file in live.files_of(current))
        held[spec.name] = HeldTiles(live.scan(current) if current else pl.LazyFrame(schema=spec.schema), rows)
    return held


def _are_current(run: Run, spec: TileSpec, partition: Partition, key: str | None) -> bool:
    """Return whether a partition's tiles are of the logs as they are now; those of logs withdrawn do not count."""
    return key is not None and key == digest(run.fingerprints.tiles(spec, partition))


def bucket_tasks(
    run: Run, number: int, specs: Sequence[TileSpec], tiles: Mapping[str, HeldTiles], asked: int
) -> list[BucketTask]:
    """Return tasks that take all buckets of a question's tiles, as many as these and what is asked are large."""
    names = {spec.without_parts: spec.name for spec in run.pipeline.tiles}
    ours = {names[spec.without_parts]: tiles[names[spec.without_parts]] for spec in specs}
    rows = sum(held.rows for held in ours.values()) + asked
    width = -(-BUCKETS // max(1, min(BUCKETS, -(-rows // ROWS_PER_TASK))))
    tables = {name: held.frame for name, held in ours.items()}
    return [
        BucketTask(run.pipeline, number, (first, first + width), tables, run.scratch)
        for first in range(0, BUCKETS, width)
    ]


def learned(
    run: Run, number: int, tiles: Mapping[str, HeldTiles], partitions: Sequence[Partition]
) -> dict[Partition, dict[str, Any]]:
    """Return what the windows of a question know of all entities at the start of each partition."""
    question = run.pipeline.questions[number]
    if not question.surveyed:
        return {}
    buckets = bucket_tasks(run, number, question.surveyed, tiles, 0)
    surveys = run.engine.map(learn_task, [LearnTask(bucket, tuple(partitions)) for bucket in buckets])
    return {one: question.settle([survey[one] for survey in surveys]) for one in partitions}


def commit(
    run: Run, table: VersionedTable, files: Sequence[StagedFile], entries: Mapping[Partition, Mapping[str, Any]]
) -> int:
    """Commit the files of some partitions with their lineage; return the version that holds them."""
    if not entries:
        return table.version
    lineage = Lineage(
        run=run.name,
        pipeline=run.pipeline.name,
        partitions={str(partition): entry for partition, entry in entries.items()},
        common={"featurelib": __version__},
    )
    return table.commit(files, replaces=list(entries), lineage=lineage)
