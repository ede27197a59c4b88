"""Text: durations as people say them, and the lag curve as a table with bars."""

import math
from collections.abc import Iterator
from datetime import timedelta

from featurelib.days import day_bounds
from featurelib.lag.curve import QUANTILES, Curve, Lag
from featurelib.lag.proposal import Proposal

_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_SHADES = dict(zip(QUANTILES, "█▓▒░", strict=True))
_WIDTH = 28


def human(lag: float | timedelta | None) -> str:
    """Return a duration in the two largest units that it has, cut off below; ``-`` for none.

    Examples
    --------
    >>> human(93_784), human(3600), human(0), human(None), human(-61)
    ('1d 2h', '1h', '0s', '-', '-1m 1s')
    """
    if lag is None:
        return "-"
    seconds = int(lag.total_seconds() if isinstance(lag, timedelta) else lag)
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        parts += [f"{count}{unit}"] * bool(count)
    return sign + (" ".join(parts[:2]) or "0s")


def report(curve: Curve, proposal: Proposal | None) -> str:
    """Return the curve and what is proposed, as text for a terminal."""
    return "\n".join([*_head(curve), "", *_table(curve), "", *_notes(curve, proposal), *_proposed(curve, proposal)])


def _head(curve: Curve) -> Iterator[str]:
    total = curve.total
    yield f"{curve.log}: {total.rows:,} rows of {curve.days}, from {curve.log.time} to {curve.log.table.landing_time}"
    yield f"by hour of the event in {curve.timezone}; of a share of the rows, the lag that none of them exceeds"


def _table(curve: Curve) -> Iterator[str]:
    total, hours = curve.total, curve.hours
    scale = _Scale(total.longest_s or 1)
    yield (
        f"{'hour':>5} {'rows':>12}"
        + "".join(f"{name:>9}" for name in (*QUANTILES, "max"))
        + f"{'skewed':>9}   "
        + (scale.head)
    )
    for hour, lag in enumerate(hours):
        yield _line(f"{hour:02}", lag, scale)
    yield _line("all", total, scale)
    yield f"{'':>73}{' '.join(f'{shade} {name}' for name, shade in _SHADES.items())} {scale.LONGEST} max"


def _line(name: str, lag: Lag, scale: "_Scale") -> str:
    lags = [*lag.quantiles_s.values(), lag.longest_s]
    shown = "".join(f"{human(value):>9}" for value in lags)
    return f"{name:>5} {lag.rows:>12,}{shown}{lag.skewed or '-':>9}   {scale.bar(lag)}".rstrip()


class _Scale:
    """A logarithmic scale of lags from a second up, some characters wide."""

    LONGEST = "╸"

    def __init__(self, longest_s: int) -> None:
        self._top = max(math.log(longest_s), math.log(60))

    def _place(self, lag_s: int) -> int:
        return round((_WIDTH - 1) * math.log(max(lag_s, 1)) / self._top)

    @property
    def head(self) -> str:
        """The scale's units, each above its place."""
        line = ""
        for unit, size in reversed(_UNITS):
            place = self._place(size)
            if place < _WIDTH and len(line) <= place:
                line = line.ljust(place) + f"1{unit}"
        return line

    def bar(self, lag: Lag) -> str:
        if lag.longest_s is None:
            return ""
        bar = ""
        for name, shade in _SHADES.items():
            bar = bar.ljust(self._place(lag.quantiles_s[name] or 0) + 1, shade)
        return bar.ljust(self._place(lag.longest_s)) + (self.LONGEST if self._place(lag.longest_s) >= len(bar) else "")


def _notes(curve: Curve, proposal: Proposal | None) -> Iterator[str]:
    total = curve.total
    if total.skewed:
        yield (
            f"{total.skewed:,} rows landed before their event, by up to {human(total.skew_s)} (clock skew): not in the "
            f"lags; {curve.ahead_of(curve.log.skew):,} by more than the declared skew of {human(curve.log.skew)}: "
            "builds reject these"
        )
    if total.unknown:
        yield f"{total.unknown:,} rows have no landing time: not in the lags"
    for reason, rows in curve.rejected.items():
        hint = f": not found within {human(curve.horizon)}, see --horizon" if reason == "outside_partition" else ""
        yield f"{rows:,} rows were rejected ({reason}{hint}): not counted"
    if curve.missing:
        yield f"{curve.missing:,} partitions of these days have no file"
    _, end = day_bounds(curve.days.end, curve.timezone)
    if proposal is not None and curve.newest is not None and curve.newest < end + proposal.lateness:
        yield "rows of the last of these days may still land: leave it out for a full curve"


def _proposed(curve: Curve, proposal: Proposal | None) -> Iterator[str]:
    if proposal is None:
        yield "no row has a lag: nothing is proposed"
        return
    yield (
        f"declared lateness  {human(curve.log.lateness):<8} {proposal.later_than_declared:,} rows "
        f"({proposal.later_than_declared / proposal.measured:.3%}) landed later"
    )
    yield (
        f"proposed lateness  {human(proposal.lateness):<8} {proposal.still_later:,} rows "
        f"({proposal.still_later / proposal.measured:.3%}) landed later still"
    )
    yield (
        f"lookback           {proposal.lookback:<8} partitions of {curve.log.every} after its own may hold an event, "
        "if files go by landing time"
    )
    for wait in proposal.waits:
        what = "its labels are final" if wait.label is None else f"label {wait.label} is final"
        since = "the end of a partition" if wait.label is None else "an impression"
        yield f"{wait.pipeline}: {what} {_change(wait.declared, wait.proposed)} after {since}"


def _change(declared: timedelta, proposed: timedelta) -> str:
    return human(proposed) + ("" if declared == proposed else f" (as declared now: {human(declared)})")
