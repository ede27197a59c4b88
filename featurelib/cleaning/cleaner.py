"""Cleaner: an operator that repairs a column in place."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from featurelib.fitting.operator import Operator
from featurelib.fitting.state import State
from featurelib.program.chain import Chain
from featurelib.program.primitive import Primitive


class Cleaner(Operator):
    """Rewrite one column: cleaners and transforms that come later read the repaired one.

    The samples table keeps the column as it was logged.
    """

    column: str

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def makes(self) -> tuple[str, ...]:
        return (self.column,)

    @abstractmethod
    def finish(self, learned: Any) -> Iterable[Primitive]:
        """Return the steps, given the filled state."""

    def chains(self, learned: State | None) -> tuple[Chain, ...]:
        return (self.chain(self.column, self.finish(learned)),)
