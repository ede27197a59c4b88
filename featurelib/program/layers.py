"""Layers: the chains of a program as polars expressions, those that may stand side by side together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.program.chain import VIEWS, Chain
from featurelib.program.primitives.index import Index, SharedTerms


@dataclass(frozen=True, slots=True)
class Layers:
    """Expressions for whole columns.

    Attributes
    ----------
    layers
        In order; an expression reads columns of the frame, and what layers before its own made.
    results
        The outputs, once all layers are there.
    """

    layers: tuple[tuple[pl.Expr, ...], ...]
    results: tuple[pl.Expr, ...]

    @classmethod
    def of(cls, chains: Sequence[Chain], inputs: Iterable[str], outputs: Sequence[str], *, mark: str) -> "Layers":
        """Return the expressions of chains; what they make on the way has names that begin with ``mark``."""
        depth = dict.fromkeys(inputs, 0)
        layers: list[list[pl.Expr]] = []

        def add(register: str, reads: Iterable[str], expr: pl.Expr) -> None:
            level = max(depth[column] for column in reads)
            if level == len(layers):
                layers.append([])
            layers[level].append(expr.alias(register))
            depth[register] = level + 1

        read, where = _registers(chains, inputs, mark)
        shared = _shared_terms(chains, read)
        for number, (chain, registers) in enumerate(zip(chains, read, strict=True)):
            register, columns = f"{mark}{number}", [pl.col(column) for column in registers]
            terms = shared.get(registers[0]) if chain.indexed else None
            if terms is None:
                add(register, registers, chain.expr(*columns))
                continue
            codes = f"{mark}codes of {registers[0]}"
            if codes not in depth:
                add(codes, registers, terms.codes(VIEWS["text"]().expr(*columns)))
            add(register, [codes], chain.expr_among(terms, columns[0], pl.col(codes)))
        results = tuple(pl.col(where[name]).alias(name) for name in outputs)
        return cls(tuple(map(tuple, layers)), results)

    def over(self, frame: pl.LazyFrame, keep: Sequence[str]) -> pl.LazyFrame:
        """Return the kept columns of a frame, and the outputs."""
        for layer in self.layers:
            frame = frame.with_columns(layer)
        return frame.select(*keep, *self.results)


def _registers(chains: Sequence[Chain], inputs: Iterable[str], mark: str) -> tuple[list[list[str]], dict[str, str]]:
    """Return which registers each chain reads, and which holds each column in the end."""
    where = {name: name for name in inputs}
    read = []
    for number, chain in enumerate(chains):
        read.append([where[column] for column in chain.reads])
        where[chain.into] = f"{mark}{number}"
    return read, where


def _shared_terms(chains: Sequence[Chain], read: Sequence[Sequence[str]]) -> dict[str, SharedTerms]:
    """Return, for each register whose terms several chains number, the terms of all of them."""
    steps: dict[str, list[Index]] = {}
    for chain, registers in zip(chains, read, strict=True):
        if chain.indexed is not None:
            steps.setdefault(registers[0], []).append(chain.indexed)
    return {register: SharedTerms(listed) for register, listed in steps.items() if len(listed) > 1}
