"""Tokens: how a text falls into words or character n-grams. Version 1.

A *separator* is a code point of these ranges, whatever Unicode tables a machine has; all others are *letters* (digits,
combining marks and joiners too), so a new script needs no new version:

- all of ASCII but ``0-9``, ``A-Z`` and ``a-z``, and of U+0080 to U+00BF all but ``ª`` ``µ`` ``º``; ``×`` ``÷``
- punctuation of Greek, Armenian, Hebrew, Arabic, Devanagari, Tibetan, Burmese, Ethiopic and Khmer: U+037E U+0387
  U+055A-055F U+0589-058A U+05BE U+05C0 U+05C3 U+05C6 U+05F3-05F4 U+0609-060D U+061B U+061D-061F U+066A-066D U+06D4
  U+0964-0965 U+0970 U+0F04-0F14 U+0F3A-0F3D U+104A-104F U+1361-1368 U+17D4-17D6 U+17D8-17DA
- U+1680, U+2000-200B, U+200E-206F (general punctuation and spaces, but for the two joiners), U+20A0-20CF (currency),
  U+2116-2118, U+2120-2123 (``№`` ``℗`` ``™`` ...), U+2190-2BFF (arrows, mathematics, pictures), U+2E00-2E7F
- U+2FF0-3004, U+3008-3020, U+3030, U+303D-303F, U+30A0, U+30FB (CJK punctuation), U+FE00-FE1F, U+FE30-FE6F, U+FEFF
- U+FF00-FF0F, U+FF1A-FF20, U+FF3B-FF40, U+FF5B-FF65 (full-width punctuation), U+FFE0-FFFF
- U+1F000-1FAFF (emoji), U+E0000-E0FFF

*CJK letters* are written without spaces: U+1100-11FF, U+3005-3007, U+3021-302F, U+3031-303C, U+3041-309F, U+30A1-30FA,
U+30FC-318F, U+31F0-31FF, U+3400-4DBF, U+4E00-9FFF, U+A960-A97F, U+AC00-D7FF, U+F900-FAFF, U+FF66-FFDF, U+1AFF0-1B16F,
U+20000-3FFFF: Han, Hiragana, Katakana, Hangul.

``words``: each longest run of letters that are not CJK is a token; a longest run of CJK letters gives its overlapping
pairs, or itself if it is one letter. ``chars1`` to ``chars9``: each longest run of letters of any kind gives its
overlapping n-grams of code points, or itself if it has fewer. Tokens come in the order of the text, with repeats.

Nothing is normalised here: case, full width and ligatures are for `featurelib.cleaning.Normalize`. Scripts other than
CJK that write no spaces (Thai, Lao, Khmer, Burmese) want ``chars3``. Other languages' implementations can check
themselves against ``tests/program/token_vectors.json``.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from featurelib.errors import ProgramError

VERSION = 1
RULES = re.compile("words|chars[1-9]")

_SEPARATORS = (
    r"\x00-/:-@\[-`{-\x7f\x80-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7"
    r"\u037e\u0387\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4"
    r"\u0609-\u060d\u061b\u061d-\u061f\u066a-\u066d\u06d4\u0964\u0965\u0970\u0f04-\u0f14\u0f3a-\u0f3d"
    r"\u104a-\u104f\u1361-\u1368\u17d4-\u17d6\u17d8-\u17da"
    r"\u1680\u2000-\u200b\u200e-\u206f\u20a0-\u20cf\u2116-\u2118\u2120-\u2123\u2190-\u2bff\u2e00-\u2e7f"
    r"\u2ff0-\u3004\u3008-\u3020\u3030\u303d-\u303f\u30a0\u30fb\ufe00-\ufe1f\ufe30-\ufe6f\ufeff"
    r"\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffff"
    r"\U0001f000-\U0001faff\U000e0000-\U000e0fff"
)
_CJK = (
    r"\u1100-\u11ff\u3005-\u3007\u3021-\u302f\u3031-\u303c\u3041-\u309f\u30a1-\u30fa\u30fc-\u318f\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdf"
    r"\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_ASCII_WORDS = re.compile("[0-9A-Za-z]+").findall
_RUNS = re.compile(f"[^{_SEPARATORS}]+").findall
_RUNS_BY_KIND = re.compile(f"([{_CJK}]+)|[^{_SEPARATORS}{_CJK}]+").finditer

Tokenizer = Callable[[str], list[str]]


def tokenizer(rule: str, version: int = VERSION) -> Tokenizer:
    """Return the function from a text to its tokens.

    Parameters
    ----------
    rule
        ``words``, or ``chars1`` to ``chars9``.
    version
        Of the definition above; a saved program states its own.

    Raises
    ------
    ProgramError
        If this library does not know the rule in that version.

    Examples
    --------
    >>> tokenizer("words")("men's running-shoes, 赤い靴 42")
    ['men', 's', 'running', 'shoes', '赤い', 'い靴', '42']
    >>> tokenizer("chars3")("red tv")
    ['red', 'tv']
    """
    if version != VERSION or not RULES.fullmatch(rule):
        raise ProgramError(
            f"the program splits texts by rule {rule!r} of version {version}, which this featurelib does not know; "
            f"it knows version {VERSION}. Load it with the version that saved it."
        )
    return _words if rule == "words" else _ngrams(int(rule[-1]))


def _words(text: str) -> list[str]:
    if text.isascii():
        return _ASCII_WORDS(text)
    tokens: list[str] = []
    for run in _RUNS_BY_KIND(text):
        word = run[0]
        if run[1] is None or len(word) == 1:
            tokens.append(word)
        else:
            tokens += map("".join, pairwise(word))
    return tokens


def _ngrams(size: int) -> Tokenizer:
    def ngrams(text: str) -> list[str]:
        runs = _ASCII_WORDS(text) if text.isascii() else _RUNS(text)
        return [run[start : start + size] for run in runs for start in range(max(1, len(run) - size + 1))]

    return ngrams
