"""Suite: a table's checks as a Great Expectations suite, the same text every time."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from featurelib.schema.checks import Check, Kind, plan_checks
from featurelib.schema.column import OnFail
from featurelib.schema.table import Table

_WHY: dict[Kind, str] = {
    "row": "the rule is a polars expression without a text in SQL",
    "allowed": "JSON has no word for some of the values",
    "reference": "Great Expectations has no share of rows for a query",
    "volume": "the limit is that of one partition, by those before it or its end",
}
_SEVERITY: dict[OnFail, str] = {"fail": "critical", "quarantine": "warning", "warn": "info"}


def suite(table: type[Table], *, absent: Collection[str] = ()) -> dict[str, Any]:
    """Return the suite as plain JSON values, for ``great_expectations.ExpectationSuite(**suite(table))``.

    Parameters
    ----------
    table
        The declaration.
    absent
        As in `plan_checks`.

    Returns
    -------
    dict
        Name, id, metadata and one expectation per check. Ids depend on the names of table and check alone, so
        the suite of a changed table differs only where the table does. Rules that GX has no type for (NaN, rules
        over several columns, references) are SQL queries, which GX's pandas engine cannot run. Rules that no other
        tool could run by the JSON alone are left out and listed, with the reason, in ``meta["left_out"]``.

    Raises
    ------
    ColumnMissingError, UsageError
        As `plan_checks`.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.schema.column import Column
    >>> class Samples(Table):
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", between=(0, None))
    >>> between = suite(Samples)["expectations"][-1]
    >>> between["kwargs"], between["severity"]
    ({'column': 'price', 'min_value': 0, 'max_value': None}, 'critical')
    """
    checks = plan_checks(table, absent=absent)
    left_out = [{"check": c.id, "rule": c.rule, "why": _WHY[c.kind]} for c in checks if not c.portable]
    left_out += [{"check": name, "rule": rule, "why": _WHY["volume"]} for name, rule in _of_the_day(table)]
    return {
        "name": table.__name__,
        "id": _stable_id(table, ""),
        "meta": {"table": table.__name__, "version": table.version, "owner": table.owner, "left_out": left_out},
        "expectations": [expectation(check, table) for check in checks if check.portable],
    }


def _of_the_day(table: type[Table]) -> Iterator[tuple[str, str]]:
    """Yield the rules whose limits differ from one partition to the next."""
    if table.volume is not None:
        yield "volume", f"rows within {table.volume.alarm:.0%} of those that are usual"
    if table.freshness is not None:
        yield "freshness", f"newest {table.event_time} at most {table.freshness} before the end of the partition"


def expectation(check: Check, table: type[Table]) -> dict[str, Any]:
    """Return one check as the JSON of a GX expectation; ``meta`` says which check it is, and whom to ask."""
    severity = _SEVERITY[check.on_fail]
    return {
        "type": check.expectation,
        "kwargs": dict(check.kwargs),
        "id": _stable_id(table, check.id),
        "severity": severity,
        "meta": {
            "check": check.id,
            "rule": check.rule,
            "owner": table.owner,
            "on_fail": check.on_fail,
            "severity": severity,
        },
    }


def _stable_id(table: type[Table], check: str) -> str:
    return str(uuid5(NAMESPACE_OID, f"featurelib/{table.__name__}/{check}"))
