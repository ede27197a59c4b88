"""Row latency: ten features of one request from a dictionary, beside hand-written Python and scikit-learn.

Run it with ``python benchmarks/row_latency.py``. It first checks that rows and batch agree bit for bit.
"""

import statistics
import struct
import time
import warnings
from bisect import bisect_right
from collections.abc import Callable, Mapping
from ctypes import c_float
from math import log1p
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import xxhash
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import FeatureHasher
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, OrdinalEncoder, StandardScaler

from featurelib.program import Program
from featurelib.transforms import (
    Frequency,
    HashBuckets,
    HashedCross,
    Log1p,
    QuantileBins,
    Standardize,
    Vocabulary,
    fit,
)

ROWS, CHECKED, TERMS, BINS, BUCKETS = 200_000, 20_000, 10_000, 50, 2**20
FEATURES = [
    QuantileBins("price", bins=BINS),
    QuantileBins("age_days", bins=BINS),
    Standardize("dwell_s"),
    Standardize("rating"),
    Log1p("clicks"),
    Vocabulary("item_id"),
    Vocabulary("query"),
    HashBuckets("user_id", buckets=BUCKETS),
    HashedCross(["query", "country"], buckets=BUCKETS),
    Frequency("country"),
]


def make_frame(rows: int) -> pl.DataFrame:
    """Return generated impressions: skewed numbers with nulls, Zipf-like terms of 10,000."""
    generator = np.random.default_rng(7)

    def with_nulls(values: np.ndarray[Any, Any]) -> pl.Series:
        return pl.Series(np.where(generator.random(rows) < 0.05, np.nan, values)).fill_nan(None)

    def terms(prefix: str, count: int) -> list[str]:
        return [f"{prefix}{number:05d}" for number in (count * generator.random(rows) ** 3).astype(int)]

    return pl.DataFrame(
        {
            "price": with_nulls(generator.lognormal(3, 1, rows)),
            "age_days": with_nulls(generator.exponential(30, rows)),
            "dwell_s": with_nulls(generator.gamma(2, 20, rows)),
            "rating": with_nulls(generator.normal(4, 0.5, rows)),
            "clicks": generator.poisson(3, rows),
            "item_id": terms("item-", TERMS),
            "query": terms("query ", TERMS),
            "user_id": terms("user-", 50_000),
            "country": terms("C", 200),
        }
    )


def by_hand(program: Program) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return the function one would write for these ten features, with the constants of the fitted program."""
    steps = {chain.into: chain.steps for chain in program.chains}
    price_edges: Any = steps["price__bin"][0]
    age_edges: Any = steps["age_days__bin"][0]
    dwell: Any = steps["dwell_s__z"][0]
    rating: Any = steps["rating__z"][0]
    items: Any = steps["item_id__index"][0]
    queries: Any = steps["query__index"][0]
    countries: Any = steps["country__frequency"][0]
    shares: Any = steps["country__frequency"][1]
    item_index = {term: number for number, term in enumerate(items.terms, start=2)}
    query_index = {term: number for number, term in enumerate(queries.terms, start=2)}
    share = {term: c_float(shares.values[number]).value for number, term in enumerate(countries.terms, start=1)}
    hash64 = xxhash.xxh64_intdigest

    def features(row: Mapping[str, Any]) -> dict[str, Any]:
        price, age, dwell_s, stars = row["price"], row["age_days"], row["dwell_s"], row["rating"]
        clicks, query, country = row["clicks"], row["query"], row["country"]
        item, user = row["item_id"], row["user_id"]
        known = query is not None and country is not None
        return {
            "price__bin": 0 if price is None or price != price else bisect_right(price_edges.edges, price) + 1,  # noqa: PLR0124
            "age_days__bin": 0 if age is None or age != age else bisect_right(age_edges.edges, age) + 1,  # noqa: PLR0124
            "dwell_s__z": None if dwell_s is None else c_float((dwell_s - dwell.shift) * dwell.scale).value,
            "rating__z": None if stars is None else c_float((stars - rating.shift) * rating.scale).value,
            "clicks__log1p": c_float(log1p(clicks)).value if clicks is not None and clicks > -1 else None,
            "item_id__index": 0 if item is None else item_index.get(item, 1),
            "query__index": 0 if query is None else query_index.get(query, 1),
            "user_id__bucket": 0 if user is None else 1 + hash64(user.encode(), 42) % BUCKETS,
            "query_x_country__cross": 1 + hash64(f"{query}\x1f{country}".encode(), 42) % BUCKETS if known else 0,
            "country__frequency": None if country is None else share.get(country, 0.0),
        }

    return features


def scikit_learn(frame: pd.DataFrame) -> Callable[[Mapping[str, Any]], Any]:
    """Return scikit-learn's nearest equivalent on a one-row frame; it has no stable cross, so it hashes texts only."""

    def zero_filled(values: pd.DataFrame) -> pd.DataFrame:
        return values.fillna(0.0)  # its bins take no NaN

    def pairs(values: pd.DataFrame) -> list[list[str]]:
        return [["\x1f".join(texts)] for texts in values.itertuples(index=False)]

    columns = ColumnTransformer(
        [
            (
                "bins",
                make_pipeline(
                    FunctionTransformer(zero_filled),
                    KBinsDiscretizer(BINS, encode="ordinal", quantile_method="averaged_inverted_cdf"),
                ),
                ["price", "age_days"],
            ),
            ("scale", StandardScaler(), ["dwell_s", "rating"]),
            ("log1p", FunctionTransformer(np.log1p), ["clicks"]),
            (
                "terms",
                OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
                ["item_id", "query", "country"],
            ),
            (
                "user",
                make_pipeline(FunctionTransformer(pairs), FeatureHasher(BUCKETS, input_type="string")),
                ["user_id"],
            ),
            (
                "cross",
                make_pipeline(FunctionTransformer(pairs), FeatureHasher(BUCKETS, input_type="string")),
                ["query", "country"],
            ),
        ],
        sparse_threshold=1.0,
    ).fit(frame)
    return lambda row: columns.transform(pd.DataFrame([row]))


def bits(value: Any) -> Any:
    """Return a value so that equal means equal to the last bit."""
    return struct.pack("<d", value) if isinstance(value, float) else value


def check(program: Program, hand: Callable[[Mapping[str, Any]], Any], frame: pl.DataFrame) -> None:
    """Stop unless rows, micro-batches and the hand-written function equal the batch, bit for bit."""
    rows = frame.to_dicts()
    batch = program.transform(frame).to_dicts()
    micro = [made for start in range(0, len(rows), 100) for made in program.transform_rows(rows[start : start + 100])]
    for name, made in [("row", map(program.transform_row, rows)), ("micro-batch", micro), ("by hand", map(hand, rows))]:
        for expected, got in zip(batch, made, strict=True):
            if {key: bits(value) for key, value in expected.items()} != {
                key: bits(value) for key, value in got.items()
            }:
                raise SystemExit(f"{name} differs from the batch: {got} != {expected}")


def median_us(function: Callable[[Any], Any], inputs: list[Any], *, repeats: int) -> float:
    """Return the median over ``repeats`` passes of the mean microseconds of one call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter_ns()
        for item in inputs:
            function(item)
        times.append((time.perf_counter_ns() - start) / len(inputs) / 1000)
    return statistics.median(times)


def main() -> None:
    """Check, measure and print."""
    warnings.simplefilter("ignore")  # scikit-learn warns of bins that coincide
    frame = make_frame(ROWS)
    program = fit(FEATURES, frame)
    hand = by_hand(program)
    check(program, hand, frame.head(CHECKED))
    print(f"bit-equal on {CHECKED} rows: batch, micro-batch, row, by hand")
    rows = frame.head(1000).to_dicts()
    peer = scikit_learn(frame.with_columns(pl.col(pl.String).fill_null("")).to_pandas())
    ours = median_us(program.transform_row, rows, repeats=51)
    plain = median_us(hand, rows, repeats=51)
    sklearn = median_us(peer, rows[:20], repeats=5)
    hundreds = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    micro = median_us(program.transform_rows, hundreds, repeats=21)
    one_by_one = median_us(lambda many: [program.transform_row(row) for row in many], hundreds, repeats=21)
    columns = median_us(lambda many: program.transform(pl.DataFrame(many)), hundreds, repeats=5)
    print(f"one row, ten features       {ours:10.2f} µs")
    print(f"  by hand                   {plain:10.2f} µs   ours / by hand      {ours / plain:8.2f}")
    print(f"  scikit-learn, pandas row  {sklearn:10.2f} µs   scikit-learn / ours {sklearn / ours:8.0f}")
    print(f"100 rows, transform_rows    {micro:10.2f} µs   {micro / 100:.2f} µs a row")
    print(f"  transform_row each        {one_by_one:10.2f} µs   / transform_rows    {one_by_one / micro:8.2f}")
    print(f"  polars, from dictionaries {columns:10.2f} µs   / transform_rows    {columns / micro:8.2f}")


if __name__ == "__main__":
    main()
