"""LabelTransform: a transform that learns from labels, and never from that of the row it is applied to."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from featurelib.errors import ParameterError
from featurelib.fitting import LabelsByPart
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind, Primitive
from featurelib.transforms.fitted import Fitted
from featurelib.transforms.transform import Transform

if TYPE_CHECKING:
    import numpy as np


class LabelTransform(Transform):
    """Make one column, ``<column>__<suffix>``, from a column and from the labels of other rows.

    It learns one variant for each choice of other rows that ``fitted`` makes. A chain tells the number of a row's
    variant; transforms with the same ``fitted`` share it. A subclass gives the chains that read it, in `encode`.

    Attributes
    ----------
    kind
        As what its column is read.
    binary
        Whether labels must be 0 or 1.
    """

    column: str
    label: str
    fitted: Fitted
    kind: ClassVar[Kind]
    binary: ClassVar[bool] = True

    @property
    def view(self) -> tuple[Kind, ...]:  # type: ignore[override]  # it depends on `fitted`
        return self.kind, *self.fitted.kinds

    @property
    def reads(self) -> tuple[str, ...]:
        return self.column, *self.fitted.reads

    @property
    def learns(self) -> tuple[tuple[str, Kind], ...]:
        others = zip(self.fitted.reads, self.fitted.kinds, strict=True)
        return (self.column, self.kind), (self.label, "number"), *others

    @property
    def makes(self) -> tuple[str, ...]:
        return (f"{self.column}__{self.suffix}",)

    def state(self) -> LabelsByPart:
        numbers = self.kind == "number"
        folds, zone = self.fitted.folds, self.fitted.zone
        return LabelsByPart(self.label, folds=folds, zone=zone, numbers=numbers, binary=self.binary)

    def chains(self, learned: LabelsByPart) -> tuple[Chain, ...]:  # type: ignore[override]  # it has a state
        variant = self.fitted.chain(learned.days)
        values, rows, total = learned.counts()
        return variant, *self.encode(variant.into, values, self.fitted.variants(rows), self.fitted.variants(total))

    def check(self) -> None:
        """Raise `ParameterError` if ``fitted`` is none, or a row's own label is among what is read of it."""
        if not isinstance(self.fitted, Fitted):
            want = "OutOfFold(...), EarlierDays(...) or FirstDays(...): without it a row would learn its own label"
            raise ParameterError(self, "fitted", got=self.fitted, want=want)
        if self.label in self.reads:
            raise ParameterError(self, "label", got=self.label, want="a column that is not read: programs never see it")

    @abstractmethod
    def encode(
        self, variant: str, values: pl.Series, rows: "np.ndarray[Any, Any]", total: "np.ndarray[Any, Any]"
    ) -> tuple[Chain, ...]:
        """Return the chains that make the column, the last one under its name.

        Parameters
        ----------
        variant
            Column with the number of a row's variant.
        values
            The distinct values of the column, rising; null first, if it occurs.
        rows, total
            Rows and the sum of their labels, by value and variant.
        """

    def finish(self, learned: LabelsByPart) -> Iterable[Primitive]:
        return self.chains(learned)[-1].steps
