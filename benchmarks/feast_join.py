"""Feast join: which impression each click belongs to, beside Feast's point-in-time join.

Run it with ``python -m benchmarks.feast_join [--rows ROWS] [--work FOLDER] [--python FEAST_PYTHON]``. Feast joins
backward in time, as attribution does: its entity rows are the clicks, its feature is the id of the impression, its
time to live is the attribution window. Both sides read the same two Parquet files, of logs without duplicates, and
write the impression of each click. Both also answer what is not timed, to see where they differ: a window of one
minute, logs with duplicates, impressions of one instant, clicks at the end of the window.

Feast needs pandas below 3, so it has an environment of its own, made from ``benchmarks/requirements-feast.lock``
unless the Python of one is given. Feast's half of this module runs there: nothing outside the standard library may
be imported at its top, but what both environments have.
"""

import argparse
import json
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost, environment, median, run, table

ROWS, RUNS, LEAST_RATIO = 2_000_000, 3, 5.0
WORK, LOCK = Path("data/feast_join"), Path(__file__).with_name("requirements-feast.lock")
KEYS = ["request_id", "item_id"]
WITHIN, SHORT = timedelta(minutes=30), timedelta(minutes=1)
ENGINES = ("dask", "duckdb")
QUIET = {"FEAST_USAGE": "False", "FEAST_TELEMETRY": "False", "DO_NOT_TRACK": "1"}


def prepare(work: Path, rows: int) -> None:
    """Generate a day of logs and write its impressions and clicks, by case.

    ``raw`` is what was sent; ``distinct`` is without duplicates; in ``ties`` one impression in ten has a twin of the
    same keys and instant; in ``edge`` the clicks come exactly at the end of the window.
    """
    import polars as pl

    from featurelib.generator import ClickLogs, generate

    shutil.rmtree(work / "logs", ignore_errors=True)
    generate(ClickLogs(days=1, start=date(2026, 11, 1), rows=rows, users=200_000, items=50_000, seed=7), work / "logs")

    def sent(log: str, at: str, event: str) -> pl.DataFrame:
        found = pl.scan_parquet(work / "logs" / log / "dt=*" / "*.parquet", hive_partitioning=False)
        in_order = found.sort(at, "landed_at", maintain_order=True)
        return in_order.select(pl.col("event_id").alias(event), *KEYS, at).collect()

    def write(case: str, impressions: pl.DataFrame, clicks: pl.DataFrame) -> None:
        (work / case).mkdir(exist_ok=True)
        impressions.write_parquet(work / case / "impressions.parquet", row_group_size=131_072)
        clicks.write_parquet(work / case / "clicks.parquet")

    shown, clicked = sent("impressions", "shown_at", "impression_id"), sent("clicks", "clicked_at", "click_id")
    write("raw", shown, clicked)
    shown = shown.unique("impression_id", keep="first", maintain_order=True)
    clicked = clicked.unique("click_id", keep="first", maintain_order=True)
    write("distinct", shown, clicked)
    twin = shown.gather_every(10).with_columns(pl.col("impression_id") + "-twin")
    write("ties", pl.concat([shown, twin]).sort("shown_at", maintain_order=True), clicked)
    edge = shown.gather_every(1000).select(
        pl.col("impression_id").alias("click_id"), *KEYS, (pl.col("shown_at") + WITHIN).alias("clicked_at")
    )
    write("edge", shown, edge)


def join_ours(folder: Path, within: timedelta, out: Path) -> Callable[[], None]:
    """Return what attributes the clicks of a folder and writes the impression of each."""
    import polars as pl

    from featurelib.samples import attribute
    from featurelib.samples.attribution import REASON
    from featurelib.samples.duplicates import ROW

    def join() -> None:
        impressions = pl.scan_parquet(folder / "impressions.parquet").with_row_index(ROW)
        clicks = pl.read_parquet(folder / "clicks.parquet")
        credited = attribute(
            impressions, clicks, keys=KEYS, shown_at="shown_at", clicked_at="clicked_at", within=within
        ).select("click_id", pl.when(pl.col(REASON).is_null()).then(ROW).alias(ROW))
        ids = impressions.select(ROW, "impression_id").filter(pl.col(ROW).is_in(credited[ROW].drop_nulls().implode()))
        found = credited.join(ids.collect(), on=ROW, how="left", maintain_order="left")
        found.select("click_id", "impression_id").write_parquet(out)

    return join


def join_feast(folder: Path, within: timedelta, out: Path, engine: str) -> Callable[[], None]:
    """Return what has Feast join the clicks of a folder; its registry, which is made once, is made here."""
    feast: Any = import_module("feast")
    pandas: Any = import_module("pandas")
    types: Any = import_module("feast.types")
    values: Any = import_module("feast.value_type")
    config: Any = import_module("feast.repo_config")
    parquet: Any = import_module("pyarrow.parquet")

    entities = [feast.Entity(name=key, join_keys=[key], value_type=values.ValueType.STRING) for key in KEYS]
    strings = [feast.Field(name=name, dtype=types.String) for name in (*KEYS, "impression_id")]
    impressions = str((folder / "impressions.parquet").resolve())
    view = feast.FeatureView(
        name="shown",
        entities=entities,
        ttl=within,
        schema=strings,
        source=feast.FileSource(name="impressions", path=impressions, timestamp_field="shown_at"),
        online=False,
    )
    repo = out.with_suffix(".repo")
    shutil.rmtree(repo, ignore_errors=True)
    repo.mkdir()
    store = feast.FeatureStore(
        config=config.RepoConfig(
            project="attribution",
            provider="local",
            registry=str(repo / "registry.db"),
            offline_store={"type": engine},
            online_store=None,
            entity_key_serialization_version=3,
            repo_path=str(repo),
        )
    )
    store.apply([*entities, view])

    warnings.simplefilter("ignore")  # NOTE: not by the environment: importing feast sets filters of its own

    def join() -> None:
        clicks = pandas.read_parquet(folder / "clicks.parquet").rename(columns={"clicked_at": "event_timestamp"})
        job = store.get_historical_features(entity_df=clicks, features=["shown:impression_id"])
        parquet.write_table(job.to_arrow().select(["click_id", "impression_id"]), out)

    return join


def joined(who: str, folder: Path, within_s: int, out: Path) -> None:
    """Join once, and note the CPU seconds of the join alone: without imports, and without Feast's registry."""
    within = timedelta(seconds=within_s)
    join = join_ours(folder, within, out) if who == "ours" else join_feast(folder, within, out, who)
    start = time.process_time()
    join()
    out.with_suffix(".json").write_text(json.dumps(time.process_time() - start))


class Sides:
    """Both sides on the same files."""

    def __init__(self, work: Path, python: Path) -> None:
        self.work, self.python = work, python

    def once(self, who: str, case: str = "distinct", within: timedelta = WITHIN) -> tuple[Cost, float]:
        """Join in a fresh process; return its cost, and the CPU seconds of the join alone."""
        python = sys.executable if who == "ours" else self.python
        seconds, out = int(within.total_seconds()), self._out(who, case, within)
        out.unlink(missing_ok=True)
        cost = run("benchmarks.feast_join", "--in", python, who, self.work / case, seconds, out)
        return cost, float(json.loads(out.with_suffix(".json").read_text()))

    def differences(self, engine: str, case: str, within: timedelta) -> list[str]:
        """Return a line of the table of differences: clicks, credited by us, rows Feast lost, other answers."""
        import polars as pl

        clicks = pl.read_parquet(self.work / case / "clicks.parquet")["click_id"]
        mine, theirs = (pl.read_parquet(self._out(who, case, within)) for who in ("ours", engine))
        both = mine.unique().join(theirs.unique(), on="click_id", suffix="_feast")
        other = both.filter(pl.col("impression_id").ne_missing(pl.col("impression_id_feast")))
        credited = mine["impression_id"].is_not_null().sum()
        lost = len(clicks) - len(theirs)
        return [engine, case, str(within), *(f"{count:,}" for count in (len(clicks), credited, lost, len(other)))]

    def _out(self, who: str, case: str, within: timedelta) -> Path:
        return self.work / f"{who}-{case}-{int(within.total_seconds())}.parquet"


def measured(work: Path, python: Path | None, rows: int, runs: int) -> str:
    """Measure in turn, compare, and return the tables."""
    work.mkdir(parents=True, exist_ok=True)
    prepare(work, rows)
    sides = Sides(work, python or environment(work / "env", LOCK))
    who = ("ours", *ENGINES)
    rounds = [{one: sides.once(one) for one in who} for _ in range(runs)]
    whole = {one: median([each[one][0] for each in rounds]) for one in who}
    alone = {one: sorted(each[one][1] for each in rounds)[runs // 2] for one in who}
    cases = [("distinct", SHORT), ("raw", WITHIN), ("ties", WITHIN), ("edge", WITHIN)]
    for case, within in cases:
        for one in who:
            sides.once(one, case, within)
    costs = [
        [
            {"ours": "featurelib"}.get(one, f"Feast, {one}"),
            *(f"{figure:.2f}" for figure in (alone[one], whole[one].cpu_s)),
            f"{whole[one].peak_mib:.0f}",
            f"{alone[one] / alone['ours']:.1f}",
        ]
        for one in who
    ]
    same = [("distinct", WITHIN), *cases]
    differences = [sides.differences(engine, case, within) for case, within in same for engine in ENGINES]
    ratio = alone["dask"] / alone["ours"]
    verdict = "met" if ratio >= LEAST_RATIO else "MISSED"
    return "\n".join(
        [
            table([f"{rows:,} impressions", "join, CPU s", "process, CPU s", "peak MiB", "join, times ours"], costs),
            "",
            table(["engine", "logs", "window", "clicks", "credited", "rows lost", "other answers"], differences),
            "",
            f"Feast's default engine takes {ratio:.1f} times our CPU (at least {LEAST_RATIO:.0f}): {verdict}.",
        ]
    )


def main() -> None:
    """Measure and print; or, started by the measurement, be one side."""
    if sys.argv[1:2] == ["--in"]:  # NOTE: the measurement starts our Python; Feast's takes its place
        os.execve(sys.argv[2], [sys.argv[2], "-m", "benchmarks.feast_join", "--be", *sys.argv[3:]], os.environ | QUIET)  # noqa: S606
    if sys.argv[1:2] == ["--be"]:
        who, folder, seconds, out = sys.argv[2:]
        joined(who, Path(folder), int(seconds), Path(out))
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feast_join", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="impressions")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for logs, results and Feast's environment")
    parser.add_argument("--python", type=Path, help="Python of an environment with Feast")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each, of which the median is shown")
    given = parser.parse_args()
    print(measured(given.work, given.python, given.rows, given.runs))


if __name__ == "__main__":
    main()
