"""Redis keys: an export in Redis, and the one key that says which export is the current one.

.. code-block:: text

    shop:current                         3f2a90b1c4d5            version of the current export
    shop:3f2a90b1c4d5                    {"pipeline": ...}       what it holds
    shop:3f2a90b1c4d5:item_id:0042       [12,0.05,null]          an entity's values, in the order of the columns
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from featurelib.durations import duration
from featurelib.errors import ExportMissingError, ParameterError, StorageError, TableError, UsageError
from featurelib.online.export import EntityWindows, Export
from featurelib.online.folder import read_export
from featurelib.online.values import encode

_COMMANDS = 1_000  # sent before answers are read
_SCANNED = 10_000
# NOTE: within one command a server may see time pass; values outlive the key that leads to them, so none is ever
# missing only because it has expired
_GRACE_MS = 60_000
_TRIES = 5


def write_redis(folder: str | Path, url: str, *, expire: str | timedelta) -> Export:
    """Copy a folder's current export to Redis, make it the one that readers use, and delete the one before it.

    The values are written first, under keys of their own version; then one key is switched. Readers see the old export
    or the new one, never parts of both; if the write fails, they see the old one, and what was written expires.
    Writing the same export again only puts off its expiry.

    Parameters
    ----------
    folder
        What `write_export` wrote.
    url
        Such as ``redis://host:6379/0``, ``rediss://`` for TLS, with user and password where needed. One server, version
        6.2 or newer, or Valkey; not a cluster.
    expire
        How long the export may be read, in whole seconds, such as ``2d``; readers get an error afterwards.

    Raises
    ------
    ParameterError
        If ``expire`` is not of whole seconds above 0, or over before all is written.
    UsageError
        If the extra ``redis`` is not installed, or the URL is none.
    ExportMissingError, TableError
        If the folder has no export, or a damaged one.
    StorageError
        If the server cannot be reached, or refuses a write (it has no memory left, say).
    """
    lifetime = duration("write_redis", "expire", expire)
    if lifetime <= timedelta() or lifetime % timedelta(seconds=1):
        raise ParameterError("write_redis", "expire", got=str(lifetime), want="whole seconds, above 0")
    export, frames = read_export(Path(folder))
    client = connect(url)
    with redis_errors("writing the export to Redis"):
        ends = _now_ms(client) + lifetime // timedelta(milliseconds=1)
        for windows, frame in zip(export.windows, frames, strict=True):
            prefix = _prefix(export, windows)
            for part in frame.iter_slices(_COMMANDS):
                pipeline = client.pipeline(transaction=False)
                for entity, *values in part.select("entity", *windows.columns).iter_rows():
                    pipeline.execute_command("SET", prefix + entity, encode(values), "PXAT", ends + _GRACE_MS)
                pipeline.execute()
        client.set(f"{export.pipeline}:{export.version}", json.dumps(export.to_json()), pxat=ends + _GRACE_MS)
        if _now_ms(client) >= ends:  # the switch would delete the old export and bring none
            raise ParameterError("write_redis", "expire", got=str(lifetime), want="longer than the writing takes")
        before = client.set(_current(export.pipeline), export.version, pxat=ends, get=True)
        if before is not None and before.decode() != export.version:
            _remove(client, export.pipeline, before.decode())
    return export


def _now_ms(client: Any) -> int:
    """Return the milliseconds since 1970 by the server's clock."""
    seconds, microseconds = client.time()
    return int(seconds) * 1_000 + int(microseconds) // 1_000


def _remove(client: Any, pipeline: str, version: str) -> None:
    if not re.fullmatch(r"[0-9a-f]{12}", version):
        return  # not ours
    client.unlink(f"{pipeline}:{version}")
    cursor = -1
    while cursor:
        cursor, keys = client.scan(max(cursor, 0), match=f"{pipeline}:{version}:*", count=_SCANNED)
        if keys:
            client.unlink(*keys)


def _current(pipeline: str) -> str:
    return f"{pipeline}:current"


def _prefix(export: Export, windows: EntityWindows) -> str:
    return f"{export.pipeline}:{export.version}:{windows.label}:"


def connect(url: str) -> Any:
    """Return a client; the server is asked nothing yet.

    Raises
    ------
    UsageError
        If the extra ``redis`` is not installed, or the URL is none.
    """
    try:
        import redis
    except ImportError as error:
        raise UsageError("values in Redis need the package redis: pip install 'featurelib[redis]'") from error
    try:
        return redis.Redis.from_url(url)
    except ValueError as error:  # NOTE: the URL may hold a password, so it is not shown
        raise UsageError(f"not the URL of a Redis server: {error}") from error


@contextmanager
def redis_errors(doing: str) -> Iterator[None]:
    """Turn what the client raises into `StorageError`."""
    import redis

    try:
        yield
    except redis.RedisError as error:
        raise StorageError(f"{doing} failed: {error}") from error


class RedisSource:
    """The current export of a pipeline in Redis; may be used by several threads.

    Parameters
    ----------
    url, pipeline
        Where, and whose.
    """

    def __init__(self, url: str, pipeline: str) -> None:
        self._client, self._pipeline = connect(url), pipeline
        with redis_errors("reading from Redis"):
            self.export = self._described(self._client.get(_current(pipeline)))

    def _described(self, version: bytes | None) -> Export:
        for _ in range(_TRIES):
            if version is None:
                raise ExportMissingError(
                    f"Redis has no export of {self._pipeline}: none was written, or it has expired. "
                    "Write one: featurelib export-online PIPELINE --as-of T --redis URL."
                )
            where = f"{self._pipeline}:{version.decode()}"
            stored = self._client.get(where)
            if stored is not None:
                return Export.from_json(json.loads(stored), f"Redis key {where}")
            version = self._client.get(_current(self._pipeline))  # replaced in between
        raise TableError(f"Redis lacks key {where}, which describes the current export. Write it again.")

    def fetch(self, export: Export, wanted: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]] | None:
        """Return the values of the entities, which are distinct, per entity windows; None if the export was replaced.

        One command reads the values and which export is the current one, so none is of another.
        """
        prefixes = [_prefix(export, windows) for windows in export.windows]
        keys = [prefix + text for prefix, texts in zip(prefixes, wanted, strict=True) for text in texts]
        with redis_errors("reading from Redis"):
            version, *found = self._client.mget([_current(self._pipeline), *keys])
            if version is None or version.decode() != export.version:
                self.export = self._described(version)
                return None
        values, start = [], 0
        for windows, texts in zip(export.windows, wanted, strict=True):
            decode, nothing = windows.decode, windows.nothing
            part = found[start : start + len(texts)]
            values.append([decode(nothing if raw is None else raw.decode()) for raw in part])
            start += len(texts)
        return values
