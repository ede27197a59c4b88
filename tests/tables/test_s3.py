import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import boto3
import polars as pl
import pytest

from featurelib.errors import StorageError, TableError, UsageError
from featurelib.tables import Lineage, VersionedTable

SCHEMA = pl.Schema({"x": pl.Int64(), "s": pl.String()})


@pytest.fixture(scope="module")
def options() -> Iterator[dict[str, str]]:
    """Serve the S3 API on loopback: in a process of its own, for a client that holds the GIL would wait for ever."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            yield {
                "aws_endpoint_url": f"http://127.0.0.1:{port}", "aws_access_key_id": "key", "aws_region": "us-east-1",
                "aws_secret_access_key": "secret", "aws_allow_http": "true",
            }  # fmt: skip
        finally:
            server.terminate()


def wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the S3 server did not start")


@pytest.fixture
def client(options: dict[str, str]) -> Any:
    return boto3.client(
        "s3", endpoint_url=options["aws_endpoint_url"], region_name="us-east-1",
        aws_access_key_id="key", aws_secret_access_key=options["aws_secret_access_key"],
    )  # fmt: skip


@pytest.fixture
def bucket(client: Any) -> str:
    name = f"bucket-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def remote(options: dict[str, str], bucket: str) -> VersionedTable:
    return VersionedTable.create(f"s3://{bucket}/tables/clicks", SCHEMA, storage_options=options)


def keys(client: Any, bucket: str) -> set[str]:
    return {item["Key"] for item in client.list_objects_v2(Bucket=bucket).get("Contents", [])}


def test_a_table_on_s3_does_all_that_a_local_one_does(
    remote: VersionedTable, options: dict[str, str], rows: Any, put: Any, days: Any
) -> None:
    assert put(remote, {days[0]: [1, 2], days[1]: [3]}, key="k") == 1
    assert put(remote, {days[0]: [9]}, key="k") == 1
    assert remote.tag("gold") == 1
    assert put(remote, {days[0]: [4]}, key="new") == 2
    again = VersionedTable.open(remote.uri, storage_options={name.upper(): text for name, text in options.items()})
    assert again.scan().collect()["x"].to_list() == [4, 3]
    assert again.scan().filter(pl.col("dt") == days[1].dt).collect()["x"].to_list() == [3]
    orphan = again.stage(rows([5]), days[0], run="killed")
    assert again.vacuum(older_than=timedelta(0), no_job_running=True) == [orphan.path]
    assert again.scan("gold").collect()["x"].to_list() == [1, 2, 3]
    assert [record.version for record in again.history()] == [2, 1, 0]
    assert {day: record.key for day, record in again.partitions().items()} == {days[0]: "new", days[1]: "k"}
    assert again.verify() == again.verify("gold") == []


def test_verify_finds_damage_on_s3(remote: VersionedTable, client: Any, bucket: str, put: Any, days: Any) -> None:
    put(remote, {days[0]: [1], days[1]: [2]})
    first, second = (f"tables/clicks/{path}" for path in sorted(remote.lineage().files))
    content = bytearray(client.get_object(Bucket=bucket, Key=first)["Body"].read())
    content[10] ^= 1
    client.put_object(Bucket=bucket, Key=first, Body=bytes(content))
    client.delete_object(Bucket=bucket, Key=second)
    assert [problem.kind for problem in remote.verify()] == ["sha256", "missing"]


def test_writers_of_one_partition_on_s3_land_one_after_the_other(
    remote: VersionedTable, put: Callable[..., int], days: Any
) -> None:
    with ThreadPoolExecutor(3) as threads:
        versions = list(threads.map(lambda number: put(remote, {days[0]: [number]}), range(6)))
    assert sorted(versions) == [1, 2, 3, 4, 5, 6]
    assert remote.scan().collect()["x"].to_list() == [versions.index(6)]


def test_a_tag_on_s3_is_exclusive(remote: VersionedTable, put: Any, days: Any) -> None:
    remote.tag("gold")
    put(remote, {days[0]: [1]})
    with pytest.raises(UsageError, match="tag 'gold' is taken: it points at version 0"):
        remote.tag("gold")
    remote.untag("gold")
    assert remote.tags() == {}


def test_a_failed_stage_or_commit_leaves_nothing_on_s3(
    remote: VersionedTable, client: Any, bucket: str, rows: Any, days: Any
) -> None:
    before = keys(client, bucket)

    def fail(_: pl.Series) -> pl.Series:
        raise RuntimeError("my own mistake")

    frame = rows([1]).lazy().with_columns(pl.col("x").map_batches(fail, return_dtype=pl.Int64()))
    with pytest.raises(RuntimeError, match="my own mistake"):
        remote.stage(frame, days[0], run="r")
    file = remote.stage(rows([1]), days[0], run="r")
    lie = type(file)(file.path, file.partition, file.bytes, 2, file.sha256)
    lineage = Lineage(run="r", pipeline="p", partitions={str(days[0]): {}})
    with pytest.raises(TableError, match="1 rows in the footer, 2 when staged"):
        remote.commit([lie], replaces=[days[0]], lineage=lineage)
    assert keys(client, bucket) == before


def test_a_table_on_s3_can_be_sent_to_another_process(remote: VersionedTable) -> None:
    assert pickle.loads(pickle.dumps(remote)).version == 0  # noqa: S301 - our own bytes


def test_no_table_at_an_s3_address_is_refused(options: dict[str, str], bucket: str) -> None:
    with pytest.raises(UsageError, match="there is no table here; create it first"):
        VersionedTable.open(f"s3://{bucket}/nothing", storage_options=options)


def test_a_store_that_does_not_answer_is_a_storage_error(options: dict[str, str]) -> None:
    closed = {**options, "aws_endpoint_url": "http://127.0.0.1:9"}
    with pytest.raises(StorageError, match=r"reading the log of s3://bucket/t failed"):
        VersionedTable.open("s3://bucket/t", storage_options=closed)


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="bad storage options"):
        VersionedTable.create("s3://bucket/t", SCHEMA, storage_options={"aws_colour": "blue"})


def test_without_the_extra_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("obstore", "obstore.store", "obstore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=r"pip install featurelib\[s3\]"):
        VersionedTable.open("s3://bucket/t")
