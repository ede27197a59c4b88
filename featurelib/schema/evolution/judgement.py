"""Judgement: whether a change loosens or tightens, whom it breaks, and the step of the version that says so."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from featurelib.schema.declaration import Declaration, Plain

Effect = Literal["loosens", "tightens", "both", "neither"]
Broken = Literal["readers", "old data"]
Bump = Literal["patch", "minor", "major"]

BUMPS: tuple[Bump, ...] = ("patch", "minor", "major")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a change does.

    Parameters
    ----------
    effect
        Whether the table allows more data than before (``loosens``), less (``tightens``), both, or neither.
    breaks
        ``readers``: who reads new rows with the old declaration. ``old data``: rows written under the old declaration,
        held against the new one.
    bump
        The smallest step of the version that says so.
    why
        The reason, for people.
    """

    effect: Effect
    breaks: tuple[Broken, ...]
    bump: Bump
    why: str

    def because(self, why: str) -> "Judgement":
        """Return the same for another reason."""
        return replace(self, why=why)


LOOSENS = Judgement("loosens", ("readers",), "major", "readers may meet rows that they were promised never to meet")
TIGHTENS = Judgement("tightens", ("old data",), "major", "rows written before may break it")
BOTH = Judgement("both", ("readers", "old data"), "major", "what the two allow differs both ways")
MEANING = Judgement("neither", ("readers", "old data"), "major", "the same values mean something else")
READERS = Judgement("neither", ("readers",), "major", "readers rely on it")
ADDS = Judgement("neither", (), "minor", "nobody could rely on it before")
WORDS = Judgement("neither", (), "patch", "published rows keep the same promises")


@dataclass(frozen=True, slots=True)
class Sides:
    """A column, row check, reference or table, as both declarations have it.

    Parameters
    ----------
    before, after
        What they say of it.
    tables
        The two declarations.
    """

    before: Plain
    after: Plain
    tables: tuple[Declaration, Declaration]

    def both(self, name: str) -> tuple[Any, Any]:
        """Return what they say under a name; None where they say nothing."""
        return self.before.get(name), self.after.get(name)

    def promises(self, of: Callable[[Plain], Any]) -> tuple[Any, Any]:
        """Return what they promise of published rows: nothing (None) where a broken rule is only warned of."""
        return promise(self.before, of), promise(self.after, of)


Rule = Callable[[Sides], Judgement]
"""Judges one field, of which the two declarations do not say the same."""


def promise(said: Plain, of: Callable[[Plain], Any]) -> Any:
    """Return what is promised of published rows; None where a broken rule is only warned of."""
    return None if said.get("on_fail") == "warn" else of(said)


def compared(before: Any, after: Any, *, wider: Callable[[Any, Any], bool]) -> Judgement:
    """Judge two promises, of which None is none.

    Parameters
    ----------
    before, after
        The promises.
    wider
        Whether the first allows all that the second does; it is never asked about None.
    """
    if before == after:
        return WORDS
    looser = after is None or (before is not None and wider(after, before))
    tighter = before is None or (after is not None and wider(before, after))
    if looser and tighter:
        return WORDS
    return LOOSENS if looser else TIGHTENS if tighter else BOTH


def rule_of(name: str, wider: Callable[[Any, Any], bool]) -> Rule:
    """Return the rule about a field that limits rows."""
    return lambda sides: compared(*sides.promises(lambda said: said.get(name)), wider=wider)


def incomparable(_one: object, _other: object) -> bool:
    """Return that neither allows all that the other does."""
    return False


def stated(name: str, first: Judgement = ADDS) -> Rule:
    """Return the rule about a field that gives values their meaning; to say it for the first time breaks nobody."""
    return lambda sides: first if sides.before.get(name) is None else MEANING


def together(one: Judgement, other: Judgement, why: str) -> Judgement:
    """Return what two changes do at once."""
    effects = {one.effect, other.effect} - {"neither"}
    effect: Effect = "neither" if not effects else effects.pop() if len(effects) == 1 else "both"
    breaks = tuple(side for side in BOTH.breaks if side in one.breaks + other.breaks)
    return Judgement(effect, breaks, max(one.bump, other.bump, key=BUMPS.index), why)


def on_fail_of(sides: Sides, *, unchanged: bool = True, shared: bool = True) -> Judgement:
    """Judge another ``on_fail``.

    Parameters
    ----------
    sides
        What it is of.
    unchanged
        Whether a rule that it decides on is otherwise the same; one that changes is judged by its own promises.
    shared
        Whether it decides on a rule before and after.
    """
    before, after = sides.both("on_fail")
    if "warn" in {before, after}:
        if not unchanged:
            return WORDS.because("no rule that stays follows it")
        if before == "warn":
            return TIGHTENS.because("rows written before were only warned of")
        return LOOSENS.because("rows that break the rule are published from now on")
    if not shared:
        return WORDS.because("no rule that stays follows it")
    if after == "fail":
        return TIGHTENS.because("a day whose bad rows were set aside is refused when it is built again")
    return Judgement("loosens", (), "minor", "published rows still keep the rule; bad ones are set aside")


def names(of: set[str]) -> str:
    """Return names as one text."""
    return ", ".join(sorted(of))
