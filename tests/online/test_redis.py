import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from featurelib.errors import ExportMissingError, ParameterError, RetryableError, StorageError, TableError, UsageError
from featurelib.online import OnlineStore, redis_keys, write_redis
from tests.online.exports import ROWS, expected, export, numbered, shown

ASKED = [{"item_id": "i0", "user_id": "u"}, {"item_id": "new", "user_id": "new"}]


def of(number: int) -> list[dict[str, Any]]:
    known = {"item_id": "i0", "user_id": "u", "a": number, "b": number}
    return [known, {"item_id": "new", "user_id": "new", "a": -number, "b": -number}]


@pytest.fixture
def publish(tmp_path: Path, url: str) -> Callable[..., None]:
    """Export a number to Redis."""

    def publish(number: int, expire: str = "1h", **options: Any) -> None:
        numbered(tmp_path, number, **options)
        write_redis(tmp_path, url, expire=expire)

    return publish


def test_rows_get_the_values_of_their_entities_exactly(tmp_path: Path, url: str):
    written = export(tmp_path)
    assert write_redis(tmp_path, url, expire="1h") == written
    store = OnlineStore.redis(url, "shop")
    assert store.export == written
    assert shown(store.read(ROWS)) == shown(expected(ROWS)) == shown(OnlineStore.open(tmp_path).read(ROWS))


def test_every_key_expires_and_values_outlive_what_leads_to_them(publish: Callable[..., None], client: Any):
    publish(1, "2d", items=2_500)
    keys = list(client.scan_iter())
    asked = client.pipeline(transaction=True)
    for key in keys:
        asked.pttl(key)
    lives = dict(zip(keys, asked.execute(), strict=True))
    assert len(lives) == 2_500 + 1 + 2
    current = lives.pop(b"shop:current")
    assert 172_700_000 < current <= 172_800_000
    assert all(abs(life - current - 60_000) < 1_000 for life in lives.values())


def test_expired_export_is_an_error_not_an_empty_history(publish: Callable[..., None], client: Any, url: str):
    publish(1)
    store = OnlineStore.redis(url, "shop")
    assert store.read(ASKED) == of(1)
    client.pexpire("shop:current", 1)
    time.sleep(0.05)
    with pytest.raises(ExportMissingError, match="Redis has no export of shop: none was written, or it has expired"):
        store.read(ASKED)
    with pytest.raises(ExportMissingError, match="featurelib export-online PIPELINE --as-of T --redis URL"):
        OnlineStore.redis(url, "shop")
    publish(2)
    assert store.read(ASKED) == of(2)


def test_same_export_again_puts_off_its_expiry(publish: Callable[..., None], client: Any, url: str):
    publish(1, "1m")
    store, keys = OnlineStore.redis(url, "shop"), set(client.scan_iter())
    publish(1, "1h")
    assert set(client.scan_iter()) == keys
    assert min(client.ttl(key) for key in keys) > 3_000
    assert store.read(ASKED) == of(1)


def test_next_export_is_seen_at_once_and_the_last_one_deleted(publish: Callable[..., None], client: Any, url: str):
    publish(1, items=2_000)
    publish(7, pipeline="shop_two")
    client.set("shop:of somebody else", "kept")
    store = OnlineStore.redis(url, "shop")
    publish(2)
    assert store.read(ASKED) == of(2)
    assert len(list(client.scan_iter("shop:*"))) == 3 + 1 + 2 + 1
    assert client.get("shop:of somebody else") == b"kept"
    assert OnlineStore.redis(url, "shop_two").read(ASKED) == of(7)


def test_writer_that_fails_leaves_readers_on_the_old_export(publish: Callable[..., None], client: Any, url: str):
    publish(1)
    store = OnlineStore.redis(url, "shop")
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 200_000)
    try:
        with pytest.raises(StorageError, match=r"writing the export to Redis failed: .*maxmemory"):
            publish(2, items=100_000)
        assert store.read(ASKED) == of(1)
        assert OnlineStore.redis(url, "shop").read(ASKED) == of(1)
        assert min(client.ttl(key) for key in client.scan_iter()) > 0  # what was written goes by itself
    finally:
        client.config_set("maxmemory", 0)


def test_expiry_before_all_is_written_leaves_readers_on_the_old_export(
    publish: Callable[..., None], url: str, monkeypatch: pytest.MonkeyPatch
):
    publish(1)
    now_ms, passed = redis_keys._now_ms, iter([0, 1_000])
    monkeypatch.setattr(redis_keys, "_now_ms", lambda client: now_ms(client) + next(passed))
    with pytest.raises(ParameterError, match="expire must be longer than the writing takes, got '0:00:01'"):
        publish(2, "1s")
    assert OnlineStore.redis(url, "shop").read(ASKED) == of(1)


def test_readers_never_mix_two_exports(publish: Callable[..., None], url: str):
    publish(1)
    rows = [{"item_id": f"i{number}", "user_id": "u"} for number in range(3)] + [{"item_id": "new", "user_id": "new"}]
    store, stop = OnlineStore.redis(url, "shop"), threading.Event()
    reads: list[tuple[int, ...]] = []
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not stop.is_set():
                reads.append(tuple(abs(row[name]) for row in store.read(rows) for name in "ab"))
        except BaseException as error:  # reported below
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(2, 25):
        publish(number)
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert {len(set(values)) for values in reads} == {1}
    assert len({values[0] for values in reads}) > 3
    assert store.read(ASKED) == of(24)


def test_reader_gives_up_if_every_read_meets_another_export(
    publish: Callable[..., None], url: str, monkeypatch: pytest.MonkeyPatch
):
    publish(1)
    store = OnlineStore.redis(url, "shop")
    monkeypatch.setattr(redis_keys.RedisSource, "fetch", lambda *_: None)
    with pytest.raises(StorageError, match="the export was replaced 10 times during one read"):
        store.read(ASKED)


def test_export_without_its_description_is_refused(publish: Callable[..., None], client: Any, url: str):
    publish(1)
    version = client.get("shop:current").decode()
    client.set(f"shop:{version}", b'{"format": 1, "pipeline": "shop"}')
    with pytest.raises(TableError, match=f"Redis key shop:{version} does not describe an export"):
        OnlineStore.redis(url, "shop")
    client.delete(f"shop:{version}")
    with pytest.raises(TableError, match=f"Redis lacks key shop:{version}, which describes the current export"):
        OnlineStore.redis(url, "shop")


def test_pointer_that_is_not_ours_deletes_nothing(publish: Callable[..., None], client: Any, url: str):
    client.set("shop:current", "*")
    client.set("shop:other", "kept")
    publish(1)
    assert client.get("shop:other") == b"kept"
    assert OnlineStore.redis(url, "shop").read(ASKED) == of(1)


def test_no_server_is_an_error_that_another_try_may_cure(tmp_path: Path):
    export(tmp_path)
    for call in (
        lambda: write_redis(tmp_path, "redis://127.0.0.1:1/0", expire="1h"),
        lambda: OnlineStore.redis("redis://127.0.0.1:1/0", "shop"),
    ):
        with pytest.raises(StorageError, match=r"Redis failed: .*127\.0\.0\.1:1") as caught:
            call()
        assert isinstance(caught.value, RetryableError)


def test_url_that_is_none_is_refused_without_its_password():
    with pytest.raises(UsageError, match="not the URL of a Redis server") as caught:
        OnlineStore.redis("http://user:secret@host/0", "shop")
    assert "secret" not in str(caught.value)


def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    export(tmp_path)
    monkeypatch.setitem(sys.modules, "redis", None)
    for call in (
        lambda: write_redis(tmp_path, "redis://127.0.0.1:1/0", expire="1h"),
        lambda: OnlineStore.redis("redis://127.0.0.1:1/0", "shop"),
    ):
        with pytest.raises(UsageError, match=r"need the package redis: pip install 'featurelib\[redis\]'"):
            call()


@pytest.mark.parametrize("expire", ["0s", timedelta(seconds=-1), timedelta(milliseconds=1500), "soon"])
def test_expiry_is_of_whole_seconds(tmp_path: Path, expire: str | timedelta):
    with pytest.raises(ParameterError, match="expire must be"):
        write_redis(tmp_path, "redis://127.0.0.1:1/0", expire=expire)


def test_folder_without_an_export_is_not_written(tmp_path: Path):
    with pytest.raises(ExportMissingError, match="has no export"):
        write_redis(tmp_path, "redis://127.0.0.1:1/0", expire="1h")
