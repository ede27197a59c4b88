"""Sections: what each part of the page says around its pictures."""

from collections.abc import Sequence

from featurelib.report.bars import days_picture, rate_by_day, rates_picture
from featurelib.report.content import Content, Square
from featurelib.report.features import features_table
from featurelib.report.flow import flow, flow_rows
from featurelib.report.grid import grid, legend, reasons
from featurelib.report.heat import heat, hottest
from featurelib.report.words import decimal, esc


def rows_section(content: Content) -> str:
    """Return the flow of rows as pictures and as a table; empty without rows."""
    if not content.paths:
        return ""
    pictures = "".join(
        f"<figure>{flow(path, f'flow-{n}', main=not n)}</figure>" for n, path in enumerate(content.paths)
    )
    rows = ""
    for name, stage, dropped in flow_rows(content.paths):
        reasons = ", ".join(f"{esc(reason)} {number:,}" for reason, number in dropped.items()) or "none"
        made = f"{stage.made:,}" if stage.made else "–"
        rows += (
            f'<tr><th scope="row">{esc(name)}</th><td class="num" data-label="In">{stage.rows_in:,}</td>'
            f'<td class="num" data-label="Made">{made}</td><td class="num" data-label="Kept">{stage.kept:,}</td>'
            f'<td class="whole" data-label="Dropped">{reasons}</td></tr>'
        )
    scale = " Each log has a scale of its own." if len(content.paths) > 1 else ""
    return (
        f'<p class="says">Bands are as wide as rows are many.{scale} All sums agree: rows in and made are rows kept '
        f"and dropped.</p>{pictures}"
        '<div class="scroll"><table class="stack"><thead><tr><th scope="col">Rows of</th>'
        '<th scope="col" class="num">In</th><th scope="col" class="num">Made</th><th scope="col" class="num">Kept</th>'
        f'<th scope="col">Dropped, by reason</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def features_section(content: Content) -> str:
    """Return the table of the features, with what finds them; empty without any."""
    if not content.features:
        return ""
    features = content.features
    kept, dropped = (sum(feature.kept is decided for feature in features) for decided in (True, False))
    off = sum(feature.level != "good" for feature in features)
    held = f"Grey is the baseline ({esc(content.baseline)}), the colour is now." if content.baseline else ""
    chips = [("all", "All", len(features)), ("kept", "Kept", kept), ("dropped", "Dropped", dropped)]
    chips.append(("off", "Worth a look", off))
    buttons = "".join(
        f'<button type="button" data-show="{key}" aria-pressed="{str(key == "all").lower()}">{name} {number:,}</button>'
        for key, name, number in chips
    )
    return (
        f'<p class="says">{held} Open a feature for its cells, label rates and causes.</p>'
        '<form class="find" id="find" hidden><label>Find <input type="search" id="search" autocomplete="off" '
        'placeholder="part of a name"></label>'
        f'<div class="chips" role="group" aria-label="Show">{buttons}</div>'
        '<p class="says"><span id="found" role="status"></span> '
        '<button type="button" id="more" hidden>Show all</button></p></form>'
        "<noscript><p>The small pictures need the script of this page; the numbers do not.</p></noscript>"
        f"{features_table(features)}"
    )


def drift_section(content: Content) -> str:
    """Return the features that drift most, by day; empty where nothing was measured."""
    most = hottest(content.features)
    if not most:
        return ""
    measured = sum(feature.drift_at_most is not None for feature in content.features)
    some = f" The {len(most)} that moved most of {measured:,}." if len(most) < measured else ""
    watch, alarm = most[0].watch, most[0].alarm
    half = None if watch is None else watch / 2
    usual = ", or no more than days of the baseline differ" if any(one.judged for one in most) else ""
    shades = [("low", f"up to {decimal(half, 2)}"), ("mild", f"up to {decimal(watch, 2)}{usual}")]
    shades += [
        ("watch", "above it: worth a look"),
        ("alarm", f"above {decimal(alarm, 2)}: alarm"),
        ("none", "not measured"),
    ]
    legends = "".join(f'<li><span class="sw {shade}"></span> {name}</li>' for shade, name in shades)
    limits = f'<ul class="legend">{legends}</ul>'
    says = (
        f"Population stability index of each day against {esc(content.baseline or 'the baseline')}.{some} "
        "The numbers: that of the highest day, and of the last."
    )
    skipped = "".join(f"<li>{esc(text)}</li>" for text in content.not_compared)
    if skipped:
        skipped = f'<p class="says">Not compared, of the last day:</p><ul class="says">{skipped}</ul>'
    return f'<p class="says">{says}</p>{limits}{heat(content.features, content.days)}{skipped}'


def label_section(content: Content) -> str:
    """Return rows by day and label rates as pictures; empty without days."""
    days = content.days
    figures = []
    if days:
        figures.append(("Rows by day", days_picture(days, "days")))
    if any(day.labelled for day in days):
        picture = rate_by_day(days, content.label, content.label_rate_before, "rate-days")
        figures.append((f"Rate of {esc(content.label)} by day", picture))
    for number, rates in enumerate(content.rates):
        named = f"Rate of {esc(rates.label)} by {esc(rates.column)}"
        figures.append((named, rates_picture(rates, f"rate-{number}")))
    if not figures:
        return ""
    shown = "".join(f"<figure><figcaption>{name}</figcaption>{picture}</figure>" for name, picture in figures)
    return (
        '<p class="says">Thin lines: 95 % intervals. Dashed: all rows, or the baseline where days are compared. Hours '
        f'are UTC.</p><div class="charts">{shown}</div>'
    )


def partitions_section(squares: Sequence[Square]) -> str:
    """Return the calendar of states, and their causes; empty without partitions."""
    if not squares:
        return ""
    rows = "".join(
        f'<tr><td>{esc(table)}</td><th scope="row">{_unbroken(span)}</th>'
        f'<td><span class="sq {state}"></span> {state}</td><td>{esc(why)}</td></tr>'
        for table, span, state, why in reasons(squares)
    )
    table = (
        '<div class="scroll"><table class="states"><thead><tr><th scope="col">Table</th><th scope="col">Partitions</th>'
        f'<th scope="col">State</th><th scope="col">Why</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )
    return legend() + grid(squares) + (table if rows else "")


def _unbroken(span: str) -> str:
    """Return a span of partitions that breaks between its ends only."""
    return " .. ".join(f'<span class="nb">{esc(end)}</span>' for end in span.split(" .. "))


def run_section(content: Content) -> str:
    """Return what ran, and the commands that repeat it."""
    facts = "".join(f"<div><dt>{esc(name)}</dt><dd>{esc(value)}</dd></div>" for name, value in content.facts.items())
    lines = "".join(f"<li>{esc(one.does)}<pre><code>{esc(one.line)}</code></pre></li>" for one in content.commands)
    return (f'<dl class="facts">{facts}</dl>' if facts else "") + (
        f'<ol class="commands">{lines}</ol>' if lines else ""
    )
