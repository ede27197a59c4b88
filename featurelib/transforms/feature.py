"""Feature: a transform under a name of your own."""

from dataclasses import dataclass, replace
from typing import Any

from featurelib.errors import DeclarationError
from featurelib.fitting.operator import Operator
from featurelib.fitting.state import State
from featurelib.parameters import check_name
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind
from featurelib.transforms.transform import Transform


@dataclass(frozen=True)
class Feature(Operator):
    """Name the column that a transform makes.

    Parameters
    ----------
    name
        Name of the feature; also its column in the feature table. With the name of a column of the samples, it stands
        in the place of that for what comes after, if the transform reads it; else nothing after it may read that name.
    transform
        What computes it.

    Raises
    ------
    DeclarationError
        If the transform makes several columns, or the name is empty.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import Edges, fit
    >>> program = fit(Feature("age_band", Edges("age", edges=[18, 65])), pl.DataFrame({"age": [17, 18, 80]}))
    >>> program.transform_row({"age": 18})
    {'age_band': 2}
    """

    name: str
    transform: Transform

    def __post_init__(self) -> None:
        check_name(self, "name")
        if len(self.transform.makes) != 1:
            raise DeclarationError(
                f"{self!r} names one column, but {self.transform!r} makes {len(self.transform.makes)}; list it without "
                "Feature."
            )

    @property
    def view(self) -> Kind | tuple[Kind, ...]:  # type: ignore[override]  # it is its transform's
        return self.transform.view

    @property
    def reads(self) -> tuple[str, ...]:
        return self.transform.reads

    @property
    def learns(self) -> tuple[tuple[str, Kind], ...]:
        return self.transform.learns

    @property
    def makes(self) -> tuple[str, ...]:
        return (self.name,)

    def state(self) -> State | None:
        return self.transform.state()

    @property
    def continues(self) -> bool:  # type: ignore[override]  # it is its transform's
        return self.transform.continues

    def chains(self, learned: State | None) -> tuple[Chain, ...]:
        *on_the_way, last = self.transform.chains(learned)
        return (*on_the_way, replace(last, into=self.name))

    def continued(self, learned: State | None, earlier: tuple[Chain, ...]) -> tuple[Chain, ...]:
        (named,) = self.transform.makes
        *on_the_way, last = self.transform.continued(learned, tuple(replace(chain, into=named) for chain in earlier))
        return (*on_the_way, replace(last, into=self.name))

    @property
    def numbering(self) -> object:
        return self.transform.numbering

    def numbered_as(self, learned: State | None, other: tuple[Chain, ...]) -> tuple[Chain, ...]:
        *on_the_way, last = self.transform.numbered_as(learned, other)
        return (*on_the_way, replace(last, into=self.name))

    def record(self, learned: State | None, chains: tuple[Chain, ...]) -> dict[str, Any] | None:
        return self.transform.record(learned, chains)
