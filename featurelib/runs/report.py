"""Report: what a build made, and how to read it, told from what is stored."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from featurelib.ledger import STATES, Plan, State, fitted
from featurelib.ledger.stored import Stored
from featurelib.pipeline import Pipeline
from featurelib.program import versions
from featurelib.runs.drift import drift_of_build
from featurelib.samples import RowCounts
from featurelib.tables import Partition
from featurelib.workspace import Workspace

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Report:
    """What lies in a pipeline's tables for some partitions.

    Attributes
    ----------
    pipeline, partitions
        Of what.
    built
        Partitions of samples and of features that this run built; both 0 when nothing was due.
    states
        How many partitions of samples and of features are in which state after it, as ``complete``.
    awaited
        In words: which complete samples were built without files that may still land, and which.
    refit
        In words: whether the program was fitted on samples that were built anew since, and how to fit again.
    logs
        Rows of each log, and of the stage that makes samples of them: in, kept, dropped by reason.
    changes
        How many samples the last builds changed against those before them, such as ``clicked 0 to 1``, ``new rows``.
    provisional
        How many partitions have labels that may still change.
    features
        Rows from samples to features: in, kept, dropped by reason.
    decisions
        One record per feature: kept or dropped, rule, reason, scores.
    searches
        What searches for crosses found: the gain of each pair.
    notes
        What the fit of the program found that a person should look at.
    checks
        Checks by status, over all partitions.
    drift
        What moved, in a few lines, or why that is not known; none if nothing was built.
    program, samples_version, features_version
        Versions that hold it; None where there is none: nothing was built so far, or no program is fitted as declared.
    location
        The feature table; None if there is none yet.
    """

    pipeline: str
    partitions: tuple[Partition, ...]
    built: Mapping[str, int]
    states: Mapping[str, Mapping[State, int]]
    awaited: tuple[str, ...]
    refit: str
    logs: Mapping[str, RowCounts]
    changes: Mapping[str, int]
    provisional: int
    features: RowCounts
    decisions: tuple[Mapping[str, Any], ...]
    searches: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    checks: Mapping[str, int]
    drift: tuple[str, ...]
    program: int | None
    samples_version: int | None
    features_version: int | None
    location: str | None

    @classmethod
    def read(cls, pipeline: Pipeline, workspace: Workspace, found: Plan, built: Mapping[str, int]) -> "Report":
        """Gather the report from the lineage of the live partitions.

        Parameters
        ----------
        pipeline, workspace
            Of what, and where.
        found
            The plan of the partitions after the run, by its fingerprints.
        built
            Partitions of samples and of features that the run built.
        """
        partitions = tuple(dict.fromkeys(entry.partition for entry in found.entries))
        samples, features = (Stored.of(workspace, pipeline, table) for table in ("samples", "features"))
        program = fitted(pipeline, workspace)
        moved = drift_of_build(pipeline, workspace, partitions) if built["features"] else []
        logs: dict[str, RowCounts] = {}
        rows, checks = RowCounts(), dict.fromkeys(("passed", "failed", "quarantined", "warned"), 0)
        changes: Counter[str] = Counter()
        provisional = 0
        sampled_of, featured_of = (table.entries(partitions) for table in (samples, features))
        for partition in partitions:
            sampled, entry = sampled_of.get(partition, {}), featured_of.get(partition, {})
            for name, counts in sampled.get("rows", {}).items():
                logs[name] = logs.get(name, RowCounts()) + RowCounts.from_json(counts)
            changes.update(sampled.get("changes", {}))
            provisional += sampled.get("mature") is False
            rows += RowCounts.from_json(entry["rows"]["samples"]) if entry else RowCounts()
            for status, number in entry.get("checks", {}).items():
                checks[status] += number
        return cls(
            pipeline=pipeline.name,
            partitions=partitions,
            built=built,
            states=_states(found),
            awaited=tuple(_awaited(found)),
            refit=found.program,
            logs=logs,
            changes=changes,
            provisional=provisional,
            features=rows,
            decisions=() if program is None else tuple(program.made["selection"]),
            searches=()
            if program is None
            else tuple(one for one in program.made.get("records", ()) if "search" in one),
            notes=() if program is None else tuple(program.made.get("notes", ())),
            checks=checks,
            drift=tuple(moved),
            program=None if program is None else versions(workspace.pipeline(pipeline.name))[-1],
            samples_version=None if samples.live is None else samples.live.version,
            features_version=None if features.live is None else features.live.version,
            location=None if features.live is None else features.live.storage.root,
        )

    @property
    def span(self) -> str:
        """The partitions, in words."""
        first, last = self.partitions[0], self.partitions[-1]
        return f"{first}" if first == last else f"{first} .. {last}"

    @property
    def nothing_to_do(self) -> bool:
        """Whether the run built nothing."""
        return not any(self.built.values())

    def text(self) -> str:
        """Return the report for a terminal."""
        lines = [f"{self.pipeline}, {self.span}", ""]
        if self.nothing_to_do:
            complete = all(state == "complete" for counts in self.states.values() for state in counts)
            why = "samples, program and features are complete" if complete else "nothing that was asked for was due"
            lines += [f"Nothing was to be done: {why}. What is there:", ""]
        lines += self._state_lines()
        if self.logs:
            lines += [*self._row_lines(), *self._label_lines(), ""]
        if self.decisions:
            lines += [*self._feature_lines(), ""]
        if self.searches:
            lines += [*self._search_lines(), ""]
        noted = [f"Fit:      {note}" for note in self.notes]
        lines += [self._check_line(), *self.drift, *noted, *self._where_lines()]
        return "\n".join(lines)

    def _state_lines(self) -> list[str]:
        """Return how many partitions are in which state, if some are not complete; what others lack."""
        lines = []
        for table, counts in self.states.items():
            if set(counts) != {"complete"}:
                told = ", ".join(f"{number} {state}" for state, number in counts.items())
                lines.append(f"{table.capitalize() + ':':<10}{told} (of {len(self.partitions)} partitions)")
        lines += [f"Awaited:  {told}" for told in self.awaited[:_SHOWN]]
        if len(self.awaited) > _SHOWN:
            lines.append(f"Awaited:  {len(self.awaited) - _SHOWN} more; ask featurelib plan")
        return [*lines, ""] if lines else []

    def _row_lines(self) -> list[str]:
        lines = ["Rows                        in       kept    dropped, by reason"]
        for name, counts in [*self.logs.items(), ("samples -> features", self.features)]:
            reasons = ", ".join(f"{reason} {number:,}" for reason, number in counts.dropped.items()) or "none"
            made = f" (made {counts.made:,})" if counts.made else ""
            lines.append(f"  {name:<20}{counts.rows_in:>10,} {counts.kept:>10,}    {reasons}{made}")
        return lines

    def _label_lines(self) -> list[str]:
        lines = []
        if self.changes:
            lines.append(
                "Samples that the last build changed: " + ", ".join(f"{w} {n:,}" for w, n in self.changes.items())
            )
        if self.provisional:
            lines.append(f"Labels may still change in {self.provisional} of {len(self.partitions)} partitions.")
        return lines

    def _feature_lines(self) -> list[str]:
        kept = [decision for decision in self.decisions if decision["kept"]]
        dropped = [decision for decision in self.decisions if not decision["kept"]]
        lines = [f"Features: {len(kept)} kept, {len(dropped)} dropped      mutual information   missing"]
        scored = [decision for decision in kept if decision["score"] is not None]
        ranked = sorted(scored, key=lambda decision: (-decision["score"]["mutual_information"], decision["feature"]))
        for decision in ranked:
            told, missing = decision["score"]["mutual_information"], decision["score"]["missing_rate"]
            lines.append(f"  kept     {decision['feature']:<30}{told:>10.6f} {missing:>10.2%}")
        lines += [f"  kept     {one['feature']:<30}    a list" for one in kept if one["score"] is None]
        by_rule: dict[str, list[str]] = {}
        for decision in dropped:
            by_rule.setdefault(decision["rule"], []).append(decision["feature"])
        for rule, names in by_rule.items():
            shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
            lines.append(f"  dropped  {len(names)} by {rule}: {shown}")
        return lines

    def _search_lines(self) -> list[str]:
        lines = []
        for record in self.searches:
            pairs, taken = record["pairs"], [pair for pair in record["pairs"] if pair["feature"]]
            gained = "gain in nats a row"
            lines.append(f"Crosses:  {record['search']}: {len(taken)} of {len(pairs)} pairs{gained:>37}")
            passed_by = [pair for pair in pairs if not pair["feature"]][:_SHOWN]
            for pair in [*sorted(taken, key=lambda pair: str(pair["feature"])), *passed_by]:
                told = " x ".join(pair["columns"])
                lines.append(f"  {pair['feature'] or 'not taken':<25} {told:<30}{pair['gain']:>11.6f}")
        return lines

    def _check_line(self) -> str:
        counted = ", ".join(f"{number} {status}" for status, number in self.checks.items() if number)
        return f"Checks:   {counted or 'none'} (over {len(self.partitions)} partitions)"

    def _where_lines(self) -> list[str]:
        program = "none is fitted as declared" if self.program is None else f"v{self.program}"
        if self.features_version is None:
            return [f"Program:  {program}", "Table:    none yet"]
        return [
            f"Program:  {program}{'; ' if self.refit else ''}{self.refit}",
            f"Versions: samples {self.samples_version}, features {self.features_version}",
            f"Table:    {self.location}",
            "",
            "Read it:",
            "  from featurelib.tables import VersionedTable",
            f"  VersionedTable.open({self.location!r}).scan({self.features_version}).collect()",
        ]

    def markdown(self) -> str:
        """Return the report for a page, such as a Prefect artifact."""
        return f"## {self.pipeline}, {self.span}\n\n```text\n{self.text()}\n```\n"


def _states(found: Plan) -> dict[str, dict[State, int]]:
    counted = Counter((entry.table, entry.state) for entry in found.entries)
    return {
        table: {state: counted[table, state] for state in STATES if counted[table, state]}
        for table in ("samples", "features")
    }


def _awaited(found: Plan) -> Iterator[str]:
    """Yield what samples that count as complete were built without, and which partitions that is said of."""
    for run in found.ranges():
        if run[0].table == "samples" and run[0].state == "complete" and run[0].why:
            first, last = run[0].partition, run[-1].partition
            yield f"{first if first == last else f'{first} .. {last}'}: {run[0].why}"
