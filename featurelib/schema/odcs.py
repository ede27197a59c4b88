"""ODCS: a table's declaration as a data contract of the Open Data Contract Standard, for catalogues and other tools."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import polars as pl

from featurelib.schema.arrow import arrow_type
from featurelib.schema.checks import Check, plan_checks
from featurelib.schema.column import OnFail
from featurelib.schema.limits import Drift
from featurelib.schema.suite import expectation
from featurelib.schema.table import Reference, Table

_VERSION = "v3.1.0"
_SEVERITY: dict[OnFail, str] = {"fail": "error", "quarantine": "warning", "warn": "info"}
_SHORTHAND = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DIMENSION = {
    "not_null": "completeness",
    "max_null": "completeness",
    "nan": "accuracy",
    "between": "accuracy",
    "allowed": "conformity",
    "unique": "uniqueness",
    "key": "uniqueness",
    "row": "consistency",
    "reference": "consistency",
    "rows": "completeness",
}


def to_odcs(table: type[Table]) -> dict[str, Any]:
    """Return the data contract of a table, version 3.1.0 of the standard, as plain JSON values.

    Parameters
    ----------
    table
        The declaration.

    Returns
    -------
    dict
        Rules that the standard has a metric for (nulls, allowed values, duplicates, rows) are ``library`` rules;
        the others are ``custom`` rules of Great Expectations, or, where no JSON tells them, a text. Each has the name
        of its check and a severity: ``error`` refuses a table, ``warning`` sets rows aside, ``info`` only reports. What
        the standard has no word for is in ``customProperties``. The same declaration gives the same contract.

    Notes
    -----
    Of types without a counterpart in the standard, a duration is a whole number of its unit, as Parquet stores it, and
    a column of nothing but null a text; the physical type says what they are.

    References
    ----------
    Bitol, LF AI & Data, Open Data Contract Standard v3.1.0 (2025).

    Examples
    --------
    >>> from featurelib.schema import Column
    >>> class Samples(Table):
    ...     key = ("id",)
    ...     id = Column(dtype=pl.Int64(), doc="Unique per impression.")
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", between=(0, None))
    >>> contract = to_odcs(Samples)
    >>> [column["name"] for column in contract["schema"][0]["properties"]]
    ['id', 'price']
    >>> contract["schema"][0]["properties"][1]["logicalTypeOptions"]
    {'format': 'f64', 'minimum': 0}
    """
    contract: dict[str, Any] = {
        "apiVersion": _VERSION,
        "kind": "DataContract",
        "id": str(uuid5(NAMESPACE_OID, f"featurelib/{table.__name__}/contract")),
        "name": table.__name__,
        "version": table.version,
        "status": "active",
        "description": {"purpose": inspect.cleandoc(table.__doc__ or "")},
        "schema": [_schema(table)],
    }
    if table.owner:
        contract["team"] = {"name": table.owner, "members": [{"username": table.owner, "role": "owner"}]}
    if table.freshness is not None:
        contract["slaProperties"] = [_latency(table, table.freshness)]
    return contract


def odcs_text(table: type[Table]) -> str:
    """Return the data contract of a table as YAML.

    Examples
    --------
    >>> from featurelib.schema import Column
    >>> class Samples(Table):
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", between=(0, None))
    >>> odcs_text(Samples).splitlines()[:2]
    ['apiVersion: v3.1.0', 'kind: DataContract']
    """
    import yaml

    return str(yaml.safe_dump(to_odcs(table), sort_keys=False, allow_unicode=True, width=120))


def _schema(table: type[Table]) -> dict[str, Any]:
    checks = plan_checks(table)
    schema = {
        "name": table.__name__,
        "logicalType": "object",
        "physicalType": "table",
        "description": (inspect.cleandoc(table.__doc__ or "").splitlines() or [""])[0],
        "properties": [_property(table, name, checks) for name in table.columns],
        "quality": [*_quality(table, [c for c in checks if _is_of_table(c)]), *_limits(table)],
        "customProperties": _custom(
            event_time=table.event_time,
            landing_time=table.landing_time,
            environments=list(table.environments),
            quarantine_budget=table.quarantine_budget,
            drift=_drift(table.drift),
        ),
    }
    if table.key:
        schema["dataGranularityDescription"] = f"One row per {', '.join(table.key)}."
    composite = [_relation(table, one) for one in table.references if len(one.columns) > 1 and _can_be_named(one)]
    return schema | ({"relationships": composite} if composite else {})


def _property(table: type[Table], name: str, checks: tuple[Check, ...]) -> dict[str, Any]:
    column = table.columns[name]
    told: dict[str, Any] = {
        "name": name,
        **_logical(column.dtype),
        "physicalType": str(arrow_type(column.dtype) or column.dtype),
    }
    options = dict(told.get("logicalTypeOptions", {}))
    if column.between is not None:
        low, high = column.between
        options |= {} if low is None else {"minimum": low}
        options |= {} if high is None else {"maximum": high}
    if options:
        told["logicalTypeOptions"] = options
    told |= {
        "description": column.doc,
        "required": not column.nullable,
        "unique": column.unique or table.key == (name,),
        "primaryKey": name in table.key,
        "primaryKeyPosition": table.key.index(name) + 1 if name in table.key else -1,
        "tags": [f"role:{column.role}", *([] if column.pii == "none" else [f"pii:{column.pii}"])],
    }
    if column.pii != "none":
        told["classification"] = column.pii
    related = [_relation(table, one) for one in table.references if one.columns == (name,) and _can_be_named(one)]
    if related:
        told["relationships"] = [{"type": "foreignKey", "to": one["to"]} for one in related]
    quality = _quality(table, [check for check in checks if check.columns == (name,) and not _is_of_table(check)])
    if quality:
        told["quality"] = quality
    custom = _custom(
        unit=column.unit,
        default=column.default,
        environments=list(column.environments) or None,
        nan=column.nan if column.dtype.is_float() else None,
        drift=None if column.drift is None else _drift(column.drift),
        source=column.source,
        epoch=column.epoch,
        zone=column.zone,
    )
    return told | ({"customProperties": custom} if custom else {})


def _logical(dtype: Any) -> dict[str, Any]:  # noqa: PLR0911  one case for each sort of type
    """Return the logical type of a polars type, with what belongs to it."""
    if dtype.is_integer():
        return {
            "logicalType": "integer",
            "logicalTypeOptions": {"format": str(dtype).lower().replace("nt", "").replace("ui", "u")},
        }
    if dtype in {pl.Float32(), pl.Float64()}:
        return {"logicalType": "number", "logicalTypeOptions": {"format": f"f{str(dtype)[-2:]}"}}
    if dtype.is_numeric():
        return {"logicalType": "number"}
    match dtype:
        case pl.Binary():
            return {"logicalType": "string", "logicalTypeOptions": {"format": "binary"}}
        case pl.Duration():
            return {"logicalType": "integer"}
        case pl.Boolean():
            return {"logicalType": "boolean"}
        case pl.Date():
            return {"logicalType": "date"}
        case pl.Time():
            return {"logicalType": "time"}
        case pl.Datetime():
            zone = {} if dtype.time_zone is None else {"defaultTimezone": dtype.time_zone}
            options = {"timezone": dtype.time_zone is not None, **zone}
            return {"logicalType": "timestamp", "logicalTypeOptions": options}
        case pl.List() | pl.Array():
            width = {"minItems": dtype.size, "maxItems": dtype.size} if isinstance(dtype, pl.Array) else {}
            told: dict[str, Any] = {"logicalType": "array", "items": _logical(dtype.inner)}
            return told | ({"logicalTypeOptions": width} if width else {})
        case pl.Struct():
            parts = [{"name": field.name, **_logical(field.dtype)} for field in dtype.fields]
            return {"logicalType": "object", "properties": parts}
    return {"logicalType": "string"}


def _quality(table: type[Table], checks: list[Check]) -> list[dict[str, Any]]:
    return [
        {
            "id": expectation(check, table)["id"],
            "name": check.id,
            "description": check.rule,
            "dimension": _DIMENSION[check.kind],
            "severity": _SEVERITY[check.on_fail],
            **_rule(check, table),
        }
        for check in checks
        if check.kind in _DIMENSION
    ]


def _rule(check: Check, table: type[Table]) -> dict[str, Any]:  # noqa: PLR0911  one case for each sort of rule
    column = None if check.column is None else table.columns[check.column]
    match check.kind:
        case "not_null":
            return _library("nullValues", mustBe=0)
        case "max_null":
            most = 100 * (column.max_null or 0) if column else 0
            return _library("nullValues", mustBeLessOrEqualTo=round(most, 10), unit="percent")
        case "allowed" if check.portable:
            arguments = {"validValues": list(column.allowed or ()) if column else []}
            return _library("invalidValues", mustBe=0, arguments=arguments)
        case "unique":
            return _library("duplicateValues", mustBe=0)
        case "key":
            return _library("duplicateValues", mustBe=0, arguments={"properties": list(table.key)})
        case "rows":
            return _library("rowCount", mustBeGreaterOrEqualTo=table.min_rows)
    if not check.portable:
        return {"type": "text"}
    told = expectation(check, table)
    implementation = {name: told[name] for name in ("type", "kwargs", "meta")}
    return {"type": "custom", "engine": "great-expectations", "implementation": implementation}


def _library(metric: str, **said: Any) -> dict[str, Any]:
    return {"type": "library", "metric": metric, **said}


def _limits(table: type[Table]) -> Iterator[dict[str, Any]]:
    """Yield in words what is held against the partitions before."""
    if table.volume is not None:
        limit, severity = table.volume, _SEVERITY[table.volume.on_alarm]
        text = f"rows within {limit.alarm:.0%} of the median of the last {limit.partitions} partitions"
        yield {"name": "volume", "description": text, "dimension": "coverage", "severity": severity, "type": "text"}


def _latency(table: type[Table], freshness: timedelta) -> dict[str, Any]:
    seconds = freshness.total_seconds()
    unit, value = "s", seconds
    for name, per in (("d", 86_400), ("h", 3600)):
        if seconds % per == 0:
            unit, value = name, seconds / per
            break
    return {
        "property": "latency",
        "value": int(value) if value == int(value) else value,
        "unit": unit,
        "element": f"{table.__name__}.{table.event_time}",
        "driver": "operational",
        "description": "How long before its end, or before now, the newest event of a partition may lie.",
    }


def _is_of_table(check: Check) -> bool:
    return check.kind in {"columns", "rows", "key", "row", "reference"}


def _can_be_named(reference: Reference) -> bool:
    """Return whether the standard can name all columns of a reference."""
    names = [reference.table, *(name for pair in reference.pairs for name in pair)]
    return all(_SHORTHAND.fullmatch(name) for name in names)


def _relation(table: type[Table], reference: Reference) -> dict[str, Any]:
    here = [f"{table.__name__}.{name}" for name, _ in reference.pairs]
    there = [f"{reference.table}.{at}" for _, at in reference.pairs]
    both = (here, there) if len(here) > 1 else (here[0], there[0])
    return {"type": "foreignKey", "from": both[0], "to": both[1]}


def _drift(drift: Drift) -> dict[str, Any]:
    told = {field.name: getattr(drift, field.name) for field in fields(drift)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


def _custom(**said: Any) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in said.items() if value is not None]
