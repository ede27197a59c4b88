"""Picture: the lag curve as an SVG of its own, light or dark as its reader is."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from html import escape
from itertools import groupby

from featurelib.lag.curve import QUANTILES, Curve, Lag
from featurelib.lag.proposal import Proposal
from featurelib.lag.text import human

_WIDTH, _HEIGHT = 1000, 600
_LEFT, _RIGHT, _TOP, _BOTTOM = 78.0, 846.0, 108.0, 440.0
_BARS_TOP, _BARS_BOTTOM = 462.0, 518.0
_TICKS = (1, 10, 60, 600, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400, *(n * 365 * 86_400 for n in (1, 10, 100)))
_CLASSES = {"p50": "a", "p90": "b", "p99": "c", "p99.9": "d", "max": "e"}
_FONT = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif"
_STYLE = """
    .back { fill: #ffffff } .title { fill: #17212e; font-size: 20px; font-weight: 600 }
    .says { fill: #48566a; font-size: 13px } .tick { fill: #5b6980; font-size: 12px }
    .grid { stroke: #e3e8ef; stroke-width: 1 } .axis { stroke: #b4c0ce; stroke-width: 1 }
    .line { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round }
    .name { font-size: 13px; font-weight: 600 }
    .a { stroke: #7fb2e5 } .b { stroke: #4a8fd3 } .c { stroke: #2467b0 } .d { stroke: #123f78 }
    .e { stroke: #8592a5; stroke-width: 1.5; stroke-dasharray: 1.5 5 }
    .ta, .da { fill: #7fb2e5 } .tb, .db { fill: #4a8fd3 } .tc, .dc { fill: #2467b0 } .td, .dd { fill: #123f78 }
    .ta { fill: #4d8cc9 } .te { fill: #6b788b } .de { fill: #8592a5 }
    .band { fill: #2467b0; fill-opacity: 0.06 } .bar { fill: #c9d5e3 }
    .declared { stroke: #b7791f; stroke-width: 1.5; stroke-dasharray: 7 5 } .t-declared { fill: #95600f }
    .proposed { stroke: #2c8a57; stroke-width: 1.5; stroke-dasharray: 7 5 } .t-proposed { fill: #1f7045 }
    @media (prefers-color-scheme: dark) {
      .back { fill: #0f151d } .title { fill: #eef3f9 } .says { fill: #b3c0cf } .tick { fill: #9aa8ba }
      .grid { stroke: #1f2934 } .axis { stroke: #45546a } .bar { fill: #2c3a4b }
      .a { stroke: #2f6fb7 } .b { stroke: #4f92d9 } .c { stroke: #86b9ee } .d { stroke: #d3e6fb } .e { stroke: #7d8ca1 }
      .da { fill: #2f6fb7 } .tb, .db { fill: #4f92d9 } .tc, .dc { fill: #86b9ee } .td, .dd { fill: #d3e6fb }
      .ta { fill: #4480c4 } .te { fill: #9aa8ba } .de { fill: #7d8ca1 } .band { fill: #86b9ee; fill-opacity: 0.08 }
      .declared { stroke: #e0a544 } .t-declared { fill: #e9b868 }
      .proposed { stroke: #4fbf83 } .t-proposed { fill: #74d3a0 }
    }
"""


def svg(curve: Curve, proposal: Proposal | None) -> str:
    """Return the quantiles of the lag by hour, on a logarithmic scale, over how many rows each hour has.

    Lags of a second and less stand on the lowest line. An hour without a lag leaves a gap. The declared and the
    proposed lateness are drawn unless they are 0.
    """
    total = curve.total
    title = f"How late rows of {escape(curve.log.name)} land"
    says = [
        f"{total.rows:,} rows of {curve.days}; lag from {escape(curve.log.time)} to "
        f"{escape(curve.log.table.landing_time or '')}, by hour of the event in {escape(curve.timezone)}",
        _aside(total),
    ]
    parts = [*_heading(title, says), *_bars(curve.hours)]
    parts += (
        _curves(curve, proposal) if proposal is not None else [_text(472, 270, "says", "no row has a lag", "middle")]
    )
    described = f"{title}. " + ", ".join(f"{name} {human(lag)}" for name, lag in _named(total).items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="title desc" font-family="{_FONT}">\n'
        f'  <title id="title">{title}</title>\n  <desc id="desc">{described}.</desc>\n  <style>{_STYLE}  </style>\n'
        f'  <rect class="back" width="{_WIDTH}" height="{_HEIGHT}" rx="14"/>\n'
        + "".join(f"  {part}\n" for part in parts)
        + "</svg>\n"
    )


def _aside(total: Lag) -> str:
    shown = [f"{total.skewed:,} that landed before their event (clock skew)"] * bool(total.skewed)
    shown += [f"{total.unknown:,} without a landing time"] * bool(total.unknown)
    return "dashed: lateness, as declared and as proposed" + (f"; not drawn: {', '.join(shown)}" if shown else "")


def _heading(title: str, says: Sequence[str]) -> Iterator[str]:
    yield _text(28, 42, "title", title)
    for number, line in enumerate(says):
        yield _text(28, 66 + 20 * number, "says", line)


def _named(lag: Lag) -> dict[str, int | None]:
    return {**{name: lag.quantiles_s[name] for name in QUANTILES}, "max": lag.longest_s}


def _x(hour: int) -> float:
    return _LEFT + (hour + 0.5) * (_RIGHT - _LEFT) / 24


def _bars(hours: Sequence[Lag]) -> Iterator[str]:
    most = max(lag.rows for lag in hours)
    for hour, lag in enumerate(hours):
        height = (_BARS_BOTTOM - _BARS_TOP) * lag.rows / most if most else 0
        if height:
            yield (
                f'<rect class="bar" x="{_x(hour) - 12:.1f}" y="{_BARS_BOTTOM - height:.1f}" width="24" '
                f'height="{height:.1f}" rx="2"><title>{hour:02}: {lag.rows:,} rows</title></rect>'
            )
        if hour % 3 == 0:
            yield _text(_x(hour), _BARS_BOTTOM + 20, "tick", f"{hour:02}", "middle")
    yield f'<path class="axis" d="M{_LEFT} {_BARS_BOTTOM}H{_RIGHT}"/>'
    yield _text(_RIGHT + 6, _BARS_BOTTOM - 30, "tick", "rows an hour,")
    yield _text(_RIGHT + 6, _BARS_BOTTOM - 14, "tick", f"{most:,} at most")
    yield _text((_LEFT + _RIGHT) / 2, _BARS_BOTTOM + 44, "says", "hour of the event", "middle")


def _curves(curve: Curve, proposal: Proposal) -> Iterator[str]:
    hours = [_named(lag) for lag in curve.hours]
    limits = _limits(curve.log.lateness, proposal.lateness)
    lags = [lag for named in hours for lag in named.values() if lag is not None]
    ticks = _ticks(min(lags), max([*lags, *limits.values()]))
    low, high = math.log(ticks[0]), math.log(ticks[-1])

    def y(lag_s: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (math.log(max(lag_s, ticks[0])) - low) / (high - low)

    for tick in ticks:
        yield f'<path class="grid" d="M{_LEFT} {y(tick):.1f}H{_RIGHT}"/>'
        yield _text(_LEFT - 10, y(tick) + 4, "tick", human(tick), "end")
    yield f'<path class="axis" d="M{_LEFT} {_BOTTOM}H{_RIGHT}"/>'
    middle = (_TOP + _BOTTOM) / 2
    yield f'<g transform="rotate(-90 26 {middle})">{_text(26, middle, "says", "lag, logarithmic", "middle")}</g>'
    yield from _bands(hours, y)
    for name, letter in _CLASSES.items():
        yield from _curve([named[name] for named in hours], y, name, letter)
    for name, lateness in limits.items():
        yield f'<path class="{_limit_class(name)}" d="M{_LEFT} {y(lateness):.1f}H{_RIGHT}"/>'
    yield from _names(hours, limits, y)


def _limits(declared: timedelta, proposed: timedelta) -> dict[str, float]:
    """Return the lines to draw across, by what they say; a lateness of nothing has no place on the scale."""
    lines = {"as declared": proposed} if declared == proposed else {"declared": declared, "proposed": proposed}
    return {name: lateness.total_seconds() for name, lateness in lines.items() if lateness > timedelta()}


def _ticks(least: float, most: float) -> list[int]:
    first = max(number for number, tick in enumerate(_TICKS) if tick <= max(least, 1))
    last = next((number for number, tick in enumerate(_TICKS) if tick >= most), len(_TICKS) - 1)
    return list(_TICKS[first : max(last, first + 1, 2) + 1])


def _runs(values: Sequence[int | None]) -> Iterator[list[tuple[int, int]]]:
    """Yield the hours and lags without gaps."""
    for there, run in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
        if there:
            yield [(hour, value) for hour, value in run if value is not None]


def _bands(hours: Sequence[dict[str, int | None]], y: Callable[[float], float]) -> Iterator[str]:
    lowest, *others = QUANTILES
    for name in others:  # one upon the other: the darker, the more rows have landed
        for above in _runs([named[name] for named in hours]):
            below = [(hour, hours[hour][lowest] or 0) for hour, _ in reversed(above)]
            points = " ".join(f"{_x(hour):.1f},{y(value):.1f}" for hour, value in (*above, *below))
            yield f'<polygon class="band" points="{points}"/>'


def _curve(values: Sequence[int | None], y: Callable[[float], float], name: str, letter: str) -> Iterator[str]:
    for run in _runs(values):
        points = " ".join(f"{_x(hour):.1f},{y(value):.1f}" for hour, value in run)
        yield f'<polyline class="line {letter}" points="{points}"/>'
        for hour, value in run:
            told = f"{hour:02}: {name} {human(value)}"
            yield (
                f'<circle class="d{letter}" cx="{_x(hour):.1f}" cy="{y(value):.1f}" r="2.8">'
                f"<title>{told}</title></circle>"
            )


def _names(
    hours: Sequence[dict[str, int | None]], limits: dict[str, float], y: Callable[[float], float]
) -> Iterator[str]:
    """Yield what each line is, where it ends; moved apart where two would overlap."""
    ends: dict[str, float] = dict(limits)
    for named in hours:
        ends |= {name: value for name, value in named.items() if value is not None}
    order = [*_CLASSES, *limits]
    below = math.inf
    for name, value in sorted(ends.items(), key=lambda pair: (pair[1], order.index(pair[0]))):
        below = min(y(value) + 4.5, below - 17)
        told = f'{name}<tspan dx="6" font-weight="400">{human(value)}</tspan>'
        yield _text(_RIGHT + 6, below, f"name t{_CLASSES.get(name, f'-{_limit_class(name)}')}", told)


def _limit_class(name: str) -> str:
    return "declared" if name == "declared" else "proposed"


def _text(x: float, y: float, kind: str, text: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
