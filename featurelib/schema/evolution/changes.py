"""Changes: what differs between two declarations of a table, each with what it does."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from featurelib.schema.declaration import Declaration, Plain
from featurelib.schema.dtypes import dtype_from_plain
from featurelib.schema.evolution.columns import COLUMN_RULES, added_column, removed_column
from featurelib.schema.evolution.judgement import BUMPS, Bump, Judgement, Rule, Sides
from featurelib.schema.evolution.tables import CHECK_RULES, REFERENCE_RULES, TABLE_RULES, added_rule, removed_rule
from featurelib.schema.verdict import short

Judge = Callable[[Plain], Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two declarations of a table.

    Parameters
    ----------
    where
        What changed: ``min_rows``, ``price`` (a column that came or went), ``price.between``, ``checks.<id>``.
    what
        How, for people: ``0 to 10, was 0 to 5``.
    judgement
        What it does.
    """

    where: str
    what: str
    judgement: Judgement

    def to_json(self) -> dict[str, Any]:
        """Return the change as plain JSON values."""
        return {"where": self.where, "what": self.what, **asdict(self.judgement)}

    def text(self) -> str:
        """Return the change as one line, and one for the reason."""
        judged = self.judgement
        broken = f"breaks {' and '.join(judged.breaks)}" if judged.breaks else "breaks nobody"
        effect = "" if judged.effect == "neither" else f"{_DONE[judged.effect]}, "
        return f"  {judged.bump:<5}  {self.where}: {self.what}\n         {effect}{broken}: {judged.why}"


_DONE = {"loosens": "loosens", "tightens": "tightens", "both": "loosens and tightens"}


def changes_between(before: Declaration, after: Declaration) -> tuple[Change, ...]:
    """Return what differs between two declarations of a table, the table first, then columns, checks and references.

    The order of columns, of a key's columns and of allowed values is free: nothing depends on it. Versions are not
    compared.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.schema import Column, Table
    >>> def declared(**limits):
    ...     columns = {"price": Column(dtype=pl.Float64(), doc="Listed price.", **limits)}
    ...     return Declaration.of(type("Samples", (Table,), columns))
    >>> (change,) = changes_between(declared(between=(0, None)), declared(between=(0, 100)))
    >>> print(change.text())
      major  price.between: 0 to 100, was 0 or more
             tightens, breaks old data: rows written before may break it
    """
    tables = before, after
    return (
        *_fields("", before.said, after.said, TABLE_RULES, tables),
        *_columns(tables),
        *_rules("checks.", before.checks, after.checks, CHECK_RULES, tables),
        *_rules("references.", before.references, after.references, REFERENCE_RULES, tables),
    )


def needed_bump(changes: tuple[Change, ...]) -> Bump | None:
    """Return the step of the version that all changes together need; None without any."""
    return max((change.judgement.bump for change in changes), key=BUMPS.index, default=None)


def _columns(tables: tuple[Declaration, Declaration]) -> Iterator[Change]:
    before, after = tables[0].columns, tables[1].columns
    renamed = dict(_renamed(before, after))
    for name, column in before.items():
        if name not in after:
            hint = f"; probably renamed to {renamed[name]}: same type and doc" if name in renamed else ""
            yield Change(where=name, what=f"column removed{hint}", judgement=removed_column(column))
        else:
            yield from _fields(f"{name}.", column, after[name], COLUMN_RULES, tables)
    origins = {new: old for old, new in renamed.items()}
    for name, column in after.items():
        if name not in before:
            hint = f"; probably {origins[name]} under another name" if name in origins else ""
            what = f"column added, {_shown('dtype', column['dtype'])}{hint}"
            yield Change(where=name, what=what, judgement=added_column(column))


def _renamed(before: Mapping[str, Plain], after: Mapping[str, Plain]) -> Iterator[tuple[str, str]]:
    """Yield columns that went and came with the same type and doc, unless several did: then nobody can tell."""
    gone = _by_meaning({name: column for name, column in before.items() if name not in after})
    come = _by_meaning({name: column for name, column in after.items() if name not in before})
    for meaning, names in gone.items():
        if len(names) == 1 == len(come.get(meaning, [])):
            yield names[0], come[meaning][0]


def _by_meaning(columns: Mapping[str, Plain]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, column in columns.items():
        found.setdefault(_text([column["dtype"], column.get("doc")]), []).append(name)
    return found


def _rules(
    prefix: str,
    before: Mapping[str, Plain],
    after: Mapping[str, Plain],
    rules: Mapping[str, Rule],
    tables: tuple[Declaration, Declaration],
) -> Iterator[Change]:
    for name, rule in before.items():
        if name not in after:
            yield Change(where=f"{prefix}{name}", what="removed", judgement=removed_rule(rule))
        else:
            yield from _fields(f"{prefix}{name}.", rule, after[name], rules, tables)
    for name, rule in after.items():
        if name not in before:
            yield Change(where=f"{prefix}{name}", what=f"added, {_shown('', rule)}", judgement=added_rule(rule))


def _fields(
    prefix: str, before: Plain, after: Plain, rules: Mapping[str, Rule], tables: tuple[Declaration, Declaration]
) -> Iterator[Change]:
    sides = Sides(before, after, tables)
    for name, rule in rules.items():
        old, new = sides.both(name)
        if _text(old) != _text(new):
            what = _what(name, old, new)
            yield Change(where=f"{prefix}{name}", what=what, judgement=rule(sides))


def _text(plain: Any) -> str:
    return json.dumps(plain, sort_keys=True)  # NOTE: 1 == True, but no reader takes the one for the other


def _what(name: str, old: Any, new: Any) -> str:
    if name != "between" and isinstance(old, list) and isinstance(new, list):
        come = [str(each) for each in new if each not in old]
        gone = [str(each) for each in old if each not in new]
        return "; ".join(f"{word} {short(', '.join(each))}" for word, each in (("adds", come), ("drops", gone)) if each)
    if isinstance(old, dict) and isinstance(new, dict) and name != "dtype":
        return ", ".join(
            f"{part} {_shown(part, new.get(part))} (was {_shown(part, old.get(part))})"
            for part in {**old, **new}
            if old.get(part) != new.get(part)
        )
    return f"{_shown(name, new)}, was {_shown(name, old)}"


def _shown(name: str, value: Any) -> str:  # noqa: PLR0911  one case for each sort of value
    if name == "dtype":
        return short(str(dtype_from_plain(value)))
    match value:
        case None:
            return "not said"
        case [low, high] if name == "between":
            return (
                f"{low} to {high}" if None not in {low, high} else f"{low} or more" if high is None else f"up to {high}"
            )
        case list():
            return short(", ".join(map(str, value)))
        case dict():
            return short(", ".join(f"{part} {_shown(part, each)}" for part, each in value.items()))
        case str() if name == "doc":
            return f"'{short(value)}'"
    return short(value)
