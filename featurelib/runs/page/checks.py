"""Checks: what each rule came to over all partitions, and what was printed of those that failed."""

import json
from collections.abc import Iterable, Iterator

import polars as pl

from featurelib import report as told
from featurelib.ledger import Failures
from featurelib.report.words import cut
from featurelib.runs.features import dropped_features, judged_in_builds
from featurelib.runs.page.gathered import LONGEST, Gathered
from featurelib.schema.checks import Check, plan_checks
from featurelib.tables import Partition, VersionedTable

STATUS = {"failed": 3, "quarantined": 2, "warned": 1, "passed": 0}
"""How bad the statuses of a check are."""


def check_lines(gathered: Gathered) -> Iterator[told.CheckLine]:
    """Yield each rule of the feature table, the broken ones with an example; nothing where no features are built."""
    rules, owner = rules_of(gathered), gathered.pipeline.table.owner
    if not gathered.featured:
        return
    for check_id, where in gathered.broken.items():
        last = max(where)
        check = rules.get(check_id)
        yield told.CheckLine(
            id=check_id,
            rule=check.rule if check else "a rule of the partition, such as its volume",
            status=max((one["status"] for one in where.values()), key=lambda status: STATUS[status]),
            rows_bad=sum(one["rows_bad"] for one in where.values()),
            partitions_bad=len(where),
            seen=where[last]["seen"],
            example="" if check is None else _example(gathered, check, last, where[last]["status"]),
            since=_since(gathered, where),
            owner=owner,
            declared_at=check.declared_at if check else "",
        )
    for check_id, check in rules.items():
        if check_id not in gathered.broken:
            yield told.CheckLine(id=check_id, rule=check.rule, status="passed", declared_at=check.declared_at)


def rules_of(gathered: Gathered) -> dict[str, Check]:
    """Return the rules by which builds judge the feature table, by id."""
    absent = () if gathered.program is None else dropped_features(gathered.pipeline, gathered.program)
    return {check.id: check for check in plan_checks(judged_in_builds(gathered.pipeline.table), absent=absent)}


def _since(gathered: Gathered, where: Iterable[Partition]) -> str:
    """Return, in words, since when a check is broken: the last partitions in a row that break it."""
    there, bad = sorted(gathered.featured), set(where)
    last = max(bad)
    first = last
    for partition in reversed([one for one in there if one <= last]):
        if partition not in bad:
            break
        first = partition
    if last != there[-1]:
        return f"last in {last}, not after"
    row = sum(first <= partition <= last for partition in there)
    return f"since {first} ({gathered.several(row)})"


def _example(gathered: Gathered, check: Check, partition: Partition, status: str) -> str:
    """Return a row that breaks a check, in words: its key, and the columns that the check reads."""
    table = gathered.pipeline.table
    shown = list(dict.fromkeys([*table.key, *check.columns]))
    if check.kind in {"key", "rows", "columns"}:
        return ""
    if status == "quarantined":
        place = gathered.workspace.table(gathered.pipeline.name, "quarantine_features")
        rows = VersionedTable.open(place).scan(partitions=[partition])
        found = rows.filter(pl.col("reasons").list.contains(check.id)).select("row").sort("row").head(1).collect()
        row = json.loads(found.item()) if len(found) else {}
    else:
        live = gathered.features.live
        found = (
            live.scan([partition]).filter(check.breaks).select(shown).sort(shown).head(1).collect()
            if live
            else pl.DataFrame()
        )
        row = found.row(0, named=True) if len(found) else {}
    values = {name: "(private)" if gathered.pipeline.is_private(name) else cut(str(row[name]), LONGEST) for name in row}
    return " ".join(f"{name}={values[name]}" for name in shown if name in values)


def failure_texts(gathered: Gathered) -> Iterator[told.Failure]:
    """Yield what was printed of the partitions that could not be built, once for all with one cause."""
    failures = Failures(gathered.workspace.pipeline(gathered.pipeline.name))
    for table in ("samples", "features"):
        recorded = failures.read(table)
        alike: dict[tuple[str, str], list[Partition]] = {}
        for entry in gathered.found.entries:
            if entry.table == table and entry.state == "failed" and entry.partition in recorded:
                failure = recorded[entry.partition]
                alike.setdefault((failure["error"], failure["message"]), []).append(entry.partition)
        for (error, message), of in alike.items():
            at = max(recorded[partition]["at"] for partition in of)[:16].replace("T", " ")
            which = f"{of[0]}" if len(of) == 1 else f"{gathered.several(len(of))}, {of[0]} .. {of[-1]}"
            yield told.Failure(f"{table} of {which}, tried {at} UTC: {error}", message)
