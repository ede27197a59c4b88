"""Ids: the identities of events, requests, sessions and users as texts."""

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from featurelib.generator.declaration import ClickLogs
from featurelib.generator.draws import Bits, draw
from featurelib.generator.words import id_text

CONSTANT_EVENT_ID = "00000000000000000000"  # what the first bot sends for every impression
CLICK, ORDER = np.uint64(1 << 60), np.uint64(1 << 61)  # added to an impression's number
_USER_BASE = np.uint64(100_000)


def event_ids(logs: ClickLogs, numbers: Bits) -> pl.Series:
    """Return the ids of impressions, clicks or orders, by number."""
    return id_text(numbers, draw(logs.seed, "event id", numbers))


def user_ids(logs: ClickLogs, numbers: Bits) -> pl.Series:
    """Return the ids of users, by number."""
    return id_text(numbers + _USER_BASE, draw(logs.seed, "user id", numbers))


def request_ids(logs: ClickLogs, numbers: Bits) -> pl.Series:
    """Return the ids of requests: 64 scrambled bits in decimal, mostly 19 or 20 digits."""
    return pl.Series(draw(logs.seed, "request id", numbers)).cast(pl.String)


def session_ids(logs: ClickLogs, numbers: Bits) -> pl.Series:
    """Return the ids of sessions, like those of requests."""
    return pl.Series(draw(logs.seed, "session id", numbers)).cast(pl.String)


def text_array(texts: pl.Series) -> pa.Array:
    """Return texts as an Arrow array."""
    return texts.to_arrow(compat_level=pl.CompatLevel.oldest())


def coded(codes: NDArray[np.integer], values: pl.Series) -> pa.DictionaryArray:
    """Return a text column as codes into its distinct values."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), text_array(values))
