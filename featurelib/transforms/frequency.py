"""Frequency: replace a term by how common it is."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.fitting import CountTable
from featurelib.parameters import check_whole
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Gather, Index, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("frequency")
@dataclass(frozen=True)
class Frequency(Transform):
    """Learn the share of rows that hold each term.

    Parameters
    ----------
    column
        Text, integer or boolean column such as ``item_id``.
    min_count
        Rows a term needs in the fitted days to have a share of its own; at least 1.

    Raises
    ------
    ParameterError
        If ``min_count`` is below 1.

    Notes
    -----
    Adds ``<column>__frequency``, ``Float32``, 0 to 1: rows with the term / all rows fitted, those with null included.
    An unseen or rarer term gets 0, null stays null, the empty text is a term like any other. The counts merge exactly.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(Frequency("lang"), pl.DataFrame({"lang": ["en", "en", "fr", None]}))
    >>> program.transform(pl.DataFrame({"lang": ["en", "tlh", None]}))["lang__frequency"].to_list()
    [0.5, 0.0, None]
    """

    column: str
    _: KW_ONLY
    min_count: int = 1

    suffix = "frequency"
    view = "text"

    def __post_init__(self) -> None:
        check_whole(self, "min_count")

    def state(self) -> CountTable:
        return CountTable()

    def finish(self, learned: CountTable) -> Iterable[Primitive]:
        known = learned.most_frequent_first(at_least=self.min_count)
        shares = pl.Series(known["rows"].to_numpy() / learned.rows)  # NOTE: polars multiplies by 1 / rows
        yield Index.of_terms(known["term"], first=1, missing=None, unseen=0)
        yield Gather.of_tables({"values": pl.concat([pl.Series([0.0]), shares], rechunk=True)})
        yield ToFloat32()
