"""JoinText: several texts as one."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.hashing import SEPARATOR
from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class JoinText(Primitive):
    """Join texts with the unit separator (0x1F) between them. Null if any of them is null."""

    op = "join_text"
    takes = "text"
    gives = "text"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return pl.concat_str(inputs, separator=SEPARATOR)

    def row(self) -> RowFunction:
        join = SEPARATOR.join

        def join_text(*values: str | None) -> str | None:
            return None if None in values else join(values)  # type: ignore[arg-type]  # none of them is None

        return join_text
