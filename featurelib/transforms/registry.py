"""The registry: every transform by name, those of other packages too."""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import TypeVar

from featurelib.errors import DeclarationError
from featurelib.transforms.transform import Transform

_ENTRY_POINTS = "featurelib.transforms"
_T = TypeVar("_T", bound=type[Transform])


class _Transforms(Mapping[str, type[Transform]]):
    """Transforms by name. Other packages add theirs through the entry point group ``featurelib.transforms``."""

    def __init__(self) -> None:
        self._own: dict[str, type[Transform]] = {}
        self._plugins_loaded = False

    def add(self, name: str, transform: type[Transform]) -> None:
        known = self._own.get(name)
        if known is not None and _path(known) != _path(transform):
            raise DeclarationError(f"transform {name!r} is registered twice: by {known!r} and {transform!r}.")
        self._own[name] = transform

    def _all(self) -> dict[str, type[Transform]]:
        if not self._plugins_loaded:
            self._plugins_loaded = True
            for entry in entry_points(group=_ENTRY_POINTS):
                entry.load()  # its module registers itself
        return self._own

    def __getitem__(self, name: str) -> type[Transform]:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def _path(transform: type[Transform]) -> tuple[str, str]:
    return transform.__module__, transform.__qualname__  # the two classes of one slotted dataclass share it


TRANSFORMS = _Transforms()


def register(name: str) -> Callable[[_T], _T]:
    """Make a transform known under a name: its docs page and the contract tests come along.

    Keep it the outermost decorator: a slotted dataclass is created twice.
    """

    def add(transform: _T) -> _T:
        TRANSFORMS.add(name, transform)
        return transform

    return add
