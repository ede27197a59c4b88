"""The 60 rules of `validate_rows` in other libraries: ``python -m benchmarks.validate_by_peers LIBRARY ROWS``.

It reads the rows, validates them, and prints the CPU seconds of that, imports left out, and the peak of its resident
memory in MiB. It runs in an environment of its own, made from ``benchmarks/requirements-validation.lock``, and so
imports nothing of featurelib.
"""

import importlib
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Optional

import polars as pl

from benchmarks.validate_rows import (
    ALLOWED,
    BETWEEN,
    COLUMNS,
    KEY,
    MAX_NULL,
    ROW_RULES,
    WITH_NULLS,
    WITHOUT_NULLS,
    peak_mib,
)


def dataframely(rows: Path, schema: pl.Schema) -> bool:
    """Validate with dataframely; it has no rule about the number of rows."""
    import dataframely as dy

    def column(name: str) -> Any:
        options: dict[str, Any] = {"nullable": name in WITH_NULLS}
        if name in BETWEEN:
            options |= dict(zip(("min", "max"), BETWEEN[name], strict=True))
        if name in ALLOWED:
            options["check"] = lambda value, among=list(ALLOWED[name]): value.is_in(among)
        if name == KEY:
            options["primary_key"] = True
        if schema[name].is_float():
            options |= {"allow_nan": True, "allow_inf": True}
        if isinstance(schema[name], pl.Datetime):
            return dy.Datetime(time_unit="us", time_zone="UTC", **options)
        return getattr(dy, str(schema[name]))(**options)

    rules = {
        name: dy.rule()(lambda _, one=one, two=two: pl.col(one) >= pl.col(two))
        for name, (one, two) in ROW_RULES.items()
    } | {
        f"{name}_nulls": dy.rule()(
            lambda _, name=name: pl.lit(value=True) & (pl.col(name).null_count() <= MAX_NULL * pl.len())
        )
        for name in WITH_NULLS
    }
    table: Any = type("Samples", (dy.Schema,), {**{name: column(name) for name in COLUMNS}, **rules})
    return len(table.validate(pl.read_parquet(rows))) > 0


def patito(rows: Path, schema: pl.Schema) -> bool:
    """Validate with patito; it has no rule about the number of rows."""
    import patito as pt

    annotations: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for name in COLUMNS:
        kind: Any = {"Int64": int, "Int8": int, "String": str, "Float64": float, "Float32": float}.get(
            str(schema[name]), Any
        )
        options: dict[str, Any] = {"dtype": schema[name]}
        if name in BETWEEN:
            options |= dict(zip(("ge", "le"), BETWEEN[name], strict=True))
        if name in ALLOWED:
            kind = Literal[ALLOWED[name]]
        if name == KEY:
            options["unique"] = True
        rules = [pl.col(one) >= pl.col(two) for one, two in ROW_RULES.values() if one == name]
        if name in WITH_NULLS:
            rules.append(pl.col(name).null_count() <= MAX_NULL * pl.len())
        if rules:
            options["constraints"] = rules
        annotations[name] = Optional[kind] if name in WITH_NULLS else kind  # noqa: UP045  made while running
        fields[name] = pt.Field(**options)
    table: Any = type("Samples", (pt.Model,), {"__annotations__": annotations, "__module__": __name__, **fields})
    return len(table.validate(pl.read_parquet(rows))) > 0


def pandera(rows: Path, schema: pl.Schema) -> bool:
    """Validate with pandera, the whole frame at once: of a lazy one it looks at the types alone."""
    import pandera.polars as pa

    def rules(name: str) -> list[Any]:
        found = []
        if name in BETWEEN:
            found.append(pa.Check.in_range(*BETWEEN[name]))
        if name in ALLOWED:
            found.append(pa.Check.isin(list(ALLOWED[name])))
        if name in WITH_NULLS:
            found.append(
                pa.Check(lambda data: data.lazyframe.select(pl.col(data.key).null_count() <= MAX_NULL * pl.len()))
            )
        return found

    columns = {
        name: pa.Column(schema[name], rules(name), nullable=name in WITH_NULLS, unique=name == KEY) for name in COLUMNS
    }
    whole = [
        pa.Check(lambda data, one=one, two=two: data.lazyframe.select(pl.col(one) >= pl.col(two)))
        for one, two in ROW_RULES.values()
    ]
    table = pa.DataFrameSchema(columns, checks=whole, strict=True)
    return len(table.validate(pl.read_parquet(rows), lazy=True)) > 0


def pointblank(rows: Path, schema: pl.Schema) -> bool:
    """Validate with pointblank."""
    import pointblank as pb

    frame = pl.read_parquet(rows)
    plan = (
        pb.Validate(frame, thresholds=pb.Thresholds(error=1))
        .col_vals_not_null(columns=list(WITHOUT_NULLS))
        .rows_distinct(columns_subset=[KEY])
    )
    for name, (low, high) in BETWEEN.items():
        plan = plan.col_vals_between(columns=name, left=low, right=high, na_pass=True)
    for name, among in ALLOWED.items():
        plan = plan.col_vals_in_set(columns=name, set=list(among))
    for name in WITH_NULLS:
        plan = plan.col_vals_not_null(columns=name, thresholds=pb.Thresholds(error=MAX_NULL))
    for one, two in ROW_RULES.values():
        plan = plan.col_vals_expr(expr=pl.col(one) >= pl.col(two))
    plan = plan.col_count_match(count=len(schema)).row_count_match(count=len(frame))
    done = plan.interrogate(collect_extracts=False, collect_tbl_checked=False)
    return not done.error(scalar=False) or not any(done.error(scalar=False).values())


LIBRARIES: dict[str, tuple[str, Callable[[Path, pl.Schema], bool]]] = {
    "dataframely": ("dataframely", dataframely),
    "pandera": ("pandera.polars", pandera),
    "pointblank": ("pointblank", pointblank),
    "patito": ("patito", patito),
}


def main(library: str, rows: Path) -> dict[str, Any]:
    """Validate with one library.

    Raises
    ------
    SystemExit
        If it refuses the rows, which keep all rules.
    """
    module, validate = LIBRARIES[library]
    importlib.import_module(module)
    schema = pl.read_parquet_schema(rows)
    before = resource.getrusage(resource.RUSAGE_SELF)
    passed = validate(rows, pl.Schema(schema))
    after = resource.getrusage(resource.RUSAGE_SELF)
    if not passed:
        raise SystemExit(f"{library} refuses the rows")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": cpu, "peak_mib": peak_mib()}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
