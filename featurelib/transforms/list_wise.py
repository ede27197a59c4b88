"""ListWise: what transforms that compare the rows of one list have in common."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import ToFloat32, WithinList
from featurelib.transforms.transform import Transform


@dataclass(frozen=True)
class ListWise(Transform):
    """Compare a number with those of its list; a subclass says by what.

    Attributes
    ----------
    measure
        As `WithinList` calls it.
    """

    column: str
    _: KW_ONLY
    within: str

    measure: ClassVar[str]
    view = ("number", "text")

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column, self.within)

    @property
    def makes(self) -> tuple[str, ...]:
        return (f"{self.column}__{self.suffix}",)

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield WithinList(self.measure)
        yield ToFloat32()
