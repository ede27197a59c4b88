"""Attempt: run all tasks, and keep the errors of those that fail instead of stopping at the first."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from featurelib.engine.protocol import Engine, Item, Summary
from featurelib.errors import FeaturelibError, TaskFailedError


@dataclass(frozen=True, slots=True)
class Failed:
    """A task that raised an error."""

    error: FeaturelibError


@dataclass(frozen=True, slots=True)
class _Attempt(Generic[Item, Summary]):
    task: Callable[[Item], Summary]

    @property
    def __name__(self) -> str:
        return getattr(self.task, "__name__", type(self.task).__name__)

    def __call__(self, item: Item) -> Summary | Failed:
        try:
            return self.task(item)
        except FeaturelibError as error:
            return Failed(error)
        except Exception as error:  # of a user's own code, or a defect of ours: it must not stop the others either
            where = traceback.extract_tb(error.__traceback__)[-1]
            return Failed(TaskFailedError(f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"))


def attempt(engine: Engine, task: Callable[[Item], Summary], items: Sequence[Item]) -> list[Summary | Failed]:
    """Return what each task returned, or how it failed, in the order of the items.

    Errors of the engine itself, such as a worker that dies time and again, are raised: they are no one task's.
    """
    return engine.map(_Attempt(task), items)
