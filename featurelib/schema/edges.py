"""Edges: how a table's columns are cut into cells, frozen so that profiles of all days can be added and compared."""

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, Self, TypeAlias

from featurelib.errors import DeclarationError, ParameterError

Category: TypeAlias = str | int | bool

HOUR = "hour"
OTHER = "other"
MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """How one column is cut into cells.

    Parameters
    ----------
    kind
        ``numbers`` are cut at edges, ``categories`` are looked up.
    edges
        Of numbers: finite and rising. Cell ``i`` holds ``edges[i - 1] <= x < edges[i]``, so there is one more than
        edges; ±inf fall into the first and the last. Edges are compared as values of the column's type: in a Float32
        column 0.1 is the Float32 nearest to 0.1.
    categories
        Of categories: texts, whole numbers or truth values, all of one type, each once. Each has a cell of its own,
        and all other values share one more.
    names
        Of categories: what people call each, in order, such as the term of an index; themselves where left out.

    Raises
    ------
    ParameterError
        If they contradict this.

    Notes
    -----
    The last cell is always that of missing values: null or NaN.

    Examples
    --------
    >>> bins = Bins(kind="numbers", edges=(0.5, 2))
    >>> bins.labels()
    ('below 0.5', '0.5 to 2', '2 and above', 'missing')
    >>> [bins.cell(x) for x in (0.1, 0.5, float("inf"), float("nan"), None)]
    [0, 1, 2, 3, 3]
    >>> Bins(kind="categories", categories=("ios", "web")).labels()
    ('ios', 'web', 'other', 'missing')
    """

    kind: Literal["numbers", "categories"]
    edges: tuple[float, ...] = ()
    categories: tuple[Category, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in {"numbers", "categories"}:
            raise ParameterError(self, "kind", got=self.kind, want="numbers or categories")
        if self.edges and self.kind == "categories":
            raise ParameterError(self, "edges", got=self.edges, want="left out for categories")
        if self.categories and self.kind == "numbers":
            raise ParameterError(self, "categories", got=self.categories, want="left out for numbers")
        if self.names and len(self.names) != len(self.categories):
            raise ParameterError(self, "names", got=self.names, want="one for each category")
        rising = all(low < high for low, high in pairwise(self.edges))
        if not rising or not all(map(math.isfinite, self.edges)):
            raise ParameterError(self, "edges", got=self.edges, want="finite and rising")
        types = {type(value) for value in self.categories}
        if len(types) > 1 or not types <= {str, int, bool}:
            raise ParameterError(self, "categories", got=self.categories, want="texts, whole numbers or truth values")
        if len(set(self.categories)) < len(self.categories):
            raise ParameterError(self, "categories", got=self.categories, want="different from one another")

    @property
    def cells(self) -> int:
        """How many cells there are, with those of other and of missing values."""
        return (len(self.edges) + 1 if self.kind == "numbers" else len(self.categories) + 1) + 1

    def cell(self, value: float | Category | None) -> int:
        """Return the cell of one value, for a column that holds its edges as they are."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return self.cells - 1
        if self.kind == "numbers":
            return bisect_right(self.edges, value)
        return self.categories.index(value) if value in self.categories else len(self.categories)

    def labels(self) -> tuple[str, ...]:
        """Return the names of the cells, for people."""
        if self.kind == "categories":
            return (*(self.names or map(str, self.categories)), OTHER, MISSING)
        if not self.edges:
            return ("any", MISSING)
        edges = [f"{edge:.6g}" for edge in self.edges]
        between = [f"{low} to {high}" for low, high in pairwise(edges)]
        return (f"below {edges[0]}", *between, f"{edges[-1]} and above", MISSING)

    @property
    def centre(self) -> float | None:
        """Where sums are counted from: the middle edge, or 0 without edges; ``None`` of categories."""
        if self.kind == "categories":
            return None
        return float(self.edges[len(self.edges) // 2]) if self.edges else 0.0

    @property
    def spread(self) -> float | None:
        """How far the edges reach from the centre, as the next power of two; ``None`` of categories.

        With no edge but the centre, the size of that; 1 for an edge at 0, or none.
        """
        if self.centre is None:
            return None
        reach = (
            max((abs(edge / 2 - self.centre / 2) for edge in self.edges), default=0.0) or abs(self.centre / 2) or 0.5
        )
        return math.ldexp(1.0, min(max(math.frexp(reach)[1] + 1, -400), 400))

    @property
    def key(self) -> str:
        """A digest of the cells."""
        return _digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the cells as plain data; `from_json` makes them again."""
        if self.kind == "numbers":
            return {"kind": self.kind, "edges": [edge + 0.0 for edge in self.edges]}  # -0.0 is 0.0
        names = {"names": list(self.names)} if self.names else {}
        return {"kind": self.kind, "categories": list(self.categories), **names}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Return the cells whose `to_json` this was."""
        cells = {name: tuple(plain.get(name, ())) for name in ("edges", "categories", "names")}
        return cls(kind=plain["kind"], **cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """How the columns of a table are cut, and which label is counted beside them.

    Frozen once (when a program is fitted), so that a profile of any day can be added to that of another, and compared
    with it.

    Parameters
    ----------
    bins
        How each column is cut, by name. A column of the table that is not named has no profile.
    label
        The label column, if there is one: positive above 0. Null and NaN are no label.
    hour_of
        A column of instants, if the pseudo-column ``hour`` is to be counted: its hour in UTC, from 0 to 23.

    Raises
    ------
    DeclarationError
        If there is a column called ``hour`` beside the pseudo-column of that name.

    Examples
    --------
    >>> edges = Edges(bins={"price": Bins(kind="numbers", edges=(0, 1))}, label="clicked", hour_of="shown_at")
    >>> list(edges.bins)
    ['hour', 'price']
    >>> Edges.from_json(edges.to_json()).key == edges.key
    True
    """

    bins: Mapping[str, Bins]
    label: str | None = None
    hour_of: str | None = None

    def __post_init__(self) -> None:
        hour = Bins(kind="categories", categories=tuple(range(24)))
        if self.hour_of is not None and self.bins.get(HOUR, hour) != hour:
            raise DeclarationError(
                f"edges with hour_of={self.hour_of!r} make a column {HOUR!r}, and there is one already: leave out "
                "hour_of, or the column."
            )
        bins = dict(self.bins) | ({HOUR: hour} if self.hour_of is not None else {})
        object.__setattr__(self, "bins", MappingProxyType(dict(sorted(bins.items()))))

    def __reduce__(self) -> tuple[Any, ...]:
        return _edges, (dict(self.bins), self.label, self.hour_of)  # NOTE: a mapping proxy cannot be pickled

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def key(self) -> str:
        """A digest of all of it: two profiles can be added, or compared, where these are equal."""
        return _digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the edges as plain data; `from_json` makes them again."""
        bins = {name: bins.to_json() for name, bins in self.bins.items()}
        return {"bins": bins, "label": self.label, "hour_of": self.hour_of}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Return the edges whose `to_json` this was."""
        bins = {name: Bins.from_json(each) for name, each in plain["bins"].items()}
        return cls(bins=bins, label=plain["label"], hour_of=plain["hour_of"])


def _edges(bins: Mapping[str, Bins], label: str | None, hour_of: str | None) -> Edges:
    return Edges(bins=bins, label=label, hour_of=hour_of)


def _digest(plain: Any) -> str:
    text = json.dumps(plain, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
