"""Suite: a table's checks as a Great Expectations suite, the same text every time."""

from collections.abc import Collection
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from featurelib.schema.checks import Check, plan_checks
from featurelib.schema.column import OnFail
from featurelib.schema.table import Table

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
        the suite of a changed table differs only where the table does. Rules that GX has no type for (NaN, and
        rules over several columns) are SQL queries, which GX's pandas engine cannot run.

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
    return {
        "name": table.__name__,
        "id": _stable_id(table, ""),
        "meta": {"table": table.__name__, "version": table.version, "owner": table.owner},
        "expectations": [expectation(check, table) for check in plan_checks(table, absent=absent)],
    }


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
