"""Operator: something declared that, once fitted, is one or more chains of a program."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from featurelib.fitting.state import State
from featurelib.program.chain import Chain, kinds_of
from featurelib.program.primitive import Kind, Primitive


class Operator(ABC):
    """What cleaning and transforms have in common: columns read, a state to fit, chains to finish.

    A subclass is a frozen dataclass of its parameters, checked when it is made.

    Attributes
    ----------
    view
        As what its columns are read: one kind for all of them, or a tuple with one for each (see `Chain`).
    continues
        Whether a refit goes on from what an earlier program held (see `continued`).
    """

    view: Kind | tuple[Kind, ...] = "number"
    continues: bool = False

    @property
    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """The columns that its chains read from outside."""

    @property
    @abstractmethod
    def makes(self) -> tuple[str, ...]:
        """The columns it makes, in the order of `chains`, which may make others on the way."""

    def state(self) -> State | None:
        """Return the empty state that it learns from, or ``None`` if it learns nothing."""
        return None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """As what each column is read, in the order of `reads`."""
        return kinds_of(self.view, self.reads)

    @property
    def learns(self) -> tuple[tuple[str, Kind], ...]:
        """The columns that its state summarises, each with as what it is read, in the order of `State.of`.

        By default those it `reads`. A label is learned from, and not read: programs never see one.
        """
        return tuple(zip(self.reads, self.kinds, strict=True))

    @abstractmethod
    def chains(self, learned: State | None) -> tuple[Chain, ...]:
        """Return the finished chains, given the filled state."""

    def continued(self, learned: State | None, earlier: tuple[Chain, ...]) -> tuple[Chain, ...]:
        """Return the finished chains of a refit.

        Parameters
        ----------
        learned
            The filled state.
        earlier
            The chains that made some of these columns in an earlier program, whatever made them then.

        Returns
        -------
        What `chains` returns, unless the operator `continues`: numbers that it gave to terms then are kept, for one.
        """
        del earlier
        return self.chains(learned)

    @property
    def numbering(self) -> object:
        """How it numbers what it learns: two operators that learn from the same columns, with equal ones, do so alike.

        ``None`` if it numbers nothing, or by itself.
        """
        return None

    def numbered_as(self, learned: State | None, other: tuple[Chain, ...]) -> tuple[Chain, ...]:
        """Return the finished chains, with the numbers of another operator of the same `numbering`.

        Parameters
        ----------
        learned
            The filled state.
        other
            The finished chains of the other.
        """
        del other
        return self.chains(learned)

    def record(self, learned: State | None, chains: tuple[Chain, ...]) -> dict[str, Any] | None:
        """Return what a fit found that does not show in its chains, as plain data; ``None`` if there is nothing.

        Parameters
        ----------
        learned
            The filled state.
        chains
            The finished chains.
        """
        del learned, chains
        return None

    def chain(self, into: str, steps: Iterable[Primitive]) -> Chain:
        """Return one finished chain from its columns through these steps."""
        return Chain(into, self.reads, self.view, tuple(steps))
