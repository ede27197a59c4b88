"""Explain: all that is known of one partition: what it was built from, what it would be built from now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from featurelib.ledger.fingerprint import Fingerprints
from featurelib.ledger.plan import Entry, plan
from featurelib.ledger.stored import Stored
from featurelib.ledger.timeline import FileChanges
from featurelib.logs import LogFile
from featurelib.pipeline import Pipeline
from featurelib.tables import Partition
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Explanation:
    """The state of one partition, and the files behind it.

    Attributes
    ----------
    entries
        Of its samples and of its features.
    mature_at
        When its labels are final.
    built
        What its samples were built from, as the table records it; empty if they are not there.
    files
        The files that they would be made of now, by log.
    changes
        What became of these since the build, by log.
    """

    pipeline: str
    partition: Partition
    entries: tuple[Entry, ...]
    mature_at: datetime
    built: Mapping[str, Any]
    files: Mapping[str, Sequence[LogFile]]
    changes: Mapping[str, FileChanges]

    def text(self) -> str:
        """Return the explanation for a person."""
        lines = [f"{self.pipeline} {self.partition}"]
        lines += [f"  {entry.table:<9} {entry.state}{': ' + entry.why if entry.why else ''}" for entry in self.entries]
        lines.append(f"  labels    final at {self.mature_at:%Y-%m-%d %H:%M}Z")
        for log, files in self.files.items():
            then = self.built.get("inputs", {}).get(log)
            before = f", built from {then['files']} files, {then['bytes']:,} bytes" if then else ""
            size = sum(file.bytes for file in files)
            lines.append(f"  log {log}: {len(files)} files, {size:,} bytes now{before}")
            lines += self._file_lines(self.changes[log]) if then else []
        for stage, rows in self.built.get("rows", {}).items():
            dropped = ", ".join(f"{reason} {count:,}" for reason, count in rows["dropped"].items()) or "none"
            made = f", {rows['made']:,} made" if "made" in rows else ""
            lines.append(f"  rows {stage}: {rows['in']:,} in{made}, {rows['kept']:,} kept, dropped: {dropped}")
        turned = ", ".join(f"{what} {count:,}" for what, count in self.built.get("changes", {}).items())
        return "\n".join([*lines, *([f"  samples that the last build changed: {turned}"] if turned else [])])

    def _file_lines(self, changes: FileChanges) -> list[str]:
        lines = [f"    {word} {_told(file)}" for word, files in changes.named() for file in files]
        return lines + ([f"    {changes.gone} gone"] if changes.gone else [])

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as plain data."""
        logs = {
            log: {
                "files": [_plain(file) for file in files],
                "since_build": {
                    **{word: [file.path for file in found] for word, found in self.changes[log].named()},
                    "gone": self.changes[log].gone,
                },
            }
            for log, files in self.files.items()
        }
        states = {entry.table: {"state": entry.state, "due": entry.due, "why": entry.why} for entry in self.entries}
        told = {"pipeline": self.pipeline, "partition": str(self.partition), "mature_at": self.mature_at.isoformat()}
        return {**told, "states": states, "built": dict(self.built), "logs": logs}


def explain(
    pipeline: Pipeline, workspace: Workspace, partition: Partition, *, now: datetime | None = None
) -> Explanation:
    """Return all that is known of one partition.

    Parameters
    ----------
    pipeline, workspace
        Whose, and where.
    partition
        Which.
    now
        The instant by which maturity is judged; the clock's by default.
    """
    prints = Fingerprints(pipeline, workspace, now or datetime.now(UTC))
    entries = plan(pipeline, workspace, [partition], fingerprints=prints).entries
    built = Stored.of(workspace, pipeline, "samples").entries([partition]).get(partition, {})
    files = {log.name: found for log, found in prints.sources(partition).items()}
    then = built.get("inputs", {})
    return Explanation(
        pipeline=pipeline.name,
        partition=partition,
        entries=entries,
        mature_at=pipeline.mature_at(partition),
        built=built,
        files=files,
        changes={log: FileChanges.since(then.get(log, {}), found) for log, found in files.items()},
    )


def _told(file: LogFile) -> str:
    rows = "" if file.rows is None else f", {file.rows:,} rows"
    landed = "" if file.landed_at is None else f", last landed {file.landed_at:%Y-%m-%d %H:%M:%S}Z"
    return f"{file.path}: {file.bytes:,} bytes{rows}{landed}"


def _plain(file: LogFile) -> dict[str, Any]:
    landed = None if file.landed_at is None else file.landed_at.isoformat()
    return {"path": file.path, "bytes": file.bytes, "rows": file.rows, "landed": landed, "checksum": file.checksum}
