"""MeanVector: the mean of the vectors of a list's elements."""

from array import array
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from featurelib.program.exploded import exploded
from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class MeanVector(Primitive):
    """Return the mean of the vectors of the elements that are among ``terms``, each as often as it is listed.

    ``values`` holds the vectors one after another, each of ``size`` numbers. Sums run in the order of the list, in
    ``Float64``. Null elements and unknown ones are passed over. Null for a null list, and if no element is known. The
    result is ``List(Float32)``; a number that is no number is null.
    """

    terms: tuple[str, ...]
    values: tuple[float, ...]
    size: int

    op = "mean_vector"
    takes = "texts"
    gives = "numbers"

    @property
    def dtype(self) -> pl.DataType:
        return pl.List(pl.Float32())

    @cached_property
    def _places(self) -> dict[str, int]:
        return {term: place for place, term in enumerate(self.terms)}

    @cached_property
    def _enum(self) -> pl.Enum:
        return pl.Enum(self.terms)

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].map_batches(self._whole_column, return_dtype=self.dtype, is_elementwise=True)

    def _whole_column(self, column: pl.Series) -> pl.Series:
        import numpy as np

        table = np.asarray(self.values).reshape(-1, self.size)
        parts = [pl.Series(dtype=self.dtype)]
        for _, some in exploded([column], width=self.size):
            places = some.elements[0].cast(self._enum, strict=False).to_physical()
            owner, vectors = some.owner[places.is_not_null().to_numpy()], table[places.drop_nulls().to_numpy()]
            # NOTE: adds in the order of the list, as the row function does
            sums = [np.bincount(owner, numbers, minlength=some.rows) for numbers in vectors.T]
            count = np.bincount(owner, minlength=some.rows)
            with np.errstate(all="ignore"):  # overflow to inf is the stated result, rows of no known element are set
                means = (np.stack(sums, axis=1) / count[:, None]).astype(np.float32)
            made = pl.Series(means.ravel()).fill_nan(None).reshape((some.rows, self.size)).arr.to_list()
            parts.append(made.set(pl.Series(count == 0), None) if (count == 0).any() else made)
        return pl.concat(parts).alias(column.name)

    def row(self) -> RowFunction:
        place_of, values, size = self._places.get, self.values, self.size

        def mean_vector(texts: list[str | None] | None) -> list[float | None] | None:
            sums, count = [0.0] * size, 0
            for text in texts or ():
                place = None if text is None else place_of(text)
                if place is not None:
                    vector = values[place * size : (place + 1) * size]
                    sums = [total + number for total, number in zip(sums, vector, strict=True)]
                    count += 1
            if not count:
                return None
            single = array("f", [total / count for total in sums]).tolist()
            return [value if value == value else None for value in single]  # noqa: PLR0124  # inf - inf is no number

        return mean_vector

    def tables(self) -> dict[str, pl.Series]:
        return {
            "terms": pl.Series("terms", self.terms, dtype=pl.String),
            "values": pl.Series("values", self.values, dtype=pl.Float64),
        }
