"""Usual: how far single days of a fit lie from all of them together, though nothing had happened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from featurelib.schema.drift import compare
from featurelib.schema.edges import Edges
from featurelib.schema.findings import Finding
from featurelib.schema.profile import Profile
from featurelib.schema.table import Table

Usual = Mapping[str, Mapping[str, float]]
"""By column and measure, the furthest that a day of the fit lay from the whole."""

AGAINST_BASELINE = 1.5
"""How many times as far a day may lie from the baseline: which holds the fit's days, and lies nearer to them."""
AGAINST_A_DAY = 3.0
"""How many times as far two days may lie apart: each of them moves, and the same slack."""

FEWEST = 3
"""So many days are needed to tell what is usual."""


def usual_moves(
    days: Sequence[Profile], whole: Profile, table: type[Table], edges: Edges
) -> dict[str, dict[str, float]]:
    """Return how far each column moves from day to day without a cause.

    Rows are not independent: a user brings many, with one device and one country. So days differ by more than the power
    of a comparison by rows tells, and by how much, only days can say.

    Parameters
    ----------
    days
        The profiles of single days of the fit.
    whole
        Of all its days.
    table, edges
        As in `compare`.

    Returns
    -------
    By column and measure, the largest distance from the whole; nothing of fewer than three days. Of missing values and
    coverage only rises and falls count, as in `compare`: a day with fewer nulls makes no day with more of them usual.
    """
    moves: dict[str, dict[str, float]] = {}
    if len(days) < FEWEST:
        return moves
    for day in days:
        for finding in compare(day, whole, table, edges, against="the fit"):
            if finding.column is not None and finding.value is not None:
                of_column = moves.setdefault(finding.column, {})
                size = abs(finding.value) if finding.measure == "label_rate" else finding.value
                of_column[finding.measure] = max(size, of_column.get(finding.measure, 0.0))
    return moves


def beyond_usual(findings: Iterable[Finding], usual: Usual, times: float) -> tuple[Finding, ...]:
    """Return findings, those of which are fine that do not lie further than so many times what is usual."""
    return tuple(_judged(finding, usual, times) for finding in findings)


def _judged(finding: Finding, usual: Usual, times: float) -> Finding:
    reached = usual.get(finding.column or "", {}).get(finding.measure)
    if finding.level not in {"watch", "alarm"} or finding.value is None or reached is None:
        return finding
    if abs(finding.value) > times * reached:
        return finding
    why = f"days of the fit lay up to {reached:.3g} from all of them, though nothing had happened"
    return replace(finding, level="ok", moved=(), why=why)
