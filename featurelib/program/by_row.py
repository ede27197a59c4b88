"""ByRow: a step whose whole columns are computed by its row function."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction

_ROWS_AT_ONCE = 65_536


class ByRow(Primitive):
    """A step for which polars has no operation that gives the same bits: its row function is its one meaning.

    Whole columns go through it some 65,000 rows at a time, each distinct combination of texts among these once, and
    other columns row by row.
    """

    @cached_property
    def _function(self) -> RowFunction:
        return self.row()  # once: what it remembers of texts serves the next batch too

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_function"}  # no function pickles

    def array(self, *inputs: Cells) -> Cells:
        """Return the row function, value by value."""
        return Cells.of(list(map(self._function, *(column.to_list() for column in inputs))))

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        """Return the row function over its inputs."""
        return pl.map_batches(inputs, self._whole_columns, return_dtype=self.dtype, is_elementwise=True)

    def _whole_columns(self, columns: Sequence[pl.Series]) -> pl.Series:
        function, rows = self._function, len(columns[0])
        texts = all(column.dtype == pl.String for column in columns)  # NOTE: of numbers, 0.0 and -0.0 are one key
        parts = [pl.Series(dtype=self.dtype)]
        for start in range(0, rows, _ROWS_AT_ONCE):
            cells = zip(*(column.slice(start, _ROWS_AT_ONCE).to_list() for column in columns), strict=True)
            if texts:
                places: dict[tuple[str | None, ...], int] = {}
                at = [places.setdefault(row, len(places)) for row in cells]
                made = pl.Series([function(*row) for row in places], dtype=self.dtype)
                parts.append(made.gather(at))
            else:
                parts.append(pl.Series([function(*row) for row in cells], dtype=self.dtype))
        return pl.concat(parts).alias(columns[0].name)
