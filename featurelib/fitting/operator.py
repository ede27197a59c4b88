"""Operator: something declared that, once fitted, is one or more chains of a program."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from featurelib.fitting.state import State
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind, Primitive


class Operator(ABC):
    """What cleaning and transforms have in common: columns read, a state to fit, chains to finish.

    A subclass is a frozen dataclass of its parameters, checked when it is made.

    Attributes
    ----------
    view
        As what its columns are read: ``number`` or ``text``.
    """

    view: Kind = "number"

    @property
    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """The columns it reads."""

    @property
    @abstractmethod
    def makes(self) -> tuple[str, ...]:
        """The columns it makes, in the order of `chains`."""

    def state(self) -> State | None:
        """Return the empty state that it learns from, or ``None`` if it learns nothing."""
        return None

    @abstractmethod
    def chains(self, learned: State | None) -> tuple[Chain, ...]:
        """Return the finished chains, given the filled state."""

    def chain(self, into: str, steps: Iterable[Primitive]) -> Chain:
        """Return one finished chain from its columns through these steps."""
        return Chain(into, self.reads, self.view, tuple(steps))
