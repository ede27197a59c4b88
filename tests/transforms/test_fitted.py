"""What all label encodings share: no row sees its own label, in training or in serving, and programs are of the row."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from featurelib.cleaning import Impute
from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, ParameterError
from featurelib.fitting.labels_by_part import day_instants
from featurelib.program import load, save
from featurelib.program.diff import diff
from featurelib.transforms import (
    ChiMerge,
    EarlierDays,
    Feature,
    FirstDays,
    Frequency,
    GbdtLeaves,
    MonotonicWoe,
    OutOfFold,
    QuantileBins,
    Standardize,
    TargetMean,
    Transform,
    TreeBins,
    WeightOfEvidence,
    fit,
)
from featurelib.transforms.fitted import Fitted
from tests.transforms.labelled import DAYS, FIRST, FOLDS, START, frame

WAYS = {"out of fold": FOLDS, "earlier days": DAYS, "first days": FIRST}
MAKERS: dict[str, Callable[[Fitted], Transform]] = {
    "target_mean": lambda way: TargetMean("category", label="label", fitted=way, smoothing=0.0),
    "weight_of_evidence": lambda way: WeightOfEvidence("category", label="label", fitted=way),
    "tree_bins": lambda way: TreeBins("x", label="label", fitted=way, bins=9, min_share=0.0),
    "chi_merge": lambda way: ChiMerge("x", label="label", fitted=way, bins=9, significance=0.01),
    "monotonic_woe": lambda way: MonotonicWoe("x", label="label", fitted=way, min_share=0.0),
}
BASE = TargetMean("category", label="label", fitted=FOLDS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MAKERS)
def test_flipping_the_label_of_a_row_never_moves_its_own_encoding(name: str, way: str):
    transform = MAKERS[name](WAYS[way])
    rows = frame(24)
    (column,) = transform.makes
    before = fit(transform, rows).transform(rows)[column]
    moved = 0
    for number in range(len(rows)):
        flipped = rows.with_columns(
            label=pl.when(pl.int_range(pl.len()) == number).then(1 - pl.col("label")).otherwise("label")
        )
        after = fit(transform, flipped).transform(rows)[column]
        assert after[number] == before[number]
        moved += not after.equals(before)
    assert moved >= (1 if way == "first days" else 3)  # the labels do matter to the other rows


@pytest.mark.parametrize("way", WAYS)
def test_category_that_is_unique_per_row_says_nothing_of_a_random_label(way: str):
    size = 20_000
    draw = np.random.default_rng(8)
    rows = pl.DataFrame({"category": np.arange(size), "label": draw.integers(0, 2, size), "request": np.arange(size)})
    hours = pl.Series(draw.integers(0, 24 * 5, size)) * pl.duration(hours=1)
    rows = rows.with_columns(at=pl.lit(START) + hours)
    made = fit(TargetMean("category", label="label", fitted=WAYS[way], smoothing=0.0), rows).transform(rows)
    assert made["category__target_mean"].n_unique() <= 6  # the mean of each variant, and null before the first day
    leaking = rows.group_by("category").agg(mean=pl.col("label").mean())  # what a mean over all rows would be
    assert leaking.join(rows, on="category").filter(pl.col("mean") == pl.col("label")).height == size


def test_rows_of_one_key_learn_nothing_from_each_other():
    rows = pl.DataFrame({"category": ["a"] * 6, "request": ["one"] * 3 + ["two"] * 3, "label": [1] * 3 + [0] * 3})
    rows = rows.with_columns(at=pl.lit(START))
    mean = TargetMean("category", label="label", smoothing=0.0, fitted=OutOfFold(key="request", time="at", folds=97))
    assert fit(mean, rows).transform(rows)["category__target_mean"].to_list() == [0.0] * 3 + [1.0] * 3


def test_row_outside_the_fitted_days_or_without_time_gets_what_all_rows_teach():
    rows = pl.DataFrame({"category": ["a", "a"], "request": ["one", "two"], "label": [1, 0], "at": [START] * 2})
    program = fit(TargetMean("category", label="label", smoothing=0.0, fitted=FOLDS), rows)
    for at in (None, START - timedelta(microseconds=1), START + timedelta(days=1)):
        row = {"category": "a", "request": "one", "at": at}
        assert program.transform_row(row) == {"category__target_mean": 0.5}
    last = START + timedelta(days=1, microseconds=-1)
    assert program.transform_row({"category": "a", "request": "one", "at": last}) != {"category__target_mean": 0.5}


def test_days_are_those_of_the_zone_and_have_25_hours_where_clocks_go_back():
    berlin = ZoneInfo("Europe/Berlin")
    times = [datetime(2026, 10, day, hour, tzinfo=berlin) for day, hour in [(24, 23), (25, 0), (25, 23), (26, 0)]]
    rows = pl.DataFrame({"category": ["a"] * 4, "label": [1, 0, 0, 1], "at": times})
    way = EarlierDays(time="at", zone="Europe/Berlin")
    made = fit(TargetMean("category", label="label", smoothing=0.0, fitted=way), rows).transform(rows)
    assert made["category__target_mean"].to_list() == pytest.approx([None, 1.0, 1.0, 1 / 3])
    assert np.diff(day_instants(20_751, "Europe/Berlin")).tolist() == [25 * 3600 * 10**6]


@pytest.mark.parametrize("way", WAYS)
def test_program_reads_no_label_and_comes_back_from_storage(way: str, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("program")
    program = fit([Feature(name, make(WAYS[way])) for name, make in MAKERS.items()], frame())
    assert {*program.inputs} == {"category", "x", *WAYS[way].reads}
    loaded = load(folder, save(program, folder))
    assert loaded == program
    unlabelled = frame(50, seed=3).drop("label")
    assert loaded.transform(unlabelled).equals(program.transform(unlabelled))


def test_encodings_with_the_same_fitted_share_its_chain_and_their_terms():
    second = Feature("other", WeightOfEvidence("category", label="label", fitted=FOLDS))
    early = Feature("early", TargetMean("category", label="label", fitted=DAYS))
    program = fit([BASE, second, early], frame())
    assert [chain.into for chain in program.chains] == [
        repr(FOLDS),
        "category@terms",
        "category__target_mean",
        "other",
        repr(DAYS),
        "early",
    ]


def test_encodings_of_one_column_with_other_terms_do_not_mix():
    rows = frame()
    rare = Feature("rare", TargetMean("category", label="label", fitted=FOLDS, min_count=5))
    both = fit([BASE, rare, Feature("again", BASE)], rows).transform(rows)
    assert both["rare"].to_list() == fit(rare, rows).transform(rows)["rare"].to_list()
    assert both["again"].to_list() == both["category__target_mean"].to_list()
    assert both["again"].to_list() != both["rare"].to_list()


def test_later_operators_read_an_encoding_and_the_columns_it_replaces():
    rows = frame()
    replaced = [Feature("category", BASE), Feature("z", Standardize("category")), QuantileBins("x", bins=2)]
    program = fit(replaced, rows)
    alone = fit([BASE, Feature("z", Standardize("category__target_mean"))], rows)
    assert program.transform(rows)["z"].equals(alone.transform(rows)["z"])
    assert program.outputs == ("category", "z", "x__bin")


def test_repair_of_the_key_counts_for_the_encodings_after_it():
    rows = frame()
    after = Feature("after", BASE)
    program = fit([BASE, Impute("request", value="none"), after], rows)
    repaired = rows.with_columns(pl.col("request").fill_null("none"))
    assert [chain.into for chain in program.chains].count(repr(FOLDS)) == 2
    assert program.transform(rows)["after"].equals(fit(after, repaired).transform(repaired)["after"])
    assert program.transform(rows)["category__target_mean"].equals(fit(BASE, rows).transform(rows).to_series())


def test_refits_differ_by_what_they_learned():
    first, second = fit(BASE, frame()), fit(BASE, frame(seed=4, days=7))
    told = [str(difference).split(": ")[:2] for difference in diff(first, second)]
    assert [repr(FOLDS), "fold.end"] in told
    assert diff(first, first) == []


@pytest.mark.parametrize("column", ["category@terms", repr(FOLDS)])
def test_column_with_a_name_that_an_encoding_uses_is_refused(column: str):
    rows = frame().with_columns(pl.lit("mine").alias(column))
    with pytest.raises(DeclarationError, match=r"Frequency.* has a column .*, a name that TargetMean.* uses"):
        fit([BASE, Frequency(column)], rows)
    assert fit(BASE, rows).transform(rows, keep=[column])[column].to_list() == ["mine"] * len(rows)


def test_missing_and_wrong_columns_name_the_transform():
    with pytest.raises(ColumnMissingError, match=r"TargetMean.* reads column 'label', which the samples table lacks"):
        fit(BASE, frame().drop("label"))
    with pytest.raises(ColumnTypeError, match=r"needs column 'at' .* a Datetime with a time zone, got Datetime"):
        fit(BASE, frame().with_columns(pl.col("at").dt.replace_time_zone(None)))
    with pytest.raises(ColumnMissingError, match="reads column 'request', which the row lacks"):
        fit(BASE, frame()).transform_row({"category": "a", "at": None})


@pytest.mark.parametrize("time", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
def test_row_of_the_ends_of_the_calendar_is_left_out(time: datetime):
    rows = pl.DataFrame({"category": ["a", "a"], "request": ["one", "two"], "label": [1, 0], "at": [time, START]})
    for way in (FOLDS, EarlierDays(time="at", zone="Pacific/Auckland")):
        program = fit(TargetMean("category", label="label", smoothing=0.0, fitted=way), rows)
        assert program.transform_row({"category": "a", "request": "r", "at": None}) == {"category__target_mean": 0.0}


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: OutOfFold(key="k", time="t", folds=1), "folds"),
        (lambda: OutOfFold(key="k", time="t", zone="Mars"), "zone"),
        (lambda: EarlierDays(time="t", zone=""), "zone"),
        (lambda: FirstDays(time="t", days=0), "days"),
        (lambda: FirstDays(time="t", days=1, zone="Mars"), "zone"),
    ],
    ids=["folds", "zone", "zone of days", "days", "zone of first days"],
)
def test_parameters_out_of_range_are_refused(make: Callable[[], Fitted], name: str):
    with pytest.raises(ParameterError, match=f"{name} must be"):
        make()


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: TargetMean("label", label="label", fitted=FOLDS), "label must be a column that is not read"),
        (lambda: TreeBins("label", label="label", fitted=DAYS, bins=2), "label must be a column that is not read"),
        (
            lambda: WeightOfEvidence("x", label="y", fitted=OutOfFold(key="y", time="at")),
            "label must be a column that is not read",
        ),
        (lambda: TargetMean("x", label="y", fitted=OutOfFold(key="x", time="at")), "key other than 'x'"),
        (lambda: ChiMerge("x", label="y", fitted="folds", bins=2), r"fitted must be OutOfFold\(...\), "),
        (lambda: TargetMean("x", label="y"), "FirstDays.*: without it a row would learn its own label, got None"),
        (lambda: MonotonicWoe("x", label="y"), "without it a row would learn its own label, got None"),
        (lambda: GbdtLeaves(["x"], label="y", key="k"), r"fitted must be FirstDays\(...\).*, got None"),
        (lambda: EarlierDays(time="at", zone="Europe"), "zone must be"),
        (lambda: EarlierDays(time="at", zone=None), "zone must be"),
    ],
    ids=[
        "label",
        "label of bins",
        "label as key",
        "category as key",
        "way",
        "no way",
        "no way of weights",
        "no way of trees",
        "folder of zones",
        "no zone",
    ],
)
def test_what_cannot_be_learned_without_a_leak_is_refused(make: Callable[[], object], complaint: str):
    with pytest.raises(ParameterError, match=complaint):
        make()
