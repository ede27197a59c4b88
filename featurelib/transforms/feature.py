"""Feature: a transform under a name of your own."""

from dataclasses import dataclass, replace

from featurelib.fitting.operator import Operator
from featurelib.fitting.state import State
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind
from featurelib.transforms.transform import Transform


@dataclass(frozen=True)
class Feature(Operator):
    """Name the column that a transform makes.

    Parameters
    ----------
    name
        Name of the feature; also its column in the feature table.
    transform
        What computes it.

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

    @property
    def view(self) -> Kind:  # type: ignore[override]  # it is its transform's
        return self.transform.view

    @property
    def reads(self) -> tuple[str, ...]:
        return self.transform.reads

    @property
    def makes(self) -> tuple[str, ...]:
        return (self.name,)

    def state(self) -> State | None:
        return self.transform.state()

    def chains(self, learned: State | None) -> tuple[Chain, ...]:
        (chain,) = self.transform.chains(learned)
        return (replace(chain, into=self.name),)
