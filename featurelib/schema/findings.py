"""Findings: what one measure says of one column, and how findings are told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from featurelib.schema.limits import OnAlarm

Level = Literal["ok", "watch", "alarm", "skipped"]
Measure = Literal[
    "psi",
    "categories",
    "jensen_shannon",
    "nulls",
    "coverage",
    "auc",
    "label_rate",
    "volume",
    "freshness",
    "missing",
    "type",
    "extra",
]
LEVELS: tuple[Level, ...] = ("alarm", "watch", "skipped", "ok")
"""From the worst to the best."""

_LINES = 8
_SHOWN = 60  # characters of a cell

_WORDS: Mapping[Measure, str] = {
    "psi": "PSI",
    "categories": "largest change of a share",
    "jensen_shannon": "Jensen-Shannon",
    "nulls": "rise of missing",
    "coverage": "fall of coverage",
    "auc": "AUC alone",
    "label_rate": "label rate",
    "volume": "rows",
    "freshness": "age of the newest row",
    "missing": "not there",
    "type": "another type",
    "extra": "not declared",
}
_RELATIVE: tuple[Measure, ...] = ("coverage", "label_rate", "volume", "nulls", "categories")


@dataclass(frozen=True, slots=True)
class Moved:
    """One cell of a column, with its share of the rows before and now."""

    cell: str
    was: float
    now: float

    def __str__(self) -> str:
        # NOTE: a text of a log may hold control characters, which a terminal would obey
        cell = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in self.cell)
        return f"{cell[:_SHOWN]} {self.was:.1%} -> {self.now:.1%}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one measure says of one column, or of the table.

    Parameters
    ----------
    measure
        Which, as in `Drift`; or ``volume``, ``freshness``, and ``missing``, ``type`` and ``extra`` for columns of a log
        of served features that are not there, are of another kind, or that nothing declares.
    column
        The column; ``None`` for the table as a whole.
    against
        What it was compared with, in words; empty where a partition is judged alone.
    value
        What was measured; ``None`` where nothing could be.
    limit
        The limit that was passed; the first one, where none was. ``None`` where there is none.
    level
        ``ok``, ``watch``, ``alarm``; or ``skipped``, where too little is there to tell.
    moved
        The cells whose shares changed most, for ``watch`` and ``alarm``.
    why
        The reason of a comparison that was skipped; else what to think of.
    on_alarm
        As declared.
    """

    measure: Measure
    column: str | None
    against: str
    value: float | None
    limit: float | None
    level: Level
    moved: tuple[Moved, ...] = ()
    why: str = ""
    on_alarm: OnAlarm = "warn"

    @property
    def refuses(self) -> bool:
        """Whether a partition with this finding is refused."""
        return self.level == "alarm" and self.on_alarm == "fail"

    def text(self) -> str:
        """Return the finding on one line."""
        told = [f"{self.level.upper():<7} {self.column or 'the table'}: {_WORDS[self.measure]}"]
        if self.value is not None:
            told.append(self._number(self.value))
        if self.level in {"watch", "alarm"} and self.limit is not None:
            told.append(f"(limit {self._number(self.limit, signed=False)})")
        if self.against:
            told.append(f"against {self.against}")
        tail = "; ".join([*map(str, self.moved), *([self.why] if self.why else [])])
        return " ".join(told) + (f": {tail}" if tail else "")

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return {**asdict(self), "moved": [asdict(moved) for moved in self.moved]}

    def _number(self, value: float, *, signed: bool = True) -> str:
        if self.measure == "freshness":
            return f"{value / 3600:.1f} h"
        if self.measure in _RELATIVE:
            return f"{value:+.1%}" if signed and self.measure != "categories" else f"{value:.1%}"
        return f"{value:.3f}"


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by level, then by how far beyond its limit each is, then by name."""

    def rank(finding: Finding) -> tuple[int, float, str, str, str]:
        beyond = abs(finding.value or 0.0) / (finding.limit or 1.0)
        return LEVELS.index(finding.level), -beyond, finding.column or "", finding.measure, finding.against

    return sorted(findings, key=rank)


def told(findings: Iterable[Finding], *, limit: int = _LINES) -> list[str]:
    """Return lines for a terminal: alarms, then watches, so many at most; then what was skipped, counted by reason."""
    ranked = worst_first(findings)
    loud = [finding for finding in ranked if finding.level in {"alarm", "watch"}]
    lines = [finding.text() for finding in loud[:limit]]
    if len(loud) > limit:
        lines.append(f"... and {len(loud) - limit} more")
    return lines + list(_skipped([finding for finding in ranked if finding.level == "skipped"]))


def _skipped(findings: Sequence[Finding]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.against, finding.measure), []).append(finding)
    for (against, measure), group in sorted(groups.items()):
        count = f"of {len(group)} columns" if len(group) > 1 else f"of {group[0].column or 'the table'}"
        where = f" against {against}" if against else ""
        yield f"SKIPPED {_WORDS[group[0].measure] if measure else ''} {count}{where}: {group[0].why}"
