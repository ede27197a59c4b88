"""Pages: a table's declaration for people, as Markdown and as one HTML file without any outside address."""

import html
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta

import polars as pl

from featurelib.schema.checks import Check, plan_checks
from featurelib.schema.column import Column, OnFail
from featurelib.schema.limits import Drift
from featurelib.schema.table import Table

_FOLLOWS: dict[OnFail, str] = {
    "fail": "the table is refused",
    "quarantine": "the row is set aside",
    "warn": "it is reported",
}
_MEASURES = {
    "psi": "population stability index",
    "categories": "change of the share of a category",
    "jensen_shannon": "Jensen-Shannon divergence",
    "nulls": "rise of the share of null or NaN",
    "coverage": "fall of the share of rows that say something",
    "auc": "AUC of the column alone",
    "label_rate": "change of the label's rate",
}
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2126;--soft:#5b6670;--line:#d9dee3;--back:#fff;--card:#f5f7f9}
@media(prefers-color-scheme:dark){
:root{--ink:#e6e9ec;--soft:#9aa5b0;--line:#39424b;--back:#14181c;--card:#1d2329}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:78rem;padding:1rem 1.25rem 4rem;background:var(--back);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:break-word}
h1{margin:.5rem 0 0;font-size:1.7rem}h2{margin:2.2rem 0 .6rem;font-size:1.2rem}
p{max-width:48rem}
code{font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
td:first-child code{font-weight:600}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.25rem 1.25rem;margin:1rem 0}
dt{color:var(--soft)}dd{margin:0}
table{width:100%;border-collapse:collapse;font-size:.93rem}
th{text-align:left;color:var(--soft);font-weight:600;padding:.4rem .7rem .4rem 0;border-bottom:2px solid var(--line)}
td{vertical-align:top;padding:.45rem .7rem .45rem 0;border-bottom:1px solid var(--line)}
td ul{margin:0;padding-left:1.1rem}
tr:target{background:var(--card)}
@media(max-width:46rem){
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}
thead{display:none}table,tbody,tr,td{display:block;width:100%}
tr{border:1px solid var(--line);border-radius:.5rem;margin:.7rem 0;padding:.5rem .8rem;background:var(--card)}
td{border:0;padding:.15rem 0}
td:empty{display:none}
td[data-of]::before{content:attr(data-of);display:block;color:var(--soft);font-size:.78rem}}
"""


@dataclass(frozen=True, slots=True)
class _Words:
    """Some text; code is shown as it is, the rest in the letters of the page."""

    text: str
    code: bool = False


_Cell = tuple[_Words, ...]  # more than one are a list


def to_markdown(table: type[Table]) -> str:
    """Return what a table means, as Markdown.

    Parameters
    ----------
    table
        The declaration.

    Returns
    -------
    str
        What a row is, facts about the table, each column with its meaning, unit, role and rules, each rule with what
        happens to a table or row that breaks it, references, and limits on drift. The same declaration gives the same
        text.

    Examples
    --------
    >>> class Samples(Table):
    ...     \"\"\"One row per impression.\"\"\"
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", between=(0, None))
    >>> print(to_markdown(Samples).splitlines()[0])
    # Samples
    """
    name, told = table.__name__, _about(table)
    lines = [f"# {name}", "", *(_escaped(line) for line in told), ""]
    lines += [f"- **{fact}**: {_cell(cell)}" for fact, cell in _facts(table)]
    for title, head, rows in _sections(table):
        lines += ["", f"## {title}", "", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
        lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join([*lines, ""])


def to_html(table: type[Table]) -> str:
    """Return what a table means, as one HTML page.

    Parameters
    ----------
    table
        The declaration.

    Returns
    -------
    str
        As `to_markdown`, in one file that loads nothing from anywhere, for wide and narrow screens, light and dark.
        Each column has an address of its own within the page: ``#column-<name>``.
    """
    name = html.escape(table.__name__)
    told = [f"<p>{_html_text(part)}</p>" for part in "\n".join(_about(table)).split("\n\n") if part]
    facts = [f"<dt>{html.escape(fact)}</dt><dd>{_html(cell)}</dd>" for fact, cell in _facts(table)]
    body = [f"<h1>{name}</h1>", *told, "<dl>", *facts, "</dl>"]
    for title, head, rows in _sections(table):
        heads = "".join(f"<th>{html.escape(word)}</th>" for word in head)
        body += [f"<h2>{html.escape(title)}</h2>", f"<table><thead><tr>{heads}</tr></thead><tbody>"]
        for row in rows:
            anchor = f' id="column-{html.escape(row[0][0].text)}"' if title == "Columns" else ""
            first, *others = (_html(cell) for cell in row)
            cells = [
                f'<td data-of="{html.escape(word)}">{text}</td>' for word, text in zip(head[1:], others, strict=True)
            ]
            body.append(f"<tr{anchor}><td>{first}</td>{''.join(cells)}</tr>")
        body.append("</tbody></table>")
    start = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{name}</title><style>{_STYLE}</style></head><body>",
    ]
    return "\n".join([*start, *body, "</body></html>", ""])


def _about(table: type[Table]) -> list[str]:
    return inspect.cleandoc(table.__doc__ or "").splitlines()


def _facts(table: type[Table]) -> Iterator[tuple[str, _Cell]]:
    yield "Version", _plain(table.version)
    yield "Owner", _plain(table.owner or "not declared")
    yield "Key", _codes(table.key) if table.key else _plain("none")
    if table.event_time is not None:
        yield "Event time", _codes([table.event_time])
    if table.landing_time is not None:
        yield "Landing time", _codes([table.landing_time])
    yield "Environments", _plain(", ".join(table.environments))
    yield "Fewest rows", _plain(f"{table.min_rows:,}")
    yield (
        "Quarantine",
        _plain(f"at most {_percent(table.quarantine_budget)} of the rows; with more the table is refused"),
    )
    if table.freshness is not None:
        yield "Freshness", _plain(f"the newest event at most {_span(table.freshness)} before the end of its partition")
    if table.volume is not None:
        volume = table.volume
        yield (
            "Volume",
            _plain(
                f"rows against the median of the {volume.partitions} partitions before: watched beyond "
                f"{_percent(volume.watch)}, an alarm beyond {_percent(volume.alarm)}; then {_FOLLOWS[volume.on_alarm]}"
            ),
        )


def _sections(table: type[Table]) -> Iterator[tuple[str, Sequence[str], list[Sequence[_Cell]]]]:
    """Yield the tables of the page: title, heads, and rows of cells."""
    checks = plan_checks(table)
    head = ["Column", "Meaning", "Type", "Unit", "Role", "May be", "Rules", "Where", "About people"]
    rows = [_column_row(name, column, checks) for name, column in table.columns.items()]
    used = [at for at in range(len(head)) if any(row[at] for row in rows)]
    yield "Columns", [head[at] for at in used], [[row[at] for at in used] for row in rows]
    rules: list[Sequence[_Cell]] = [
        (_codes([check.id]), _codes([check.rule]), _plain(f"{_FOLLOWS[check.on_fail]}")) for check in checks
    ]
    yield "Rules", ["Rule", "What must hold", "If it is broken"], rules
    if table.references:
        yield (
            "References",
            ["Columns", "Are in", "May be missing", "If more are"],
            [
                (
                    _codes(one.columns),
                    _codes(f"{one.table}.{at}" for _, at in one.pairs),
                    _plain(_percent(one.max_missing)),
                    _plain(_FOLLOWS[one.on_fail]),
                )
                for one in table.references
            ],
        )
    yield "Limits on drift", ["Of", "Measure", "Watched from", "Alarm from", "An alarm"], _drift_rows(table)
    raw = [row for name, column in table.columns.items() if (row := _raw_row(name, column))]
    if raw:
        yield "In the raw files", ["Column", "Raw name", "Numbers are", "Times without a zone are"], raw


def _column_row(name: str, column: Column, checks: Sequence[Check]) -> Sequence[_Cell]:
    rules = [check for check in checks if check.columns == (name,) and check.kind in {"between", "allowed", "unique"}]
    empty = ["null" if column.max_null is None else f"null, in {_percent(column.max_null)} of the rows"]
    may = [*(empty if column.nullable else []), *(["NaN"] if column.nan == "allow" else [])]
    said = [check.rule.removeprefix(f"{name} ") for check in rules]
    if column.default is not None:
        said.append(f"{column.default!r} says nothing")
    return (
        _codes([name]),
        _plain(column.doc),
        _codes([_type(column.dtype)]),
        _plain(column.unit or ""),
        _plain(column.role),
        _plain(", ".join(may)),
        tuple(_Words(text) for text in said),
        _plain(", ".join(column.environments)),
        _plain("" if column.pii == "none" else column.pii),
    )


def _raw_row(name: str, column: Column) -> Sequence[_Cell]:
    if column.source is None and column.epoch is None and column.zone is None and not column.optional:
        return ()
    source = (column.source if column.source is not None else name) + (" (may lack it)" if column.optional else "")
    epoch = "" if column.epoch is None else f"{column.epoch} since 1970, UTC"
    return _codes([name]), _codes([source]), _plain(epoch), _plain(column.zone or "")


def _drift_rows(table: type[Table]) -> list[Sequence[_Cell]]:
    own = {name: column.drift for name, column in table.columns.items() if column.drift is not None}
    rows = _limits("all columns" if not own else "all other columns", table.drift)
    return [*rows, *(row for name, drift in own.items() for row in _limits(name, drift))]


def _limits(of: str, drift: Drift) -> Iterable[Sequence[_Cell]]:
    for field in fields(drift):
        limit = getattr(drift, field.name)
        if field.name in _MEASURES and limit is not None:
            watch, alarm = (f"{number:.10g}" for number in limit)
            yield (
                _plain(of),
                _plain(_MEASURES[field.name]),
                _plain(watch),
                _plain(alarm),
                _plain(_FOLLOWS[drift.on_alarm]),
            )


def _type(dtype: pl.DataType) -> str:
    """Return a type as short as it can be told."""
    match dtype:
        case pl.Datetime():
            return f"Datetime({dtype.time_unit}{f', {dtype.time_zone}' if dtype.time_zone else ''})"
        case pl.Enum():
            return f"Enum({', '.join(dtype.categories)})"
    return str(dtype)


def _plain(text: str) -> _Cell:
    return (_Words(text),) if text else ()


def _codes(texts: Iterable[str]) -> _Cell:
    return tuple(_Words(text, code=True) for text in texts)


def _percent(share: float) -> str:
    return f"{100 * share:.10g} %"


def _cell(cell: _Cell) -> str:
    return ", ".join(_fenced(words.text) if words.code else _escaped(words.text) for words in cell)


def _fenced(text: str) -> str:
    """Return code within a line of Markdown; a bar would end the cell of its table."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{_one_line(text)}{space}{fence}".replace("|", "\\|")


def _escaped(text: str) -> str:
    """Return words in Markdown; what a docstring puts between double backticks is code."""
    parts = re.split(r"``([^`]+)``", _one_line(text))
    return "".join(
        _fenced(part) if at % 2 else re.sub(r"([\\`*_\[\]<>|])", r"\\\1", part) for at, part in enumerate(parts)
    )


def _html_text(text: str) -> str:
    """Return words in HTML; what a docstring puts between double backticks is code."""
    return re.sub(r"``([^`]+)``", r"<code>\1</code>", html.escape(text))


def _span(span: timedelta) -> str:
    """Return a length of time in hours, or in days if it is whole days."""
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.10g} d" if hours % 24 == 0 else f"{hours:.10g} h"


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _html(cell: _Cell) -> str:
    told = [f"<code>{html.escape(words.text)}</code>" if words.code else _html_text(words.text) for words in cell]
    if len(told) > 1 and not any(words.code for words in cell):
        return f"<ul>{''.join(f'<li>{one}</li>' for one in told)}</ul>"
    return ", ".join(told)
