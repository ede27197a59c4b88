"""CategoryByLabel: a number for each category, learned from the labels of its other rows."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.errors import ParameterError
from featurelib.parameters import check_whole
from featurelib.program.chain import Chain
from featurelib.program.primitives import Gather, Index, ToFloat32, VariantPlace
from featurelib.transforms.label_transform import LabelTransform

if TYPE_CHECKING:
    import numpy as np

_FIRST = 2  # 0 is the position of an unseen category, 1 that of null


class CategoryByLabel(LabelTransform):
    """Replace a category by a number; null is a category of its own.

    A subclass gives the number in `weigh`. A category with fewer than ``min_count`` rows in a variant is as one that
    has none there.
    """

    min_count: int
    kind = "text"

    def check(self) -> None:
        """Raise `ParameterError` if ``min_count`` is out of its range, or the category is the key of its folds."""
        super().check()
        check_whole(self, "min_count")
        if self.column in self.fitted.reads:
            want = (
                f"with a key other than {self.column!r}, as all rows of a category would be in one fold, with no others"
            )
            raise ParameterError(self, "fitted", got=self.fitted, want=want)

    @abstractmethod
    def weigh(
        self,
        rows: "np.ndarray[Any, Any]",
        total: "np.ndarray[Any, Any]",
        *,
        all_rows: "np.ndarray[Any, Any]",
        all_total: "np.ndarray[Any, Any]",
    ) -> "np.ndarray[Any, Any]":
        """Return the number of each category in each variant, NaN for null.

        Parameters
        ----------
        rows, total
            Rows and the sum of their labels, by category and variant; zeros for an unseen category.
        all_rows, all_total
            Those of all categories, by variant.
        """

    def encode(
        self, variant: str, values: pl.Series, rows: "np.ndarray[Any, Any]", total: "np.ndarray[Any, Any]"
    ) -> tuple[Chain, ...]:
        import numpy as np

        enough = rows >= self.min_count
        known = values.is_not_null().to_numpy() & enough.any(axis=1)
        first, every = values.null_count(), bool(enough.all())  # null is in front

        def table(counts: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
            made = np.zeros((_FIRST + np.count_nonzero(known), counts.shape[1]), dtype=np.int64)
            made[_FIRST - first : _FIRST] = counts[:first]
            made[_FIRST:] = counts[first:] if known[first:].all() else counts[known]
            if not every:
                made[_FIRST - first : _FIRST][~enough[:first]] = 0
                made[_FIRST:][~enough[known]] = 0
            return made

        numbers = self.weigh(table(rows), table(total), all_rows=rows.sum(axis=0), all_total=total.sum(axis=0))
        terms = Index.of_terms(values.filter(known), first=_FIRST, missing=1, unseen=0)
        position = Chain(f"{self.column}@terms", (self.column,), "text", (terms,))
        listed = pl.Series(numbers.ravel(), dtype=pl.Float64).fill_nan(None)
        steps = VariantPlace(rows.shape[1]), Gather.of_tables({"values": listed}), ToFloat32()
        return position, Chain(self.makes[0], (position.into, variant), "place", steps)
