"""Words: the texts of the logs, built from numbers and short lists."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from featurelib.generator.declaration import KINDS
from featurelib.generator.draws import Bits, Ints

COUNTRIES = ("US", "DE", "GB", "FR", "JP", "BR", "IN", "IT", "ES", "PL", "NL", "SE", "MX", "CA", "NO", "ZA")
DEVICES = ("mobile", "desktop", "tablet", "tv")
LAYOUTS = ("grid", "list", "carousel")
CATEGORIES = (
    *("shoes", "dresses", "phones", "laptops", "cameras", "bikes", "toys", "books"),
    *("coffee", "tea", "furniture", "lamps", "garden", "tools", "paint", "kitchen"),
    *("jackets", "jeans", "bags", "watches", "jewellery", "perfume", "skin care", "vitamins"),
    *("tents", "skis", "guitars", "headphones", "games", "pet food", "tyres", "baby"),
)
_NOUNS = (
    *("sneakers", "sandals", "boots", "loafers", "dress", "gown", "skirt", "sari"),
    *("phone", "phone case", "sim card", "charger", "laptop", "notebook", "keyboard", "mouse"),
    *("camera", "tripod", "lens", "drone", "bike", "e-bike", "helmet", "saddle"),
    *("puzzle", "blocks", "doll", "kite", "novel", "atlas", "cookbook", "comic"),
    *("café crème", "espresso", "beans", "grinder", "green tea", "matcha", "teapot", "thé noir"),
    *("sofa", "canapé", "desk", "bookshelf", "lamp", "bulb", "lantern", "chandelier"),
    *("roses", "hose", "mower", "seeds", "drill", "saw", "hammer", "wrench"),
    *("paint", "brush", "varnish", "roller", "pan", "knife", "crêpe maker", "kettle"),
    *("jacket", "parka", "coat", "gilet", "jeans", "chinos", "shorts", "overalls"),
    *("handbag", "backpack", "wallet", "suitcase", "watch", "smartwatch", "strap", "clock"),
    *("ring", "necklace", "earrings", "bracelet", "perfume", "eau de toilette", "deodorant", "candle"),
    *("sunscreen", "crema para piel", "serum", "soap", "vitamin c", "zinc", "protein", "omega 3"),
    *("tent", "sleeping bag", "stove", "hammock", "skis", "ski boots", "goggles", "sledge"),
    *("guitar", "ukulele", "strings", "piano", "headphones", "earbuds", "speaker", "cable"),
    *("console", "board game", "controller", "cards", "dog food", "cat litter", "fish tank", "leash"),
    *("tyres", "rims", "wipers", "motor oil", "diapers", "stroller", "crib", "bottle"),
)
_ADJECTIVES = (
    *("", "red", "black", "white", "cheap", "small", "big", "used"),
    *("new", "best", "vintage", "blue", "leather", "wooden", "waterproof", "mini"),
    *("light", "organic", "pink", "green", "señora", "señor", "classic", "modern"),
    *("soft", "strong", "foldable", "wireless", "original", "premium", "grey", "outdoor"),
)
_ENDINGS = (
    *("", "for women", "for men", "for kids", "sale", "near me", "gift", "set"),
    *("under 50", "under 20", "2 pack", "xl", "size 42", "10 pcs", "with box", "review"),
    *("spare part", "online", "deal", "second hand", "free shipping", "for travel", "für herren", "pour femme"),
    *("2026", "2025", "pro", "max", "lite", "for beginners", "made in italy", "no plastic"),
)
BRANDS = tuple(
    first + second
    for first in ("Ar", "Bel", "Cor", "Dun", "El", "Fen", "Gal", "Hol", "Ir", "Jun", "Kel", "Lum", "Mar", "Nor")
    for second in ("ada", "bo", "cia", "dex", "ero", "fy", "gen", "hart", "ino", "ka", "lux", "mont", "nova", "ona")
)
USUAL, TITLE, UPPER, WIDE = range(4)  # how a query is typed
STYLE_SHARES = (0.92, 0.05, 0.02, 0.01)
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
_BROWSERS = (
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/{}.0.{}.40 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/{}.1 Mobile/{} Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{}.0.{}.70 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0.{1}",
)
RELEASES = 10  # releases of each browser in use on a day; the oldest gives way to a new one every day
CRAWLERS = ("Mozilla/5.0 (compatible; ExampleBot/2.1; +http://example.com/bot)", "python-requests/2.32.0")


def id_text(numbers: Bits, bits: Bits, *, scientific: bool = False) -> pl.Series:
    """Write numbers as ids that break careless readers: 30 % of 20 digits, 20 % with leading zeros.

    Parameters
    ----------
    numbers
        Below 8e18; different numbers give different ids.
    bits
        Decides the shape of each id.
    scientific
        Whether 2 % of the ids end in ``e0``, so that they read as a number such as ``241546e0``.
    """
    shape = bits % np.uint64(50)
    digits = pl.Series(np.where(shape < 15, numbers + np.uint64(10**19), numbers)).cast(pl.String)
    before = pl.Series(["", "00"]).gather(pl.Series(((shape >= 15) & (shape < 25)).view(np.uint8)))
    text = before + digits
    if scientific:
        text += pl.Series(["", "e0"]).gather(pl.Series((shape == 49).view(np.uint8)))
    return text


def query_category(numbers: Ints) -> Ints:
    """Return the category that a query asks for."""
    return numbers % len(_NOUNS) // (len(_NOUNS) // KINDS)


def query_text(numbers: Ints, styles: Ints) -> pl.Series:
    """Write queries: a noun, for higher numbers with an adjective, an ending, and at last a number.

    Different pairs of number and style give different texts. Styles are as typed, in title case, upper case,
    and in full-width characters.
    """
    rest, noun = np.divmod(numbers, len(_NOUNS))
    rest, adjective = np.divmod(rest, len(_ADJECTIVES))
    rest, ending = np.divmod(rest, len(_ENDINGS))
    words = pl.DataFrame(
        {
            "adjective": _pick(_ADJECTIVES, adjective),
            "noun": _pick(_NOUNS, noun),
            "ending": _pick(_ENDINGS, ending),
            "rest": pl.Series(rest).cast(pl.String),
            "style": pl.Series(styles),
        }
    )
    parts = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in ("adjective", "noun", "ending")]
    parts.append(pl.when(pl.col("rest") != "0").then(pl.col("rest")))
    plain = words.select("style", text=pl.concat_str(*parts, separator=" ", ignore_nulls=True))
    typed = plain.select(
        pl.when(pl.col("style") == TITLE)
        .then(pl.col("text").str.slice(0, 1).str.to_uppercase() + pl.col("text").str.slice(1))
        .when(pl.col("style") == UPPER)
        .then(pl.col("text").str.to_uppercase())
        .otherwise("text")
    ).to_series()
    wide = np.flatnonzero(styles == WIDE)
    return typed.scatter(wide, [text.translate(_WIDE) for text in typed.gather(wide)])


def user_agents(start: dt.date, day: int) -> list[str]:
    """Return the user agents in use on a day: each browser in its last releases, then the crawlers."""
    newest = start.toordinal() - dt.date(2026, 1, 1).toordinal() + day
    releases = [newest - age for age in range(RELEASES)]
    return [text.format(140 + n // 28, 6000 + n) for text in _BROWSERS for n in releases] + list(CRAWLERS)


def _pick(words: Sequence[str], index: Ints) -> pl.Series:
    return pl.Series(words).gather(pl.Series(index))
