"""Backfill hours: what 1,000 tiny partitions cost beside their work and their commits, and what Prefect adds.

Run it with ``python -m benchmarks.backfill_hours [--partitions N] [--work FOLDER] [--without-prefect]``. A partition is
an hour of about 50 impressions and their clicks, of the pipeline in ``benchmarks/hours.py``; its program is fitted
before. Each figure is of a process of its own, the CPU of the call alone, imports left out:

- the whole backfill;
- the work: the same functions of one partition, called in a loop: what reads, credits, counts and writes samples and
  quarantine, what counts labels, what makes, writes and measures features, and the verdict on them;
- the commits: the same files, as many commits, with the same lineage, by ``deltalake`` alone.

Our own is the whole less the other two: plans, fingerprints, engine, checks of files before and after each commit,
records of failures, the report. Through Prefect is ``flows.py backfill`` beside ``featurelib backfill``, both with all
that they start: CPU of the process and its descendants, imports and Prefect's own server included.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import psutil
from deltalake import CommitProperties, DeltaTable
from deltalake.transaction import AddAction

from benchmarks import hours as declared
from benchmarks.measure import made_once, table
from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.generator import ClickLogs, generate
from featurelib.ledger import fitted
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, backfill
from featurelib.runs.changes import LabelTask, label_task
from featurelib.runs.features import ApplyTask, apply_task
from featurelib.runs.sample_tasks import PartitionTask, partition_task
from featurelib.schema.judge import judge
from featurelib.tables import Partition, StagedFile, VersionedTable
from featurelib.workspace import Workspace

PARTITIONS, ROWS_AN_HOUR = 1_000, 50
MOST_MS, MOST_RATIO = 30.0, 2.5
NOW = datetime(2027, 6, 1, tzinfo=UTC)
WORK = Path("data/backfill_hours")
PIPELINE: Pipeline = declared.hours
TABLES = ("quarantine", "samples", "features")
PROJECT = '[tool.featurelib]\npipelines = "pipelines"\nlogs = "{logs}"\ntables = "tables"\nwork = "work"\n'


def _days(number: int) -> Days:
    """Return the days to be built, after the one that the program is fitted on."""
    first = PIPELINE.fit.end + timedelta(days=1)
    return Days(first, first + timedelta(days=-(-number // 24) - 1))


def _workspace(work: Path, name: str) -> Workspace:
    return Workspace(work / "logs", work / name / "tables", work / name / "work")


def prepare(work: Path, number: int) -> None:
    """Generate the logs and fit the program, unless they are there."""
    made_once(work, number, lambda: _make(work, number))


def _make(work: Path, number: int) -> None:
    days = len(PIPELINE.fit) + len(_days(number)) + 1
    rows = days * 24 * ROWS_AN_HOUR
    generate(
        ClickLogs(days=days, start=declared.START, rows=rows, users=2000, items=500, seed=7, every="1h"), work / "logs"
    )
    backfill(PIPELINE, _workspace(work, "fitted"), PIPELINE.fit, Loop(), say=lambda _: None, now=NOW)


def _fresh(work: Path, name: str) -> None:
    """Make a project with the fitted program and nothing else built."""
    shutil.rmtree(work / name, ignore_errors=True)
    shutil.copytree(work / "fitted", work / name)
    (work / name / "pipelines").mkdir()
    (work / name / "pipelines" / "__init__.py").touch()
    shutil.copy(declared.__file__, work / name / "pipelines" / "hours.py")
    (work / name / "pyproject.toml").write_text(PROJECT.format(logs=(work / "logs").resolve()))


def whole(work: Path, number: int) -> float:
    """Return the CPU of the backfill."""
    space = _workspace(work, "whole")
    return _cpu_s(lambda: backfill(PIPELINE, space, _days(number), Loop(), say=lambda _: None, now=NOW))


def alone(work: Path, number: int) -> tuple[float, float, int]:
    """Return the CPU of the partitions' functions in a loop, that of bare commits of their files, and how many."""
    space = _workspace(work, "alone")
    partitions = PIPELINE.partitions(_days(number))
    staged: dict[str, list[StagedFile]] = {name: [] for name in TABLES}
    with Run.begin(PIPELINE, space, Loop(), now=NOW) as begun:
        spent = _cpu_s(lambda: _work(begun, partitions, staged))
    lineages = {name: _lineages(work, name) for name in TABLES}
    commits = sum(len(texts) for texts in lineages.values())
    spent_on_commits = _cpu_s(lambda: [_commit(space, name, staged[name], lineages[name]) for name in TABLES])
    return spent, spent_on_commits, commits


def _work(begun: Run, partitions: Sequence[Partition], staged: dict[str, list[StagedFile]]) -> None:
    program = fitted(PIPELINE, begun.workspace)
    if program is None:
        raise SystemExit("no program is fitted")
    root = begun.workspace.table(PIPELINE.name, "samples")
    tables = {"samples": begun.samples, "quarantine": begun.quarantine, "features": begun.features}
    staging = {name: store.staging(begun.name) for name, store in tables.items()}
    for partition in partitions:
        task = PartitionTask(PIPELINE, begun.workspace, partition, staging, begun.scratch, samples=True)
        result = partition_task(task)
        if not isinstance(result.samples, StagedFile) or result.quarantine is None:
            raise SystemExit(f"{partition} made no samples")
        label_task(LabelTask(PIPELINE.samples, root, result.samples, None))
        rows = pl.scan_parquet(root / result.samples.path, glob=False)
        features = apply_task(ApplyTask(PIPELINE, program, staging["features"], partition, rows, result.samples.rows))
        judge(features.metrics, PIPELINE.table, absent=features.absent)
        for name, file in (("samples", result.samples), ("quarantine", result.quarantine), ("features", features.file)):
            staged[name].append(file)


def _lineages(work: Path, name: str) -> list[str]:
    """Return what the whole backfill, measured before, wrote into the log with each of its commits."""
    store = VersionedTable.open(_workspace(work, "whole").table(PIPELINE.name, name))
    fitted_before = VersionedTable.open(_workspace(work, "fitted").table(PIPELINE.name, name)).version
    return [
        DeltaTable(store.uri, version=one.version).history(1)[0]["featurelib"]
        for one in reversed(store.history(store.version - fitted_before))
    ]


def _commit(space: Workspace, name: str, files: Sequence[StagedFile], lineages: Sequence[str]) -> None:
    uri = str(space.table(PIPELINE.name, name))
    each = -(-len(files) // len(lineages))
    for number, lineage in enumerate(lineages):
        handle = DeltaTable(uri)
        adds = [
            AddAction(
                file.path,
                file.bytes,
                file.partition.values(),
                0,
                data_change=True,
                stats=f'{{"numRecords": {file.rows}}}',
            )
            for file in files[number * each : (number + 1) * each]
        ]
        told = CommitProperties(max_commit_retries=0, custom_metadata={"featurelib": lineage})
        handle.create_write_transaction(adds, "append", handle.schema(), ["dt", "hr"], commit_properties=told)


def _cpu_s(call: Callable[[], object]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before


def _asked(work: Path, number: int, what: str) -> list[float]:
    """Return what a process of its own measures."""
    words = [sys.executable, "-m", "benchmarks.backfill_hours", "--work", work, "--partitions", number, "--only", what]
    done = subprocess.run(list(map(str, words)), check=True, stdout=subprocess.PIPE, text=True)
    return [float(figure) for figure in json.loads(done.stdout)]


def _family_cpu_s(words: Sequence[object], folder: Path) -> float:
    """Return the CPU of a command and of all that it starts, also of servers that it ends without waiting for them."""
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "PREFECT_HOME": str(folder.resolve() / "prefect")}
    process = psutil.Popen(list(map(str, words)), cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    spent: dict[tuple[int, float], float] = {}
    while process.poll() is None:
        for member in [process, *process.children(recursive=True)]:
            try:
                times = member.cpu_times()
                spent[member.pid, member.create_time()] = times.user + times.system
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, words))} failed with code {process.returncode}")
    return sum(spent.values())


def measured(work: Path, number: int, *, prefect: bool) -> str:
    """Measure, and return the tables."""
    prepare(work, number)
    built = len(PIPELINE.partitions(_days(number)))
    _fresh(work, "whole")
    [all_s] = _asked(work, number, "whole")
    _fresh(work, "alone")
    work_s, commits_s, commits = _asked(work, number, "alone")
    ours_s = all_s - work_s - commits_s
    parts = {"the whole backfill": all_s, "the work": work_s, f"{commits:.0f} commits": commits_s, "our own": ours_s}
    lines = [[name, f"{spent:.1f}", f"{spent / built * 1000:.1f}"] for name, spent in parts.items()]
    verdict = "met" if ours_s / built * 1000 < MOST_MS else "MISSED"
    told = [
        table([f"{built:,} hours", "CPU s", "CPU ms a partition"], lines),
        "",
        f"Our own: {ours_s / built * 1000:.1f} ms of CPU a partition (limit {MOST_MS:.0f}): {verdict}.",
    ]
    return "\n".join([*told, *(_beside_prefect(work, number) if prefect else [])])


def _beside_prefect(work: Path, number: int) -> list[str]:
    days = _days(number)
    words = ["backfill", PIPELINE.name, "--start", days.start, "--end", days.end]
    _fresh(work, "plain")
    plain = _family_cpu_s([Path(sys.executable).with_name("featurelib"), *words], work / "plain")
    _fresh(work, "prefect")
    through = _family_cpu_s([sys.executable, Path("flows.py").resolve(), *words], work / "prefect")
    ratio = through / plain
    lines = [["featurelib backfill", f"{plain:.1f}"], ["flows.py backfill", f"{through:.1f}"]]
    verdict = "met" if ratio <= MOST_RATIO else "MISSED"
    return [
        "",
        table(["whole command", "CPU s"], lines),
        "",
        f"Through Prefect {ratio:.2f} times (limit {MOST_RATIO}): {verdict}.",
    ]


def main() -> None:
    """Measure and print; or, started by the measurement, be one side."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backfill_hours", description=__doc__)
    parser.add_argument("--partitions", type=int, default=PARTITIONS, help="hours, made up to whole days")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for logs and tables, its own")
    parser.add_argument("--without-prefect", action="store_true", help="leave the comparison with Prefect out")
    parser.add_argument("--only", choices=["whole", "alone"], help="one side; what is measured")
    given = parser.parse_args()
    if given.only == "whole":
        print(json.dumps([whole(given.work, given.partitions)]))
    elif given.only == "alone":
        print(json.dumps(alone(given.work, given.partitions)))
    else:
        print(measured(given.work, given.partitions, prefect=not given.without_prefect))


if __name__ == "__main__":
    main()
