"""WeightOfEvidence: replace a category by what it says for or against the label."""

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from featurelib.transforms.category_by_label import CategoryByLabel
from featurelib.transforms.fitted import NOT_GIVEN, Fitted
from featurelib.transforms.registry import register

if TYPE_CHECKING:
    import numpy as np


@register("weight_of_evidence")
@dataclass(frozen=True)
class WeightOfEvidence(CategoryByLabel):
    """Learn the weight of evidence of each category.

    Parameters
    ----------
    column
        Text, integer or boolean column such as ``item_id``.
    label
        The label's column, read when the program is fitted and never after: 0 or 1. A row without one is left out.
    fitted
        Which rows a row's encoding is learned from: `OutOfFold`, `EarlierDays` or `FirstDays`. There is no default, as
        the weight over all rows holds the row's own label.
    min_count
        Rows a category needs; with fewer its weight is 0. At least 1.

    Raises
    ------
    ParameterError
        If ``min_count`` is below 1, or ``column`` is the label or the key of the folds.
    DataRefusedError
        By the fit, if a label is neither 0 nor 1.

    Notes
    -----
    Adds ``<column>__woe``, ``Float32``, never null: ``ln(P(category | 1) / P(category | 0))``, where 0.5 stands for an
    empty cell; 0 says nothing, more than 0 speaks for the label. An unseen category has 0, and so has every category
    while only one class of label was learned from, or no row. Null is a category like any other, the empty text too.
    The counts merge exactly. The program holds a number for each category and variant: ``folds + 1``, or the number of
    days + 1, of them.

    References
    ----------
    Good, I. J. (1950). Probability and the Weighing of Evidence.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> from featurelib.transforms import OutOfFold, fit
    >>> frame = pl.DataFrame({"item": ["a", "a", "a", "b", "b"], "clicked": [1, 1, 0, 0, 0], "request": range(5)})
    >>> frame = frame.with_columns(at=pl.lit(datetime(2026, 11, 1, tzinfo=UTC)))
    >>> woe = WeightOfEvidence("item", label="clicked", fitted=OutOfFold(key="request", time="at", folds=2))
    >>> program = fit(woe, frame)
    >>> later = {"request": 0, "at": datetime(2026, 11, 2, tzinfo=UTC)}
    >>> [round(program.transform_row({"item": item, **later})["item__woe"], 3) for item in ("a", "b", "c")]
    [1.099, -0.981, 0.0]
    """

    column: str
    _: KW_ONLY
    label: str
    fitted: Fitted = NOT_GIVEN
    min_count: int = 1

    suffix = "woe"

    def __post_init__(self) -> None:
        self.check()

    def weigh(
        self,
        rows: "np.ndarray[Any, Any]",
        total: "np.ndarray[Any, Any]",
        *,
        all_rows: "np.ndarray[Any, Any]",
        all_total: "np.ndarray[Any, Any]",
    ) -> "np.ndarray[Any, Any]":
        return weights(rows, total, all_rows, all_total)


def weights(
    rows: "np.ndarray[Any, Any]",
    positive: "np.ndarray[Any, Any]",
    all_rows: "np.ndarray[Any, Any] | int",
    all_positive: "np.ndarray[Any, Any] | int",
) -> "np.ndarray[Any, Any]":
    """Return the weight of evidence of cells of rows, of which some are positive.

    0.5 stands for an empty count of a cell that has rows. A cell without rows weighs 0, and so does each if all rows
    are of one class.
    """
    import numpy as np

    for_it, against = shares(rows, positive, all_rows, all_positive)
    both = (rows > 0) & (for_it > 0) & (against > 0)
    logarithms: np.ndarray[Any, Any] = np.log(np.divide(for_it, against, where=both, out=np.ones(for_it.shape)))
    return logarithms


def shares(
    rows: "np.ndarray[Any, Any]",
    positive: "np.ndarray[Any, Any]",
    all_rows: "np.ndarray[Any, Any] | int",
    all_positive: "np.ndarray[Any, Any] | int",
) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """Return the share of each cell in the positive and in the negative rows; 0.5 stands for an empty count."""
    import numpy as np

    found = []
    for cell, of in ((positive, all_positive), (rows - positive, all_rows - all_positive)):
        counted = np.where(cell == 0, 0.5, cell)
        found.append(np.divide(counted, of, where=np.not_equal(of, 0), out=np.zeros(counted.shape)))
    return found[0], found[1]
