"""Decision: what became of each feature, by which rule, with which scores."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from featurelib.errors import DataRefusedError
from featurelib.fitting import LabelTable, Request, Survey
from featurelib.fitting.fit import Surveyor
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
        Its scores, whatever was decided.
    """

    feature: str
    kept: bool
    rule: str
    why: str
    score: Score

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return asdict(self)


def decide(program: Program, label: str, rules: Sequence[Selector], survey: Surveyor) -> list[Decision]:
    """Decide for each output of a program whether it stays, in the order of the outputs.

    Parameters
    ----------
    program
        A fitted program.
    label
        The label column of the samples; positive above 0. Rows without a label do not count.
    rules
        Applied in order, each to the features that the ones before it left.
    survey
        Answers a `Survey` from the samples.

    Raises
    ------
    DataRefusedError
        If there is no labelled row, or the rules would drop every feature.
    """
    exact = {name: not dtype.is_float() for name, dtype in program.schema.items()}
    requests = [Request(LabelTable(exact=exact[name]), (name, label), "number") for name in program.outputs]
    answers = survey(Survey(program.chains, tuple(requests)))
    tables = {
        name: table for name, table in zip(program.outputs, answers, strict=True) if isinstance(table, LabelTable)
    }
    scores = {name: _score(table, missing=0.0 if exact[name] else None) for name, table in tables.items()}
    dropped = _apply(rules, scores)
    if len(dropped) == len(scores):
        raise DataRefusedError(
            f"selection dropped all {len(scores)} features, the first because it {next(iter(dropped.values()))[1]}; "
            "fit on more days, or relax the rules."
        )
    return [
        Decision(name, name not in dropped, *dropped.get(name, ("", "")), score=score) for name, score in scores.items()
    ]


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
