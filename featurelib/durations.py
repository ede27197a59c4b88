"""Durations as people write them: ``30m``, ``2h``, ``7d``."""

import re
from datetime import timedelta

from featurelib.errors import ParameterError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(owner: object, name: str, text: str | timedelta) -> timedelta:
    """Return a duration given as text, such as ``30m``; days are 24 hours.

    Parameters
    ----------
    owner, name
        The declared object and its parameter, for the error.
    text
        A whole number and one of ``s``, ``m``, ``h``, ``d``; or a ``timedelta``, returned as it is.

    Raises
    ------
    ParameterError
        If the text is not of this form, or longer than a `timedelta` can be.

    Examples
    --------
    >>> duration("example", "within", "30m")
    datetime.timedelta(seconds=1800)
    """
    if isinstance(text, timedelta):
        return text
    found = re.fullmatch(r"([0-9]+)([smhd])", text) if isinstance(text, str) else None
    if found is None:
        raise ParameterError(owner, name, got=text, want="a duration such as 30m, 2h or 7d")
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError as error:
        raise ParameterError(owner, name, got=text, want="shorter") from error
