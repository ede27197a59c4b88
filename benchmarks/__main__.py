"""All benchmarks, one after another: ``python -m benchmarks`` or ``make bench``."""

from benchmarks import (
    backfill_hours,
    build_partition,
    build_samples,
    build_windows,
    check_rows,
    days_flat,
    feast_join,
    import_cost,
    online_reads,
    plan_hours,
    report_page,
    request_latency,
    row_latency,
    transform_costs,
    transform_set,
    validate_table,
    window_growth,
)

for name, benchmark in [
    ("One partition, from logs to committed table", build_partition),
    ("Samples (3 GB below data/)", build_samples),
    ("Windows (makes DuckDB's environment below data/, from a package index)", build_windows),
    ("Windows over history and samples (2 GB below data/)", window_growth),
    ("A plan of 10,000 partitions (makes 20,000 log files below data/)", plan_hours),
    ("A backfill of 1,000 tiny partitions", backfill_hours),
    ("A page of 500 features and 90 days (builds them, some minutes)", report_page),
    ("Memory over days", days_flat),
    ("One row", row_latency),
    ("One request", request_latency),
    ("A row against its rules", check_rows),
    ("A row in each transform", transform_costs),
    ("Transforms (makes the peers' environment below data/, from a package index)", transform_set),
    ("Validation (makes the peers' environment below data/, from a package index)", validate_table),
    ("Online reads", online_reads),
    ("Import", import_cost),
    ("Beside Feast (makes Feast's environment below data/, from a package index)", feast_join),
]:
    print(f"## {name}\n", flush=True)
    benchmark.main()
    print(flush=True)
