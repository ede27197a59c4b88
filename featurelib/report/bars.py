"""Bars: label rates by value, from zero, each with the interval that its rows leave open."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from featurelib.report.content import Day, Rate, Rates
from featurelib.report.words import count, cut, esc, label, share, svg

_WIDTH, _LEFT, _TOP, _BOTTOM = 360.0, 44.0, 14.0, 150.0
_Z = 1.959964  # of a normal, for 95 %
_Scale: TypeAlias = Callable[[float], float]
_FEW = 8  # words in a row that have room below their columns
_WORDS = 5  # a name longer than this has a line of its own


def interval(rate: Rate) -> tuple[float, float] | None:
    """Return the 95 % interval of a label rate (Wilson, 1927); None without labelled rows.

    Examples
    --------
    >>> low, high = interval(Rate("3", labelled=1000, positives=30))
    >>> round(low, 4), round(high, 4)
    (0.0211, 0.0425)
    """
    if not rate.labelled:
        return None
    n, p = rate.labelled, rate.positives / rate.labelled
    middle = (p + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
    half = _Z / (1 + _Z * _Z / n) * math.sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def rates_picture(rates: Rates, name: str) -> str:
    """Return the picture of label rates: columns where the values have short names, else lines with a bar each."""
    title = f"Rate of {rates.label} by {rates.column}"
    ranked = sorted((one for one in rates.values if one.labelled), key=lambda one: one.rate or 0)
    says = f"{count(len(rates.values), 'value')}, 95 % intervals."
    if ranked:
        low, high = ranked[0], ranked[-1]
        says += f" Lowest {share(low.rate)} ({low.name}), highest {share(high.rate)} ({high.name})."
    words = any(not one.name.isdigit() for one in rates.values) and len(rates.values) > _FEW
    if words or max((len(one.name) for one in rates.values), default=0) > _WORDS:
        return _lines(rates, name, title, says)
    return _columns(rates, name, title, says)


def _top(values: Sequence[Rate]) -> float:
    """Return the rate at the upper end of the scale: that of the highest bar, with most of its interval."""
    rates = [one.rate or 0.0 for one in values]
    ends = [found[1] for one in values if (found := interval(one))]
    return nice(min(max([*ends, 0.0]), 1.6 * max([*rates, 0.0])) or 0.01)


def nice(value: float) -> float:
    """Return the first of 1, 1.5, 2, 3, 4, 5, 6, 8 and 10 times a power of ten that is not below a value.

    Examples
    --------
    >>> nice(0.0317), nice(7_300), nice(60)
    (0.04, 8000.0, 60.0)
    """
    power = 10.0 ** math.floor(math.log10(value))
    return next(round(step * power, 12) for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 20) if step * power >= value * 0.999)


def _all(values: Sequence[Rate]) -> float | None:
    labelled = sum(one.labelled for one in values)
    return sum(one.positives for one in values) / labelled if labelled else None


def _columns(rates: Rates, name: str, title: str, says: str) -> str:
    values = rates.values
    top = _top(values)
    step = (_WIDTH - _LEFT - 6) / max(len(values), 1)

    def y(rate: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * min(rate / top, 1)

    parts = list(_scale(top, y))
    every = 1 if len(values) <= 13 else 3
    for number, one in enumerate(values):
        x = _LEFT + (number + 0.5) * step
        parts += _column(one, x, min(step * 0.68, 30), y)
        if number % every == 0:
            parts.append(label(x, _BOTTOM + 16, one.name, "tick", "middle"))
    whole = _all(values)
    if whole is not None:
        parts.append(f'<path class="mean" d="M{_LEFT} {y(whole):.1f}H{_WIDTH - 6}"/>')
    parts.append(f'<path class="axis" d="M{_LEFT} {_BOTTOM}H{_WIDTH - 6}"/>')
    parts.append(label((_LEFT + _WIDTH) / 2, _BOTTOM + 33, rates.column, "tick", "middle"))
    return svg(name, (_WIDTH, _BOTTOM + 40), title, says, "".join(parts), "chart")


def _column(one: Rate, x: float, width: float, y: _Scale) -> Iterator[str]:
    told = f"{one.name}: {share(one.rate)} of {count(one.labelled, 'labelled row')}"
    if one.rate is None:
        return
    height = _BOTTOM - y(one.rate)
    yield (
        f'<rect class="bar" x="{x - width / 2:.1f}" y="{y(one.rate):.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"><title>{esc(told)}</title></rect>'
    )
    low, high = interval(one) or (0, 0)
    yield f'<path class="whisker" d="M{x:.1f} {y(low):.1f}V{y(high):.1f}"/>'


def _scale(top: float, y: _Scale) -> Iterator[str]:
    for part in (0.5, 1.0):
        yield f'<path class="rule" d="M{_LEFT} {y(part * top):.1f}H{_WIDTH - 6}"/>'
        yield label(_LEFT - 6, y(part * top) + 4, short_share(part * top), "tick", "end")
    yield label(_LEFT - 6, _BOTTOM + 4, "0", "tick", "end")


def short_share(part: float) -> str:
    """Return a round share for an axis.

    Examples
    --------
    >>> short_share(0.04), short_share(0.0075)
    ('4 %', '0.75 %')
    """
    return f"{100 * part:.3g} %"


def _lines(rates: Rates, name: str, title: str, says: str) -> str:
    left, right, line = 124.0, 300.0, 21.0
    top = _top(rates.values)

    def x(rate: float) -> float:
        return left + (right - left) * min(rate / top, 1)

    parts = []
    for number, one in enumerate(rates.values):
        y = 8 + number * line
        parts.append(label(left - 8, y + 12, cut(one.name, 17), "tick", "end"))
        parts.append(label(_WIDTH - 4, y + 12, share(one.rate), "tick", "end"))
        if one.rate is not None:
            low, high = interval(one) or (0, 0)
            told = f"{one.name}: {count(one.labelled, 'labelled row')}"
            parts.append(
                f'<rect class="bar" x="{left}" y="{y + 2:.1f}" width="{x(one.rate) - left:.1f}" height="13">'
                f"<title>{esc(told)}</title></rect>"
            )
            parts.append(f'<path class="whisker" d="M{x(low):.1f} {y + 8.5:.1f}H{x(high):.1f}"/>')
    height = 10 + line * len(rates.values)
    whole = _all(rates.values)
    if whole is not None:
        parts.append(f'<path class="mean" d="M{x(whole):.1f} 6V{height - 4:.1f}"/>')
    parts.append(f'<path class="axis" d="M{left} 6V{height - 4:.1f}"/>')
    return svg(name, (_WIDTH, height), title, says, "".join(parts), "chart")


def days_picture(days: Sequence[Day], name: str) -> str:
    """Return the rows of each day, from zero."""
    most = nice(max([1, *(day.rows for day in days)]))
    step = (_WIDTH - _LEFT - 6) / max(len(days), 1)
    parts = []
    for part in (0.5, 1.0):
        y = _BOTTOM - (_BOTTOM - _TOP) * part
        parts.append(f'<path class="rule" d="M{_LEFT} {y:.1f}H{_WIDTH - 6}"/>')
        parts.append(label(_LEFT - 6, y + 4, brief(part * most), "tick", "end"))
    for number, day in enumerate(days):
        height = (_BOTTOM - _TOP) * day.rows / most
        x = _LEFT + (number + 0.14) * step
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{_BOTTOM - height:.1f}" width="{0.72 * step:.1f}" '
            f'height="{height:.1f}"><title>{esc(day.name)}: {count(day.rows, "row")}</title></rect>'
        )
    parts += [label(_LEFT - 6, _BOTTOM + 4, "0", "tick", "end")]
    parts += [f'<path class="axis" d="M{_LEFT} {_BOTTOM}H{_WIDTH - 6}"/>', *day_ticks(days, step)]
    says = f"{count(len(days), 'day')}, {sum(day.rows for day in days):,} rows in all."
    return svg(name, (_WIDTH, _BOTTOM + 26), "Rows of features by day", says, "".join(parts), "chart")


def rate_by_day(days: Sequence[Day], label_name: str, before: float | None, name: str) -> str:
    """Return the label rate of each day, from zero, with the rate of the baseline."""
    values = [Rate(day.name, day.labelled, day.positives) for day in days]
    top = max(_top(values), nice(before) if before else 0)
    step = (_WIDTH - _LEFT - 6) / max(len(days), 1)

    def y(rate: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * min(rate / top, 1)

    points = [(_LEFT + (n + 0.5) * step, one) for n, one in enumerate(values) if one.rate is not None]
    parts = list(_scale(top, y))
    for x, one in points:
        low, high = interval(one) or (0, 0)
        parts.append(f'<path class="whisker faint" d="M{x:.1f} {y(low):.1f}V{y(high):.1f}"/>')
    line = " ".join(f"{x:.1f},{y(one.rate or 0):.1f}" for x, one in points)
    parts.append(f'<polyline class="line" points="{line}"/>')
    for x, one in points:
        told = f"{one.name}: {share(one.rate)} of {count(one.labelled, 'labelled row')}"
        parts.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{y(one.rate or 0):.1f}" r="{2.6 if len(days) < 40 else 1.4}">'
        )
        parts.append(f"<title>{esc(told)}</title></circle>")
    if before is not None:
        parts.append(f'<path class="mean" d="M{_LEFT} {y(before):.1f}H{_WIDTH - 6}"/>')
    parts += [f'<path class="axis" d="M{_LEFT} {_BOTTOM}H{_WIDTH - 6}"/>', *day_ticks(days, step)]
    says = f"{count(len(points), 'day')} with labels; 95 % intervals." + (
        f" Baseline: {share(before)}." if before is not None else ""
    )
    return svg(name, (_WIDTH, _BOTTOM + 26), f"Rate of {label_name} by day", says, "".join(parts), "chart")


def day_ticks(days: Sequence[Day], step: float) -> Iterator[str]:
    """Yield the names of the first and the last day, and of some between."""
    last = len(days) - 1
    shown = range(len(days)) if len(days) <= 4 else sorted({0, round(last / 2), last})
    for number in shown:
        anchor = "middle" if 0 < number < last or last < 4 else "start" if number == 0 else "end"
        place = number + 0.5 if anchor == "middle" else number + (0.14 if anchor == "start" else 0.86)
        yield label(_LEFT + place * step, _BOTTOM + 17, days[number].name[5:], "tick", anchor)


def brief(number: float) -> str:
    """Return a round number of rows for an axis.

    Examples
    --------
    >>> brief(800), brief(7500), brief(1_500_000)
    ('800', '7.5k', '1.5M')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"
