"""Columns: what it means that one comes, goes, or is declared otherwise; one rule for each field."""

from typing import Any

from featurelib.schema.declaration import Plain
from featurelib.schema.dtypes import dtype_from_plain, holds
from featurelib.schema.evolution.judgement import (
    ADDS,
    BOTH,
    LOOSENS,
    MEANING,
    READERS,
    TIGHTENS,
    WORDS,
    Judgement,
    Rule,
    Sides,
    compared,
    incomparable,
    names,
    on_fail_of,
    promise,
    rule_of,
    stated,
    together,
)
from featurelib.schema.evolution.limits import column_drift, limits_of

_FOUND_BY_ROLE = {"feature", "label", "weight"}
_PII = ("none", "pseudonymous", "personal")
_NEVER_NULL = -1.0  # stricter than any share


def added_column(column: Plain) -> Judgement:
    """Judge a column more: rows written before have null there."""
    if promise(column, _null_share) is None:
        return ADDS.because("rows written before have null there; files of a log that lack it need optional=True")
    return TIGHTENS.because("rows written before have null there: declare it nullable, or build them again")


def removed_column(column: Plain) -> Judgement:
    """Judge a column less: who names it finds it no more."""
    judged = READERS if promise(column, _null_share) is None else LOOSENS
    return judged.because("readers that name it find it no more")


def _null_share(column: Plain) -> float | None:
    """Return the largest share of nulls; None for any."""
    if not column.get("nullable"):
        return _NEVER_NULL
    share = column.get("max_null")
    return None if share is None or share >= 1 else float(share)


def _nullable(sides: Sides) -> Judgement:
    return compared(*sides.promises(_null_share), wider=lambda one, other: bool(one >= other))


def _max_null(sides: Sides) -> Judgement:
    before, after = sides.both("nullable")
    return _nullable(sides) if before == after else WORDS.because("follows from nullable")


def _dtype(sides: Sides) -> Judgement:
    before, after = (dtype_from_plain(said) for said in sides.both("dtype"))
    exact = "types are compared exactly, and a stored table is made anew"
    looser, tighter = holds(after, before), holds(before, after)
    if looser and not tighter:
        return LOOSENS.because(f"not every new value fits the old type; {exact}")
    if tighter and not looser:
        return TIGHTENS.because(f"not every old value fits the new type; {exact}")
    return BOTH.because(f"neither type holds the values of the other; {exact}")


def _contains(one: list[float | None], other: list[float | None]) -> bool:
    low = one[0] is None or (other[0] is not None and one[0] <= other[0])
    high = one[1] is None or (other[1] is not None and one[1] >= other[1])
    return low and high


def _forbids_nan(column: Plain) -> bool | None:
    return True if column["nan"] == "error" and dtype_from_plain(column["dtype"]).is_float() else None


def _on_fail(sides: Sides) -> Judgement:
    before, after = (_rules(column) for column in (sides.before, sides.after))
    shared = before.keys() & after.keys()
    return on_fail_of(sides, unchanged=any(before[name] == after[name] for name in shared), shared=bool(shared))


def _rules(column: Plain) -> dict[str, Any]:
    """Return the rules on which ``on_fail`` decides."""
    said = {
        "between": column.get("between"),
        "allowed": column.get("allowed"),
        "unique": column.get("unique"),
        "nan": _forbids_nan(column),
        "nulls": _null_share(column),
    }
    return {name: value for name, value in said.items() if value is not None}


def _role(sides: Sides) -> Judgement:
    if _FOUND_BY_ROLE & set(sides.both("role")):
        return READERS.because("trainers find inputs, labels and weights by their role")
    return ADDS.because("no reader finds columns by these roles")


def _environments(sides: Sides) -> Judgement:
    before, after = (
        set(column.get("environments") or table.said["environments"])
        for column, table in zip((sides.before, sides.after), sides.tables, strict=True)
    )
    gone = removed_column(sides.before).because(f"readers in {names(before - after)} lose it")
    come = added_column(sides.after).because(f"rows written before lack it in {names(after - before)}")
    if before - after and after - before:
        return together(gone, come, f"{gone.why}; {come.why}")
    return gone if before - after else come if after - before else WORDS.because("it is in the same environments")


def _pii(sides: Sides) -> Judgement:
    before, after = (_PII.index(said) for said in sides.both("pii"))
    if after > before:
        return READERS.because("not every reader may read what tells of a person")
    return ADDS.because("whoever might read it still may")


def _optional(sides: Sides) -> Judgement:
    if sides.after.get("optional"):
        return LOOSENS.because("raw files may lack the column, which the old declaration refuses")
    return TIGHTENS.because("raw files that lack the column are refused")


def _read_as(name: str) -> Rule:
    def judge(sides: Sides) -> Judgement:
        before, after = sides.both(name)
        if before is None:
            return LOOSENS.because("raw files may hold what the old declaration refuses")
        if after is None:
            return TIGHTENS.because("raw values that were read are refused")
        return MEANING.because("the same raw value is read as another instant")

    return judge


COLUMN_RULES: dict[str, Rule] = {
    "dtype": _dtype,
    "doc": lambda _: WORDS,
    "unit": stated("unit", first=WORDS.because("it says what was not said before")),
    "nullable": _nullable,
    "nan": lambda sides: compared(*sides.promises(_forbids_nan), wider=incomparable),
    "between": rule_of("between", _contains),
    "allowed": rule_of("allowed", lambda one, other: set(one) >= set(other)),
    "max_null": _max_null,
    "unique": rule_of("unique", incomparable),
    "on_fail": _on_fail,
    "role": _role,
    "default": stated("default"),
    "environments": _environments,
    "pii": _pii,
    "drift": limits_of(column_drift),
    "source": lambda _: BOTH.because("raw files name the column otherwise"),
    "optional": _optional,
    "epoch": _read_as("epoch"),
    "zone": _read_as("zone"),
}
