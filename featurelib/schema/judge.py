"""Judge: Great Expectations decides whether the counted rules hold; we decide what follows."""

import os
import warnings
from collections.abc import Collection
from typing import Any

from featurelib.errors import DeclarationError, UsageError
from featurelib.schema.checks import NOTHING, Check, Expected, digest, plan_checks
from featurelib.schema.metrics import Metrics, Plain, Seen, plain, plain_row
from featurelib.schema.suite import expectation
from featurelib.schema.table import Table
from featurelib.schema.verdict import CheckResult, Status, Verdict, short

_BASIC = {"result_format": {"result_format": "BASIC", "partial_unexpected_count": 5}}
_NO_EXCEPTION = {"raised_exception": False, "exception_traceback": None, "exception_message": None}
_NULLS = "column_values.nonnull.unexpected_count"
_MAP_METRIC = {
    "not_null": "column_values.nonnull",
    "max_null": "column_values.nonnull",
    "absent": "column_values.null",
    "between": "column_values.between",
    "allowed": "column_values.in_set",
    "unique": "column_values.unique",
}


def judge(
    metrics: Metrics, table: type[Table], *, absent: Collection[str] = (), expected: Expected = NOTHING
) -> Verdict:
    """Judge the metrics of a table, or of a part of it.

    Parameters
    ----------
    metrics
        From `measure`, with the same ``table`` and ``absent``.
    table
        The declaration.
    absent
        As in `measure`.
    expected
        What freshness and volume are held against; without it they are not judged.

    Returns
    -------
    Verdict
        One result per check. A broken rule that says ``fail`` refuses the table; one that says ``quarantine``
        does so only if all rows set aside are more than the table's budget; one that says ``warn`` never does.
        Rules are judged over all rows measured, also those set aside; the minimum of rows counts only those
        that would be published.

    Raises
    ------
    UsageError
        If the metrics are of other checks, or the installed Great Expectations did not use our counts.
    DeclarationError
        If Great Expectations does not know the type of an expectation.

    Notes
    -----
    Great Expectations is imported here, which takes some seconds the first time. It judges an unknown type,
    a missing count and an empty frame as success; so every result must repeat the count that it was given, and
    the number of rows is itself a check.
    """
    checks = plan_checks(table, absent=absent, expected=expected)
    if (metrics.table, metrics.plan) != (table.__name__, digest(checks)):
        problem = (
            f"these metrics were measured for other checks than those of table {table.__name__}: measure again, "
            f"with the same table and the same absent={tuple(absent)!r}."
        )
        raise UsageError(problem)
    within = metrics.set_aside == 0 or metrics.set_aside / metrics.rows <= table.quarantine_budget
    _import_great_expectations()
    results = tuple(_result(check, metrics, _ask(check, metrics, table), within=within) for check in checks)
    return Verdict(
        table=table.__name__,
        version=table.version,
        owner=table.owner,
        rows=metrics.rows,
        set_aside=metrics.set_aside,
        budget=table.quarantine_budget,
        results=results,
    )


def _import_great_expectations() -> None:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # older versions report use to their makers
    with warnings.catch_warnings():
        # GX 1.24 imports two modules of the standard library under their old names.
        warnings.filterwarnings("ignore", "module 'sre_.*' is deprecated", DeprecationWarning)
        import great_expectations.expectations  # noqa: F401


def _ask(check: Check, metrics: Metrics, table: type[Table]) -> dict[str, Any]:
    """Return what Great Expectations says of one check, as plain JSON values."""
    from great_expectations.core import ExpectationValidationResult

    rule = _rule(check, table)
    said = rule._validate(metrics=_given(check, metrics), runtime_configuration=_BASIC, execution_engine=None)
    if not _repeats(check, metrics, said.get("result", {})):
        problem = (
            f"Great Expectations judged check {check.id} of table {table.__name__} without our count: it says "
            f"{said}. Install a version from 1.24 up to, but not including, 2."
        )
        raise UsageError(problem)
    judgement = ExpectationValidationResult(
        success=said["success"],
        expectation_config=rule.configuration,
        result=said["result"],
        exception_info=_NO_EXCEPTION,
    )
    plain_json: dict[str, Any] = judgement.to_json_dict()
    return plain_json


def _rule(check: Check, table: type[Table]) -> Any:
    """Return the expectation itself; a suite of GX would drop one of unknown type without a word."""
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import get_expectation_impl

    declared = expectation(check, table)
    try:
        kind = get_expectation_impl(declared.pop("type"))
    except ExpectationNotFoundError as error:
        problem = (
            f"table {table.__name__}: check {check.id} names the expectation {check.expectation!r}, which the "
            "installed Great Expectations does not know."
        )
        raise DeclarationError(problem) from error
    return kind(**declared.pop("kwargs"), **declared)


def _given(check: Check, metrics: Metrics) -> dict[str, Any]:
    """Return our counts under the names that the expectation reads; GX takes NaN for null."""
    rows, bad = metrics.rows, metrics.bad.get(check.id, 0)
    match check.kind:
        case "rows" | "volume":
            return {"table.row_count": _published(metrics)}
        case "freshness":
            return {"column.max": _newest(check, metrics)}
        case "columns":
            return {"table.columns": _present(metrics)}
        case _ if check.expectation == "unexpected_rows_expectation":
            return {"unexpected_rows_query.table": [], "unexpected_rows_query.row_count": bad}
        case "reference":
            name, missing = "column_values.in_set", metrics.unreferring[check.id]
        case "key":
            name = "column_values.unique" if len(check.columns) == 1 else "compound_columns.unique"
            missing = rows - metrics.keyed
        case _:
            name = _MAP_METRIC[check.kind]
            seen = metrics.seen.get(check.columns[0], Seen(nulls=rows))
            missing = seen.nulls + seen.nans
    return {
        "table.row_count": rows,
        _NULLS: missing,
        f"{name}.filtered_row_count": rows - missing,
        f"{name}.unexpected_count": bad,  # last: for a check of nulls this is the same name as _NULLS
        f"{name}.unexpected_values": _offenders(check, metrics),
    }


def _repeats(check: Check, metrics: Metrics, result: dict[str, Any]) -> bool:
    """Return whether the result holds the numbers that were given."""
    match check.kind:
        case "rows" | "volume":
            return bool(result.get("observed_value") == _published(metrics))
        case "freshness":
            return "observed_value" in result and result["observed_value"] == _newest(check, metrics)
        case "columns":
            return bool(result.get("observed_value") == sorted(_present(metrics)))
        case _ if check.expectation == "unexpected_rows_expectation":
            return bool(result.get("observed_value") == metrics.bad[check.id])
    echoed = result.get("element_count"), result.get("unexpected_count")
    return echoed == (metrics.rows, metrics.bad[check.id])


def _newest(check: Check, metrics: Metrics) -> Any:
    return metrics.seen[check.columns[0]].high


def _published(metrics: Metrics) -> int:
    return metrics.rows - metrics.set_aside


def _present(metrics: Metrics) -> list[str]:
    """Return the frame's columns but for those left out on purpose, which may be there as nulls."""
    return [name for name in metrics.columns if f"{name}.absent" not in metrics.bad]


def _offenders(check: Check, metrics: Metrics) -> list[Plain]:
    if len(check.columns) != 1:
        return []
    rows = metrics.examples.get(check.id, ())
    return [plain(row[check.columns[0]]) for row in rows if check.columns[0] in row]


def _result(check: Check, metrics: Metrics, gx: dict[str, Any], *, within: bool) -> CheckResult:
    success = bool(gx["success"])
    follows: dict[str, Status] = {
        "fail": "failed",
        "quarantine": "quarantined" if within else "failed",
        "warn": "warned",
    }
    return CheckResult(
        id=check.id,
        column=check.column,
        rule=check.rule,
        on_fail=check.on_fail,
        declared_at=check.declared_at,
        success=success,
        status="passed" if success else follows[check.on_fail],
        rows_bad=metrics.bad.get(check.id, 0),
        rows=metrics.rows,
        seen=_seen(check, metrics),
        examples=tuple(map(plain_row, metrics.examples.get(check.id, ()))),
        gx=gx,
    )


def _seen(check: Check, metrics: Metrics) -> str:
    match check.kind:
        case "rows" | "volume":
            aside = f", {metrics.set_aside:,} of them to quarantine" if metrics.set_aside else ""
            return f"{metrics.rows:,} rows{aside}"
        case "columns":
            return short(", ".join(metrics.columns), 200)
        case "key":
            return f"{metrics.surplus:,} rows beyond the first of their key" if metrics.surplus else ""
        case "max_null":
            return f"{metrics.bad[check.id] / metrics.rows:.10g} null" if metrics.rows else ""
        case "allowed" if check.id in metrics.values:
            most = sorted(metrics.values[check.id], key=lambda item: -item[1])[:5]
            return ", ".join(f"{short(plain(value))} ({n:,})" for value, n in most)
    ranges = [(name, metrics.seen[name]) for name in check.columns if name in metrics.seen]
    texts = [
        f"{name} {short(plain(seen.low))} .. {short(plain(seen.high))}" for name, seen in ranges if seen.low is not None
    ]
    return ", ".join(texts)
