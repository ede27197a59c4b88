"""Diff: what two programs compute differently, column by column."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from reprlib import Repr
from typing import Any

import polars as pl

from featurelib.program.chain import Chain
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Index
from featurelib.program.program import Program

_short = Repr()
_short.maxlist = _short.maxtuple = 4
_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: in which column, what about it, and the two values (``None`` where it is not there).

    Of the terms of an index, the values are how many are known; ``new`` and ``gone`` show the first ten that came and
    went, by their numbers.
    """

    column: str
    what: str
    before: Any
    after: Any
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.what == "output":
            return f"{self.column}: output {'dropped' if self.after is None else 'added'}"
        shown = [f"{self.column}: {self.what}: {_shortened(self.before)} -> {_shortened(self.after)}"]
        for word, terms in (("new", self.new), ("gone", self.gone)):
            shown += [f"{word}: {', '.join(map(repr, terms))}"] if terms else []
        return "; ".join(shown)

    def to_json(self) -> dict[str, Any]:
        """Return the difference as plain data."""
        return {**asdict(self), "new": list(self.new), "gone": list(self.gone)}


def _shortened(value: Any) -> str:
    return _short.repr(value) if isinstance(value, list | tuple) else str(value)


def diff(before: Program, after: Program) -> list[Difference]:
    """Return the differences in meaning, by column in order; none for programs with the same fingerprint.

    Examples
    --------
    >>> from featurelib.program.primitives import Clip
    >>> import polars as pl
    >>> price = lambda top: Program.of([Chain("x", ("p",), "number", (Clip(None, top),))], {"p": pl.Float64()}, ["x"])
    >>> [str(difference) for difference in diff(price(9.0), price(8.0))]
    ['x: clip.upper: 9.0 -> 8.0']
    """
    return list(_differences(before, after))


def _differences(before: Program, after: Program) -> Iterator[Difference]:
    if before.outputs != after.outputs:
        for name in before.outputs:
            if name not in after.outputs:
                yield Difference(name, "output", "there", None)
        for name in after.outputs:
            if name not in before.outputs:
                yield Difference(name, "output", None, "there")
        if sorted(before.outputs) == sorted(after.outputs):
            yield Difference("(all)", "order of outputs", before.outputs, after.outputs)
    for name in dict.fromkeys([*before.inputs, *after.inputs]):
        if before.inputs.get(name) != after.inputs.get(name):
            yield Difference(name, "input", before.inputs.get(name), after.inputs.get(name))
    old, new = _by_name(before), _by_name(after)
    for name in dict.fromkeys([*old, *new]):
        if name in old and name in new:
            yield from _chain_differences(name, old[name], new[name])
        elif name not in {*before.outputs, *after.outputs} or "#" in name:
            yield Difference(name, "steps", _ops(old.get(name)), _ops(new.get(name)))
    if old.keys() == new.keys() and list(old) != list(new):
        yield Difference("(all)", "order of chains", tuple(old), tuple(new))


def _by_name(program: Program) -> dict[str, Chain]:
    chains: dict[str, Chain] = {}
    for chain in program.chains:  # a column may be made again and again (cleaning): count its turns
        turn = sum(known.partition("#")[0] == chain.into for known in chains)
        chains[f"{chain.into}#{turn + 1}" if turn else chain.into] = chain
    return chains


def _ops(chain: Chain | None) -> list[str] | None:
    return None if chain is None else [step.op for step in chain.steps]


def _chain_differences(name: str, before: Chain, after: Chain) -> Iterator[Difference]:
    if (before.reads, before.view) != (after.reads, after.view):
        yield Difference(name, "reads", before.reads, after.reads)
    if _ops(before) != _ops(after):
        yield Difference(name, "steps", _ops(before), _ops(after))
        return
    for first, second in zip(before.steps, after.steps, strict=True):
        yield from _step_differences(name, first, second)


def _step_differences(name: str, before: Primitive, after: Primitive) -> Iterator[Difference]:
    if isinstance(before, Index) and isinstance(after, Index):
        yield from _term_differences(name, before, after)
        return
    old, new = ({**step.to_json(), **step.tables()} for step in (before, after))
    for constant in old:
        was, now = _listed(old[constant]), _listed(new[constant])
        if was != now:
            yield Difference(name, f"{before.op}.{constant}{_moved(was, now)}", was, now)


def _listed(constant: Any) -> Any:
    return constant.to_list() if isinstance(constant, pl.Series) else constant


def _moved(was: Any, now: Any) -> str:
    """Return how much of a list is other now, such as of the edges of bins."""
    if not isinstance(was, list) or not isinstance(now, list) or len(was) != len(now):
        return ""
    return f" ({sum(first != second for first, second in zip(was, now, strict=True))} of {len(was)} moved)"


def _term_differences(name: str, before: Index, after: Index) -> Iterator[Difference]:
    """Yield what differs in an index: by the numbers that terms have, not by where they stand."""
    old, new = before.numbers, after.numbers
    gone, come = [term for term in old if term not in new], [term for term in new if term not in old]
    other = sum(new.get(term, number) != number for term, number in old.items())
    if gone or come or other:
        what = f"{before.op}.terms ({len(gone)} gone, {len(come)} new, {other} renumbered)"
        shown = tuple(come[:_EXAMPLES]), tuple(gone[:_EXAMPLES])
        yield Difference(name, what, len(old), len(new), *shown)
    was, now = before.to_json(), after.to_json()
    for constant in was:
        if constant not in {"terms", "retired"} and was[constant] != now[constant]:
            yield Difference(name, f"{before.op}.{constant}", was[constant], now[constant])
    waiting = [[step.terms[position] for position in step.retired] for step in (before, after)]
    if waiting[0] != waiting[1]:
        yield Difference(name, f"{before.op}.retired", len(before.retired), len(after.retired))
