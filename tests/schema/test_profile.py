"""Profile and metrics: what one pass counts is what a slow count by hand comes to, whole or in parts."""

import datetime as dt
import io
import json
import math
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, UsageError
from featurelib.schema import Column, RowCheck, Table
from featurelib.schema.edges import Bins, Edges
from featurelib.schema.measure import measure
from featurelib.schema.profile import Profile

KINDS = ["web", "ios", "fridge"]


class Sample(Table):
    key = ("user", "score")
    min_rows = 0
    checks = (RowCheck("cheap", "score <= price"),)

    user = Column(dtype=pl.String(), doc="User.", allowed=("a", "b"))
    score = Column(dtype=pl.Float32(), doc="Score.", between=(0.1, 0.5), default=0.5)
    price = Column(dtype=pl.Float64(), doc="Price.", nullable=True, nan="allow", max_null=0.5, between=(None, 3))
    token = Column(dtype=pl.Float64(), doc="Token.", nullable=True, unique=True)
    count = Column(dtype=pl.Int64(), doc="Count.", nullable=True, default=0)
    small = Column(dtype=pl.UInt8(), doc="Small.", between=(0.5, 200))
    level = Column(dtype=pl.Int8(), doc="Level.", nullable=True)
    flag = Column(dtype=pl.Boolean(), doc="Flag.", nullable=True)
    kind = Column(dtype=pl.Enum(KINDS), doc="Kind.", nullable=True)
    words = Column(dtype=pl.Categorical(), doc="Words.", nullable=True)
    day = Column(dtype=pl.Date(), doc="Day.", nullable=True)
    at = Column(dtype=pl.Datetime("us", "Europe/Berlin"), doc="When.", nullable=True)
    tags = Column(dtype=pl.List(pl.Int8()), doc="Tags.", nullable=True)
    clicked = Column(dtype=pl.Float32(), doc="Label.", nullable=True, nan="allow")


EDGES = Edges(
    label="clicked",
    hour_of="at",
    bins={
        "score": Bins(kind="numbers", edges=(0.1, 0.5)),
        "price": Bins(kind="numbers", edges=(-1, 0, 0.1, 2.5)),
        "count": Bins(kind="numbers", edges=(-1e30, 0, 2.5, 2.0**53, 1e30)),
        "small": Bins(kind="numbers", edges=(-1, 3, 300)),
        "level": Bins(kind="categories", categories=(-1, 3, 1000)),
        "flag": Bins(kind="categories", categories=(True,)),
        "kind": Bins(kind="categories", categories=("ios", "gone")),
        "words": Bins(kind="categories", categories=("web",)),
        "user": Bins(kind="categories", categories=("a", "NaN")),
    },
)
FLOATS = st.sampled_from(
    [None, math.nan, math.inf, -math.inf, 0.0, -0.0, 0.1, -0.1, 0.3, 0.5, 2.5, 1e30, -1e30, 1e-30, 1e9 + 0.5]
)
ROWS = st.fixed_dictionaries(
    {
        "user": st.sampled_from([None, "a", "b", "NaN"]),
        "score": FLOATS,
        "price": FLOATS | st.just(1e300),
        "token": FLOATS,
        "count": st.none() | st.sampled_from([0, 1, 2, 3, -5, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]),
        "small": st.none() | st.sampled_from([0, 1, 3, 255]),
        "level": st.none() | st.sampled_from([-1, 0, 3, 127]),
        "flag": st.none() | st.booleans(),
        "kind": st.none() | st.sampled_from(KINDS),
        "words": st.none() | st.sampled_from(KINDS),
        "day": st.none() | st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 3)),
        "at": st.none() | st.datetimes(dt.datetime(2026, 10, 24), dt.datetime(2026, 10, 26), timezones=st.just(dt.UTC)),  # noqa: DTZ001
        "tags": st.none() | st.lists(st.integers(0, 3), max_size=2),
        "clicked": st.sampled_from([None, math.nan, 0.0, 1.0, 2.0, -1.0]),
    }
)
PARTS = st.lists(st.lists(ROWS, max_size=7), min_size=1, max_size=3)


def frame_of(rows):
    return pl.DataFrame(rows, schema=Sample.polars_schema())


def is_missing(value):
    return value is None or (isinstance(value, float) and math.isnan(value))


def same(value):
    """Return what stands for a value where equal ones are counted: NaN equals itself."""
    return "NaN!" if isinstance(value, float) and math.isnan(value) else value


def counted_profile(rows):
    """Return totals and columns of the profile, counted value by value."""
    labels = [None if is_missing(row["clicked"]) else row["clicked"] > 0 for row in rows]
    columns = {}
    for name, bins in EDGES.bins.items():
        values = [row["at"].astimezone(dt.UTC).hour if row["at"] else None for row in rows] if name == "hour" else None
        values = values or [row.get(name) for row in rows]
        edges = [float(np.float32(edge)) for edge in bins.edges] if name == "score" else bins.edges
        cells, label, positive = Counter(), Counter(), Counter()
        for value, is_positive in zip(values, labels, strict=True):
            if is_missing(value):
                cell = bins.cells - 1
            elif bins.kind == "numbers":
                cell = sum(edge <= value for edge in edges)
            else:
                cell = bins.categories.index(value) if value in bins.categories else len(bins.categories)
            cells[cell] += 1
            label[cell] += is_positive is not None
            positive[cell] += is_positive is True
        there = [value for value in values if not is_missing(value)]
        columns[name] = {
            "rows": len(rows),
            "nulls": values.count(None),
            "nans": len(values) - values.count(None) - len(there),
            "defaults": there.count(0.5) if name == "score" else there.count(0) if name == "count" else 0,
            "counts": [cells[cell] for cell in range(bins.cells)],
            "labelled": [label[cell] for cell in range(bins.cells)],
            "positives": [positive[cell] for cell in range(bins.cells)],
            **sums(name, bins, there),
        }
    return labels, columns


def sums(name, bins, values):
    if bins.kind == "categories":
        return dict.fromkeys(("total", "squares", "low", "high"))
    kind = np.float32 if name in {"score", "small"} else np.float64
    with np.errstate(all="ignore"):
        units = [(kind(value) - kind(bins.centre)) * kind(2**14 / bins.spread) for value in values]
    whole = [round(float(min(max(each, -(2**19)), 2**19))) for each in units]
    low, high = (float(end(values)) if values else None for end in (min, max))
    return {"total": sum(whole), "squares": sum(each**2 for each in whole), "low": low, "high": high}


def counted_checks(rows):
    """Return the rows that count against each check, by our own reading of the declaration."""
    bad = dict.fromkeys(("columns", "rows"), 0)
    keys = Counter(
        (row["user"], same(row["score"])) for row in rows if row["user"] is not None or row["score"] is not None
    )
    bad["key"] = sum(n for n in keys.values() if n > 1)
    tokens = Counter(row["token"] for row in rows if not is_missing(row["token"]))
    bad["token.unique"] = sum(n for n in tokens.values() if n > 1)
    low, high = (float(np.float32(bound)) for bound in (0.1, 0.5))
    for row in rows:
        hits = [
            f"{name}.not_null" for name, column in Sample.columns.items() if not column.nullable and row[name] is None
        ]
        hits += [f"{name}.nan" for name in ("score", "token") if isinstance(row[name], float) and math.isnan(row[name])]
        hits += ["user.allowed"] * (row["user"] == "NaN")
        hits += ["score.between"] * (not is_missing(row["score"]) and not low <= row["score"] <= high)
        hits += ["price.between"] * (not is_missing(row["price"]) and row["price"] > 3)
        hits += ["small.between"] * (row["small"] is not None and not 1 <= row["small"] <= 200)
        hits += ["price.max_null"] * (row["price"] is None)
        score, price = (math.inf if same(row[name]) == "NaN!" else row[name] for name in ("score", "price"))
        nan_above = same(row["score"]) == "NaN!" and same(row["price"]) != "NaN!"  # NaN is above infinity
        hits += ["cheap"] * (score is not None and price is not None and (score > price or nan_above))
        bad = dict(Counter(bad) + Counter(hits)) | {name: 0 for name in bad if not bad[name]}
    return bad, len(list(keys.elements())), sum(keys.values()) - len(keys)


@settings(deadline=None, max_examples=40)
@given(parts=PARTS)
def test_one_pass_counts_what_a_count_by_hand_does(parts):
    frame = pl.concat([frame_of(rows) for rows in parts])
    rows = frame.to_dicts()
    metrics = measure(frame.lazy(), Sample, edges=EDGES)
    bad, keyed, surplus = counted_checks(rows)
    assert {check: n for check, n in metrics.bad.items() if n} == {check: n for check, n in bad.items() if n}
    assert (metrics.rows, metrics.keyed, metrics.surplus) == (len(rows), keyed, surplus)
    for name, seen in metrics.seen.items():
        values = [row[name] for row in rows]
        there = [value for value in values if not is_missing(value)]
        assert (seen.nulls, seen.nans) == (values.count(None), len(values) - values.count(None) - len(there))
        if Sample.columns[name].dtype.is_numeric() or Sample.columns[name].dtype.is_temporal():
            assert (seen.low, seen.high) == ((min(there), max(there)) if there else (None, None))
    labels, columns = counted_profile(rows)
    profile = metrics.profile
    assert profile.rows == len(rows)
    assert (profile.labelled, profile.positives) == (len(labels) - labels.count(None), labels.count(True))
    for row in profile.columns.to_dicts():
        assert {name: row[name] for name in columns[row["column"]]} == columns[row["column"]], row["column"]


@settings(deadline=None, max_examples=40)
@given(parts=PARTS)
def test_profiles_of_parts_add_up_to_that_of_the_whole(parts):
    whole = measure(pl.concat([frame_of(rows) for rows in parts]).lazy(), Sample, edges=EDGES)
    measured = [measure(frame_of(rows).lazy(), Sample, edges=EDGES) for rows in parts]
    first, *others = (each.profile for each in measured)
    assert first.merge_all(others) == whole.profile
    assert Profile.empty(EDGES).merge_all([first, *others][::-1]) == whole.profile
    merged = measured[0]
    for each in measured[1:]:
        merged = each.merge(merged)
    assert merged.profile == whole.profile
    plain, frames = whole.profile.to_stored()
    stored = io.BytesIO()
    frames["columns"].write_ipc(stored)
    stored.seek(0)
    assert Profile.from_stored(json.loads(json.dumps(plain)), {"columns": pl.read_ipc(stored)}) == whole.profile


def test_profile_of_no_rows_says_nothing():
    metrics = measure(frame_of([]).lazy(), Sample, edges=EDGES)
    profile = metrics.profile
    assert profile == Profile.empty(EDGES)
    assert sum(profile.counts("price")) == 0
    assert set(profile.shares("price")) == {0.0}
    said = [profile.null_rate, profile.coverage, profile.mean, profile.std, profile.auc]
    assert [method("price") for method in said] + [profile.label_rate] == [None] * 6
    assert set(profile.label_rates("price")) == {None}


def profile_of(values, labels=None, **bins):
    class One(Table):
        x = Column(dtype=pl.Float64(), doc="X.", nullable=True, default=0)
        y = Column(dtype=pl.Int8(), doc="Y.", nullable=True)

    frame = pl.LazyFrame({"x": values, "y": labels or [None] * len(values)}, schema=One.polars_schema())
    edges = Edges(bins={"x": Bins(kind="numbers", **bins)}, label="y")
    return measure(frame, One, edges=edges).profile


def test_facts_of_a_column():
    profile = profile_of([None, math.nan, 0.0, 1.0, 2.0, 9.0], edges=(0.5, 1.5))
    assert profile.counts("x") == (1, 1, 2, 2)
    assert profile.shares("x")[-1] == profile.null_rate("x") == pytest.approx(2 / 6)
    assert profile.coverage("x") == pytest.approx(3 / 6)
    assert (profile.mean("x"), profile.std("x")) == (3.0, pytest.approx(np.std([0, 1, 2, 9])))


@pytest.mark.parametrize(
    ("labels", "want"),
    [
        ([0, 0, 0, 1, 1, 1], 1.0),
        ([1, 1, 1, 0, 0, 0], 0.0),
        ([0, 0, 1, 0, 1, 1], 8 / 9),
        ([None, 0, 0, 0, 0, 1], 1.0),
        ([0, 0, 0, 0, 0, 0], None),
    ],
)
def test_auc_is_the_share_of_pairs_in_order(labels, want):
    assert profile_of([0, 1, 2, 3, 4, 5], labels, edges=(0.5, 1.5, 2.5, 3.5, 4.5)).auc("x") == want


def test_values_in_one_cell_are_ties_and_a_missing_value_ranks_below_all():
    assert profile_of([1, 2], [0, 1], edges=(9,)).auc("x") == 0.5
    assert profile_of([None, None, -5, 7], [0, 0, 1, 1], edges=(0,)).auc("x") == 1.0


def test_one_absurd_value_does_not_hide_the_mean():
    profile = profile_of([0.25, 0.5, 0.75] * 1000 + [1e300, math.inf], edges=(0.25, 0.75))
    assert profile.mean("x") == pytest.approx(0.5, abs=0.05)
    assert profile_of([1e9 + 0.5] * 9, edges=(1e9, 1e9 + 1)).mean("x") == 1e9 + 0.5


@pytest.mark.parametrize("rows", [1, 2**15 - 1, 2**15, 2**15 + 1, 200_000])
def test_mean_and_deviation_are_those_of_the_values(rows):
    values = np.random.default_rng(rows).normal(7, 2, rows)
    values[values > 9] = np.nan
    profile = profile_of(values, edges=(5, 6, 7, 8))
    scale = Bins(kind="numbers", edges=(5, 6, 7, 8)).spread
    there = values[~np.isnan(values)]
    assert profile.mean("x") == pytest.approx(there.mean() if there.size else None, abs=scale / 2**15)
    if there.size:
        assert profile.std("x") == pytest.approx(there.std(), abs=scale / 2**13)


def test_column_that_the_frame_lacks_is_null_throughout():
    row = {"user": "a", "score": 0.2, "small": 1, "clicked": 1.0}
    frame = frame_of([row, row]).drop("price").lazy()
    profile = measure(frame, Sample, absent=("price",), edges=EDGES).profile
    assert profile.counts("price") == (0, 0, 0, 0, 0, 2)
    assert profile.label_rates("price")[-1] == 1.0
    null = measure(frame_of([row, row]).lazy(), Sample, edges=EDGES).profile
    assert profile == null


@pytest.mark.parametrize("bins", [{}, {"level": Bins(kind="categories", categories=(-1,))}], ids=["none", "level"])
def test_edges_may_cut_no_numbers(bins):
    rows = [{"user": "a", "score": 0.2, "small": 1, "level": level, "clicked": 1.0} for level in (-1, 3)]
    profile = measure(frame_of(rows).lazy(), Sample, edges=Edges(bins=bins, label="clicked")).profile
    assert (profile.labelled, profile.positives) == (2, 2)
    assert [profile.counts(name) for name in bins] == [(1, 1, 0) for _ in bins]


def test_without_a_label_column_nothing_is_labelled():
    frame = frame_of([{"user": "a", "score": 0.2, "small": 1}]).drop("clicked").lazy()
    profile = measure(frame, Sample, absent=("clicked",), edges=EDGES).profile
    assert (profile.labelled, sum(map(sum, profile.columns["labelled"]))) == (0, 0)
    assert profile.counts("user") == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("edges", "error", "message"),
    [
        (
            Edges(bins={"pirce": Bins(kind="numbers")}),
            ColumnMissingError,
            "'pirce', which table Sample lacks.* 'price'",
        ),
        (Edges(bins={}, label="click"), ColumnMissingError, "'click', which table Sample lacks"),
        (
            Edges(bins={"user": Bins(kind="numbers")}),
            ColumnTypeError,
            "'user' of the frame to be whole numbers or floats",
        ),
        (
            Edges(bins={"tags": Bins(kind="categories")}),
            ColumnTypeError,
            "'tags' .* texts, whole numbers or truth values",
        ),
        (Edges(bins={"price": Bins(kind="categories", categories=(1,))}), ColumnTypeError, "'price' .* whole numbers"),
        (Edges(bins={"level": Bins(kind="categories", categories=("a",))}), ColumnTypeError, "'level' .* to be texts"),
        (Edges(bins={"level": Bins(kind="categories", categories=(True,))}), ColumnTypeError, "to be truth values"),
        (Edges(bins={}, hour_of="day"), ColumnTypeError, "'day' of the frame to be a Datetime"),
        (Edges(bins={}, label="user"), ColumnTypeError, "'user' of the frame to be a number, as labels are"),
    ],
)
def test_edges_that_do_not_fit_the_table_are_refused(edges, error, message):
    with pytest.raises(error, match=message):
        measure(frame_of([]).lazy(), Sample, edges=edges)


def test_profiles_of_other_edges_are_not_mixed():
    one, two, three = (profile_of([1.0], edges=edges) for edges in ((0,), (1,), (0,)))
    assert one.merge(three).rows == 2
    with pytest.raises(UsageError, match=r"columns 'x' are cut differently\. Measure the rows of both with the same"):
        one.merge(two)
    with pytest.raises(UsageError, match=r"today has edges .*, the baseline has .*: columns 'x' are cut differently"):
        one.check_edges(two, mine="today", theirs="the baseline")
    unlabelled = Profile.empty(Edges(bins={"x": Bins(kind="numbers", edges=(0,))}))
    with pytest.raises(UsageError, match="the label or the hour is counted differently"):
        one.merge(unlabelled)


def test_metrics_with_a_profile_are_not_merged_with_metrics_without():
    frame = frame_of([]).lazy()
    with pytest.raises(UsageError, match="with a profile cannot be merged with metrics that have none"):
        measure(frame, Sample, edges=EDGES).merge(measure(frame, Sample))


def test_a_column_that_was_not_counted_is_named():
    with pytest.raises(ColumnMissingError, match="a profile reads column 'z', which what was counted lacks"):
        profile_of([], edges=()).counts("z")


def test_many_batches_are_counted_as_one_frame(tmp_path):
    moment = dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
    kinds = [
        {"user": user, "score": score, "small": 1, "at": moment, "clicked": clicked}
        for user in ("a", "b", None)
        for score in (0.2, 0.1, math.nan, 7.0)
        for clicked in (0.0, 1.0, math.nan, None)
    ]
    frame = frame_of(kinds * 625)
    frame.write_parquet(tmp_path / "rows.parquet", row_group_size=700)
    stored = measure(pl.scan_parquet(tmp_path / "rows.parquet"), Sample, edges=EDGES)
    assert stored.profile == measure(frame.lazy(), Sample, edges=EDGES).profile
    assert stored.profile.counts("hour")[7] == 30_000  # in UTC, and 8 in Berlin
