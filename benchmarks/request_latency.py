"""What a model server waits for: one row of 40 features, 500 candidates of 50, and the load of a program of 100 MB.

Run it with ``python -m benchmarks.request_latency``. Vocabularies hold 500,000 terms. Candidates come and go as
dictionaries, and as columns. Beside it, in the same run, what one would write by hand: Python for one row, NumPy for
the candidates; and polars. All of them are first checked to be equal, ours and the row bit for bit.
"""

import math
import struct
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from ctypes import c_float
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xxhash

from featurelib.program import Chain, Program, load, save
from featurelib.program.primitives import Index
from featurelib.transforms import (
    Frequency,
    HashBuckets,
    HashedCross,
    Log1p,
    MinMax,
    QuantileBins,
    Standardize,
    Vocabulary,
    fit,
)

TERMS, REQUESTS, CANDIDATES, BUCKETS = 500_000, 200, 500, 2**20
LOADED_MB, TERM_BYTES = 100, 32
FORTY = [
    *(QuantileBins(f"n{number}", bins=50) for number in range(10)),
    *(Standardize(f"n{number}") for number in range(4, 12)),
    *(Log1p(f"n{number}") for number in range(12, 16)),
    *(MinMax("n0"), MinMax("n1")),
    *(Vocabulary(name) for name in ("item", "query", "seller", "brand")),
    *(HashBuckets(name, buckets=BUCKETS) for name in ("user", "item", "query", "seller")),
    HashedCross(["query", "country"], buckets=BUCKETS),
    HashedCross(["item", "country"], buckets=BUCKETS),
    HashedCross(["user", "category"], buckets=BUCKETS),
    HashedCross(["device", "category"], buckets=BUCKETS),
    *(Frequency(name) for name in ("country", "device", "category", "user")),
]
TEN = [
    HashedCross(["user", "item"], buckets=BUCKETS),
    HashedCross(["query", "item"], buckets=BUCKETS),
    HashedCross(["query", "brand"], buckets=BUCKETS),
    HashedCross(["country", "category"], buckets=BUCKETS),
    HashedCross(["device", "brand"], buckets=BUCKETS),
    *(Standardize(f"n{number}") for number in range(12, 16)),
    QuantileBins("n14", bins=50),
]
SHARED = ("user", "country", "device", "query", *(f"n{number}" for number in range(6)))

Features = Callable[[Mapping[str, Any]], dict[str, Any]]


def make_frame() -> pl.DataFrame:
    """Return rows in which each of the 500,000 terms occurs: skewed numbers with nulls, and texts."""
    generator = np.random.default_rng(7)
    columns: dict[str, pl.Series] = {}
    for number in range(16):
        values = generator.lognormal(number / 8, 1, TERMS)
        values[generator.random(TERMS) < 0.05] = np.nan
        columns[f"n{number}"] = pl.Series(values).fill_nan(None)
    for name in ("item", "query", "seller", "brand"):
        columns[name] = pl.Series([f"{name}-{term:06d}" for term in generator.permutation(TERMS)])
    for name, count in (("user", 50_000), ("country", 200), ("device", 5), ("category", 1_000)):
        terms = (count * generator.random(TERMS) ** 3).astype(int)
        columns[name] = pl.Series([f"{name}{term:05d}" for term in terms])
    return pl.DataFrame(columns)


def in_python(program: Program) -> Features:
    """Return the function of one row that one would write, with the constants of the program in it."""
    names: dict[str, Any] = {
        "bisect_right": bisect_right,
        "single": c_float,
        "log1p": math.log1p,
        "hash64": xxhash.xxh64_intdigest,
    }
    lines = ["def features(row):", *(f"    {name} = row[{name!r}]" for name in program.inputs), "    return {"]
    for number, chain in enumerate(program.chains):
        (x, *others), steps = chain.reads, chain.steps
        first: Any = steps[0]
        match [step.op for step in steps]:
            case ["bin_search"]:
                names[f"edges{number}"] = first.edges
                made = f"0 if {x} is None or {x} != {x} else bisect_right(edges{number}, {x}) + 1"
            case ["affine", "to_float32"]:
                z = f"({x} - {first.shift!r}) * {first.scale!r}"
                made = f"None if {x} is None or {x} != {x} else single({z}).value"
            case ["affine", "clip", "to_float32"]:
                z = f"min(max(({x} - {first.shift!r}) * {first.scale!r}, 0.0), 1.0)"
                made = f"None if {x} is None or {x} != {x} else single({z}).value"
            case ["log1p", "to_float32"]:
                made = f"single(log1p({x})).value if {x} is not None and {x} > -1 else None"
            case ["index"]:
                names[f"numbers{number}"] = first.numbers
                made = f"0 if {x} is None else numbers{number}.get({x}, 1)"
            case ["index", "gather", "to_float32"]:
                table: Any = steps[1]
                shares = {term: c_float(table.values[place]).value for term, place in first.numbers.items()}
                names[f"shares{number}"] = shares
                made = f"None if {x} is None else shares{number}.get({x}, 0.0)"
            case ["hash_bucket"]:
                made = f"0 if {x} is None else 1 + hash64({x}.encode(), 42) % {first.buckets}"
            case ["join_text", "hash_bucket"]:
                joined, bucket = f"f'{{{x}}}\\x1f{{{others[0]}}}'", f"% {BUCKETS}"
                made = f"0 if {x} is None or {others[0]} is None else 1 + hash64({joined}.encode(), 42) {bucket}"
            case other:
                raise SystemExit(f"nobody wrote {other} by hand")
        lines.append(f"        {chain.into!r}: {made},")
    exec("\n".join([*lines, "    }"]), names)  # noqa: S102  # it is what one would have typed
    written: Features = names["features"]
    return written


def in_numpy(program: Program) -> Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]:
    """Return the function of candidates' columns that one would write: for each feature an array or a list."""
    same = [chain.into for chain in program.chains if {*chain.reads} <= {*SHARED}]
    alike = in_python(program.keeping(same, made={}))
    others = [chain for chain in program.chains if chain.into not in same]
    hash64 = xxhash.xxh64_intdigest

    def column(chain: Chain, cells: Mapping[str, Any], count: int) -> Any:  # noqa: PLR0911  # one for each
        first, (x, *more) = chain.steps[0], (cells[name] for name in chain.reads)
        constants: Any = first
        match [step.op for step in chain.steps]:
            case ["bin_search"]:
                return np.where(np.isnan(x), 0, np.searchsorted(constants.edges, x, side="right") + 1).astype(np.uint8)
            case ["affine", "to_float32"]:
                return ((x - constants.shift) * constants.scale).astype(np.float32)
            case ["log1p", "to_float32"]:
                return np.log1p(x).astype(np.float32)
            case ["index"]:
                numbers = constants.numbers.get
                return [0 if text is None else numbers(text, 1) for text in x]
            case ["index", "gather", "to_float32"]:
                numbers, table = constants.numbers.get, np.float32(chain.steps[1].tables()["values"].to_numpy())
                return table[[numbers(text, 0) for text in x]]
            case ["hash_bucket"]:
                return [1 + hash64(text.encode(), 42) % BUCKETS for text in x]
            case _:
                pairs = zip(*([part] * count if isinstance(part, str) else part for part in (x, *more)), strict=True)
                return [1 + hash64(f"{one}\x1f{other}".encode(), 42) % BUCKETS for one, other in pairs]

    def features(candidates: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
        count = len(next(iter(candidates.values())))
        cells: dict[str, Any] = {**shared, **candidates}
        made = {name: [value] * count for name, value in alike(shared).items()}
        return made | {chain.into: column(chain, cells, count) for chain in others}

    return features


def in_columns(candidates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the columns of some candidates: numbers as arrays, with NaN for null, texts as lists."""
    return {
        name: np.array(listed, dtype=np.float64) if name.startswith("n") else listed
        for name in candidates[0]
        for listed in [[row[name] for row in candidates]]
    }


def bits(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row so that equal means equal to the last bit."""
    return {name: struct.pack("<d", value) if isinstance(value, float) else value for name, value in row.items()}


def take_turns(sides: Mapping[str, Callable[[], Any]], *, turns: int) -> dict[str, list[int]]:
    """Return the nanoseconds of each call, sides in turn, ascending."""
    times: dict[str, list[int]] = {name: [] for name in sides}
    for _ in range(turns):
        for name, call in sides.items():
            start = time.perf_counter_ns()
            call()
            times[name].append(time.perf_counter_ns() - start)
    return {name: sorted(found) for name, found in times.items()}


def one_row(program: Program, rows: Sequence[Mapping[str, Any]], frame: pl.DataFrame) -> None:
    """Check and measure one row at a time."""
    written = in_python(program)
    batch = program.transform(frame).to_dicts()
    for row, expected in zip(rows, batch, strict=True):
        if not bits(program.transform_row(row)) == bits(written(row)) == bits(expected):
            raise SystemExit(f"differ on {row}")
    times: dict[str, list[int]] = {"transform_row": [], "Python by hand": []}
    for _ in range(100):
        for name, function in (("transform_row", program.transform_row), ("Python by hand", written)):
            for row in rows:
                start = time.perf_counter_ns()
                function(row)
                times[name].append(time.perf_counter_ns() - start)
    report(
        f"one row, {len(program.outputs)} features", {name: sorted(found) for name, found in times.items()}, "µs", 1e3
    )


def many_candidates(program: Program, rows: Sequence[Mapping[str, Any]], schema: Mapping[str, pl.DataType]) -> None:
    """Check and measure the candidates of one request, with the columns of user and query given once."""
    shared = {name: rows[0][name] for name in SHARED}
    candidates = [{name: value for name, value in row.items() if name not in shared} for row in rows]
    own = {name: dtype for name, dtype in schema.items() if name not in shared}
    given = [pl.lit(value, dtype=schema[name]).alias(name) for name, value in shared.items()]
    written = in_numpy(program)
    columns = in_columns(candidates)
    made = program.transform_rows(candidates, shared=shared)
    if list(map(bits, made)) != [bits(program.transform_row({**row, **shared})) for row in candidates]:
        raise SystemExit("transform_rows differs from transform_row")
    by_column = program.transform_columns(columns, shared=shared)
    if not pl.DataFrame(by_column).fill_nan(None).equals(pl.DataFrame(made, schema=program.schema)):
        raise SystemExit("transform_columns differs from transform_rows")
    by_hand = pl.DataFrame(written(columns, shared), schema=program.schema, strict=False).fill_nan(None)
    if not np.allclose(by_hand.to_numpy(), pl.DataFrame(made).to_numpy(), rtol=1e-6, equal_nan=True):
        raise SystemExit("NumPy by hand differs")

    def in_polars(given_as: Any) -> pl.DataFrame:
        frame: pl.DataFrame = program.transform(pl.DataFrame(given_as, schema=own).with_columns(given))
        return frame

    of_rows = {
        "transform_rows": lambda: program.transform_rows(candidates, shared=shared),
        "NumPy by hand": lambda: written(in_columns(candidates), shared),
        "polars": lambda: in_polars(candidates).to_dicts(),
    }
    of_columns = {
        "transform_columns": lambda: program.transform_columns(columns, shared=shared),
        "NumPy by hand": lambda: written(columns, shared),
        "polars": lambda: in_polars(columns),
    }
    what = f"{len(rows)} candidates, {len(program.outputs)} features"
    for form, sides in (("dictionaries", of_rows), ("columns", of_columns)):
        sides["polars"]()
        report(f"{what}, as {form}", take_turns(sides, turns=300), "ms", 1e6)


def report(what: str, times: Mapping[str, Sequence[int]], unit: str, scale: float) -> None:
    """Print tenth percentiles (of which other work took least), medians, 99th percentiles, and ours / theirs."""
    ours = next(iter(times.values()))
    print(what)
    for name, found in times.items():
        shown = [(share, found[len(found) * share // 100] / scale) for share in (10, 50, 99)]
        ratio = ours[len(ours) // 2] / found[len(found) // 2]
        print(
            f"  {name:17s}", *(f"p{share} {value:8.2f} {unit}" for share, value in shown), f"  ours / it {ratio:5.2f}"
        )


def loading(folder: Path) -> None:
    """Measure the load of a saved program, and its first row."""
    generator, count = np.random.default_rng(1), LOADED_MB * 1_000_000 // TERM_BYTES // 10
    columns = [f"c{number}" for number in range(10)]
    terms = [tuple(dict.fromkeys(f"{n:016x}" for n in generator.integers(0, 2**63, count))) for _ in columns]
    chains = [Chain(f"{name}__index", (name,), "text", (Index(own),)) for name, own in zip(columns, terms, strict=True)]
    save(Program.of(chains, dict.fromkeys(columns, pl.String()), [chain.into for chain in chains]), folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    wall, cpu = time.perf_counter(), time.process_time()
    program = load(folder)
    print(f"load of {size:.0f} MB      {time.perf_counter() - wall:8.2f} s   CPU {time.process_time() - cpu:.2f} s")
    wall, cpu = time.perf_counter(), time.process_time()
    program.transform_row(dict.fromkeys(columns, "a"))
    print(f"  its first row    {time.perf_counter() - wall:8.2f} s   CPU {time.process_time() - cpu:.2f} s")


def main() -> None:
    """Fit, check, measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        loading(Path(folder))
    frame = make_frame()
    program = fit([*FORTY, *TEN], frame)
    some = frame.sample(CANDIDATES, seed=1)
    outputs = [name for operator in FORTY for name in operator.makes]
    one_row(program.keeping(outputs, made={}), some.head(REQUESTS).to_dicts(), some.head(REQUESTS))
    many_candidates(program, some.to_dicts(), frame.schema)


if __name__ == "__main__":
    main()
