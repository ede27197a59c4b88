"""The flows: on a server of the test's own where they need one, as plain functions where they do not."""

import csv
import gzip
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from featurelib.errors import (
    LogMissingError,
    PartitionsFailedError,
    RetryableError,
    SchemaViolationError,
    StorageError,
    UsageError,
)
from featurelib.runs import steps
from featurelib.settings import Settings
from featurelib.tables import Partition, VersionedTable
from tests.shop import shop

ROOT = Path(__file__).parents[2]
FIT_DAYS = [date(2019, 11, 24) + timedelta(days=number) for number in range(5)]
WHOLE = {"pipeline": "open_bandit", "start": "2019-11-24", "end": "2019-11-28"}


@pytest.fixture(scope="session")
def flows(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    # NOTE: imported here, not above: prefect costs seconds, and reads where its home is when it is imported
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    import flows

    return flows


@pytest.fixture(scope="module")  # an idle server takes CPU from the tests after it
def server(flows: ModuleType) -> Iterator[Any]:
    from prefect import get_client
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180), get_client(sync_client=True) as client:
        yield client


def write_day(root: Path, day: date, **changed: object) -> None:
    """Write forty rows of one day; ``changed`` columns have one value in all rows."""
    rows = [
        {
            "impression_id": f"{day}-{number}",
            "policy": "random",
            "campaign": "all" if number % 2 else "men",
            "timestamp": f"{day} 12:00:{number:02d}.000000+00:00",
            "item_id": number % 7,
            "position": number % 3 + 1,
            "click": int(number % 5 == 0),
            "propensity_score": 0.01 * (number + 1) / day.day,
            **{f"user_feature_{trait}": f"trait-{number % (trait + 2)}" for trait in range(4)},
            "user-item_affinity_0": number % 3,
            **changed,
        }
        for number in range(40)
    ]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    path = root / "open_bandit" / f"dt={day}" / "log.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pipelines of this project over five days of tiny logs; returns the folder of logs and tables."""
    for day in FIT_DAYS:
        write_day(tmp_path / "logs", day)
    settings = Settings(root=ROOT, logs=tmp_path / "logs", tables=tmp_path / "tables", work=tmp_path / "work")
    monkeypatch.setattr(Settings, "find", lambda _: settings)
    return tmp_path


def features(project: Path) -> VersionedTable:
    return VersionedTable.open(project / "tables/open_bandit/features")


def counted(monkeypatch: pytest.MonkeyPatch, errors: list[Exception]) -> list[object]:
    """Let the building of features raise these errors, one per call; return what records the calls."""
    build, calls = steps.build_features, []

    def flaky(run: Any, days: Any) -> int:
        calls.append(days)
        if errors:
            raise errors.pop(0)
        return build(run, days)

    monkeypatch.setattr(steps, "build_features", flaky)
    return calls


@pytest.fixture
def impatient(flows: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "commit", flows.commit.with_options(retry_delay_seconds=0))


@pytest.mark.flow
def test_a_backfill_publishes_and_the_next_one_does_nothing(flows: ModuleType, server: Any, project: Path) -> None:
    params = flows.RangeParams(**WHOLE)
    first = flows.backfill(params)
    assert first.built == {"samples": 5, "features": 5}
    assert [str(day) for day in features(project).partitions()] == [str(day) for day in FIT_DAYS]
    version = features(project).version

    second = flows.backfill(params)
    assert second.nothing_to_do
    assert "Nothing was to be done" in second.text()
    assert features(project).version == version

    # NOTE: both runs left one of each key, and the server gives them in no order
    by_age = sorted(server.read_artifacts(), key=lambda artifact: artifact.created)
    found = {artifact.key: artifact for artifact in by_age}
    assert "Nothing was to be done" in found["open-bandit-report"].data
    page = project / "tables" / "open_bandit" / "reports" / "2019-11-24_2019-11-28.html"
    assert found["open-bandit-page"].data == f"[{page.name}]({page.as_uri()})"
    assert "5 of 5 days of features are complete" in page.read_text(encoding="utf-8")
    decisions = json.loads(found["open-bandit-selection"].data)
    assert {row["feature"] for row in decisions if row["kept"]}
    assert {"feature", "kept", "rule", "why", "mutual_information"} <= set(decisions[0])


@pytest.mark.flow
def test_a_fit_makes_a_program_of_its_days(flows: ModuleType, server: Any, project: Path) -> None:
    assert flows.fit(flows.FitParams(pipeline="open_bandit", start="2019-11-24", end="2019-11-25")) == 1
    assert flows.fit(flows.FitParams(pipeline="open_bandit", start="2019-11-24", end="2019-11-26", renumber=True)) == 2


@pytest.mark.flow
@pytest.mark.usefixtures("impatient")
def test_a_refused_table_is_not_tried_again(
    flows: ModuleType, server: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch, [SchemaViolationError("clicked is 5 in 40 rows")])
    state = flows.backfill(flows.RangeParams(**WHOLE), return_state=True)
    assert state.is_failed()
    with pytest.raises(SchemaViolationError, match="clicked is 5"):
        state.result()
    assert len(calls) == 1


@pytest.mark.flow
@pytest.mark.usefixtures("impatient")
def test_a_storage_error_is_tried_again(
    flows: ModuleType, server: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch, [StorageError("disk full"), StorageError("disk full")])
    assert flows.backfill(flows.RangeParams(**WHOLE)).built["features"] == 5
    assert len(calls) == 3


@pytest.mark.flow
def test_a_late_run_builds_the_day_before_its_schedule_and_repairs_those_before(
    flows: ModuleType, server: Any, project: Path
) -> None:
    from prefect.client.schemas.objects import State, StateDetails, StateType
    from prefect.flow_engine import run_flow

    params = flows.BuildParams(pipeline="open_bandit", catch_up=30)
    details = StateDetails(scheduled_time=datetime(2019, 11, 28, 2, 30, tzinfo=UTC))
    late = State(type=StateType.SCHEDULED, name="Late", state_details=details)
    flow_run = server.create_flow_run(flows.build, parameters={"params": params}, state=late)
    report = run_flow(flows.build, flow_run=flow_run, parameters={"params": params})
    assert report.span == "2019-11-24 .. 2019-11-27"
    assert list(features(project).partitions()) == [Partition(day) for day in FIT_DAYS[:4]]
    assert server.read_flow_run(flow_run.id).name == "open_bandit 2019-11-27"


@pytest.mark.flow
def test_the_heartbeat_rule_is_installed_once(flows: ModuleType, server: Any) -> None:
    flows.watch_heartbeats()
    flows.watch_heartbeats()
    (rule,) = [found for found in server.read_automations() if found.name.startswith("featurelib")]
    assert rule.trigger.within == timedelta(seconds=540)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"pipeline": "open_bandits"}, "no pipeline 'open_bandits'.*there are: open_bandit, .*search_ranking"),
        ({"start": "24 Nov"}, "start: Input should be a valid date"),
        ({"end": "2019-11-23"}, "end must be 2019-11-24 or later"),
        ({"parallel": 0}, "parallel: Input should be greater than or equal to 1"),
        ({"parallel": 65}, "parallel: Input should be less than or equal to 64"),
        ({"jobs": 2}, "jobs: Extra inputs are not permitted"),
    ],
)
def test_bad_parameters_are_refused_before_any_work(
    flows: ModuleType, project: Path, words: dict[str, object], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        flows.checked(flows.RangeParams, **{**WHOLE, **words})
    assert not (project / "tables").exists()


@pytest.mark.parametrize(
    ("scheduled_at", "zone", "day"),
    [
        (datetime(2026, 11, 2, 2, 30, tzinfo=UTC), "UTC", date(2026, 11, 1)),
        (datetime(2026, 11, 1, 18, 30, tzinfo=UTC), "Asia/Shanghai", date(2026, 11, 1)),
        (datetime(2026, 11, 2, 2, 30, tzinfo=UTC), "America/New_York", date(2026, 10, 31)),
        (datetime(2026, 11, 2, 2, 30, tzinfo=timezone(timedelta(hours=8))), "UTC", date(2026, 10, 31)),
    ],
)
def test_the_partition_is_the_last_that_had_ended_in_the_pipelines_time_zone(
    flows: ModuleType, scheduled_at: datetime, zone: str, day: date
) -> None:
    assert flows.last_ended(shop(timezone=zone), scheduled_at) == Partition(day)


def test_the_day_is_a_plain_date_though_prefect_gives_its_own_kind(flows: ModuleType) -> None:
    from prefect.types import DateTime

    assert type(flows.last_ended(shop(), DateTime(2026, 11, 2, 2, 30, tzinfo=UTC)).dt) is date


class RunWithLogs:
    """As much of a run as `due` looks at: logs of every second day."""

    pipeline = shop()

    class fingerprints:  # noqa: N801
        @staticmethod
        def has_logs(partition: Partition) -> bool:
            return partition.dt.day % 2 == 0


def test_a_build_looks_at_its_day_and_at_earlier_ones_with_logs(flows: ModuleType) -> None:
    looked_at = flows.due(RunWithLogs(), Partition(date(2026, 11, 7)), 5)
    assert [partition.dt.day for partition in looked_at] == [2, 4, 6, 7]
    assert flows.due(RunWithLogs(), Partition(date(2026, 11, 7)), 0) == [Partition(date(2026, 11, 7))]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (StorageError("network"), True),
        (LogMissingError("no file"), False),
        (KeyError("a defect"), False),
        (PartitionsFailedError("p", {("samples", "2026-11-01"): StorageError("network")}), True),
        (PartitionsFailedError("p", {("samples", "2026-11-01"): LogMissingError("no file")}), False),
    ],
)
def test_only_retryable_errors_are_tried_again(flows: ModuleType, error: Exception, again: bool) -> None:
    from prefect.states import Failed

    assert flows.is_retryable(flows.commit, None, Failed(data=error)) is again


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["build", "open_bandit", "--partition", "yesterday"],
            2,
            "UsageError: partition: partition 'yesterday' is not a day",
        ),
        (["serve", "open_bandit", "--cron", "often"], 2, "UsageError: --cron takes five fields"),
        (["backfill", "open_bandit"], 2, "Missing option '--start'"),
    ],
)
def test_a_wrong_command_says_so_in_a_line_and_an_exit_code(
    flows: ModuleType,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["flows.py", *words])
    with pytest.raises(SystemExit, match=str(code)):
        flows.run_and_exit(flows.cli)
    assert said in capsys.readouterr().err


def test_serve_refuses_to_start_without_a_server(
    flows: ModuleType, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows, "get_current_settings", lambda: SimpleNamespace(api=SimpleNamespace(url=None)))
    with pytest.raises(UsageError, match="serve needs a Prefect server: run prefect server start"):
        flows.cli(["serve", "open_bandit"], standalone_mode=False)


def test_a_server_that_does_not_answer_is_an_error_that_a_retry_may_cure(flows: ModuleType, project: Path) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(RetryableError, match=r"127\.0\.0\.1:9/api does not take us: .*Is it up"),
    ):
        flows.ready(flows.RangeParams, **WHOLE)


@contextmanager
def running(*words: str, log: Path, env: dict[str, str], cwd: Path) -> Iterator[None]:
    """Run a command beside the test; stop it at the end."""
    with log.open("w") as out, subprocess.Popen([*words], stdout=out, stderr=out, env=env, cwd=cwd) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(what: Callable[[], object], seconds: float, *logs: Path) -> Any:
    """Return what a question answers as soon as it answers something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except OSError:
            pass  # the server does not listen yet
        time.sleep(0.3)
    raise AssertionError("\n".join(log.read_text() for log in logs if log.exists()))


def ask(url: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


@pytest.mark.flow
def test_a_served_schedule_makes_the_server_create_runs(tmp_path: Path) -> None:
    # NOTE: with SQLAlchemy 2.1 everything looks well and the server's scheduler dies silently; only this shows it
    shutil.copy(ROOT / "flows.py", tmp_path)
    for package in ("pipelines", "schemas"):
        shutil.copytree(ROOT / package, tmp_path / package)
    (tmp_path / "pyproject.toml").write_text("[tool.featurelib]\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    api = f"http://127.0.0.1:{port}/api"
    env = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    env |= {"PREFECT_HOME": str(tmp_path / "home"), "PREFECT_SERVER_API_PORT": port, "DO_NOT_TRACK": "1"}
    env |= {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_UI_ENABLED": "false"}
    serve = ["flows.py", "serve", "open_bandit", "--cron", "* * * * *"]
    logs = tmp_path / "server.log", tmp_path / "serve.log"
    question = b'{"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}, "deployment_id": {"is_null_": false}}}'
    with running(sys.executable, "-m", "prefect", "server", "start", log=logs[0], env=env, cwd=tmp_path):
        wait_for(lambda: ask(f"{api}/health"), 60, *logs)
        with running(sys.executable, *serve, log=logs[1], env={**env, "PREFECT_API_URL": api}, cwd=tmp_path):
            runs = wait_for(lambda: ask(f"{api}/flow_runs/filter", question), 60, *logs)
            assert runs[0]["auto_scheduled"]
            assert runs[0]["parameters"]["params"]["catch_up"] == 7
            assert ask(f"{api}/automations/count", b"{}") == 1
