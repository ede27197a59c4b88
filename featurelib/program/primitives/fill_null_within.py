"""FillNullWithin: a number for the group where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction
from featurelib.program.primitives.gather import Gather
from featurelib.program.primitives.index import Index


@dataclass(frozen=True)
class FillNullWithin(Primitive):
    """Replace null by the number of ``values`` that stands where the text of the second column does in ``groups``.

    Where the group is null, or none of those, the number is ``otherwise``.
    """

    groups: tuple[str, ...]
    values: tuple[float, ...]
    otherwise: float

    op = "fill_null_within"
    takes = ("number", "text")

    @cached_property
    def _steps(self) -> tuple[Index, Gather]:
        return Index(self.groups, first=1, missing=0, unseen=0), Gather((self.otherwise, *self.values))

    @cached_property
    def _filling(self) -> Mapping[str | None, float]:
        return dict(zip(self.groups, self.values, strict=True))

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        index, gather = self._steps
        return inputs[0].fill_null(gather.expr(index.expr(inputs[1])))

    def row(self) -> RowFunction:
        filling, otherwise = self._filling.get, self.otherwise

        def fill_null_within(value: float | None, group: str | None) -> float:
            return filling(group, otherwise) if value is None else value

        return fill_null_within

    def tables(self) -> dict[str, pl.Series]:
        return {
            "groups": pl.Series("groups", self.groups, dtype=pl.String),
            "values": pl.Series("values", self.values, dtype=pl.Float64),
        }
