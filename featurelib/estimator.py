"""Estimators: operators and programs as scikit-learn's transformers, for models that are built there.

Owns the translation: arrays become columns, ``y`` a label column, results the kind of frame that was given. Must never
compute a feature: it fits with `featurelib.fitting` and evaluates with `featurelib.program`.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import polars as pl
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from featurelib.errors import UsageError
from featurelib.fitting import Operator, fit
from featurelib.program import Program
from featurelib.program.frames import from_pandas


class _Features(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both have in common: from what scikit-learn hands in, through a program, to what it wants back."""

    @property
    def _evaluated(self) -> Program:
        """The program, once there is one."""
        raise NotImplementedError

    def transform(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Compute the features.

        Parameters
        ----------
        X
            A polars or pandas frame, or an array whose columns are read as ``x0``, ``x1``, ...

        Returns
        -------
        The features, one row per row of ``X`` and in its order: a polars frame for a polars frame, a pandas frame with
        the same index for a pandas frame, an array for an array (of ``float32`` if every feature is, else of
        ``float64`` with NaN for null, or of objects if some are texts or lists); or what `set_output` says.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If ``X`` has other columns than those of the fit, as in scikit-learn.
        ColumnMissingError, ColumnTypeError
            If the program lacks a column, or cannot read it.
        """
        check_is_fitted(self)
        frame = self._frame(X, reset=False)
        wanted = getattr(self, "_sklearn_output_config", {}).get("transform", get_config()["transform_output"])
        if wanted == "polars" and not isinstance(frame, pl.DataFrame):
            frame = from_pandas(frame, [name for name in frame.columns if name in self._evaluated.inputs])
        made = self._evaluated.transform(frame)
        if not isinstance(made, pl.DataFrame) or wanted == "polars":
            return made
        if wanted == "pandas":
            return made.to_pandas()
        return made if _is_frame(X) else _array(made)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return the names of the features: the outputs of the program.

        Parameters
        ----------
        input_features
            As everywhere in scikit-learn: the names of the columns read, or ``None``.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If ``input_features`` are not the columns of the fit.
        """
        check_is_fitted(self)
        if input_features is not None:
            given, fitted = list(input_features), getattr(self, "feature_names_in_", None)
            if fitted is not None and given != list(fitted):
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(given) != getattr(self, "n_features_in_", len(given)):
                raise ValueError(f"input_features should have length equal to {self.n_features_in_}")
        return np.asarray(self._evaluated.outputs, dtype=object)

    def _frame(self, X: Any, *, reset: bool) -> Any:  # noqa: N803
        """Return what was given as a frame, after scikit-learn's checks of its shape and of its columns' names."""
        if isinstance(X, pl.LazyFrame):
            raise UsageError(f"{type(self).__name__} takes rows, and X is a LazyFrame: collect it first.")
        if _is_frame(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if all(isinstance(name, str) for name in X.columns):
                return X
            return X.set_axis(_numbered(X.shape[1]), axis=1)
        array = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False, ensure_min_samples=int(reset))
        return pl.DataFrame({name: _column(array[:, place]) for place, name in enumerate(_numbered(array.shape[1]))})

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []  # features have the types of the program
        return tags


class FeatureTransformer(_Features):
    """Fit operators to the frame at hand, as scikit-learn's transformer.

    Parameters
    ----------
    operators
        Cleaners and transforms, in order; or one.
    label
        What operators that read a label call it; ``y`` of `fit` is that column. ``None`` if none does: ``y`` is then
        ignored.

    Attributes
    ----------
    program_
        The fitted `Program`: save it, and serve it without scikit-learn.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    Null and NaN are missing; each operator says what becomes of them, of ±inf and of unseen terms. A frame may have no
    rows, an array must have one to be fitted. Columns that no operator reads are ignored, but as everywhere in
    scikit-learn `transform` asks for the columns of the fit. Of a pandas frame only the columns that are read are
    converted to polars; polars frames are not copied, and arrays are, column by column.

    Examples
    --------
    >>> import polars as pl
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from featurelib.transforms import Log1p, Standardize
    >>> from featurelib.cleaning import Impute
    >>> frame = pl.DataFrame({"price": [1.0, 2.0, None, 9.0], "clicks": [0, 3, 1, 8]})
    >>> features = FeatureTransformer([Impute("price", by="median"), Standardize("price"), Log1p("clicks")])
    >>> model = make_pipeline(features, LogisticRegression()).fit(frame, [0, 1, 0, 1])
    >>> model.predict(frame).tolist()
    [0, 0, 0, 1]
    >>> model[0].get_feature_names_out().tolist()
    ['price', 'price__z', 'clicks__log1p']
    >>> round(model[0].program_.transform_row({"price": None, "clicks": 0})["price__z"], 3)
    -0.469
    """

    def __init__(self, operators: Operator | Sequence[Operator], *, label: str | None = None) -> None:
        self.operators = operators
        self.label = label

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Fit the operators.

        Parameters
        ----------
        X
            A polars or pandas frame, or an array whose columns are read as ``x0``, ``x1``, ...
        y
            The label, one per row, if an operator reads one.

        Raises
        ------
        UsageError
            If ``X`` has a column with the name of the label already, or is lazy.
        ValueError
            If a label is read and ``y`` is not given, or has another length.
        ColumnMissingError, ColumnTypeError
            If an operator reads a column that is not there, or of a type that it cannot read.
        """
        frame = self._frame(X, reset=True)
        rows = frame if isinstance(frame, pl.DataFrame) else self._converted(frame)
        if self.label is not None:
            rows = self._with_label(rows, y)
        self.program_ = fit(self.operators, rows)
        return self

    def _converted(self, frame: Any) -> pl.DataFrame:
        """Return a pandas frame as polars'; columns that no operator reads, which may not convert, become null."""
        operators = [self.operators] if isinstance(self.operators, Operator) else self.operators
        wanted = {name for each in operators for name in (*each.reads, *(column for column, _ in each.learns))}
        read = [name for name in frame.columns if name in wanted] or list(frame.columns)
        unread = [pl.lit(None).alias(name) for name in frame.columns if name not in read]
        rows = from_pandas(frame, read)
        return rows.with_columns(unread).select(list(frame.columns))

    def _with_label(self, rows: pl.DataFrame, y: Any) -> pl.DataFrame:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None: "
                f"its operators read it as {self.label!r}."
            )
        if self.label in rows.columns:
            raise UsageError(f"X has a column {self.label!r} already: leave it out of X, it is y.")
        label = _column(column_or_1d(y))
        if len(label) != len(rows):
            raise ValueError(f"X has {len(rows)} rows, y has {len(label)}.")
        return rows.with_columns(label.alias(str(self.label)))

    @property
    def _evaluated(self) -> Program:
        return self.program_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "program_")  # not after a fit that failed, which has noted the columns of X

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.label is not None
        return tags


class ProgramTransformer(_Features):
    """Compute the features of a program that is fitted already, as scikit-learn's transformer.

    Parameters
    ----------
    program
        The program. `Program.as_sklearn` makes the transformer of it.

    Notes
    -----
    It may be used without `fit`, which learns nothing: it only notes the columns of ``X``, for `transform` to ask for
    the same. Without it, further columns are ignored, so a trained model can be given the whole feature table.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import Standardize, fit
    >>> features = fit(Standardize("x"), pl.DataFrame({"x": [1.0, 3.0]})).as_sklearn()
    >>> features.transform(pl.DataFrame({"x": [1.0, None], "y": ["a", "b"]}))["x__z"].to_list()
    [-1.0, None]
    >>> features.set_output(transform="pandas").transform(pl.DataFrame({"x": [2.0]}))
       x__z
    0   0.0
    """

    def __init__(self, program: Program) -> None:
        self.program = program

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002, N803  # scikit-learn hands it in
        """Note the columns of ``X``; the program stays as it is.

        Parameters
        ----------
        X
            A polars or pandas frame, or an array whose columns are read as ``x0``, ``x1``, ...
        y
            Not read.
        """
        self._frame(X, reset=True)
        return self

    def _frame(self, X: Any, *, reset: bool) -> Any:  # noqa: N803
        if reset or hasattr(self, "n_features_in_") or not _is_frame(X):
            return super()._frame(X, reset=reset)
        return X

    @property
    def _evaluated(self) -> Program:
        return self.program

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


def _is_frame(given: Any) -> bool:
    kind = type(given)
    return kind.__name__ in {"DataFrame", "LazyFrame"} and kind.__module__.partition(".")[0] in {"polars", "pandas"}


def _numbered(count: int) -> list[str]:
    return [f"x{place}" for place in range(count)]


def _column(values: Any) -> pl.Series:
    """Return a column of an array; of objects, whose types polars has to find out."""
    return pl.Series(values.tolist() if values.dtype == object else np.ascontiguousarray(values))


def _array(made: pl.DataFrame) -> Any:
    if all(dtype.is_numeric() or dtype == pl.Boolean for dtype in made.dtypes):
        single = all(dtype == pl.Float32 for dtype in made.dtypes)
        return made.cast(pl.Float32 if single else pl.Float64).to_numpy()
    cells = np.empty(made.shape, dtype=object)
    for number, row in enumerate(made.rows()):
        for place, value in enumerate(row):
            cells[number, place] = value  # NOTE: one by one; NumPy would take lists of one length for an axis
    return cells
