"""Progress: how far a backfill has come, and how long it will still take."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

from featurelib.runs.steps import Step

Say = Callable[[str], None]


class Progress:
    """Take steps, and say before each how many partitions are done and how much time the rest will take.

    Parameters
    ----------
    say
        Called with one line per step.
    expected
        How many partitions of each table are to be built.
    clock
        Seconds that only rise.
    """

    def __init__(self, say: Say, expected: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        self.say = say
        self.left = Counter(expected)
        self.total = sum(expected.values())
        self.clock = clock
        self.spent: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    def take(self, step: Step) -> int:
        """Take one step."""
        self.say(f"[{sum(self.done.values())}/{self.total}] {step}{self._time_left()}")
        started = self.clock()
        try:
            return step.commit()
        finally:
            if step.makes != "program":
                self.spent[step.makes] += self.clock() - started  # type: ignore[assignment]  # seconds
                self.done[step.makes] += len(step.partitions)
                self.left[step.makes] = max(self.left[step.makes] - len(step.partitions), 0)
                self.total = sum(self.done.values()) + sum(self.left.values())

    def _time_left(self) -> str:
        """Return, in words, the time that the rest takes at the pace so far; a table not begun at the other's pace."""
        if not self.done:
            return ""
        pace = {table: self.spent[table] / count for table, count in self.done.items()}
        usual = sum(self.spent.values()) / sum(self.done.values())
        seconds = sum(count * pace.get(table, usual) for table, count in self.left.items())
        return f", about {timedelta(seconds=round(seconds))} left"
