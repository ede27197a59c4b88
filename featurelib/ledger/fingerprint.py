"""Fingerprints: everything that the rows of a partition depend on, as text that can be compared."""

import ast
import hashlib
import inspect
import json
import sys
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from featurelib import __version__
from featurelib.days import day_bounds
from featurelib.logs import Log, fingerprint
from featurelib.pipeline import Pipeline
from featurelib.schema import Column, RowCheck, Table
from featurelib.windows import TileSpec

_DAY = timedelta(days=1)


def digest(value: Any) -> str:
    """Return a short sha256 of plain data; the same for equal data, whatever the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:20]


def describe(value: Any) -> Any:
    """Return a declared object as plain data: what it says, not where or how it is written.

    Comments, docstrings, formatting and line numbers do not count; parameters, column types and rules do, and the code
    of the module that a class of your own stands in, with its helper functions.
    """
    if isinstance(value, type) and issubclass(value, Table):
        rules = {"version": value.version, "key": value.key, "checks": describe(value.checks)}
        rules |= {"event_time": value.event_time, "landing_time": value.landing_time}
        rules |= {"min_rows": value.min_rows, "quarantine_budget": value.quarantine_budget}
        return {"table": value.__name__, **rules, "columns": {name: describe(c) for name, c in value.columns.items()}}
    if isinstance(value, pl.DataType):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        told = {"doc", "declared_at", "unit"} if isinstance(value, Column | RowCheck) else set()
        shown = {item.name: describe(getattr(value, item.name)) for item in fields(value) if item.name not in told}
        return {"kind": type(value).__name__, "code": _code_of(type(value).__module__), **shown}
    if isinstance(value, tuple | list):
        return [describe(item) for item in value]
    return value if isinstance(value, str | int | float | None) else str(value)


@cache
def _code_of(module: str) -> str | None:
    """Return a fingerprint of what a module does; ``None`` for featurelib's own, which its version stands for."""
    if module.partition(".")[0] == "featurelib":
        return None
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:  # typed into a prompt: there is no source to compare
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return digest(ast.dump(tree))


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of a pipeline's partitions, with each log day read once.

    Parameters
    ----------
    pipeline
        Whose.
    logs
        Root of the raw logs.
    """

    pipeline: Pipeline
    logs: Path
    _log_days: dict[tuple[str, date], dict[str, Any]] = field(default_factory=dict, repr=False)

    def log_day(self, log: Log, day: date) -> dict[str, Any]:
        """Return files, bytes and a digest of the contents of a log's files of one UTC day; zeros if there are none."""
        key = (log.name, day)
        if key not in self._log_days:
            start = datetime.combine(day, time(), tzinfo=UTC)
            files = fingerprint(log, self.logs, start, start + _DAY)
            contents = [(file.path, file.bytes, file.checksum) for file in files]
            size = sum(file.bytes for file in files)
            self._log_days[key] = {"files": len(files), "bytes": size, "digest": digest(contents)}
        return self._log_days[key]

    def inputs(self, log: Log, start: datetime, end: datetime) -> dict[str, Any]:
        """Return `log_day` of each UTC day that events of ``[start, end)`` lie in, by day."""
        last = end - timedelta(microseconds=1)
        days = range((last.date() - start.date()).days + 1)
        return {str(start.date() + number * _DAY): self.log_day(log, start.date() + number * _DAY) for number in days}

    def has_logs(self, day: date) -> bool:
        """Return whether the impression log has any file for a day of the pipeline."""
        start, end = day_bounds(day, self.pipeline.samples.timezone)
        return any(found["files"] for found in self.inputs(self.pipeline.samples.log, start, end).values())

    def samples(self, day: date) -> dict[str, Any]:
        """Return what a day of samples depends on: inputs by log and day, and the declaration."""
        pipeline = self.pipeline
        start, end = day_bounds(day, pipeline.samples.timezone)
        reach = pipeline.samples.lookahead
        inputs: dict[str, dict[str, Any]] = {}
        for log in pipeline.samples.logs:
            inputs[log.name] = self.inputs(log, start - reach, end + reach + log.lateness)
        for rate in pipeline.windows:
            for log in (rate.of, rate.per):
                windowed = self.inputs(log, start - rate.reach, end + log.lateness)
                inputs[log.name] = windowed | inputs.get(log.name, {})
        code = {"featurelib": __version__, "samples": describe(pipeline.samples), "windows": describe(pipeline.windows)}
        return {"inputs": inputs, "code": digest(code)}

    def tiles(self, spec: TileSpec, day: date) -> dict[str, Any]:
        """Return what a day of tiles depends on."""
        start, end = day_bounds(day, self.pipeline.samples.timezone)
        logs = {log.name: log for log in self.pipeline.logs if log.name in spec.logs} | {
            self.pipeline.samples.log.name: self.pipeline.samples.log
        }
        inputs = {name: self.inputs(log, start, end + log.lateness) for name, log in logs.items()}
        declared = [describe(log) for log in logs.values()]
        return {
            "inputs": inputs,
            "code": digest([__version__, describe(spec), self.pipeline.samples.timezone, declared]),
        }

    def features(self, samples_key: str | None, program: str) -> dict[str, Any]:
        """Return what a day of features depends on: its samples, the program's meaning, and the table's rules."""
        code = {"featurelib": __version__, "table": describe(self.pipeline.table)}
        return {"samples": samples_key, "program": program, "code": digest(code)}
