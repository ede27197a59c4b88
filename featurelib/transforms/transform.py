"""Transform: an operator that makes one feature."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from featurelib.fitting.operator import Operator
from featurelib.fitting.state import State
from featurelib.program.chain import Chain
from featurelib.program.primitive import Primitive


class Transform(Operator):
    """Make one column, ``<input>__<suffix>``, from one or more others; `Feature` gives it another name.

    A subclass names its `suffix`, gives the empty `state` it learns from (if any), and turns the filled one into
    steps in `finish`. It has no evaluator of its own.
    """

    suffix: ClassVar[str]

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)  # type: ignore[attr-defined]  # a transform of several columns overrides this

    @property
    def makes(self) -> tuple[str, ...]:
        return ("_x_".join(self.reads) + f"__{self.suffix}",)

    @abstractmethod
    def finish(self, learned: Any) -> Iterable[Primitive]:
        """Return the steps, given the filled state."""

    def chains(self, learned: State | None) -> tuple[Chain, ...]:
        return (self.chain(self.makes[0], self.finish(learned)),)
