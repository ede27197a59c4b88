"""Report: what a build made, and how to read it, told from what is stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib.errors import TableError
from featurelib.ledger import fitted
from featurelib.pipeline import Pipeline
from featurelib.program import versions
from featurelib.samples import RowCounts
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Report:
    """What lies in a pipeline's tables for some partitions.

    Attributes
    ----------
    pipeline, partitions
        Of what.
    built
        Partitions of samples and of features that this run built; both 0 when nothing was to be done.
    logs
        Rows of each log, and of the stage that makes samples of them: in, kept, dropped by reason.
    changes
        How many labels the last builds turned, such as ``clicked 0 to 1``, against those before them.
    provisional
        How many partitions have labels that may still change.
    features
        Rows from samples to features: in, kept, dropped by reason.
    decisions
        One record per feature: kept or dropped, rule, reason, scores.
    checks
        Checks by status, over all partitions.
    program, samples_version, features_version
        Versions that hold it.
    location
        The feature table.
    """

    pipeline: str
    partitions: tuple[Partition, ...]
    built: Mapping[str, int]
    logs: Mapping[str, RowCounts]
    changes: Mapping[str, int]
    provisional: int
    features: RowCounts
    decisions: tuple[Mapping[str, Any], ...]
    checks: Mapping[str, int]
    program: int
    samples_version: int
    features_version: int
    location: str

    @classmethod
    def read(
        cls, pipeline: Pipeline, workspace: Workspace, partitions: Sequence[Partition], built: Mapping[str, int]
    ) -> "Report":
        """Gather the report from the lineage of the live partitions."""
        samples = VersionedTable.open(workspace.table(pipeline.name, "samples"))
        features = VersionedTable.open(workspace.table(pipeline.name, "features"))
        program = fitted(pipeline, workspace)
        if program is None:
            raise TableError(f"{pipeline} has no program as declared, so there is nothing to report; run a backfill.")
        logs: dict[str, RowCounts] = {}
        rows, checks = RowCounts(), dict.fromkeys(("passed", "failed", "quarantined", "warned"), 0)
        changes: Counter[str] = Counter()
        provisional = 0
        for partition in partitions:
            sampled = samples.built(partition) or {}
            for name, counts in sampled.get("rows", {}).items():
                logs[name] = logs.get(name, RowCounts()) + RowCounts.from_json(counts)
            changes.update(sampled.get("changes", {}))
            provisional += sampled.get("mature") is False
            entry = features.built(partition) or {}
            rows += RowCounts.from_json(entry["rows"]["samples"]) if entry else RowCounts()
            for status, number in entry.get("checks", {}).items():
                checks[status] += number
        return cls(
            pipeline=pipeline.name,
            partitions=tuple(partitions),
            built=built,
            logs=logs,
            changes=changes,
            provisional=provisional,
            features=rows,
            decisions=tuple(program.made["selection"]),
            checks=checks,
            program=versions(workspace.pipeline(pipeline.name))[-1],
            samples_version=samples.version,
            features_version=features.version,
            location=features.uri,
        )

    @property
    def span(self) -> str:
        """The partitions, in words."""
        first, last = self.partitions[0], self.partitions[-1]
        return f"{first}" if first == last else f"{first} .. {last}"

    @property
    def nothing_to_do(self) -> bool:
        """Whether the run found everything complete."""
        return not any(self.built.values())

    def text(self) -> str:
        """Return the report for a terminal."""
        lines = [f"{self.pipeline}, {self.span}", ""]
        if self.nothing_to_do:
            lines += ["Nothing was to be done: samples, program and features are complete. What is there:", ""]
        lines += [*self._row_lines(), *self._label_lines(), "", *self._feature_lines(), ""]
        lines += [self._check_line(), *self._where_lines()]
        return "\n".join(lines)

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
                "Labels that the last build turned: " + ", ".join(f"{w} {n:,}" for w, n in self.changes.items())
            )
        if self.provisional:
            lines.append(f"Labels may still change in {self.provisional} of {len(self.partitions)} partitions.")
        return lines

    def _feature_lines(self) -> list[str]:
        kept = [decision for decision in self.decisions if decision["kept"]]
        dropped = [decision for decision in self.decisions if not decision["kept"]]
        lines = [f"Features: {len(kept)} kept, {len(dropped)} dropped      mutual information   missing"]
        ranked = sorted(kept, key=lambda decision: (-decision["score"]["mutual_information"], decision["feature"]))
        for decision in ranked:
            told, missing = decision["score"]["mutual_information"], decision["score"]["missing_rate"]
            lines.append(f"  kept     {decision['feature']:<30}{told:>10.6f} {missing:>10.2%}")
        by_rule: dict[str, list[str]] = {}
        for decision in dropped:
            by_rule.setdefault(decision["rule"], []).append(decision["feature"])
        for rule, names in by_rule.items():
            shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
            lines.append(f"  dropped  {len(names)} by {rule}: {shown}")
        return lines

    def _check_line(self) -> str:
        counted = ", ".join(f"{number} {status}" for status, number in self.checks.items() if number)
        return f"Checks:   {counted or 'none'} (over {len(self.partitions)} partitions)"

    def _where_lines(self) -> list[str]:
        return [
            f"Program:  v{self.program}",
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
