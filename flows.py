"""Prefect flows over featurelib: what runs when. Computes nothing; the command line does the same without Prefect.

    python flows.py backfill open_bandit --start 2019-11-24 --end 2019-11-30
    python flows.py build open_bandit --partition 2019-11-30
    python flows.py fit open_bandit --start 2019-11-24 --end 2019-11-28
    python flows.py serve open_bandit --cron "30 2 * * *"

The first three need no server: without one, Prefect starts its own for the time of the run. `serve` does, as
docs/how-to/schedule.md tells.
"""
# ruff: noqa: E402  # Prefect reads its settings when it is imported, so the environment comes first

import os
from pathlib import Path

_ALWAYS = {
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # NOTE: Prefect gives its own server 20 s to start, too little for a busy machine
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
}
_WITHOUT_SERVER = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # an error is one line of ours, as on the command line, and an exit code
    "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
    # NOTE: the run's history lies with the tables it tells of, and nothing in the user's home; `make clean` removes it
    "PREFECT_HOME": str(Path(__file__).resolve().parent / "data" / "prefect"),
}
_CONFIGURED = "PREFECT_API_URL" in os.environ or (Path.home() / ".prefect" / "profiles.toml").is_file()
os.environ.update({**_ALWAYS, **({} if _CONFIGURED else _WITHOUT_SERVER), **os.environ})

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, TypeVar

import click
from httpx import HTTPError
from prefect import flow, get_client, runtime, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.automations import AutomationCore, EventTrigger, Posture
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType, TaskRun
from prefect.events.actions import ChangeFlowRunState
from prefect.schedules import Cron
from prefect.settings import get_current_settings
from prefect.tasks import Task, exponential_backoff
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from featurelib import __version__
from featurelib.cli.main import run_and_exit
from featurelib.cli.options import days_options, engine, parallel_option, pipeline_argument, project
from featurelib.days import Days
from featurelib.errors import PartitionsFailedError, RetryableError, UsageError
from featurelib.ledger import plan
from featurelib.pipeline import Pipeline
from featurelib.program import load
from featurelib.runs import Report, Run, Step, backfill_steps, follow, leaving_a_page
from featurelib.runs import fit as fit_program
from featurelib.tables import Partition

TAG = "featurelib"


class Params(BaseModel):
    """What every flow takes: a pipeline of this project, and over how many processes its tasks are spread."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pipeline: Annotated[str, AfterValidator(lambda name: project(name)[0].name)]
    parallel: int = Field(1, ge=1, le=64)


class BuildParams(Params):
    """One partition; by default the last that had ended at the scheduled start. ``catch_up`` earlier ones with it."""

    partition: Annotated[str, AfterValidator(lambda text: str(Partition.parse(text)))] | None = None
    catch_up: int = Field(0, ge=0, le=366 * 24)


class RangeParams(Params):
    """A range of days, both ends included."""

    start: date
    end: date

    @model_validator(mode="after")
    def _in_order(self) -> "RangeParams":
        _ = self.days
        return self

    @property
    def days(self) -> Days:
        """The days wanted, or learned from."""
        return Days(self.start, self.end)


class FitParams(RangeParams):
    """The days to learn from, and whether all terms of vocabularies get new numbers."""

    renumber: bool = False


def is_retryable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Return whether another try may cure what a task failed with: refused data and wrong use stay what they are."""
    error = state.data
    return error.retryable if isinstance(error, PartitionsFailedError) else isinstance(error, RetryableError)


@task(
    task_run_name="{pipeline} {what}",
    cache_policy=NO_CACHE,
    retries=3,
    retry_delay_seconds=exponential_backoff(5),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_retryable,
)
def commit(pipeline: str, what: str, work: Callable[[], int]) -> int:  # noqa: ARG001  # the first two name the task run
    """Take one step; return the version that it committed."""
    return work()


def take(pipeline: str, step: Step) -> int:
    """Take one step as a task; print its line for whoever runs this in a terminal."""
    click.echo(str(step))
    return commit(pipeline, str(step), step.commit)


def last_ended(pipeline: Pipeline, at: datetime) -> Partition:
    """Return the last partition of a pipeline that had ended at an instant."""
    # NOTE: Prefect hands over its own subclass of datetime, whose date() is no plain date
    instant = datetime.fromtimestamp(at.timestamp(), UTC)
    nearby = pipeline.partitions_between(instant - timedelta(days=3), instant)
    return max(partition for partition in nearby if pipeline.bounds(partition)[1] <= instant)


def due(run: Run, partition: Partition, catch_up: int) -> list[Partition]:
    """Return a partition and those just before it that are worth a look: those that have logs."""
    start, end = run.pipeline.bounds(partition)
    before = run.pipeline.partitions_between(start - (catch_up + 1) * (end - start), start)
    return [*filter(run.fingerprints.has_logs, before[-catch_up:] if catch_up else []), partition]


def _wanted(params: BuildParams) -> Partition:
    # NOTE: late runs start long after their time, all at once and in any order, so today's date says nothing
    if params.partition is not None:
        return Partition.parse(params.partition)
    return last_ended(project(params.pipeline)[0], runtime.flow_run.scheduled_start_time)


def _build_name() -> str:
    params = BuildParams.model_validate(runtime.flow_run.parameters["params"])
    return f"{params.pipeline} {_wanted(params)}"


@flow(flow_run_name=_build_name)
def build(params: BuildParams) -> Report:
    """Bring one partition up to date, and repair those just before it: late rows land, and labels mature."""
    pipeline, workspace = project(params.pipeline)
    partition = _wanted(params)
    with _leaving_a_page(params), Run.begin(pipeline, workspace, engine(params.parallel)) as run:
        wanted = due(run, partition, params.catch_up)
        built = follow(backfill_steps(run, wanted), partial(take, pipeline.name))
        left = plan(pipeline, workspace, wanted, fingerprints=run.fingerprints)
    return _published(Report.read(pipeline, workspace, left, built))


@flow(flow_run_name="{params.pipeline} {params.days}")
def backfill(params: RangeParams) -> Report:
    """Build what is missing or stale in a range of days: samples, a first program, features."""
    pipeline, workspace = project(params.pipeline)
    with _leaving_a_page(params, params.days), Run.begin(pipeline, workspace, engine(params.parallel)) as run:
        built = follow(backfill_steps(run, params.days), partial(take, pipeline.name))
        left = plan(pipeline, workspace, params.days, fingerprints=run.fingerprints)
    return _published(Report.read(pipeline, workspace, left, built))


@flow(flow_run_name="{params.pipeline} {params.days}")
def fit(params: FitParams) -> int:
    """Fit a new program on some days, building their samples where they are missing; return its version."""
    pipeline, workspace = project(params.pipeline)
    with Run.begin(pipeline, workspace, engine(params.parallel)) as run:
        version = fit_program(run, params.days, partial(take, pipeline.name), renumber=params.renumber)
    made = load(workspace.pipeline(pipeline.name), version).made
    for note in made.get("notes", ()):
        click.echo(note)
    _publish_decisions(pipeline.name, made["selection"])
    return version


def _leaving_a_page(params: Params, days: Days | None = None) -> AbstractContextManager[None]:
    """Write the report's page when a run ends, however it ends, and leave a link to it; by default of all days."""
    pipeline, workspace = project(params.pipeline)

    def left(path: Path) -> None:
        title, key = f"Report of {pipeline.name}: {path}", f"{_dashed(pipeline.name)}-page"
        create_link_artifact(link=path.as_uri(), link_text=path.name, key=key, description=title)
        click.echo(f"Page:     {path}")

    say = partial(click.echo, err=True)
    return leaving_a_page(pipeline, workspace, engine(params.parallel), left=left, say=say, days=days)


def _published(report: Report) -> Report:
    key, title = f"{_dashed(report.pipeline)}-report", f"{report.pipeline}, {report.span}"
    create_markdown_artifact(key=key, markdown=report.markdown(), description=title)
    _publish_decisions(report.pipeline, report.decisions)
    return report


def _publish_decisions(pipeline: str, decisions: Iterable[Mapping[str, Any]]) -> None:
    words = ("feature", "kept", "rule", "why")
    rows = [{**{word: decision[word] for word in words}, **(decision["score"] or {})} for decision in decisions]
    create_table_artifact(key=f"{_dashed(pipeline)}-selection", table=rows, description="Features kept and dropped")


def _dashed(pipeline: str) -> str:
    return pipeline.replace("_", "-")  # keys of artifacts take no underscore


def watch_heartbeats() -> None:
    """Have the server mark a run Crashed when its heartbeats end without a last state; done again, it changes nothing.

    Without it, a run whose machine is lost stays Running for ever.
    """
    beat, over = "prefect.flow-run.heartbeat", ("Completed", "Failed", "Cancelled", "Crashed")
    rule = AutomationCore(
        name=f"{TAG}: a run without heartbeats has crashed",
        trigger=EventTrigger(
            after={beat},
            expect={beat, *(f"prefect.flow-run.{state}" for state in over)},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{TAG}"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            within=timedelta(seconds=3 * (get_current_settings().flows.heartbeat_frequency or 180)),
        ),
        actions=[ChangeFlowRunState(name=None, state=StateType.CRASHED, message="No heartbeat.", force=False)],
    )
    with get_client(sync_client=True) as client:
        there = client.read_automations_by_name(rule.name)
        if there:
            client.update_automation(there[0].id, rule)
        else:
            client.create_automation(rule)


Words = TypeVar("Words", bound=Params)


def checked(model: type[Words], **words: object) -> Words:
    """Return parameters made from the words of a command, before any server is started.

    Raises
    ------
    UsageError
        If one is out of its range; the message names each.
    """
    try:
        return model.model_validate(words)
    except ValidationError as error:
        problems = [f"{' '.join(map(str, item['loc']))}: {item['msg']}".lstrip(": ") for item in error.errors()]
        raise UsageError("; ".join(problems).replace("Value error, ", "")) from error


def ready(model: type[Words], **words: object) -> Words:
    """Return `checked` parameters, once the Prefect server that is configured answers; without one, at once.

    Raises
    ------
    RetryableError
        If it does not answer, or turns us away.
    """
    params, url = checked(model, **words), get_current_settings().api.url
    try:
        if url is not None:
            with get_client(sync_client=True) as client:
                client.raise_for_api_version_mismatch()
    except (HTTPError, RuntimeError) as error:
        hint = "Is it up, and is PREFECT_API_AUTH_STRING its password?"
        raise RetryableError(f"the Prefect server at {url} does not take us: {error}. {hint}") from error
    return params


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def cli() -> None:
    """Build, fit and backfill as Prefect flows."""


@cli.command("backfill")
@pipeline_argument
@days_options
@parallel_option
def _backfill(**words: object) -> None:
    """Build what is missing or stale in a range of days."""
    click.echo(backfill(ready(RangeParams, **words)).text())


@cli.command("build")
@pipeline_argument
@click.option("--partition", required=True, metavar="DAY", help="The day, such as 2026-11-01; or hour, 2026-11-01T05.")
@click.option("--catch-up", default=0, show_default=True, help="How many partitions before it to repair as well.")
@parallel_option
def _build(**words: object) -> None:
    """Bring one partition up to date."""
    click.echo(build(ready(BuildParams, **words)).text())


@cli.command("fit")
@pipeline_argument
@days_options
@click.option("--renumber", is_flag=True, help="Give all terms of vocabularies new numbers.")
@parallel_option
def _fit(**words: object) -> None:
    """Fit a new program."""
    params = ready(FitParams, **words)
    click.echo(f"{params.pipeline}: program v{fit(params)}, fitted on {params.days}")


@cli.command("serve")
@pipeline_argument
@click.option("--cron", default="30 2 * * *", show_default=True, help="When, in the time zone of the pipeline.")
@click.option("--catch-up", default=7, show_default=True, help="How many partitions before it each build repairs.")
@parallel_option
def _serve(cron: str, **words: object) -> None:
    """Build each partition on a schedule; needs a Prefect server, and runs until it is stopped."""
    params = ready(BuildParams, **words)
    timezone = project(params.pipeline)[0].samples.timezone
    try:
        schedule = Cron(cron, timezone=timezone)
    except ValueError as error:
        raise UsageError(f"--cron takes five fields such as '30 2 * * *', got {cron!r}.") from error
    if get_current_settings().api.url is None:
        raise UsageError("serve needs a Prefect server: run prefect server start, and set PREFECT_API_URL to its /api.")
    watch_heartbeats()
    click.echo(f"Serving build/{params.pipeline}: {cron} {timezone}. Ctrl-C stops it.")
    with suppress(KeyboardInterrupt):
        build.serve(
            name=params.pipeline,
            schedule=schedule,
            parameters={"params": params.model_dump(mode="json")},
            tags=[TAG],
            version=__version__,
            limit=1,
            print_starting_message=False,
        )


if __name__ == "__main__":
    run_and_exit(cli)
