"""Catalogue: the items of one day, and what each is like."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from featurelib.generator.declaration import KINDS, ClickLogs
from featurelib.generator.draws import Bits, Floats, Ints, draw, normal, unit
from featurelib.generator.requests import generation
from featurelib.generator.words import BRANDS, id_text

_ID_BASE = 10_000_000


@dataclass(frozen=True, eq=False)
class Catalogue:
    """One entry per item slot; the slot is the item's rank by popularity.

    Attributes
    ----------
    number
        Identity of the item now in the slot.
    id
        Its id, text: some with leading zeros, some of 20 digits, some that look like a number in scientific notation.
    brand
        Index into `featurelib.generator.words.BRANDS`.
    price_usd
        Listed price, log-normal around 24.5 USD.
    born_day
        When it was first listed, in days since the logs' start; mostly negative.
    quality
        Its true appeal, standard normal.
    """

    number: Bits
    id: pl.Series
    brand: Ints
    price_usd: Floats
    born_day: Floats
    quality: Floats


@lru_cache(maxsize=2)
def catalogue(logs: ClickLogs, day: int) -> Catalogue:
    """Return the items of a day; from one day to the next, ``item_turnover`` of the slots get a new item."""
    slots = np.arange(logs.items, dtype=np.int64)
    born = generation(logs, "item", slots, logs.item_turnover, day)
    number = (born * logs.items + slots).astype(np.uint64)
    rate = np.maximum(unit(draw(logs.seed, "item rate", slots)) * (2 * logs.item_turnover), 1 / 2000)
    phase = unit(draw(logs.seed, "item phase", slots))
    log_price = 3.2 + normal().of(draw(logs.seed, "price", number))
    return Catalogue(
        number=number,
        id=id_text(number + np.uint64(_ID_BASE), draw(logs.seed, "item id", number), scientific=True),
        brand=(unit(draw(logs.seed, "brand", number)) ** 2 * len(BRANDS)).astype(np.int64),
        price_usd=np.round(np.exp(log_price), 2).astype(np.float64),
        born_day=np.minimum((born - phase) / rate, day),
        quality=normal().of(draw(logs.seed, "quality", number)),
    )


def category_of(slots: Ints) -> Ints:
    """Return the category of each item slot."""
    return slots % KINDS
