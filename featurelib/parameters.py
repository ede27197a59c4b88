"""Parameters: checks that declared objects share."""

from collections.abc import Callable

from featurelib.errors import ParameterError


def check_whole(owner: object, name: str, *, least: int = 1, most: int | None = None, want: str = "") -> None:
    """Raise `ParameterError` unless a parameter is a whole number within bounds.

    Parameters
    ----------
    owner, name
        The object being declared, and which of its parameters.
    least, most
        The bounds; ``None`` leaves the upper side open.
    want
        The bounds in words, where numbers would say it worse.

    Examples
    --------
    >>> from fractions import Fraction
    >>> check_whole(Fraction(1, 3), "denominator", least=2)
    """
    value = getattr(owner, name)
    want = want or (f"at least {least}" if most is None else f"from {least} to {most}")
    # NOTE: no float, though 1e6 is whole: `hash % 1e6` is another number in rows than in columns
    if not isinstance(value, int) or isinstance(value, bool):
        raise ParameterError(owner, name, got=value, want=f"a whole number, written without a point, {want}")
    if value < least or (most is not None and value > most):
        raise ParameterError(owner, name, got=value, want=want)


def check_number(owner: object, name: str, *, fits: Callable[[float], bool], want: str) -> None:
    """Raise `ParameterError` unless a parameter is a number that fits.

    Parameters
    ----------
    owner, name
        The object being declared, and which of its parameters.
    fits
        Whether a number will do.
    want
        Which numbers do, in words.

    Examples
    --------
    >>> from fractions import Fraction
    >>> check_number(Fraction(1, 3), "denominator", fits=lambda value: value > 0, want="above 0")
    """
    value = getattr(owner, name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not fits(value):
        raise ParameterError(owner, name, got=value, want=want)


def check_name(owner: object, name: str) -> None:
    """Raise `ParameterError` unless a parameter is a text that can name something.

    Parameters
    ----------
    owner, name
        The object being declared, and which of its parameters.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_name(SimpleNamespace(name="best"), "name")
    """
    value = getattr(owner, name)
    if not isinstance(value, str) or not value.strip():
        raise ParameterError(owner, name, got=value, want="a text that is not empty")
