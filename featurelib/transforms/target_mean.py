"""TargetMean: replace a category by the mean label of its other rows, drawn towards the mean of all."""

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from featurelib.parameters import check_number
from featurelib.transforms.category_by_label import CategoryByLabel
from featurelib.transforms.fitted import NOT_GIVEN, Fitted
from featurelib.transforms.registry import register

if TYPE_CHECKING:
    import numpy as np


@register("target_mean")
@dataclass(frozen=True)
class TargetMean(CategoryByLabel):
    """Learn the mean label of each category.

    Parameters
    ----------
    column
        Text, integer or boolean column such as ``item_id``.
    label
        The label's column, read when the program is fitted and never after. Whole numbers from -2^32 to 2^32: 0 and 1,
        a count, cents. A row without one is left out.
    fitted
        Which rows a row's encoding is learned from: `OutOfFold`, `EarlierDays` or `FirstDays`. There is no default, as
        the mean of all rows holds the row's own label.
    smoothing
        How many rows of the overall mean each category starts with; 0 or more.
    min_count
        Rows a category needs; with fewer it gets the overall mean. At least 1.

    Raises
    ------
    ParameterError
        If ``smoothing`` is below 0, ``min_count`` below 1, or ``column`` is the label or the key of the folds.
    DataRefusedError
        By the fit, if a label is no such number.

    Notes
    -----
    Adds ``<column>__target_mean``, ``Float32``: ``(sum + smoothing * mean) / (rows + smoothing)``, with the sum of the
    labels of the category's other rows, their number, and the mean label of all other rows. An unseen category gets
    that mean. Null is a category like any other, the empty text too. Where no row was learned from, the result is null;
    with `EarlierDays` that is the first fitted day. The counts merge exactly. The program holds a number for each
    category and variant: ``folds + 1``, or the number of days + 1, of them.

    References
    ----------
    Micci-Barreca, D. (2001). A preprocessing scheme for high-cardinality categorical attributes in classification and
    prediction problems. With ``smoothing`` rows, its weight of a category is ``rows / (rows + smoothing)``.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> from featurelib.transforms import EarlierDays, fit
    >>> day = [datetime(2026, 11, number, tzinfo=UTC) for number in (1, 2, 3)]
    >>> frame = pl.DataFrame({"item": ["a", "b", "a", "a"], "clicked": [1, 0, 0, 1], "at": [*day[:1] * 2, *day[1:]]})
    >>> mean = TargetMean("item", label="clicked", smoothing=1, fitted=EarlierDays(time="at"))
    >>> program = fit(mean, frame)
    >>> program.transform(frame)["item__target_mean"].to_list()
    [None, None, 0.75, 0.4444444477558136]
    >>> program.transform_row({"item": "a", "at": None})
    {'item__target_mean': 0.625}
    """

    column: str
    _: KW_ONLY
    label: str
    fitted: Fitted = NOT_GIVEN
    smoothing: float = 20.0
    min_count: int = 1

    suffix = "target_mean"
    binary = False

    def __post_init__(self) -> None:
        check_number(self, "smoothing", fits=lambda rows: 0 <= rows < math.inf, want="0 or more")
        self.check()

    def weigh(
        self,
        rows: "np.ndarray[Any, Any]",
        total: "np.ndarray[Any, Any]",
        *,
        all_rows: "np.ndarray[Any, Any]",
        all_total: "np.ndarray[Any, Any]",
    ) -> "np.ndarray[Any, Any]":
        import numpy as np

        with np.errstate(invalid="ignore"):  # 0 / 0: there is no mean of no rows
            mean = all_total / all_rows
            means: np.ndarray[Any, Any] = total + self.smoothing * mean
            means /= rows + self.smoothing
        np.copyto(means, mean, where=rows == 0)
        return means
