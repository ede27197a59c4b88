"""VariantPlace: where a table of several variants holds the value of a position."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class VariantPlace(Primitive):
    """Return ``position * variants + variant``, for `Gather`.

    Both are whole numbers that earlier chains made, from 0; a variant is below ``variants``. The result is ``Int64``,
    null where one of them is.
    """

    variants: int

    op = "variant_place"

    @property
    def dtype(self) -> pl.DataType:
        return pl.Int64()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        position, variant = inputs
        return (position * self.variants + variant).cast(pl.Int64)

    def row(self) -> RowFunction:
        variants = self.variants

        def variant_place(position: float | None, variant: float | None) -> int | None:
            return None if position is None or variant is None else int(position * variants + variant)

        return variant_place
