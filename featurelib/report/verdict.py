"""Verdict: whether all is well, in plain words, and the numbers that everybody asks for first."""

from collections import Counter
from collections.abc import Iterator

from featurelib.report.content import Content, Note
from featurelib.report.words import ICONS, count, esc, share

_NOTES_SHOWN = 8


def verdict(content: Content) -> str:
    """Return the verdict, what needs a look, and the first numbers."""
    worst = next((level for level in ("bad", "watch") if any(n.level == level for n in content.notes)), "good")
    number = sum(note.level == worst for note in content.notes)
    said = {
        "good": "All is well",
        "watch": f"{count(number, 'thing')} {'is' if number == 1 else 'are'} worth a look",
        "bad": f"{count(number, 'thing')} {'has' if number == 1 else 'have'} to be acted on",
    }[worst]
    notes = "".join(_note(note) for note in content.notes[:_NOTES_SHOWN])
    more = content.notes[_NOTES_SHOWN:]
    if more:
        rest = "".join(_note(note) for note in more)
        notes += f"<li><details><summary>{len(more)} more</summary><ul>{rest}</ul></details></li>"
    listed = f'<ul class="notes">{notes}</ul>' if notes else ""
    figures = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in _figures(content))
    return (
        f'<section class="verdict {worst}" aria-labelledby="verdict"><h2 id="verdict">'
        f'<span aria-hidden="true">{ICONS[worst]}</span> {said}</h2><p>{esc(_sentence(content))}</p>{listed}</section>'
        f'<dl class="figures">{figures}</dl>'
    )


def _note(note: Note) -> str:
    kind = {"bad": "to be acted on", "watch": "worth a look", "good": "fine"}[note.level]
    link = f'<a href="#{esc(note.section)}">see {esc(note.section)}</a>'
    return (
        f'<li><span class="mark {note.level}" aria-hidden="true">{ICONS[note.level]}</span>'
        f'<span class="sr">{kind}: </span>{esc(note.text)} {link}</li>'
    )


def _sentence(content: Content) -> str:
    """Return in words what is there."""
    states = Counter(square.state for square in content.squares if square.table == "features")
    unit = "hour" if any(square.hour is not None for square in content.squares) else "day"
    told = []
    if states:
        of = f"{states['complete']:,} of {count(sum(states.values()), unit)} of features"
        told.append(f"{of} {'is' if states['complete'] == 1 else 'are'} complete")
    named = [f"{n:,} {status}" for status, n in content.checks_counted.items() if n]
    if named:
        told.append(f"checks: {', '.join(named)}")
    drifting = sum(feature.level != "good" for feature in content.features)
    if content.baseline:
        off = f"{count(drifting, 'feature')} {'is' if drifting == 1 else 'are'}" if drifting else "no feature is"
        told.append(f"{off} worth a look on the last day")
        unknown = sum(bool(feature.drift) and feature.drift[-1] is None for feature in content.features)
        if unknown:
            told.append(f"drift of {count(unknown, 'feature')} is not told")
    return "; ".join(told) + "." if told else "Nothing is built yet."


def _figures(content: Content) -> Iterator[tuple[str, str]]:
    if content.paths:
        stages = content.paths[0].stages
        yield f"Rows of {esc(stages[0].name)}", f"{stages[0].rows_in:,}"
        yield f"Rows of {esc(content.paths[0].ends_in)}", f"{stages[-1].kept:,}"
    if any(content.checks_counted.values()):
        passed, whole = content.checks_counted.get("passed", 0), sum(content.checks_counted.values())
        yield "Checks passed", f"{passed:,} <small>of {whole:,}</small>"
    if any(feature.kept is not None for feature in content.features):
        kept = sum(feature.kept is True for feature in content.features)
        yield "Features kept", f"{kept:,} <small>of {len(content.features):,}</small>"
    drifts = [feature.drift_at_most for feature in content.features if feature.drift_at_most is not None]
    if drifts:
        yield "Highest drift", f"{max(drifts):.3f} <small>PSI</small>"
    labelled = sum(day.labelled for day in content.days)
    if labelled:
        yield f"Rate of {esc(content.label)}", share(sum(day.positives for day in content.days) / labelled)
