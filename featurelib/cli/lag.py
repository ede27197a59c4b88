"""The command that measures how late a log lands."""

import json
import uuid
from dataclasses import asdict
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import click

from featurelib import lag as lags
from featurelib.cli.options import days as parse_days
from featurelib.days import Days
from featurelib.durations import duration
from featurelib.errors import FeaturelibError, LogMissingError, StorageError, UsageError
from featurelib.lag import Curve, Lag, Proposal
from featurelib.logs import Log, available
from featurelib.pipeline import Pipeline
from featurelib.settings import Settings


@click.command()
@click.argument("log", metavar="LOG")
@click.option("--pipeline", help="The pipeline that declares the log; needed if another declares it otherwise.")
@click.option("--start", metavar="DAY", help="First day of the events; the first that has files by default.")
@click.option("--end", metavar="DAY", help="Last day; the last that has files by default.")
@click.option("--horizon", default="0s", metavar="DURATION", help="Look for rows so long after their event, as in 7d.")
@click.option("--svg", type=click.Path(path_type=Path), help="Also draw the curve into this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def lag(
    log: str,
    pipeline: str | None,
    start: str | None,
    end: str | None,
    horizon: str,
    svg: Path | None,
    *,
    as_json: bool,
) -> None:
    """Measure how late the rows of a log land, and propose what to declare.

    LOG is the name of a log that a pipeline reads; of a log that several declare in different ways, also name the
    pipeline whose it is. Hours and days are those of the pipeline's time zone, or UTC if several that read the log
    disagree.
    """
    settings = Settings.find(Path.cwd())
    declared, pipelines = _find(settings, log, pipeline)
    zones = {pipeline.samples.timezone for pipeline in pipelines}
    timezone = zones.pop() if len(zones) == 1 else "UTC"
    workspace = settings.workspace
    curve = lags.measure(
        declared,
        workspace.logs,
        _days(declared, workspace.logs, start, end),
        timezone=timezone,
        scratch=workspace.work / f"lag-{uuid.uuid4().hex}",
        horizon=duration("lag", "horizon", horizon),
    )
    proposal = lags.propose(curve, pipelines)
    if svg is not None:
        _write(svg, lags.svg(curve, proposal))
    click.echo(json.dumps(_as_json(curve, proposal), indent=1) if as_json else lags.report(curve, proposal))


def _find(settings: Settings, name: str, declared_by: str | None) -> tuple[Log, list[Pipeline]]:
    """Return the log of a name, as one pipeline declares it or as all do, and the pipelines that read it so."""
    found: dict[Log, list[Pipeline]] = {}
    known: set[str] = set()
    broken: list[str] = []
    for module in settings.pipeline_names():
        try:
            pipeline = settings.pipeline(module)
        except FeaturelibError as error:  # a log of the others can be measured nevertheless
            broken.append(f"{module} ({error})")
            continue
        known |= {log.name for log in pipeline.logs}
        for log in (log for log in pipeline.logs if log.name == name):
            found.setdefault(log, []).append(pipeline)
    if not found:
        unread = f" Not read: {'; '.join(broken)}" if broken else ""
        raise UsageError(f"no pipeline reads a log {name!r}; there are: {', '.join(sorted(known)) or 'none'}.{unread}")
    if declared_by is not None:
        declared = {log.name: log for log in settings.pipeline(declared_by).logs}
        if name not in declared:
            raise UsageError(f"{declared_by} reads no log {name!r}; there are: {', '.join(sorted(declared))}.")
        return declared[name], found[declared[name]]
    if len(found) > 1:
        who = " and ".join(", ".join(pipeline.name for pipeline in pipelines) for pipelines in found.values())
        first = next(iter(found.values()))[0].name
        raise UsageError(
            f"log {name!r} is declared in {len(found)} ways, by {who}; say whose, such as --pipeline {first}, or give "
            "each its own name."
        )
    return next(iter(found.items()))


def _days(log: Log, root: Path, start: str | None, end: str | None) -> Days:
    if start is not None and end is not None:
        return parse_days(start, end)
    there = available(log, root)
    if not there:
        raise LogMissingError(f"{log} has no file: {log.files!r} below {root} matches nothing.")
    first, last = (at.astimezone(UTC).date().isoformat() for at in (there[0], there[-1]))
    return parse_days(start or first, end or last)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error}).") from error


def _as_json(curve: Curve, proposal: Proposal | None) -> dict[str, Any]:
    return {
        "log": curve.log.name,
        "days": [str(curve.days.start), str(curve.days.end)],
        "timezone": curve.timezone,
        "horizon_s": curve.horizon.total_seconds(),
        "declared_lateness_s": curve.log.lateness.total_seconds(),
        "declared_skew_s": curve.log.skew.total_seconds(),
        "ahead_of_declared_skew": curve.ahead_of(curve.log.skew),
        "rows_read": curve.rows_read,
        "rejected": dict(curve.rejected),
        "missing_partitions": curve.missing,
        "newest_landing": curve.newest.isoformat() if curve.newest is not None else None,
        "all": _lag_as_json(curve.total),
        "hours": [{"hour": hour, **_lag_as_json(of_hour)} for hour, of_hour in enumerate(curve.hours)],
        "proposal": asdict(proposal, dict_factory=_in_seconds) if proposal is not None else None,
    }


def _lag_as_json(of_hour: Lag) -> dict[str, Any]:
    told = asdict(of_hour)
    return {**told, "quantiles_s": dict(of_hour.quantiles_s)}


def _in_seconds(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        (f"{name}_s" if isinstance(value, timedelta) else name): value.total_seconds()
        if isinstance(value, timedelta)
        else value
        for name, value in items
    }
