"""Words: texts from data made safe for a page, numbers as people read them, and the frame of a picture."""

import html
import json
import re
from typing import Any

ICONS = {"good": "✓", "watch": "▲", "bad": "●"}
"""The mark of each level; colour never stands alone."""

# NOTE: characters that would show nothing, or turn the order of what stands beside them
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def plain(text: object) -> str:
    r"""Return a text in which each character that shows nothing stands as its number.

    Examples
    --------
    >>> plain("a\u202eb"), plain("caf\u00e9")
    ('a[U+202E]b', 'café')
    """
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", str(text))


def esc(text: object) -> str:
    """Return a text as it stands in a page, whatever it holds.

    Examples
    --------
    >>> esc('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(plain(text))


def embedded(data: Any) -> str:
    r"""Return plain data as JSON that no text in it can break out of.

    Examples
    --------
    >>> embedded({"query": "</script>"})
    '{"query":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(_seen(data), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _seen(data: Any) -> Any:
    match data:
        case str():
            return plain(data)
        case dict():
            return {plain(key): _seen(value) for key, value in data.items()}
        case list() | tuple():
            return [_seen(value) for value in data]
    return data


def count(number: int, unit: str, units: str | None = None) -> str:
    """Return a number with its unit.

    Examples
    --------
    >>> count(1, "row"), count(60216, "row")
    ('1 row', '60,216 rows')
    """
    return f"{number:,} {unit if number == 1 else units or unit + 's'}"


def share(part: float | None) -> str:
    """Return a share as a percentage of three digits; a dash for none.

    Examples
    --------
    >>> share(0.03667), share(0.5), share(0.00002), share(1), share(0), share(None)
    ('3.67 %', '50.0 %', '0.002 %', '100 %', '0 %', '–')
    """
    if part is None:
        return "–"
    if part in {0, 1}:
        return f"{part:.0%}".replace("%", " %")
    digits = 1 if part >= 0.1 else 2 if part >= 0.001 else 3
    return f"{max(100 * part, 0.001):.{digits}f} %"


def decimal(value: float | None, digits: int = 3) -> str:
    """Return a number with some digits after the point; a dash for none."""
    return "–" if value is None else f"{value:.{digits}f}"


def svg(name: str, size: tuple[float, float], title: str, says: str, body: str, kind: str = "") -> str:
    """Return a picture with its title and description, which a screen reader tells.

    Parameters
    ----------
    name
        Unique in the page.
    size
        Width and height, in units of about one pixel.
    title, says, body
        Title and description as text; the picture as SVG.
    kind
        Classes.
    """
    width, height = size
    return (
        f'<svg class="{kind}" viewBox="0 0 {width:.5g} {height:.5g}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{esc(title)}</title><desc id="{name}-d">{esc(says)}</desc>{body}</svg>'
    )


def label(x: float, y: float, text: object, kind: str = "", anchor: str = "start") -> str:
    """Return a text of a picture."""
    shown = f' class="{kind}"' if kind else ""
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{shown}{placed}>{esc(text)}</text>'


def cut(text: str, longest: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
