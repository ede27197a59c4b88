"""Notes: what needs a look, in sentences, the worst first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from featurelib import report as told
from featurelib.report.words import count, cut
from featurelib.runs.page.checks import STATUS, rules_of
from featurelib.runs.page.gathered import LONGEST, Gathered, Moved
from featurelib.schema.findings import Finding, worst_first
from featurelib.schema.findings import told as lines_of

_NAMED = 4
_SKIPPED = "SKIPPED"
_SHIFT = ("psi", "categories", "jensen_shannon")
_GROUPS = (
    ("alarm", ("auc",), "alone tell the label too well, and may have seen it", "features"),
    ("alarm", _SHIFT, "moved far", "drift"),
    ("alarm", ("nulls", "coverage"), "say much less than before", "features"),
    ("watch", ("auc",), "alone tell the label too well, and may have seen it", "features"),
    ("watch", _SHIFT, "moved", "drift"),
    ("watch", ("nulls", "coverage"), "say less than before", "features"),
)
"""Findings that are told together: level, measures, what the features did, and where the page shows it."""
_SECTIONS = {"label_rate": "label", "volume": "label", "freshness": "partitions"}


def notes(gathered: Gathered, moved: Moved | None) -> Iterator[told.Note]:
    """Yield what needs a look, the worst first."""
    notes = [*_state_notes(gathered), *_check_notes(gathered), *(() if moved is None else _drift_notes(moved))]
    if moved is None and gathered.featured:
        text = "Nothing is held against a baseline: the program that made these features has none. Fit it again."
        notes.append(told.Note("watch", text, "run"))
    yield from sorted(notes, key=lambda note: note.level != "bad")


def not_compared(moved: Moved) -> Iterator[str]:
    """Yield what of the last day was not held against anything, and why."""
    for day in moved.last.days:
        yield from (f"{note}." for note in day.notes)
        for line in lines_of(day.findings):
            if line.startswith(_SKIPPED):
                yield f"{line.removeprefix(_SKIPPED).strip()}."


def _state_notes(gathered: Gathered) -> Iterator[told.Note]:
    for table in ("samples", "features"):
        for state, level in (("failed", "bad"), ("stale", "watch"), ("missing", "watch")):
            of = [entry for entry in gathered.found.entries if entry.table == table and entry.state == state]
            if table == "features":
                done = {e.partition for e in gathered.found.entries if e.table == "samples" and e.state == state}
                of = [entry for entry in of if entry.partition not in done]
            if of:
                word = {"failed": "could not be built", "stale": "built of what has changed since"}.get(
                    state, "missing"
                )
                is_are = "" if state == "failed" else "is " if len(of) == 1 else "are "
                why = cut(of[-1].why.splitlines()[0], LONGEST) if of[-1].why else ""
                text = f"{gathered.several(len(of))} of {table} {is_are}{word}: {of[-1].partition}: {why}."
                yield told.Note("bad" if level == "bad" else "watch", text, "partitions")
    if gathered.found.program:
        yield told.Note("watch", f"{gathered.found.program.capitalize()}.", "run")


def _check_notes(gathered: Gathered) -> Iterator[told.Note]:
    rules = rules_of(gathered)
    for check_id, where in gathered.broken.items():
        rows, last = sum(one["rows_bad"] for one in where.values()), max(where)
        rule = rules[check_id].rule if check_id in rules else check_id
        status = max((one["status"] for one in where.values()), key=lambda status: STATUS[status])
        done = "set aside" if status == "quarantined" else "published with a warning"
        text = f"{rule}: {rows:,} rows break it in {gathered.several(len(where))}, last {last}; {done}."
        yield told.Note("watch", text, "checks")


def _drift_notes(moved: Moved) -> Iterator[told.Note]:
    """Yield what the last day's comparisons say: features that moved together, all else with a note of its own."""
    day = moved.last.days[0].name
    ranked = worst_first(finding for one in moved.last.days for finding in one.findings)
    loud = [finding for finding in ranked if finding.level in {"alarm", "watch"}]
    done: set[tuple[tuple[str, ...], str | None]] = set()
    for level, measures, says, section in _GROUPS:
        of = [f for f in loud if f.level == level and f.measure in measures and (measures, f.column) not in done]
        names = list(dict.fromkeys(finding.column or "the table" for finding in of))
        done |= {(measures, finding.column) for finding in of}
        if of:
            furthest = _quoted(replace(of[0], moved=(), why=""))
            listed = f"{count(len(names), 'feature')} {says}: {_listed(names)}. Furthest: " if len(names) > 1 else ""
            text = f"{day}: {listed}{furthest}"
            yield told.Note("bad" if level == "alarm" else "watch", text, section)
    yield from _earlier(moved)
    for finding in loud:
        if finding.measure in _SECTIONS:
            yield told.Note(
                "bad" if finding.level == "alarm" else "watch", f"{day}: {_quoted(finding)}", _SECTIONS[finding.measure]
            )


def _earlier(moved: Moved) -> Iterator[told.Note]:
    """Yield what went beyond an alarm before the last day: the page is of these days, too."""
    days = [day for day in moved.found.days if day.name != moved.last.days[0].name]
    alarms = [(day.name, f) for day in days for f in day.findings if f.level == "alarm"]
    if alarms:
        names = list(dict.fromkeys(finding.column or "the table" for _, finding in alarms))
        several = count(len({day for day, _ in alarms}), "earlier day")
        text = f"Alarms on {several}, last {alarms[-1][0]}: {_listed(names)}."
        yield told.Note("watch", text, "drift")


def _quoted(finding: Finding) -> str:
    return finding.text().removeprefix(finding.level.upper()).strip() + "."


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
