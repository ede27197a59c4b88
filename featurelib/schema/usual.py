"""Usual: how far single days of a fit lie from all of them together, though nothing had happened; and broken ones."""

from collections.abc import Iterable, Mapping
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

BROKEN = 10.0
"""How many times as far from the others as any of these a day of the fit lies that is broken."""

FEWEST = 3
"""So many days are needed to tell what is usual."""
FEWEST_TO_TELL = 5
"""So many days are needed to tell which of them is broken: of four, one lies far from three often enough."""
MOST = 4.0
"""How many times the alarm limit is the most that counts as usual where nobody can tell which day is broken."""

Broken = Mapping[str, tuple[Finding, ...]]
"""By day of the fit, what is an alarm in it when the other days are taken for the fit."""


def broken_days(days: Mapping[str, Profile], table: type[Table], edges: Edges) -> Broken:
    """Return the days of a fit that would be an alarm if the others alone were the fit.

    A day of the fit is judged as a later day is, by the limits of the table and by what is usual of the other days;
    only with more slack (10 times), as a quiet day that is left out makes the limits of later ones too narrow. What
    happens on two of the days counts as usual, so a weekend does.

    Parameters
    ----------
    days
        The profiles of single days of the fit, by name.
    table, edges
        As in `compare`.

    Returns
    -------
    By name, the alarms; nothing of fewer than five days with rows.
    """
    days = _with_rows(days)
    broken: dict[str, tuple[Finding, ...]] = {}
    if len(days) < FEWEST_TO_TELL:
        return broken
    for name, day in days.items():
        others = [other for at, other in days.items() if at != name]
        rest = others[0].merge_all(others[1:])
        alarms = _alarms(compare(day, rest, table, edges, against="the other days of the fit"))
        if alarms:  # most days have none, and are done
            usual: dict[str, dict[str, float]] = {}
            for other in others:
                _raise(usual, compare(other, rest, table, edges, against="the other days of the fit"))
            alarms = _alarms(beyond_usual(alarms, usual, BROKEN))
        if alarms:
            broken[name] = alarms
    return broken


def usual_moves(
    days: Mapping[str, Profile], whole: Profile, table: type[Table], edges: Edges, *, broken: Broken
) -> dict[str, dict[str, float]]:
    """Return how far each column moves from day to day without a cause.

    Rows are not independent: a user brings many, with one device and one country. So days differ by more than the power
    of a comparison by rows tells, and by how much, only days can say.

    Parameters
    ----------
    days
        The profiles of single days of the fit, by name.
    whole
        Of all its days.
    table, edges
        As in `compare`.
    broken
        What `broken_days` returned for these days.

    Returns
    -------
    By column and measure, the largest distance from the whole; nothing of fewer than three days with rows, nor of what
    is skipped on a day, as it has too few for it. Of missing values and
    coverage only rises and falls count, as in `compare`: a day with fewer nulls makes no day with more of them usual.

    Notes
    -----
    One broken day must not make all later ones like it usual. So a day says nothing of a column that is broken in it.
    Of fewer than five days nobody can tell which is broken: there, no distance counts for more than four times the
    alarm limit.
    """
    days = _with_rows(days)
    if len(days) < FEWEST:
        return {}
    moves: dict[str, dict[str, float]] = {}
    for name, day in days.items():
        of_day = compare(day, whole, table, edges, against="the fit")
        aside = {finding.column for finding in broken.get(name, ())}
        _raise(
            moves, [finding for finding in of_day if finding.column not in aside], is_capped=len(days) < FEWEST_TO_TELL
        )
    return moves


def beyond_usual(findings: Iterable[Finding], usual: Usual, times: float) -> tuple[Finding, ...]:
    """Return findings, those of which are fine that do not lie further than so many times what is usual."""
    return tuple(_judged(finding, usual, times) for finding in findings)


def _with_rows(days: Mapping[str, Profile]) -> dict[str, Profile]:
    return {name: day for name, day in days.items() if day.rows}


def _raise(moves: dict[str, dict[str, float]], findings: Iterable[Finding], *, is_capped: bool = False) -> None:
    """Raise what is usual to what these findings say; if it is capped, to `MOST` times their alarm limits at most."""
    for finding in findings:
        if finding.column is not None and finding.value is not None and finding.level != "skipped":
            size = abs(finding.value) if finding.measure == "label_rate" else finding.value
            if is_capped and finding.level == "alarm" and finding.limit is not None:
                size = min(size, MOST * finding.limit)
            of_column = moves.setdefault(finding.column, {})
            of_column[finding.measure] = max(size, of_column.get(finding.measure, 0.0))


def _alarms(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.level == "alarm")


def _judged(finding: Finding, usual: Usual, times: float) -> Finding:
    reached = usual.get(finding.column or "", {}).get(finding.measure)
    if finding.level not in {"watch", "alarm"} or finding.value is None or reached is None:
        return finding
    if abs(finding.value) > times * reached:
        return finding
    why = f"days of the fit lay up to {reached:.3g} from all of them, though nothing had happened"
    return replace(finding, level="ok", moved=(), why=why)
