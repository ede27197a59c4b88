"""Plan hours: `featurelib plan` over 10,000 hourly partitions, as a user runs it.

Run it with ``python -m benchmarks.plan_hours [--partitions N] [--per-commit N] [--work FOLDER] [--runs RUNS]``. Made
once, and kept in the work folder: logs of 417 days by hour (two logs, 20,016 files); a project of its own with the
pipeline of ``benchmarks/hours.py``; its tables, with real commits of so many partitions each. The first day is built;
of the others only what a plan reads is there: lineage, and files of no rows. Measured are the whole command, in a
fresh process, and the call of `plan` alone, when

- all is complete;
- nothing is built;
- all is stale, since the declaration changed;
- all is complete, and what the ledger remembers of the tables was deleted.

What is known of the log files (their checksums) is remembered from a plan before, as it is from one day to the next.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import polars as pl

from benchmarks import hours as declared
from benchmarks.measure import Cost, command, made_once, median, table
from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.generator import ClickLogs, generate
from featurelib.ledger import digest, fitted, plan
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, backfill
from featurelib.tables import Lineage, Partition, StagedFile, VersionedTable
from featurelib.workspace import Workspace

PARTITIONS, PER_COMMIT, RUNS, MOST_S = 10_000, 24, 5, 1.0
NOW = datetime(2027, 6, 1, tzinfo=UTC)
WORK = Path("data/plan_hours")
PROJECT = '[tool.featurelib]\npipelines = "pipelines"\nlogs = "logs"\ntables = "tables"\nwork = "work"\n'


def _workspace(work: Path) -> Workspace:
    return Workspace(work / "logs", work / "tables", work / "work")


def _partitions(number: int) -> list[Partition]:
    last = declared.START + timedelta(days=-(-number // 24) - 1)
    return declared.hours.partitions(Days(declared.START, last))


def prepare(work: Path, number: int, per_commit: int) -> None:
    """Make logs, project and tables, unless they are there."""
    made_once(work, f"{number} by {per_commit}", lambda: _make(work, number, per_commit))


def _make(work: Path, number: int, per_commit: int) -> None:
    days = -(-number // 24)
    generate(
        ClickLogs(days=days, start=declared.START, rows=days * 480, users=2000, items=500, seed=7, every="1h"),
        work / "logs",
    )
    (work / "pipelines").mkdir()
    (work / "pyproject.toml").write_text(PROJECT)
    (work / "pipelines" / "__init__.py").touch()
    text = Path(declared.__file__).read_text()
    (work / "pipelines" / "hours.py").write_text(text)
    (work / "pipelines" / "hours_changed.py").write_text(
        text.replace('within="30m"', 'within="20m"').replace("hours = declared", "hours_changed = declared")
    )
    (work / "pipelines" / "hours_new.py").write_text(
        text.replace('hours = declared("hours")', 'hours_new = declared("hours_new")')
    )
    _fill(declared.hours, _workspace(work), _partitions(number), per_commit)


def _fill(pipeline: Pipeline, workspace: Workspace, partitions: Sequence[Partition], per_commit: int) -> None:
    """Build the first day, and commit the others as if they had been built."""
    backfill(pipeline, workspace, pipeline.fit, Loop(), say=lambda _: None, now=NOW)
    program = fitted(pipeline, workspace)
    with Run.begin(pipeline, workspace, Loop(), now=NOW) as run:
        run.fingerprints.prepare(partitions)
        tables = (run.quarantine, run.samples, run.features)
        entries = [dict(one.built(partitions[12]) or {}) for one in tables]
        rest = partitions[24:]
        for at in range(0, len(rest), per_commit):
            group = rest[at : at + per_commit]
            samples = {partition: run.fingerprints.samples(partition) for partition in group}
            features = {
                partition: run.fingerprints.features(digest(parts), program.fingerprint if program else "")
                for partition, parts in samples.items()
            }
            for one, entry, parts in zip(tables, entries, (samples, samples, features), strict=True):
                told = {str(p): {**entry, **parts[p], "key": digest(parts[p])} for p in group}
                lineage = Lineage(run=run.name, pipeline=pipeline.name, partitions=told)
                one.commit(_empty_files(one, group, run.name), replaces=group, lineage=lineage)


def _empty_files(store: VersionedTable, partitions: Sequence[Partition], run: str) -> list[StagedFile]:
    """Stage files of no rows: one written, the others its copies."""
    first = store.stage(pl.DataFrame(schema=store.schema), partitions[0], run=run)
    content = (Path(store.uri) / first.path).read_bytes()
    files = [first]
    for partition in partitions[1:]:
        path = f"{partition.path}/part-{run}-{uuid4().hex}.parquet"
        (Path(store.uri) / path).parent.mkdir(parents=True, exist_ok=True)
        (Path(store.uri) / path).write_bytes(content)
        files.append(StagedFile(path, partition, len(content), 0, hashlib.sha256(content).hexdigest()))
    return files


def _plan(work: Path, pipeline: str, first: date, last: date) -> Cost:
    """Run the command of a user."""
    words = ["plan", pipeline, "--start", first, "--end", last, "--now", NOW.isoformat()]
    # NOTE: an installed package is compiled; where Python may not write that down, it would be done in each run
    settings = {"PYTHONPATH": str(Path.cwd()), "PYTHONDONTWRITEBYTECODE": ""}
    return command([Path(sys.executable).with_name("featurelib"), *words], folder=work, **settings)


def _alone(work: Path, pipeline: Pipeline, partitions: Sequence[Partition]) -> tuple[float, str]:
    """Return the CPU seconds of the function alone, and what it found."""
    before = time.process_time()
    found = plan(pipeline, _workspace(work), partitions, now=NOW)
    spent = time.process_time() - before
    return spent, ", ".join(sorted({entry.state for entry in found.entries}))


def measured(work: Path, number: int, per_commit: int, runs: int) -> str:
    """Measure, and return the table."""
    prepare(work, number, per_commit)
    partitions = _partitions(number)
    first, last = partitions[0].dt, partitions[-1].dt
    tables = _workspace(work).tables
    if not (tables / "hours_changed").exists():
        (tables / "hours_changed").symlink_to("hours")
    keys = _workspace(work).work / "table-keys.sqlite"
    lines = []
    for case, name in (
        ("complete", "hours"),
        ("not built", "hours_new"),
        ("stale", "hours_changed"),
        ("forgotten", "hours"),
    ):
        costs = []
        for _ in range(runs):
            if case == "forgotten":
                keys.unlink(missing_ok=True)
            costs.append(_plan(work, name, first, last))
        cost = median(costs)
        lines.append(
            [
                case,
                f"{cost.cpu_s:.2f}",
                f"{cost.wall_s:.2f}",
                f"{min(c.wall_s for c in costs):.2f}",
                f"{cost.peak_mib:.0f}",
                "met" if cost.wall_s < MOST_S else "MISSED",
            ]
        )
    help_ = median([command([Path(sys.executable).with_name("featurelib"), "--version"]) for _ in range(runs)])
    _alone(work, declared.hours, partitions)
    alone, states = _alone(work, declared.hours, partitions)
    versions = VersionedTable.open(tables / "hours" / "samples").version
    return "\n".join(
        [
            table(
                [
                    f"plan of {len(partitions):,} partitions, {versions:,} commits",
                    "CPU s",
                    "wall s",
                    "best wall s",
                    "peak MiB",
                    f"under {MOST_S:g} s",
                ],
                lines,
            ),
            "",
            f"The function alone: {alone:.2f} s of CPU ({states}). featurelib --version: {help_.cpu_s:.2f} s of CPU, "
            f"{help_.wall_s:.2f} s wall.",
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plan_hours", description=__doc__)
    parser.add_argument("--partitions", type=int, default=PARTITIONS, help="hours")
    parser.add_argument("--per-commit", type=int, default=PER_COMMIT, help="partitions of each commit")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for logs and tables, its own")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each, of which the median is shown")
    given = parser.parse_args()
    print(measured(given.work, given.partitions, given.per_commit, given.runs))


if __name__ == "__main__":
    main()
