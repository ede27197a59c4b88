"""scikit-learn takes our operators and programs for its own: its checks pass, its compositions work."""

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from featurelib.cleaning import Impute
from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, UsageError
from featurelib.estimator import FeatureTransformer, ProgramTransformer
from featurelib.fitting import Moments
from featurelib.program import load, save
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Affine
from featurelib.transforms import (
    Edges,
    Frequency,
    Log1p,
    OutOfFold,
    Standardize,
    TargetMean,
    Transform,
    Vocabulary,
    fit,
)

FRAME = pl.DataFrame(
    {
        "price": [1.0, 2.0, None, 9.0, 4.0, 7.0],
        "query": ["tv", "tv", None, "bike", "", "tv"],
        "clicks": [0, 3, 1, 8, 2, 5],
        "unread": [[1], [2], None, [], [3], [4]],
    }
)
CLICKED = [0, 1, 0, 1, 0, 1]
OPERATORS = [Standardize("price"), Vocabulary("query"), Log1p("clicks")]
NAMES = ["price__z", "query__index", "clicks__log1p"]
PROGRAM = fit(OPERATORS, FRAME)


@dataclass(frozen=True)
class ShiftedByLabel(Transform):
    """A transform that learns from a label, and reads no time as ours do: scikit-learn's checks know floats alone."""

    column: str

    suffix = "shifted"
    learns = (("clicked", "number"),)

    def state(self) -> Moments:
        return Moments()

    def finish(self, learned: Moments) -> Iterable[Primitive]:
        yield Affine(learned.mean or 0.0, 1.0)


EXPECTED_TO_FAIL: dict[str, str] = {}  # a check of scikit-learn's: the reason why it does not apply to us
NOT_RUN = {"check_array_api_input": "arrays of other libraries become NumPy's; SCIPY_ARRAY_API is not set"}
ESTIMATORS = {
    "operators": FeatureTransformer([Standardize("x0")]),
    "operators that learn from a label": FeatureTransformer([ShiftedByLabel("x0")], label="clicked"),
    "program": fit(Standardize("x0"), pl.DataFrame({"x0": [1.0, 2.0, 5.0]})).as_sklearn(),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_checks_of_scikit_learn_pass(name: str):
    results = check_estimator(ESTIMATORS[name], expected_failed_checks=EXPECTED_TO_FAIL, on_skip=None)
    assert len(results) > 40
    assert {result["check_name"] for result in results if result["status"] != "passed"} <= {*EXPECTED_TO_FAIL, *NOT_RUN}


def kinds(frame: pl.DataFrame) -> dict[str, Any]:
    pandas = frame.to_pandas()
    pandas.index = pd.Index([f"row {number}" for number in range(len(frame))])
    return {"polars": frame, "pandas": pandas}


@pytest.mark.parametrize("kind", ["polars", "pandas"])
@pytest.mark.parametrize(
    "estimator", [FeatureTransformer(OPERATORS), ProgramTransformer(PROGRAM)], ids=["fits", "is fitted"]
)
def test_frame_in_gives_the_same_kind_of_frame_out(kind: str, estimator: Any):
    given = kinds(FRAME.drop("unread"))[kind]
    made = clone(estimator).fit_transform(given)
    assert type(made) is type(given)
    assert list(made.columns) == NAMES
    if kind == "pandas":
        assert list(made.index) == list(given.index)
        made = pl.from_pandas(made)
    assert made.equals(PROGRAM.transform(FRAME))
    assert kinds(FRAME.drop("unread"))[kind].equals(given)


@pytest.mark.parametrize("kind", ["polars", "pandas"])
@pytest.mark.parametrize("wanted", ["polars", "pandas"])
def test_set_output_changes_the_kind_and_keeps_types(kind: str, wanted: str):
    given = kinds(FRAME.drop("unread"))[kind]
    set_for_it = PROGRAM.as_sklearn().set_output(transform=wanted).transform(given)
    with config_context(transform_output=wanted):
        set_for_all = PROGRAM.as_sklearn().transform(given)
    for made in (set_for_it, set_for_all):
        assert type(made) is {"polars": pl.DataFrame, "pandas": pd.DataFrame}[wanted]
        assert [str(dtype).lower() for dtype in made.dtypes] == ["float32", "uint32", "float32"]
        if kind == wanted == "pandas":
            assert list(made.index) == list(given.index)


def test_array_in_gives_an_array_out():
    array = np.array([[1.0, 2.0], [np.nan, 0.0], [5.0, -1.0]])
    scaled = FeatureTransformer([Standardize("x0"), Log1p("x1")]).fit(array)
    made = scaled.transform(array)
    assert made.dtype == np.float32
    assert made[1].tolist() == [pytest.approx(np.nan, nan_ok=True), 0.0]
    mixed = FeatureTransformer([Standardize("x0"), Edges("x1", edges=[0.0])]).fit(array)
    assert mixed.transform(array)[:, 1].tolist() == [2.0, 2.0, 1.0]
    assert mixed.transform(array).dtype == np.float64
    assert mixed.transform(np.empty((0, 2))).shape == (0, 2)
    assert list(mixed.set_output(transform="pandas").transform(array).columns) == ["x0__z", "x1__bin"]


def test_array_of_objects_holds_texts_and_numbers():
    array = np.array([["tv", 1], ["bike", None], [None, 3]], dtype=object)
    features = FeatureTransformer([Vocabulary("x0"), Impute("x1", value=0.0), Impute("x0", value="none")]).fit(array)
    assert features.get_feature_names_out().tolist() == ["x0__index", "x1", "x0"]
    assert features.transform(array).tolist() == [[3, 1.0, "tv"], [2, 0.0, "bike"], [0, 3.0, "none"]]


def test_pandas_frame_with_numbers_for_names_is_read_as_an_array():
    frame = pd.DataFrame(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert FeatureTransformer([Standardize("x1")]).fit_transform(frame)["x1__z"].tolist() == [-1.0, 1.0]


def test_program_is_used_as_it_is_and_ignores_further_columns():
    features = PROGRAM.as_sklearn()
    assert features.transform(FRAME).equals(PROGRAM.transform(FRAME))
    assert features.transform(FRAME.select("clicks", "query", "price")).equals(PROGRAM.transform(FRAME))
    with pytest.raises(ColumnMissingError, match="price"):
        features.transform(FRAME.drop("price"))
    with pytest.raises(ColumnMissingError, match="price"):
        PROGRAM.as_sklearn().set_output(transform="polars").transform(FRAME.drop("price", "unread").to_pandas())
    features.fit(FRAME)
    with pytest.raises(ValueError, match="feature names should match"):
        features.transform(FRAME.drop("unread"))


def test_fitted_program_is_one_to_save_and_serve(tmp_path):
    fitted = FeatureTransformer(OPERATORS).fit(FRAME)
    assert fitted.program_.fingerprint == PROGRAM.fingerprint
    assert load(tmp_path, save(fitted.program_, tmp_path)).as_sklearn().transform(FRAME).equals(fitted.transform(FRAME))


@pytest.mark.parametrize("estimator", [FeatureTransformer(OPERATORS), PROGRAM.as_sklearn()], ids=["fits", "is fitted"])
def test_clone_and_pickle_keep_what_it_is(estimator: Any):
    fitted = clone(clone(estimator)).fit(FRAME)
    for other in (pickle.loads(pickle.dumps(fitted)), clone(fitted).fit(FRAME)):  # noqa: S301
        assert other.transform(FRAME).equals(PROGRAM.transform(FRAME))
        assert other.get_feature_names_out().tolist() == NAMES


def test_not_fitted_is_said():
    with pytest.raises(NotFittedError, match="FeatureTransformer instance is not fitted yet"):
        FeatureTransformer(OPERATORS).transform(FRAME)


def test_a_fit_that_failed_is_none():
    features = FeatureTransformer([Standardize("no_such_column")])
    with pytest.raises(ColumnMissingError):
        features.fit(FRAME)
    with pytest.raises(NotFittedError):
        features.transform(FRAME)
    with pytest.raises(NotFittedError):
        features.get_feature_names_out()


def test_what_is_no_table_of_rows_is_refused():
    fitted = FeatureTransformer(OPERATORS).fit(FRAME)
    for use in (FeatureTransformer(OPERATORS).fit, fitted.transform, PROGRAM.as_sklearn().fit):
        with pytest.raises(UsageError, match="takes rows, and X is a LazyFrame: collect it first"):
            use(FRAME.lazy())
    for column in (FRAME["price"], FRAME["price"].to_pandas()):
        with pytest.raises(ValueError, match=r"Expected (2D array|a 2-dimensional container)"):
            FeatureTransformer(OPERATORS).fit(column)


def test_a_pandas_column_that_nobody_reads_may_hold_anything():
    frame = FRAME.to_pandas().assign(unread=[1, "two", None, {}, [], 6.0])
    fitted = FeatureTransformer(OPERATORS).fit(frame)
    assert pl.DataFrame(fitted.transform(frame)).equals(PROGRAM.transform(FRAME))
    with pytest.raises(ColumnMissingError, match=r"Did you mean 'price'\? Columns: \[.*unread"):
        FeatureTransformer([Standardize("prise"), Log1p("clicks")]).fit(frame)


@pytest.mark.parametrize("values", [["a", 1], [1, "a"], [1, {}]], ids=str)
def test_a_pandas_column_of_several_types_is_named(values: list[object]):
    rows = pd.DataFrame({"fine": [1, 2], "x": values})
    complaint = "polars needs column 'x' of the pandas frame to be of one type, got object .*. Give it one: "
    program = fit(Frequency("x"), pl.DataFrame({"x": ["a"]}))
    for use in (FeatureTransformer([Log1p("fine"), Frequency("x")]).fit, program.transform):
        with pytest.raises(ColumnTypeError, match=complaint):
            use(rows)


def test_no_operator_is_refused():
    with pytest.raises(DeclarationError, match="fit takes at least one operator"):
        FeatureTransformer([]).fit(pl.DataFrame({"x": [1.0]}))


def test_one_operator_needs_no_list():
    fitted = FeatureTransformer(Standardize("price")).fit(FRAME)
    assert clone(fitted).fit(FRAME).transform(FRAME).equals(fit(Standardize("price"), FRAME).transform(FRAME))


def test_names_that_come_in_must_be_those_of_the_fit():
    fitted = FeatureTransformer(OPERATORS).fit(FRAME)
    assert fitted.get_feature_names_out(FRAME.columns).tolist() == NAMES
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        fitted.get_feature_names_out(["price"])
    with pytest.raises(ValueError, match="input_features should have length equal to 1"):
        FeatureTransformer([Standardize("x0")]).fit([[1.0], [2.0]]).get_feature_names_out(["a", "b"])


@pytest.mark.parametrize("kind", ["polars", "pandas"])
def test_label_is_y_under_the_name_that_operators_learn_from(kind: str):
    at = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 1, 2, 2, 3, 3)]
    frame = FRAME.select("query", request_id=pl.Series(list("aabbcc")), shown_at=pl.Series(at))
    mean = TargetMean("query", label="clicked", fitted=OutOfFold(key="request_id", time="shown_at", folds=3))
    given = kinds(frame)[kind]
    fitted = FeatureTransformer([mean], label="clicked").fit(given, np.array(CLICKED))
    expected = fit(mean, frame.with_columns(clicked=pl.Series(CLICKED)))
    assert fitted.program_.fingerprint == expected.fingerprint
    made = fitted.transform(given)
    assert pl.DataFrame(made).equals(expected.transform(frame))
    assert fitted.feature_names_in_.tolist() == frame.columns


def test_label_that_is_not_given_or_given_twice_is_refused():
    features = FeatureTransformer([ShiftedByLabel("clicks")], label="clicked")
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None: its operators read it as"):
        features.fit(FRAME)
    with pytest.raises(ValueError, match="X has 6 rows, y has 2"):
        features.fit(FRAME, [0, 1])
    with pytest.raises(UsageError, match="X has a column 'clicked' already"):
        features.fit(FRAME.with_columns(clicked=0), CLICKED)


@pytest.mark.parametrize("kind", ["polars", "pandas"])
def test_it_works_in_a_pipeline_a_column_transformer_and_a_search(kind: str):
    given = kinds(FRAME.drop("unread"))[kind]
    columns = ColumnTransformer(
        [
            ("numbers", FeatureTransformer([Impute("price", by="mean"), Standardize("price")]), ["price", "clicks"]),
            ("texts", FeatureTransformer([Vocabulary("query")]), ["query"]),
        ]
    ).set_output(transform=kind)
    model = make_pipeline(columns, LogisticRegression())
    search = GridSearchCV(
        model,
        {"columntransformer__texts__operators": [[Vocabulary("query")], [Vocabulary("query", min_count=2)]]},
        cv=2,
    ).fit(given, CLICKED)
    assert search.cv_results_["mean_test_score"].shape == (2,)
    names = search.best_estimator_[0].get_feature_names_out().tolist()
    assert names == ["numbers__price", "numbers__price__z", "texts__query__index"]
    assert type(columns.fit_transform(given)) is type(given)
    assert len(search.predict(given)) == 6
