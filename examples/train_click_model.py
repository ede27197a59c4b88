"""Train a click model on a pinned version of a feature table, then score one request with the same program.

    python examples/train_click_model.py [PIPELINE] [--reader polars|pandas|numpy] [--version N]

Run `make demo` first (or a backfill of PIPELINE). The split is by time: the model is trained on the days that the
program was fitted on, and evaluated on the days after them.
"""

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import featurelib
from featurelib.program import versions
from featurelib.settings import Settings
from featurelib.tables import VersionedTable

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Reader = Callable[[pl.LazyFrame, list[str]], Matrix]


def read_polars(rows: pl.LazyFrame, columns: list[str]) -> Matrix:
    """Read through a polars frame; null becomes NaN."""
    return rows.select(columns).cast(pl.Float64).collect(engine="in-memory").to_numpy()


def read_pandas(rows: pl.LazyFrame, columns: list[str]) -> Matrix:
    """Read through a pandas frame; null becomes NaN."""
    return rows.select(columns).collect(engine="in-memory").to_pandas().astype(float).to_numpy()


def read_numpy(rows: pl.LazyFrame, columns: list[str]) -> Matrix:
    """Read a day at a time into NumPy arrays, as a loop over a table too large for memory would."""
    days = rows.select("dt").unique().collect()["dt"].sort()
    return np.concatenate([read_polars(rows.filter(pl.col("dt") == day), columns) for day in days])


READERS: dict[str, Reader] = {"polars": read_polars, "pandas": read_pandas, "numpy": read_numpy}


def click_model(program: featurelib.Program) -> Any:
    """Return a logistic regression over the program's outputs: codes one-hot, measures scaled, missing as 0."""
    codes = [number for number, dtype in enumerate(program.schema.dtypes()) if dtype.is_integer()]
    measures = [number for number, dtype in enumerate(program.schema.dtypes()) if not dtype.is_integer()]
    scale = make_pipeline(StandardScaler(), SimpleImputer(strategy="constant", fill_value=0.0))
    encode = ColumnTransformer(
        [("codes", OneHotEncoder(handle_unknown="ignore"), codes), ("measures", scale, measures)]
    )
    return make_pipeline(encode, LogisticRegression(C=0.03, max_iter=2000))


def saved_programs(folder: Path) -> list[featurelib.Program]:
    """Return every saved program of a pipeline: a pinned table names the one that made it."""
    return [featurelib.load(folder, version) for version in versions(folder)]


def score_request(model: Any, program: featurelib.Program, request: dict[str, Any]) -> float:
    """Return the click probability of one request, as a model server would: from a plain dictionary."""
    features = program.transform_row(request)
    vector = [[np.nan if features[name] is None else features[name] for name in program.outputs]]
    return float(model.predict_proba(np.array(vector, dtype=float))[0, 1])


def main() -> None:
    """Train, evaluate, and score one logged row both ways."""
    parser = argparse.ArgumentParser(description="Train a click model on a pinned version of a feature table.")
    parser.add_argument("pipeline", nargs="?", default="open_bandit")
    parser.add_argument("--reader", choices=READERS, default="polars")
    parser.add_argument("--version", type=int, help="version of the feature table; the newest by default")
    asked = parser.parse_args()

    settings = Settings.find(Path(__file__).parent)
    pipeline, workspace = settings.pipeline(asked.pipeline), settings.workspace
    table = VersionedTable.open(workspace.table(pipeline.name, "features"))
    version = table.version if asked.version is None else asked.version
    made_by = {day: str((table.built(day, version) or {}).get("program")) for day in table.partitions(version)}
    programs = {saved.fingerprint: saved for saved in saved_programs(workspace.pipeline(pipeline.name))}
    if len(set(made_by.values())) > 1:
        parser.error(f"version {version} holds days made by several programs; backfill them, and take the new version")
    program = programs[next(iter(made_by.values()))]

    read, columns = READERS[asked.reader], [*program.outputs, pipeline.label]
    rows = table.scan(version)
    end = date.fromisoformat(program.made["fit"]["end"])
    fitted, later = pl.col("dt") <= end, pl.col("dt") > end
    train, evaluation = read(rows.filter(fitted), columns), read(rows.filter(later), columns)
    x, y, x_later, y_later = train[:, :-1], train[:, -1], evaluation[:, :-1], evaluation[:, -1]
    model = click_model(program).fit(x, y)
    predicted = model.predict_proba(x_later)[:, 1]
    mean = np.full(len(y_later), y.mean())
    doubt = 1 / np.sqrt(3 * min(y_later.sum(), len(y_later) - y_later.sum()))  # two standard errors of an AUC near 0.5
    print(f"{pipeline.name} version {version}: {len(program.outputs)} features")
    print(f"train     {len(y):>9,} rows, {int(y.sum()):,} clicks, to {end}")
    print(f"evaluate  {len(y_later):>9,} rows, {int(y_later.sum()):,} clicks, after it")
    print(f"AUC       {roc_auc_score(y_later, predicted):.4f}  (with so many clicks, sure to about {doubt:.3f})")
    print(f"log loss  {log_loss(y_later, predicted):.5f} (predicting the mean: {log_loss(y_later, mean):.5f})")

    # One logged row, as a request would carry it, against the same row in the feature table
    made_from = table.lineage(version).common["samples_version"]
    samples = VersionedTable.open(workspace.table(pipeline.name, "samples")).scan(made_from)
    request = samples.filter(later).head(1).collect().row(0, named=True)
    served = score_request(model, program, request)
    (key,) = pipeline.table.key
    stored = read(rows.filter(later & (pl.col(key) == request[key])), columns)[:, :-1]
    trained = float(model.predict_proba(stored)[0, 1])
    print(f"one request: served {served:.17g}, from the table {trained:.17g}, equal: {served == trained}")
    if served != trained:
        raise SystemExit("serving and training disagree")


if __name__ == "__main__":
    main()
