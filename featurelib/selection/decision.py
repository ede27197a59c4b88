"""Decision: what became of each feature, by which rule, with which scores."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl

from featurelib.errors import DataRefusedError
from featurelib.fitting import LabelTable, Request, Surveyor, ask
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind
from featurelib.program.primitives import IsAmong, IsMissing
from featurelib.program.program import Program
from featurelib.selection.rules import Score, Selector


@dataclass(frozen=True, slots=True)
class Decision:
    """The record of one feature.

    Attributes
    ----------
    feature
        Its column.
    kept
        Whether it stays.
    rule
        The rule that dropped it; empty for one that stays.
    why
        The reason in words; empty for one that stays.
    score
        Its scores, whatever was decided; ``None`` for a list, which no rule looks at: it stays.
    """

    feature: str
    kept: bool
    rule: str
    why: str
    score: Score | None

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return asdict(self)


def decide(program: Program, tables: Mapping[str, LabelTable], rules: Sequence[Selector]) -> list[Decision]:
    """Decide for each output of a program whether it stays, in the order of the outputs.

    Parameters
    ----------
    program
        A fitted program.
    tables
        Of its outputs, as `label_tables` returns them.
    rules
        Applied in order, each to the features that the ones before it left.

    Raises
    ------
    DataRefusedError
        If there is no labelled row, or the rules would drop every feature.
    """
    scores = _scores(program, tables)
    dropped = _apply(rules, scores)
    if scores and len(dropped) == len(program.outputs):
        raise DataRefusedError(
            f"selection dropped all {len(scores)} features, the first because it {next(iter(dropped.values()))[1]}; "
            "fit on more days, or relax the rules."
        )
    return [
        Decision(name, name not in dropped, *dropped.get(name, ("", "")), score=scores.get(name))
        for name in program.outputs
    ]


def label_tables(
    program: Program, label: str, survey: Surveyor, *, beside: Mapping[str, pl.DataType] | None = None
) -> dict[str, LabelTable]:
    """Return how the values of each output that is no list occur together with the label.

    What a function of one column holds comes from the column's own table, which is the same whatever was fitted: so a
    refit does not look again at days that it knows. Only the others are computed row by row.

    Parameters
    ----------
    program
        A fitted program.
    label
        The label column of the samples; positive above 0. Rows without a label do not count.
    survey
        Answers a `Survey` from the samples.
    beside
        Columns of the samples, with their types, whose tables are wanted too; none is called as an output is.
    """
    types = {name: dtype for name, dtype in program.schema.items() if not dtype.is_nested()}
    exact = {name: not dtype.is_float() for name, dtype in types.items()}
    parts = _parts(program)
    sources = {name: source for name, part in parts.items() if (source := _source(part, label)) is not None}
    chains, standing = _apart(program.chains)
    wanted = {name: sources.get(name) or _request(standing[name], label, types[name]) for name in types}
    wanted |= {name: _request(name, label, dtype, exact=False) for name, dtype in (beside or {}).items()}
    answers = ask(survey, chains, list(wanted.values())) if wanted else []
    tables = {name: table for name, table in zip(wanted, answers, strict=True) if isinstance(table, LabelTable)}
    for name, source in sources.items():
        table = tables[name]
        column = parts[name].transform(pl.DataFrame({source.reads[0]: table.table["value"]}))[name]
        tables[name] = table.mapped(column, exact=exact[name])
    return tables


def _scores(program: Program, tables: Mapping[str, LabelTable]) -> dict[str, Score]:
    """Return the scores of the outputs that are no lists."""
    return {name: _score(tables[name], missing=_missing_slot(part)) for name, part in _parts(program).items()}


def _parts(program: Program) -> dict[str, Program]:
    """Return, for each output that is no list, the program that makes it alone."""
    names = [name for name, dtype in program.schema.items() if not dtype.is_nested()]
    return {name: Program.of(program.chains, program.inputs, [name]) for name in names}


def _apart(chains: Sequence[Chain]) -> tuple[list[Chain], dict[str, str]]:
    """Return chains that leave all columns of the samples as they are, and under which name each column then stands."""
    standing: dict[str, str] = {}
    apart = []
    for number, chain in enumerate(chains):
        register = f"{chain.into}@{number}"
        apart.append(replace(chain, into=register, reads=tuple(standing.get(name, name) for name in chain.reads)))
        standing[chain.into] = register
    return apart, standing


def _request(name: str, label: str, dtype: pl.DataType, *, exact: bool = True) -> Request:
    if dtype == pl.String:
        return Request(LabelTable(texts=True), (name, label), ("text", "number"))
    return Request(LabelTable(exact=exact and not dtype.is_float()), (name, label), "number")


def _missing_slot(part: Program) -> float | None:
    """Return the number that stands for missing in the one output of a program: 0 of a bin or an index, else null."""
    (dtype,) = part.schema.values()
    is_claim = any(isinstance(step, IsAmong | IsMissing) for step in part.chains[-1].steps[-1:])
    return 0.0 if dtype.is_integer() and not is_claim else None


def _source(part: Program, label: str) -> Request | None:
    """Return the request for the table of the one column that an output is made of, or ``None`` to look at the output.

    Many terms are counted only where a fit counts them anyway: a hash of them is looked at itself.
    """
    views: set[tuple[str, Kind]] = set()
    made: set[str] = set()
    for chain in part.chains:
        views |= {key for key in zip(chain.reads, chain.kinds, strict=True) if key[0] not in made}
        made.add(chain.into)
    if len(views) != 1:
        return None
    ((column, kind),) = views
    if pl.String() in part.schema.values() or not part.is_elementwise:
        return None
    if kind == "number":
        return Request(LabelTable(exact=False), (column, label), "number")
    if kind == "text" and any(step.tables() for chain in part.chains for step in chain.steps):
        return Request(LabelTable(texts=True), (column, label), ("text", "number"))
    return None


def _apply(rules: Sequence[Selector], scores: Mapping[str, Score]) -> dict[str, tuple[str, str]]:
    dropped: dict[str, tuple[str, str]] = {}
    for rule in rules:
        left = {name: score for name, score in scores.items() if name not in dropped}
        dropped |= {name: (rule.name, why) for name, why in rule.drops(left).items()}
    return dropped


def _score(table: LabelTable, *, missing: float | None) -> Score:
    if not table.rows:
        raise DataRefusedError("selection found no labelled row in the days it was fitted on; fit on other days.")
    return Score(
        missing_rate=table.rows_where(missing) / table.rows,
        distinct=table.distinct,
        mutual_information=table.mutual_information(),
    )
