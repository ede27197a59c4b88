"""One side of `validate_table`, in a process of its own: ``python -m benchmarks.validate_sides SIDE ROWS``.

It prints the CPU seconds of its work, imports and preparation left out, and the peak of its resident memory in MiB.
"""

import json
import resource
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks.validate_rows import (
    ALLOWED,
    BETWEEN,
    COLUMNS,
    KEY,
    MAX_NULL,
    ROW_RULES,
    WITH_NULLS,
    peak_mib,
)
from featurelib.schema import Column, RowCheck, Table
from featurelib.schema.checks import plan_checks
from featurelib.schema.edges import Bins, Edges
from featurelib.schema.judge import judge
from featurelib.schema.measure import measure
from featurelib.schema.metrics import Metrics
from featurelib.schema.suite import suite

DAYS = 90


def declared(schema: pl.Schema) -> type[Table]:
    """Return the table with its 60 rules."""
    columns = {
        name: Column(
            dtype=schema[name],
            doc="A column.",
            nullable=name in WITH_NULLS,
            max_null=MAX_NULL if name in WITH_NULLS else None,
            between=BETWEEN.get(name),
            allowed=ALLOWED.get(name),
            nan="allow" if schema[name].is_float() else "error",
        )
        for name in COLUMNS
    }
    checks = tuple(RowCheck(name, f"{one} >= {two}") for name, (one, two) in ROW_RULES.items())
    table: type[Table] = type("Samples", (Table,), {**columns, "key": (KEY,), "checks": checks})
    return table


def wide(schema: pl.Schema) -> type[Table]:
    """Return a table of many features, each with a range, a NaN rule and a share of nulls."""
    features = {
        name: Column(dtype=schema[name], doc="A feature.", nullable=True, max_null=0.1, between=(-100, 100))
        for name in schema
        if name not in {KEY, "clicked"}
    }
    key, label = (Column(dtype=schema[name], doc="A column.") for name in (KEY, "clicked"))
    table: type[Table] = type("Wide", (Table,), {"key": (KEY,), KEY: key, **features, "clicked": label})
    return table


def edges_of(frame: pl.LazyFrame, table: type[Table]) -> Edges:
    """Return 20 bins of about equal rows for each feature."""
    some = frame.head(10_000).collect()
    shares = [place / 20 for place in range(1, 20)]
    bins = {}
    for name in table.columns:
        if name not in {KEY, "clicked"}:
            values = some[name].drop_nulls().sort()
            edges = sorted({float(values[int(share * len(values))]) for share in shares})
            bins[name] = Bins(kind="numbers", edges=tuple(edges))
    return Edges(bins=bins, label="clicked")


def by_hand(frame: pl.LazyFrame, *, key: bool) -> None:
    """Compute the sums that the rules need, and each column's nulls, NaN and extremes, in one streaming select."""
    schema = frame.collect_schema()
    sums = [pl.len()]
    for name, (low, high) in BETWEEN.items():
        outside = (pl.col(name) < low) | (pl.col(name) > high)
        sums.append(outside.sum().alias(f"outside {name}"))
    for name, among in ALLOWED.items():
        sums.append((~pl.col(name).is_in(list(among))).sum().alias(f"other {name}"))
    for name, (one, two) in ROW_RULES.items():
        sums.append((pl.col(one) < pl.col(two)).sum().alias(name))
    for name, dtype in schema.items():
        sums.append(pl.col(name).null_count().alias(f"nulls {name}"))
        if dtype.is_float():
            sums.append(pl.col(name).is_nan().sum().alias(f"nans {name}"))
        if dtype.is_numeric() or dtype.is_temporal():
            sums += [pl.col(name).min().alias(f"low {name}"), pl.col(name).max().alias(f"high {name}")]
    if key:
        sums.append(pl.col(KEY).n_unique().alias("keys"))
    frame.select(sums).collect(engine="streaming")


def passed(metrics: Metrics, table: type[Table]) -> None:
    """Judge metrics of rows that keep all rules.

    Raises
    ------
    SystemExit
        If a rule is said to be broken.
    """
    if not judge(metrics, table).publishable:
        raise SystemExit("featurelib refuses the rows")


def by_gx(rows: Path, table: type[Table]) -> None:
    """Read the rows and validate them with Great Expectations' pandas engine, which has words for our rules in SQL."""
    import great_expectations
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
    plan = suite(table)
    runs = [each for each in plan["expectations"] if each["type"] != "unexpected_rows_expectation"]
    runs += [
        {
            "type": "expect_column_pair_values_a_to_be_greater_than_b",
            "kwargs": {"column_A": one, "column_B": two, "or_equal": True},
        }
        for one, two in ROW_RULES.values()
    ]
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": pd.read_parquet(rows)})
    expectations = great_expectations.ExpectationSuite(**{**plan, "expectations": runs})
    said = batch.validate(expectations)
    if not said.success or len(said.results) != len(plan["expectations"]):
        raise SystemExit("Great Expectations refuses the rows")


def merged(frame: pl.LazyFrame, table: type[Table]) -> Callable[[], object]:
    """Return the merge of the profiles of many days."""
    profile = measure(frame.head(1000), table, edges=edges_of(frame, table)).profile
    return lambda: profile and profile.merge_all([profile] * (DAYS - 1))


def side(name: str, rows: Path) -> dict[str, float]:
    """Run a side."""
    frame = pl.scan_parquet(rows)
    schema = frame.collect_schema()
    is_wide = name.startswith("wide")
    table = wide(schema) if is_wide else declared(schema)
    if name in {"judged", "gx pandas"}:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import great_expectations.expectations  # noqa: F401
    edges = edges_of(frame, table) if is_wide else None
    works: dict[str, Callable[[], object]] = {
        "scan": lambda: frame.sink_batches(lambda _: None, maintain_order=False),
        "sums by hand": lambda: by_hand(frame, key=False),
        "sums by hand, and keys": lambda: by_hand(frame, key=True),
        "measured": lambda: measure(frame, table),
        "judged": lambda: passed(measure(frame, table), table),
        "gx pandas": lambda: by_gx(rows, table),
        "wide": lambda: measure(frame, table),
        "wide, with profile": lambda: measure(frame, table, edges=edges),
        "wide, merge": merged(frame, table) if name == "wide, merge" else lambda: None,
    }
    before = resource.getrusage(resource.RUSAGE_SELF)
    works[name]()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": cpu, "peak_mib": peak_mib(), "checks": len(plan_checks(table))}


if __name__ == "__main__":
    print(json.dumps(side(sys.argv[1], Path(sys.argv[2]))))
