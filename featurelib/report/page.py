"""Page: the sections in order, around one style, one script and one block of data."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path as File

from featurelib.report.checks import checks_section
from featurelib.report.content import Content
from featurelib.report.features import drawn
from featurelib.report.graph import graph
from featurelib.report.sections import (
    drift_section,
    features_section,
    label_section,
    partitions_section,
    rows_section,
    run_section,
)
from featurelib.report.selection import selection_section
from featurelib.report.verdict import verdict
from featurelib.report.words import embedded, esc


def page(content: Content) -> str:
    """Return the page as HTML text: everything is in it, and nothing of it is loaded from anywhere.

    What it says stands in plain HTML. A script, the only one that its content policy lets run, draws the small pictures
    of features when they come into view, sorts, and finds. Texts from data are escaped; characters that show nothing
    stand as their number.

    Parameters
    ----------
    content
        What is told.

    Examples
    --------
    >>> text = page(Content(pipeline="shop", span="2026-11-01", made_at="2026-11-02 03:00 UTC"))
    >>> text.splitlines()[0], "shop, 2026-11-01" in text, "://" in text
    ('<!doctype html>', True, False)
    """
    style, script = _asset("style.css"), _asset("script.js")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    title = f"{content.pipeline}, {content.span}"
    sections = [(key, name, body) for key, name, body in _sections(content) if body]
    links = "".join(f'<li><a href="#{key}">{name}</a></li>' for key, name, _ in sections)
    told = "".join(f'<section id="{key}"><h2>{name}</h2>{body}</section>\n' for key, name, body in sections)
    data = embedded(drawn(content.features, content.days, content.baseline, content.label))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{esc(title)}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<p class="over">featurelib report</p>
<h1>{esc(content.pipeline)}</h1>
<p class="says"><span>{esc(content.span)}</span> · <span>made {esc(content.made_at)}</span></p>
</header>
<nav aria-label="Sections"><ul>{links}</ul></nav>
<main id="main">
{verdict(content)}
{told}</main>
<footer><p>Made by featurelib. This file is complete: it loads nothing, and can be sent or kept as it is.</p></footer>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def _asset(name: str) -> str:
    return File(__file__).with_name(name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _sections(content: Content) -> Iterator[tuple[str, str, str]]:
    yield "rows", "Rows", rows_section(content)
    yield "checks", "Checks", checks_section(content)
    yield "features", "Features", features_section(content)
    yield "drift", "Drift over time", drift_section(content)
    yield "label", "Label and volume", label_section(content)
    yield "selection", "Selection", selection_section(content.features)
    yield "partitions", "Partitions", partitions_section(content.squares)
    yield "lineage", "Lineage", graph(content.nodes, content.edges, "graph")
    yield "run", "What ran", run_section(content)
