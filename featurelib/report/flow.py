"""Flow: the way of the rows from a log to the features, as a picture whose bands are as wide as rows are many."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from featurelib.report.content import Path, Stage
from featurelib.report.words import count, cut, esc, label, share, svg

_SHOWN = 5  # reasons of a stage that have a band of their own
_THINNEST = 1.5
_NODE = 10.0
_ASIDE = ("quarantine", "quarantined")


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where things stand: along the way of the rows and across it; the way goes to the right, or down on a phone."""

    down: bool
    step: float
    thick: float

    def at(self, along: float, across: float) -> str:
        return f"{across:.1f} {along:.1f}" if self.down else f"{along:.1f} {across:.1f}"

    def band(self, start: float, end: float, before: tuple[float, float], after: tuple[float, float]) -> str:
        """Return the outline of a band that goes from one stretch across the way to another."""
        half = (start + end) / 2
        there = f"M{self.at(start, before[0])}C{self.at(half, before[0])} {self.at(half, after[0])} "
        back = f"{self.at(end, after[0])}L{self.at(end, after[1])}C{self.at(half, after[1])} "
        return f"{there}{back}{self.at(half, before[1])} {self.at(start, before[1])}Z"

    def node(self, along: float, across: float, width: float) -> str:
        x, y = (across, along) if self.down else (along, across)
        w, h = (width, _NODE) if self.down else (_NODE, width)
        return f'<rect class="node" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="1.5"/>'


def flow(path: Path, name: str, *, main: bool = True) -> str:
    """Return the picture of a path, once for wide pages and once for narrow ones; style shows one of them.

    Parameters
    ----------
    path
        What became of the rows.
    name
        Unique in the page.
    main
        Whether it is the path of the samples; others are drawn smaller.
    """
    says = " ".join(_told(stage) for stage in path.stages) + f" {count(path.stages[-1].kept, 'row')} of {path.ends_in}."
    title = f"Rows of {path.stages[0].name}, from log to {path.ends_in}"
    wide, tall = _wide(path, 120.0 if main else 44.0), _tall(path, 150.0 if main else 90.0)
    return svg(f"{name}-w", wide[0], title, says, wide[1], "flow wide") + svg(
        f"{name}-n", tall[0], title, says, tall[1], "flow narrow"
    )


def _told(stage: Stage) -> str:
    made = f", {count(stage.made, 'row')} made" if stage.made else ""
    dropped = ", ".join(f"{reason} {number:,}" for reason, number in stage.dropped.items()) or "none"
    return f"{stage.name}: {count(stage.rows_in, 'row')} in{made}, {stage.kept:,} kept, dropped: {dropped}."


def _reasons(stage: Stage) -> list[tuple[str, int]]:
    """Return reasons and rows, the most first; those beyond the first few together."""
    ranked = sorted(stage.dropped.items(), key=lambda item: (-item[1], item[0]))
    more = ranked[_SHOWN:]
    return ranked[:_SHOWN] + ([(f"{len(more)} other reasons", sum(n for _, n in more))] if more else [])


def _most(path: Path) -> int:
    return max([1, *(stage.rows_in + stage.made for stage in path.stages)])


def _wide(path: Path, thick: float) -> tuple[tuple[float, float], str]:
    stages, top = path.stages, 58.0
    frame = _Frame(down=False, step=min((880 - 130) / len(stages), 375), thick=thick)
    parts: list[str] = []
    deepest = top + frame.thick
    for number, stage in enumerate(stages):
        along = 14 + number * frame.step
        parts += _kept(frame, path, stage, along, top)
        lowest = top + _width(frame, path, stage.kept)
        ends = top + frame.thick + 36.0
        for reason, rows in _reasons(stage):
            width = _width(frame, path, rows)
            aim = along + 0.34 * frame.step
            parts.append(_drop(frame, (along, aim), (lowest, lowest + width), (ends, ends + width), reason))
            told = ends + min(width / 2, 14) + 4
            parts.append(label(aim + _NODE + 2, told, cut(reason, int((0.62 * frame.step) / 7.5)), "reason"))
            parts.append(label(aim + _NODE + 2, told + 16, _rows(rows, stage), "says"))
            lowest, ends = lowest + width, ends + max(width + 12, 42)
        deepest = max(deepest, ends)
        parts += _heading(stage.name, stage.rows_in, along, top)
        parts += _made(frame, path, stage, along, top)
    last = 14 + len(stages) * frame.step
    parts.append(frame.node(last, top, _width(frame, path, stages[-1].kept)))
    parts += _heading(path.ends_in, stages[-1].kept, last, top)
    return (880, deepest + 6), "".join(parts)


def _tall(path: Path, thick: float) -> tuple[tuple[float, float], str]:
    stages, left = path.stages, 4.0
    frame = _Frame(down=True, step=0, thick=thick)
    parts: list[str] = []
    along = 44.0
    for stage in stages:
        reasons = _reasons(stage)
        step = max(112.0, 52.0 + 44 * len(reasons) + 34)
        parts += _kept(frame, path, stage, along, left, step)
        lowest = left + _width(frame, path, stage.kept)
        for number, (reason, rows) in enumerate(reasons):
            width = _width(frame, path, rows)
            across, aim = left + frame.thick + 22.0, along + 40 + 44 * number
            parts.append(_drop(frame, (along, aim), (lowest, lowest + width), (across, across + width), reason))
            x = across + min(width, 40) + 8
            parts.append(label(x, aim + 4, cut(reason, int((336 - x) / 7)), "reason"))
            parts.append(label(x, aim + 20, _rows(rows, stage), "says"))
            lowest += width
        parts += _heading(stage.name, stage.rows_in, left, along)
        parts += _made(frame, path, stage, along, left)
        along += step
    parts.append(frame.node(along, left, _width(frame, path, stages[-1].kept)))
    parts += _heading(path.ends_in, stages[-1].kept, left, along)
    return (340, along + _NODE + 6), "".join(parts)


def _width(frame: _Frame, path: Path, rows: int) -> float:
    return max(frame.thick * rows / _most(path), _THINNEST) if rows else 0.0


def _kept(
    frame: _Frame, path: Path, stage: Stage, along: float, across: float, step: float | None = None
) -> Iterator[str]:
    width, came = _width(frame, path, stage.kept), _width(frame, path, stage.rows_in + stage.made)
    side = (across, across + width)
    start, end = along + _NODE, along + (frame.step if step is None else step)
    told = f"<title>{esc(stage.name)}: {count(stage.kept, 'row')} kept</title>"
    yield f'<path class="kept" d="{frame.band(start, end, side, side)}">{told}</path>'
    yield frame.node(along, across, came)


def _drop(
    frame: _Frame,
    span: tuple[float, float],
    before: tuple[float, float],
    after: tuple[float, float],
    reason: str,
) -> str:
    kind = "aside" if reason in _ASIDE else "lost"
    d = frame.band(span[0] + _NODE, span[1], before, after)
    width = after[1] - after[0]
    x, y = (after[0], span[1]) if frame.down else (span[1], after[0])
    w, h = (width, 4) if frame.down else (4, width)
    end = f'<rect class="end {kind}" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"/>'
    return f'<path class="{kind}" d="{d}"><title>{esc(reason)}</title></path>{end}'


def _made(frame: _Frame, path: Path, stage: Stage, along: float, across: float) -> Iterator[str]:
    """Yield what a stage adds, as a band that comes in from the side."""
    if stage.made:
        low = across + _width(frame, path, stage.rows_in)
        high = low + _width(frame, path, stage.made)
        x, y = (high + 6, along + 9) if frame.down else (along - 32, high + 18)
        yield f'<path class="made" d="{frame.band(along - 26, along, (low + 18, high + 18), (low, high))}"/>'
        yield label(x, y, f"+ {stage.made:,} made", "says", "start" if frame.down else "end")


def _heading(name: str, rows: int, x: float, y: float) -> list[str]:
    return [label(x, y - 26, cut(name, 22), "name"), label(x, y - 9, count(rows, "row"), "says")]


def _rows(rows: int, stage: Stage) -> str:
    return f"{rows:,} · {share(rows / (stage.rows_in + stage.made))}"


def flow_rows(paths: Sequence[Path]) -> Iterator[tuple[str, Stage, Mapping[str, int]]]:
    """Yield each stage once for the table of numbers, with its reasons, the most rows first."""
    for path in paths:
        for stage in path.stages:
            ranked = sorted(stage.dropped.items(), key=lambda item: (-item[1], item[0]))
            yield stage.name, stage, dict(ranked)
