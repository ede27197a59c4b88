"""HotSlots: a list as a vector with a slot for each known term."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.program.exploded import exploded
from featurelib.program.primitive import Cells, Kind, Primitive, RowFunction
from featurelib.program.primitives.index import Index


@dataclass(frozen=True)
class HotSlots(Index):
    """Return ``size`` numbers: 1 at the `Index` of each element, else 0; `weighted`, the sum of its elements' weights.

    Null elements, and those whose `Index` is null, are passed over; a null list is an empty one. Weights are a second
    list, of the same length, else the result is null; a null weight is 0. Sums run in the order of the list; one that
    is no number is null. The result is ``List(Float32)``. For lists of 30 in 101 slots, 4 us of CPU a row.
    """

    size: int = 1
    weighted: bool = False

    op = "hot_slots"
    gives = "numbers"

    @property
    def takes(self) -> Kind | tuple[Kind, ...]:  # type: ignore[override]  # it depends on the weights
        return ("texts", "numbers") if self.weighted else "texts"

    @property
    def dtype(self) -> pl.DataType:
        return pl.List(pl.Float32())

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return pl.map_batches(inputs, self._whole_columns, return_dtype=self.dtype, is_elementwise=True)

    def _whole_columns(self, columns: Sequence[pl.Series]) -> pl.Series:
        import numpy as np

        lengths = [column.list.len().fill_null(0) for column in columns]
        same = lengths[0] == lengths[-1]
        parts = [pl.Series(dtype=self.dtype)]
        for _, some in exploded([column.filter(same) for column in columns], width=self.size):
            slots = pl.DataFrame({"": some.elements[0]}).select(super().expr(pl.col(""))).to_series()
            weights = some.elements[1].fill_null(0.0) if self.weighted else pl.repeat(1.0, len(slots), eager=True)
            known = slots.is_not_null().to_numpy()
            places = (some.owner * self.size)[known] + slots.drop_nulls().to_numpy()
            # NOTE: adds in the order of the list, as the row function does
            sums = np.bincount(places, weights.to_numpy()[known], minlength=some.rows * self.size)
            with np.errstate(all="ignore"):  # overflow to inf is the stated result
                single = (sums if self.weighted else np.minimum(sums, 1.0)).astype(np.float32)
            vectors = pl.Series(single).fill_nan(None).reshape((some.rows, self.size))
            parts.append(vectors.arr.to_list())
        made = pl.concat(parts)
        return made if same.all() else made.gather(same.cum_sum().cast(pl.Int64).set(~same, None) - 1)

    def array(self, *inputs: Cells) -> Cells:
        return Primitive.array(self, *inputs)

    def row(self) -> RowFunction:
        slot_of, size = Index.row(self), self.size

        def hot_slots(texts: list[str | None] | None) -> list[float]:
            vector = [0.0] * size
            for text in texts or ():
                slot = slot_of(text)
                if slot is not None:
                    vector[slot] = 1.0
            return vector

        def weighted_slots(
            texts: list[str | None] | None, weights: list[float | None] | None
        ) -> list[float | None] | None:
            texts, weights = texts or [], weights or []
            if len(texts) != len(weights):
                return None
            vector = [0.0] * size
            for text, weight in zip(texts, weights, strict=True):
                slot = slot_of(text)
                if slot is not None and weight is not None:
                    vector[slot] += weight
            single = array("f", vector).tolist()
            return [value if value == value else None for value in single]  # noqa: PLR0124  # inf - inf is no number

        return weighted_slots if self.weighted else hot_slots
