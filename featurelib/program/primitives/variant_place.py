"""VariantPlace: where a table of several variants holds the value of a position."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class VariantPlace(Primitive):
    """Return ``position * variants + variant``, for `Gather`.

    A variant is below ``variants``, and the last place below 2^32. The result is ``UInt32``, null where one of them is.
    """

    variants: int

    op = "variant_place"
    takes = "place"

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt32()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        position, variant = inputs
        return position * pl.lit(self.variants, pl.UInt32) + variant

    def array(self, *inputs: Cells) -> Cells:
        variants, pairs = self.variants, zip(*(column.to_list() for column in inputs), strict=True)
        return Cells.of([None if one is None or other is None else one * variants + other for one, other in pairs])

    def row(self) -> RowFunction:
        variants = self.variants

        def variant_place(position: int | None, variant: int | None) -> int | None:
            return None if position is None or variant is None else position * variants + variant

        return variant_place
