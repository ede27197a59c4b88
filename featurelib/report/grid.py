"""Grid: the state of each partition: weeks with seven days, or days with their hours."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby

from featurelib.report.content import Square
from featurelib.report.words import count, esc

STATES = ("complete", "provisional", "stale", "failed", "missing")
_MARKS = {"complete": "", "provisional": "◔", "stale": "~", "failed": "×", "missing": "·"}
_MEANS = {
    "complete": "built, and final",
    "provisional": "built; labels may still change",
    "stale": "built, but what it depends on has changed",
    "failed": "the last try to build it failed",
    "missing": "not built",
}


def grid(squares: Sequence[Square]) -> str:
    """Return one calendar per table."""
    tables = {table: list(of) for table, of in groupby(squares, key=lambda square: square.table)}
    parts = []
    for table, of in tables.items():
        hourly = any(square.hour is not None for square in of)
        rows = "".join(_days(of) if hourly else _weeks(of))
        heads = (
            _hours(of)
            if hourly
            else [("Mon", "M"), ("Tue", "T"), ("Wed", "W"), ("Thu", "T"), ("Fri", "F"), ("Sat", "S"), ("Sun", "S")]
        )
        columns = "".join(f'<th scope="col" abbr="{full}"><span>{short}</span></th>' for full, short in heads)
        parts.append(
            f'<figure><figcaption>{esc(table.capitalize())} <span class="says">{_counted(of)}</span></figcaption>'
            f'<div class="scroll"><table class="grid{" hours" if hourly else ""}"><thead><tr><td></td>{columns}</tr>'
            f"</thead><tbody>{rows}</tbody></table></div></figure>"
        )
    return f'<div class="grids">{"".join(parts)}</div>'


def legend() -> str:
    """Return what the marks mean."""
    shown = (
        f'<li><span class="sq {state}">{_MARKS[state]}</span> <b>{state}</b>: {_MEANS[state]}</li>' for state in STATES
    )
    return f'<ul class="legend">{"".join(shown)}</ul>'


def _counted(squares: Sequence[Square]) -> str:
    counts = ((state, sum(square.state == state for square in squares)) for state in STATES)
    return ", ".join(f"{number:,} {state}" for state, number in counts if number)


def _hours(squares: Sequence[Square]) -> list[tuple[str, str]]:
    last = max(square.hour or 0 for square in squares)
    return [(f"{hour:02}", f"{hour:02}" if hour % 3 == 0 else "") for hour in range(last + 1)]


def _weeks(squares: Sequence[Square]) -> Iterator[str]:
    by_day = {date.fromisoformat(square.day): square for square in squares}
    monday = min(by_day) - timedelta(days=min(by_day).weekday())
    while monday <= max(by_day):
        days = [monday + timedelta(days=number) for number in range(7)]
        cells = "".join(_cell(by_day.get(day)) for day in days)
        yield f'<tr><th scope="row">{monday:%Y-%m-%d}</th>{cells}</tr>'
        monday += timedelta(days=7)


def _days(squares: Sequence[Square]) -> Iterator[str]:
    last = max(square.hour or 0 for square in squares)
    for day, of in groupby(squares, key=lambda square: square.day):
        by_hour = {square.hour: square for square in of}
        yield f'<tr><th scope="row">{esc(day)}</th>{"".join(_cell(by_hour.get(h)) for h in range(last + 1))}</tr>'


def _cell(square: Square | None) -> str:
    if square is None:
        return "<td></td>"
    why = f": {square.why}" if square.why else ""
    told = f"{square.name} {square.state}, {count(square.rows, 'row')}{why}"
    day = square.day[8:] if square.hour is None else ""
    mark = _MARKS[square.state]
    return f'<td class="sq {square.state}" title="{esc(told)}"><span>{mark or day}</span></td>'


def reasons(squares: Sequence[Square]) -> Iterator[tuple[str, str, str, str]]:
    """Yield table, span, state and cause of partitions that follow on each other and need a word."""

    def key(square: Square) -> tuple[str, str, str]:
        return square.table, square.state, square.why

    for (table, state, why), run in groupby(squares, key=key):
        of = list(run)
        if state != "complete" or why:
            first, last = of[0].name, of[-1].name
            yield table, first if first == last else f"{first} .. {last}", state, why
