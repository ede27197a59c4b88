"""Tables: what it means that something about a table as a whole, or a rule over several columns, changes."""

import polars as pl

from featurelib.schema.declaration import Declaration, Plain
from featurelib.schema.evolution.judgement import (
    ADDS,
    BOTH,
    LOOSENS,
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
    rule_of,
    stated,
)
from featurelib.schema.evolution.limits import limits_of


def added_rule(rule: Plain) -> Judgement:
    """Judge a row check or reference more."""
    return WORDS.because("it only warns") if rule["on_fail"] == "warn" else TIGHTENS


def removed_rule(rule: Plain) -> Judgement:
    """Judge a row check or reference less."""
    return WORDS.because("it only warned") if rule["on_fail"] == "warn" else LOOSENS


def _key(sides: Sides) -> Judgement:
    before, after = (
        set(said) if said and _is_held(said, table) else None
        for said, table in zip(sides.both("key"), sides.tables, strict=True)
    )
    judged = compared(before, after, wider=lambda one, other: bool(one >= other))
    return judged if judged is WORDS else judged.because(f"other columns tell rows apart; {judged.why}")


def _is_held(key: list[str], table: Declaration) -> bool:
    return any(table.columns[name]["on_fail"] != "warn" for name in key)


def _min_rows(sides: Sides) -> Judgement:
    before, after = sides.both("min_rows")
    if after > before:
        return TIGHTENS.because("partitions written before may have fewer rows")
    return LOOSENS.because("readers may meet partitions with fewer rows")


def _quarantine_budget(sides: Sides) -> Judgement:
    before, after = sides.both("quarantine_budget")
    if after < before:
        return TIGHTENS.because("a day that set more rows aside is refused when it is built again")
    return Judgement("loosens", (), "minor", "published rows keep the same rules; more may be set aside")


def _freshness(sides: Sides) -> Judgement:
    before, after = sides.both("freshness")
    if after is None or (before is not None and after > before):
        return LOOSENS.because("readers may get older events than they were promised")
    return Judgement("tightens", (), "minor", "a partition is held to it when it is built, not afterwards")


def _environments(sides: Sides) -> Judgement:
    before, after = (set(said) for said in sides.both("environments"))
    if before - after:
        return READERS.because(f"readers in {names(before - after)} lose the table")
    return ADDS.because("nobody reads it there yet")


def _is_same_rule(before: str, after: str) -> bool:
    try:
        return before == after or pl.sql_expr(before).meta.eq(pl.sql_expr(after))
    except pl.exceptions.PolarsError:  # the text of an expression that SQL cannot say
        return False


def _row_rule(sides: Sides) -> Judgement:
    if _is_same_rule(*sides.both("rule")):
        return WORDS.because("it is the same rule")
    return rule_of("rule", incomparable)(sides)


TABLE_RULES: dict[str, Rule] = {
    "doc": lambda _: WORDS,
    "owner": lambda _: WORDS,
    "key": _key,
    "event_time": stated("event_time"),
    "landing_time": stated("landing_time"),
    "min_rows": _min_rows,
    "quarantine_budget": _quarantine_budget,
    "freshness": _freshness,
    "volume": limits_of(lambda sides: sides.both("volume")),
    "drift": limits_of(lambda sides: sides.both("drift")),
    "environments": _environments,
}
CHECK_RULES: dict[str, Rule] = {
    "rule": _row_rule,
    "on_fail": lambda sides: on_fail_of(sides, unchanged=_is_same_rule(*sides.both("rule"))),
}
REFERENCE_RULES: dict[str, Rule] = {
    "columns": lambda _: BOTH,
    "to": rule_of("to", incomparable),
    "at": rule_of("at", incomparable),
    "max_missing": rule_of("max_missing", lambda one, other: bool(one >= other)),
    "on_fail": on_fail_of,
}
