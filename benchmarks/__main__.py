"""All benchmarks, one after another: ``python -m benchmarks`` or ``make bench``."""

from benchmarks import build_partition, days_flat, import_cost, row_latency

for name, benchmark in [
    ("One partition, from logs to committed table", build_partition),
    ("Memory over days", days_flat),
    ("One row", row_latency),
    ("Import", import_cost),
]:
    print(f"## {name}\n", flush=True)
    benchmark.main()
    print(flush=True)
