"""Checks: those that broke with rule, rows, example and since when; what was printed of partitions that failed."""

from collections.abc import Sequence

from featurelib.report.content import CheckLine, Content
from featurelib.report.words import ICONS, count, esc

_STATUS = {"failed": "bad", "quarantined": "watch", "warned": "watch", "passed": "good"}
_WORST_FIRST = ("failed", "quarantined", "warned", "passed")


def checks_section(content: Content) -> str:
    """Return what became of the checks; empty without any."""
    checks = content.checks
    if not checks and not content.failures:
        return ""
    broken = [check for status in _WORST_FIRST[:-1] for check in checks if check.status == status]
    passed = [check for check in checks if check.status == "passed"]
    parts = [
        f'<h3><span class="mark bad" aria-hidden="true">{ICONS["bad"]}</span> {esc(failure.title)}</h3>'
        f'<pre class="printed"><code>{esc(failure.text)}</code></pre>'
        for failure in content.failures
    ]
    if broken:
        parts.append(_check_table(broken))
    elif passed:
        parts.append(f"<p>All {count(len(passed), 'rule')} hold.</p>")
    if passed:
        rows = "".join(
            f'<tr><th scope="row">{esc(check.id)}</th><td>{esc(check.rule)}</td><td>{esc(check.declared_at)}</td></tr>'
            for check in passed
        )
        parts.append(
            f"<details><summary>{count(len(passed), 'rule')} that held in every partition</summary>"
            '<div class="scroll"><table><thead><tr><th scope="col">Check</th><th scope="col">Rule</th>'
            f'<th scope="col">Declared</th></tr></thead><tbody>{rows}</tbody></table></div></details>'
        )
    return "".join(parts)


def _check_table(checks: Sequence[CheckLine]) -> str:
    rows = ""
    for check in checks:
        level = _STATUS[check.status]
        partitions = f"<small>in {count(check.partitions_bad, 'partition')}</small>" if check.partitions_bad else ""
        example = f"<code>{esc(check.example)}</code>" if check.example else "–"
        owner = f"<small>{esc(check.owner)}</small>" if check.owner else ""
        rows += (
            f'<tr><td><span class="mark {level}" aria-hidden="true">{ICONS[level]}</span> {check.status}</td>'
            f'<th scope="row">{esc(check.id)}<small>{esc(check.rule)}</small></th>'
            f'<td class="num" data-label="Rows">{check.rows_bad:,}{partitions}</td>'
            f'<td class="whole" data-label="Seen">{esc(check.seen)}</td>'
            f'<td class="whole" data-label="Example">{example}</td>'
            f'<td class="whole" data-label="Since">{esc(check.since)}</td>'
            f'<td class="whole" data-label="Declared">{esc(check.declared_at)}{owner}</td></tr>'
        )
    heads = ("Status", "Check and limit", "Rows", "Seen", "Example", "Since", "Declared")
    named = "".join(f'<th scope="col"{" class=num" * (head == "Rows")}>{head}</th>' for head in heads)
    table = f'<table class="checks stack"><thead><tr>{named}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="scroll">{table}</div>'
