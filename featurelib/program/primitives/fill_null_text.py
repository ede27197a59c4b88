"""FillNullText: a stated text where there is none."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class FillNullText(Primitive):
    """Replace null by the text ``value``. The empty text is not null and stays."""

    value: str

    op = "fill_null_text"
    takes = "text"
    gives = "text"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].fill_null(pl.lit(self.value))

    def row(self) -> RowFunction:
        fill = self.value

        def fill_null_text(value: str | None) -> str:
            return fill if value is None else value

        return fill_null_text
