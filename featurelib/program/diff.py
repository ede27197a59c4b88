"""Diff: what two programs compute differently, column by column."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from featurelib.program.chain import Chain
from featurelib.program.primitive import Primitive
from featurelib.program.program import Program


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: in which column, what about it, and the two values (``None`` where it is not there)."""

    column: str
    what: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.column}: {self.what}: {self.before} -> {self.after}"


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
    old, new = before.to_json(), after.to_json()
    for constant in old:
        if old[constant] != new[constant]:
            yield Difference(name, f"{before.op}.{constant}", old[constant], new[constant])
    old_tables, new_tables = before.tables(), after.tables()
    for constant, series in old_tables.items():
        if not series.equals(new_tables[constant]):
            gone = len(set(series) - set(new_tables[constant]))
            come = len(set(new_tables[constant]) - set(series))
            what = f"{before.op}.{constant} ({gone} gone, {come} new)"
            yield Difference(name, what, f"{len(series)} values", f"{len(new_tables[constant])} values")
