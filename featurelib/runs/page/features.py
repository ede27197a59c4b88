"""Features: what selection decided of each, how it is distributed and how it moved; label rates; days."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from featurelib import report as told
from featurelib.report.words import count
from featurelib.runs.page.gathered import Gathered, Moved
from featurelib.schema.edges import HOUR
from featurelib.schema.findings import Finding, worst_first

_RATES, _VALUES = 8, 26  # pictures of label rates; values of a column that has one
_LEVELS: Mapping[str, told.Level] = {"alarm": "bad", "watch": "watch"}
_PLACES = ("position", "slot", "rank", "place")


def feature_lines(gathered: Gathered, moved: Moved | None) -> Iterator[told.Feature]:
    """Yield each declared feature, with its profile where it is made and measured."""
    pipeline = gathered.pipeline
    decisions = {one["feature"]: one for one in gathered.decisions}
    made_by = {name: _made_by(operator) for operator in pipeline.features for name in operator.makes}
    measured = {} if moved is None else {row["column"]: row for row in moved.whole.columns.iter_rows(named=True)}
    for name in pipeline.feature_names:
        column, decision = pipeline.table.columns[name], decisions.get(name)
        score = (decision or {}).get("score") or {}
        feature = told.Feature(
            name=name,
            doc=column.doc,
            unit=column.unit,
            made_by=made_by[name],
            kept=None if decision is None else decision["kept"],
            rule="" if decision is None else decision["rule"],
            why="" if decision is None else decision["why"],
            mutual_information=score.get("mutual_information"),
            distinct=score.get("distinct"),
        )
        is_measured = moved is not None and name in measured and bool(feature.kept)
        yield _with_profile(feature, measured[name], gathered, moved) if moved and is_measured else feature


def _made_by(operator: Any) -> str:
    return repr(getattr(operator, "transform", operator))


def _with_profile(feature: told.Feature, row: Mapping[str, Any], gathered: Gathered, moved: Moved) -> told.Feature:
    name, before = feature.name, moved.baseline.profile
    column, labelled = gathered.pipeline.table.columns[name], moved.edges.label is not None
    drift_limits = column.drift or gathered.pipeline.table.drift
    by_day = moved.findings.get(name, {})
    last = [finding for one in moved.last.days for finding in one.findings if finding.column == name]
    loud = [finding for finding in worst_first(last) if finding.level in {"alarm", "watch"}]
    bad_days = [day for day, of in by_day.items() if any(f.level in {"alarm", "watch"} for f in of)]
    level = _LEVELS[loud[0].level] if loud else "good"
    says = [finding.text() for finding in loud]
    if bad_days:
        says.append(f"Beyond a limit against the baseline on {len(bad_days)} of {len(moved.found.days)} days.")
    skipped = [f for of in by_day.values() for f in of if f.measure == "psi" and f.level == "skipped"]
    if skipped:
        says.append(f"Drift is not told for {_days(len(skipped))}: {skipped[0].why}.")
    psi = [_psi(by_day.get(str(day), ())) for day in gathered.days]
    limit = drift_limits.psi[0] if drift_limits.psi else math.inf
    usual = [one for one in psi if one is not None and one.level == "ok" and one.why and (one.value or 0) > limit]
    if usual:
        says.append(f"PSI is above its limit on {_days(len(usual))} and fine: {usual[-1].why}.")
    both_labels = 0 < sum(row["positives"]) < sum(row["labelled"])
    return replace(
        feature,
        cells=gathered.names(name, moved.edges),
        now=tuple(row["labelled"] if labelled else row["counts"]),
        before=before.counts(name),
        rates=moved.whole.label_rates(name) if labelled else (),
        missing=moved.whole.null_rate(name),
        missing_before=before.null_rate(name),
        coverage=moved.whole.coverage(name) if column.default is not None else None,
        auc=moved.whole.auc(name) if both_labels else None,
        drift=tuple(None if one is None else one.value for one in psi),
        judged=tuple("good" if one is None else _LEVELS.get(one.level, "good") for one in psi),
        watch=drift_limits.psi[0] if drift_limits.psi else None,
        alarm=drift_limits.psi[1] if drift_limits.psi else None,
        level=level,
        says=tuple(says),
    )


def _days(number: int) -> str:
    return count(number, "day")


def _psi(findings: Iterable[Finding]) -> Finding | None:
    return next((one for one in findings if one.measure == "psi" and one.level != "skipped"), None)


def day_lines(gathered: Gathered, moved: Moved | None) -> Iterator[told.Day]:
    """Yield the days that have features, with their rows and labels."""
    rows = Counter[date]()
    for partition in gathered.featured:
        rows[partition.dt] += gathered.features.rows.get(partition, 0)
    for day in gathered.days:
        profile = None if moved is None else moved.by_day.get(day)
        labelled, positives = (0, 0) if profile is None else (profile.labelled, profile.positives)
        yield told.Day(str(day), rows[day], labelled, positives)


def label_rates(gathered: Gathered, moved: Moved) -> Iterator[told.Rates]:
    """Yield label rates of few values: by hour, by places in a list, by columns that are no features, by the others.

    Features go by what they tell about the label; a bucket of a hash has no name, and is left out.
    """
    label = moved.edges.label
    if label is None:
        return
    told_by = {one["feature"]: one["score"] or {} for one in gathered.decisions}

    def rank(row: Mapping[str, Any]) -> tuple[bool, bool, bool, float, str]:
        name = row["column"]
        score = told_by.get(name, {}).get("mutual_information", 0.0)
        return name != HOUR, not any(place in name for place in _PLACES), name in told_by, -score, name

    shown = 0
    for row in sorted(moved.whole.columns.iter_rows(named=True), key=rank):
        name = row["column"]
        counts = zip(gathered.names(name, moved.edges), row["labelled"], row["positives"], strict=True)
        values = tuple(told.Rate(*counted) for counted in counts if counted[1])
        is_few = moved.edges.bins[name].kind == "categories" and 1 < len(values) <= _VALUES
        if is_few and name not in gathered.hashed and shown < _RATES:
            shown += 1
            if name == HOUR:
                values = tuple(replace(one, name=one.name.zfill(2)) for one in values)
            yield told.Rates(name, label, values)
