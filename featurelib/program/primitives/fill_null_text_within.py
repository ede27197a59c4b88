"""FillNullTextWithin: a text for the group where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction
from featurelib.program.primitives.index import Index


@dataclass(frozen=True)
class FillNullTextWithin(Primitive):
    """Replace null by the text of ``values`` that stands where the text of the second column does in ``groups``.

    Where the group is null, or none of those, the text is ``otherwise``. The empty text is not null and stays.
    """

    groups: tuple[str, ...]
    values: tuple[str, ...]
    otherwise: str

    op = "fill_null_text_within"
    takes = "text"
    gives = "text"

    @cached_property
    def _index(self) -> Index:
        return Index(self.groups, first=1, missing=0, unseen=0)

    @cached_property
    def _filling(self) -> Mapping[str | None, str]:
        return dict(zip(self.groups, self.values, strict=True))

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        place = self._index.expr(inputs[1])
        return inputs[0].fill_null(place.map_batches(self._texts, return_dtype=pl.String, is_elementwise=True))

    def _texts(self, places: pl.Series) -> pl.Series:
        return pl.Series(places.name, [self.otherwise, *self.values], dtype=pl.String).gather(places)

    def row(self) -> RowFunction:
        filling, otherwise = self._filling.get, self.otherwise

        def fill_null_text_within(value: str | None, group: str | None) -> str:
            return filling(group, otherwise) if value is None else value

        return fill_null_text_within

    def tables(self) -> dict[str, pl.Series]:
        return {
            "groups": pl.Series("groups", self.groups, dtype=pl.String),
            "values": pl.Series("values", self.values, dtype=pl.String),
        }
