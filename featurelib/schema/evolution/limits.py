"""Limits against other days: what it means that those of drift or volume change."""

from collections.abc import Callable, Mapping
from typing import Any

from featurelib.schema.evolution.judgement import WORDS, Effect, Judgement, Rule, Sides


def limits_of(effective: Callable[[Sides], tuple[Any, Any]]) -> Rule:
    """Return the rule about limits against other days: they promise nothing of a row, so they break nobody.

    Parameters
    ----------
    effective
        Gives the limits of both sides; None is no limit.
    """

    def judge(sides: Sides) -> Judgement:
        before, after = effective(sides)
        looser, tighter = _allows(after, before), _allows(before, after)
        if looser and tighter:
            return WORDS.because("the limits are the same")
        effect: Effect = "loosens" if looser else "tightens" if tighter else "both"
        if "fail" not in {limits.get("on_alarm") for limits in (before, after) if limits}:
            return Judgement(effect, (), "patch", "it only warns")
        return Judgement(effect, (), "minor", "it compares days, and promises nothing of a row")

    return judge


def column_drift(sides: Sides) -> tuple[Any, Any]:
    """Return the limits of a column on both sides: its own, or its table's."""
    own = sides.both("drift")
    before, after = (said or table.said.get("drift") for said, table in zip(own, sides.tables, strict=True))
    return before, after


def _allows(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Return whether no limit of the one is tighter than the other's."""
    if one is None or other is None:
        return one is None
    return all(_is_as_loose(name, one.get(name), other.get(name)) for name in {**one, **other})


def _is_as_loose(name: str, one: Any, other: Any) -> bool:
    if name == "on_alarm":
        return bool(one == "warn" or other == "fail")
    if name == "partitions":  # of which the median is taken: more of them is neither looser nor tighter
        return bool(one == other)
    if one is None or other is None:
        return one is None
    pairs = zip(one, other, strict=True) if isinstance(one, list) else ((one, other),)
    return all(bool(high >= low) for high, low in pairs)
