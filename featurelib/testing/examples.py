"""Examples: one of each registered transform, for tables that list them all (what becomes of awkward values, costs)."""

import datetime as dt
import math
from typing import Any

import polars as pl

from featurelib.fitting import Operator
from featurelib.program.primitive import Kind
from featurelib.transforms import (
    Age,
    Bm25,
    ChiMerge,
    CrossSearch,
    CyclicCos,
    CyclicSin,
    Difference,
    EarlierDays,
    Edges,
    EditDistance,
    EqualWidthBins,
    FirstDays,
    Frequency,
    GbdtLeaves,
    HashBuckets,
    HashedCross,
    Holiday,
    Hour,
    Jaccard,
    KMeansBins,
    ListMinMax,
    ListRank,
    ListStandardize,
    Log1p,
    MatchCount,
    MatchPosition,
    MaxAbs,
    MeanEmbedding,
    MinMax,
    MonotonicWoe,
    MultiHot,
    OneHot,
    OutOfFold,
    Padded,
    Product,
    QuantileBins,
    QuantileNormal,
    QuantileUniform,
    Ratio,
    Robust,
    SignedLog,
    Standardize,
    TargetMean,
    TfidfCosine,
    TokenOverlap,
    Tokens,
    Transform,
    TreeBins,
    VectorCosine,
    Vocabulary,
    VocabularyCross,
    Weekday,
    Weekend,
    WeightOfEvidence,
    YeoJohnson,
    fit,
)

_FOLDS = OutOfFold(key="request_id", time="shown_at", folds=2)
_DAYS = EarlierDays(time="shown_at")
_FIRST = FirstDays(time="shown_at", days=1)

EXAMPLES: dict[str, Transform] = {
    "age": Age("c", at="shown_at"),
    "bm25": Bm25(["c", "other"]),
    "chi_merge": ChiMerge("c", label="clicked", fitted=_FOLDS, bins=2),
    "cross_search": CrossSearch(
        ["c", "other"], name="best", label="clicked", key="request_id", top=1, buckets=100, min_count=1
    ),
    "cyclic_cos": CyclicCos("c", zone="UTC"),
    "cyclic_sin": CyclicSin("c", zone="UTC"),
    "difference": Difference("c", minus="other"),
    "edges": Edges("c", edges=[2.5]),
    "edit_distance": EditDistance(["c", "other"]),
    "equal_width_bins": EqualWidthBins("c", bins=2),
    "frequency": Frequency("c"),
    "gbdt_leaves": GbdtLeaves(["c"], label="clicked", key="request_id", fitted=_FIRST, trees=2, leaves=2, min_rows=1),
    "hash_buckets": HashBuckets("c", buckets=100),
    "hashed_cross": HashedCross(["c", "other"], buckets=100),
    "holiday": Holiday("c", dates=["2026-11-01"], zone="UTC"),
    "hour": Hour("c", zone="UTC"),
    "jaccard": Jaccard(["c", "other"]),
    "kmeans_bins": KMeansBins("c", bins=2),
    "list_min_max": ListMinMax("c", within="request_id"),
    "list_rank": ListRank("c", within="request_id"),
    "list_standardize": ListStandardize("c", within="request_id"),
    "log1p": Log1p("c"),
    "match_count": MatchCount(["other", "c"]),
    "match_position": MatchPosition(["other", "c"]),
    "max_abs": MaxAbs("c"),
    "mean_embedding": MeanEmbedding("c", vectors={"a": [1.0, 0.0], "b": [0.0, 3.0]}),
    "min_max": MinMax("c"),
    "monotonic_woe": MonotonicWoe("c", label="clicked", fitted=_FOLDS, bins=2),
    "multi_hot": MultiHot("c", size=2),
    "one_hot": OneHot("c", terms=["a", "b"]),
    "padded": Padded("c", length=3),
    "product": Product("c", times="other"),
    "quantile_bins": QuantileBins("c", bins=2),
    "quantile_normal": QuantileNormal("c"),
    "quantile_uniform": QuantileUniform("c"),
    "ratio": Ratio("c", per="other"),
    "robust": Robust("c"),
    "signed_log": SignedLog("c"),
    "standardize": Standardize("c"),
    "target_mean": TargetMean("c", label="clicked", fitted=_DAYS, smoothing=1),
    "tfidf_cosine": TfidfCosine(["c", "other"]),
    "token_overlap": TokenOverlap(["c", "other"]),
    "tokens": Tokens("c"),
    "tree_bins": TreeBins("c", label="clicked", fitted=_FOLDS, bins=2),
    "vector_cosine": VectorCosine(["c", "other"]),
    "vocabulary": Vocabulary("c"),
    "vocabulary_cross": VocabularyCross(["c", "other"]),
    "weekday": Weekday("c", zone="UTC"),
    "weekend": Weekend("c", zone="UTC"),
    "weight_of_evidence": WeightOfEvidence("c", label="clicked", fitted=_FOLDS),
    "yeo_johnson": YeoJohnson("c"),
}
"""By registered name. The column that a table varies is ``c``; ``clicked`` is a label, ``shown_at`` a time."""

_NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
_LATER = dt.datetime(2026, 11, 8, 12, tzinfo=dt.UTC)  # after the fitted days: labels of all of them are known
_ORDINARY: dict[Kind, tuple[pl.DataType, Any]] = {
    "number": (pl.Float64(), 2.0),
    "text": (pl.String(), "a"),
    "time": (pl.Datetime("us", "UTC"), _NOON),
    "texts": (pl.List(pl.String()), ["a"]),
    "numbers": (pl.List(pl.Float64()), [2.0, 1.0]),
}
FITTED: dict[Kind, list[Any]] = {
    "number": [1.0, 2.0, 3.0, 4.0],
    "text": ["a", "a", ""],
    "time": [_NOON, _NOON],
    "texts": [["a", "b"], ["a"], []],
    "numbers": [[1.0, 2.0], [3.0, 4.0]],
}
"""What the column ``c`` of an example holds in the frame that the tables fit it to."""

ASKED: dict[Kind, dict[str, Any]] = {
    "number": {"null": None, "NaN": math.nan, "-inf": -math.inf, "+inf": math.inf},
    "text": {"null": None, "unseen text": "unseen", "empty text": ""},
    "time": {"null": None, "1969-12-31 23:59": dt.datetime(1969, 12, 31, 23, 59, tzinfo=dt.UTC)},
    "texts": {"null": None, "empty list": [], "list of null": [None], "unseen text": ["unseen"], "empty text": [""]},
    "numbers": {"null": None, "empty list": [], "of null": [None], "of NaN": [math.nan], "1, +inf": [1.0, math.inf]},
}
"""The awkward values that the tables show, by their headings."""

_USUAL: dict[Kind, tuple[str, Any]] = {
    "number": ("3", 3.0),
    "text": ("a", "a"),
    "time": ("2026-11-01 12:00", _NOON),
    "texts": ("a, b", ["a", "b"]),
    "numbers": ("1, 2", [1.0, 2.0]),
}


def kind_of(operator: Operator) -> Kind:
    """Return as what an example reads its column ``c``.

    Examples
    --------
    >>> kind_of(EXAMPLES["frequency"])
    'text'
    """
    return dict(zip(operator.reads, operator.kinds, strict=True))["c"]


def awkward_table(kind: Kind) -> str:
    """Return the table, in Markdown, of what the examples that read such a column make of its awkward values.

    Examples
    --------
    >>> print(awkward_table("number").splitlines()[0])
    | name | null | NaN | -inf | +inf | 3, fitted on nothing |
    """
    headings = ["name", *ASKED[kind], f"{_USUAL[kind][0]}, fitted on nothing"]
    lines = [headings, ["---"] * len(headings)]
    for name, example in EXAMPLES.items():
        if kind_of(example) == kind:
            program = fit(example, _frame(example, FITTED[kind], at=_NOON))
            blank = fit(example, _frame(example, [], at=_NOON))
            made = program.transform(_frame(example, list(ASKED[kind].values()), at=_LATER)).rows()
            made += blank.transform(_frame(example, [_USUAL[kind][1]], at=_LATER)).rows()
            lines.append([f"`{name}`", *(", ".join(map(_shown, row)) for row in made)])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _frame(example: Operator, values: list[Any], *, at: dt.datetime) -> pl.DataFrame:
    """Return a frame of the columns that an example reads and learns; all but ``c`` and the label hold one value."""
    columns = {}
    for name, kind in (*zip(example.reads, example.kinds, strict=True), *example.learns):
        dtype, ordinary = _ORDINARY[kind]
        listed = [at if kind == "time" else ordinary] * len(values)
        if name == "c":
            listed = values
        elif name == "clicked":
            listed = [float(2 * place >= len(values)) for place in range(len(values))]
        columns[name] = pl.Series(listed, dtype=dtype)
    return pl.DataFrame(columns)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, float):
        return str(round(value, 3))
    return "null" if value is None else str(value)
