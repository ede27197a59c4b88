"""Fitted: from which other rows a row's encoding is learned, so that its own label never is among them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from featurelib.errors import ParameterError
from featurelib.fitting.labels_by_part import day_instants
from featurelib.parameters import check_whole
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind
from featurelib.program.primitives import DaysBefore, Fold

if TYPE_CHECKING:
    import numpy as np


NOT_GIVEN: Any = None
"""Stands for a ``fitted`` that was not given, so that what is declared can say which there are."""


class Fitted(ABC):
    """Which rows an encoding is learned from: `OutOfFold`, `EarlierDays` or `FirstDays`.

    The fitted rows fall into parts. What the labels of some parts teach is one variant of the encoding. A program tells
    from a row's own columns which variant the row gets: one that the row's own part had no share in.

    Attributes
    ----------
    time, zone
        The column with a row's time, and the time zone of the days.
    folds
        How many parts there are; ``None`` if each day is one.
    """

    time: str
    zone: str
    folds: int | None

    @property
    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """The columns that tell which variant a row gets."""

    @property
    @abstractmethod
    def kinds(self) -> tuple[Kind, ...]:
        """As what each of them is read."""

    @abstractmethod
    def variants(self, counts: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """Return counts by variant, given counts by part; one row for each value."""

    @abstractmethod
    def chain(self, days: Sequence[int]) -> Chain:
        """Return the chain that gives the number of a row's variant, given the fitted days, in days since 1970."""

    def check(self) -> None:
        """Raise `ParameterError` if the zone is unknown."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
            raise ParameterError(self, "zone", got=self.zone, want="a zone such as Europe/Berlin") from error


@dataclass(frozen=True, kw_only=True)
class OutOfFold(Fitted):
    """Encode a row of the fitted days by what the other folds teach, and any other row by what all folds teach.

    Parameters
    ----------
    key
        Text, integer or boolean column. Rows with the same key are in one fold, so no row learns from another with its
        key: name the request where a request's rows share their outcome. The fold is ``XXH64(key) mod folds``; rows
        with a null key are all in fold 0.
    time
        Column with the time of the row, a ``Datetime`` with a zone. A row without one is left out of the fit, and gets
        what all folds teach.
    folds
        How many; at least 2.
    zone
        Time zone of the days.

    Raises
    ------
    ParameterError
        If there are fewer than two folds, or the zone is unknown.

    Notes
    -----
    The fitted days go from the first to the last one that has a labelled row. A row of them that was not there when the
    program was fitted gets what the other folds teach, as one that was.
    """

    key: str
    time: str
    folds: int = 5
    zone: str = "UTC"

    def __post_init__(self) -> None:
        check_whole(self, "folds", least=2, most=1000)
        self.check()

    @property
    def reads(self) -> tuple[str, ...]:
        return self.key, self.time

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return "text", "time"

    def variants(self, counts: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        import numpy as np

        made = np.empty((len(counts), counts.shape[1] + 1), dtype=counts.dtype)
        counts.sum(axis=1, out=made[:, -1])
        np.subtract(made[:, -1:], counts, out=made[:, :-1])
        return made

    def chain(self, days: Sequence[int]) -> Chain:
        begin, end = (day_instants(days[0], self.zone)[0], day_instants(days[-1], self.zone)[1]) if days else (0, 0)
        return Chain(repr(self), self.reads, self.kinds, (Fold(self.folds, begin, end),))


@dataclass(frozen=True, kw_only=True)
class EarlierDays(Fitted):
    """Encode a row by what the fitted days before its own day teach.

    Parameters
    ----------
    time
        Column with the time of the row, a ``Datetime`` with a zone. A row without one is left out of the fit, and gets
        what all days teach.
    zone
        Time zone of the days.

    Raises
    ------
    ParameterError
        If the zone is unknown.

    Notes
    -----
    A row of the first fitted day, or before it, has nothing that it could be encoded by; a row after the last one gets
    what all days teach. Only days with a labelled row count.
    """

    time: str
    zone: str = "UTC"

    folds = None

    def __post_init__(self) -> None:
        self.check()

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.time,)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return ("time",)

    def variants(self, counts: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        import numpy as np

        return np.cumsum(np.hstack([np.zeros((len(counts), 1), counts.dtype), counts]), axis=1)

    def chain(self, days: Sequence[int]) -> Chain:
        ends = tuple(day_instants(day, self.zone)[1] for day in days)
        return Chain(repr(self), self.reads, self.kinds, (DaysBefore(ends),))


@dataclass(frozen=True, kw_only=True)
class FirstDays(Fitted):
    """Encode a row after the first fitted days by what these teach, all rows by the same; a row of them by nothing.

    Parameters
    ----------
    time
        Column with the time of the row, a ``Datetime`` with a zone. A row without one is left out of the fit, and gets
        what the first days teach.
    days
        How many; at least 1. Only days with a labelled row count.
    zone
        Time zone of the days.

    Raises
    ------
    ParameterError
        If ``days`` is below 1, or the zone is unknown.

    Notes
    -----
    There is one encoding, so what it makes means the same in every row. The price: rows of the first days, and before
    them, have none. Train on the days after.
    """

    time: str
    days: int
    zone: str = "UTC"

    folds = None

    def __post_init__(self) -> None:
        check_whole(self, "days")
        self.check()

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.time,)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return ("time",)

    def variants(self, counts: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        import numpy as np

        first = counts[:, : self.days].sum(axis=1, keepdims=True)
        return np.hstack([np.zeros_like(first), first])

    def chain(self, days: Sequence[int]) -> Chain:
        ends = tuple(day_instants(day, self.zone)[1] for day in days[: self.days][-1:])
        return Chain(repr(self), self.reads, self.kinds, (DaysBefore(ends),))
