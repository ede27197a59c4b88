"""Epochs: instants given as numbers, since 1970 in UTC."""

from datetime import UTC, datetime

import polars as pl

from featurelib.schema.column import Epoch

_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_START = datetime(1970, 1, 1, tzinfo=UTC)
# A number in a larger or smaller unit than declared lies outside of these: seconds of this century are January 1970 as
# milliseconds, and milliseconds are years far from ours as seconds.
_FIRST, _END = (int((datetime(year, 1, 1, tzinfo=UTC) - _START).total_seconds()) for year in (1971, 2200))


def number_form(dtype: pl.Datetime, unit: Epoch) -> str:
    """Return the pattern of number texts in a unit that the type holds exactly."""
    digits = _DIGITS[dtype.time_unit] - _DIGITS[unit]
    if digits < 0:
        return rf"^-?(0|[0-9]+0{{{-digits}}})(\.0+)?$"
    return rf"^-?[0-9]+(\.[0-9]{{1,{digits}}}0*|\.0+)?$" if digits else r"^-?[0-9]+(\.0+)?$"


def from_text(text: pl.Expr, dtype: pl.Datetime, unit: Epoch) -> pl.Expr:
    """Return the instants of number texts; null for another text, and for one before 1971 or after 2199."""
    number = pl.when(text.str.contains(number_form(dtype, unit))).then(text)
    whole, digits = number.str.extract("^(-?[0-9]+)"), _DIGITS[dtype.time_unit] - _DIGITS[unit]
    if digits < 0:
        whole = whole.str.head(digits)  # all but so many zeros
    elif digits > 0:
        fraction = number.str.extract(r"\.([0-9]+)$").fill_null("")
        whole += fraction.str.head(digits).str.pad_end(digits, "0")
    return _instant(whole.cast(pl.Int64, strict=False), dtype)


def from_number(number: pl.Expr, dtype: pl.Datetime, unit: Epoch) -> pl.Expr:
    """Return the instants of whole numbers; null as in `from_text`, and for one that the type cannot hold exactly."""
    count, digits = number.cast(pl.Int64, strict=False), _DIGITS[dtype.time_unit] - _DIGITS[unit]
    if digits < 0:
        exact = pl.when(count % 10**-digits == 0).then(count // 10**-digits)
        return _instant(exact, dtype)
    return _instant(pl.when(is_instant(count, unit)).then(count) * 10**digits, dtype)


def is_instant(number: pl.Expr, unit: str) -> pl.Expr:
    """Return whether a number is an instant from 1971 to 2199 in a unit."""
    return number.is_between(_FIRST * 10 ** _DIGITS[unit], _END * 10 ** _DIGITS[unit], closed="left")


def _instant(count: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    return pl.when(is_instant(count, dtype.time_unit)).then(count).cast(dtype)
