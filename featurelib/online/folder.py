"""Folder: an export as Parquet, one file per entity, replaced whole or not at all.

.. code-block:: text

    <folder>/meta.json                        what the current export holds, and the name of its directory
    <folder>/values-…/item_id.parquet         entity, and the windows' columns; sorted by entity
    <folder>/values-…/query+item_id.parquet
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import polars as pl

from featurelib.errors import ExportMissingError, StorageError, TableError, UsageError
from featurelib.online.export import EntityWindows, Export
from featurelib.online.values import encode, type_to_json

_ROWS = 50_000  # of a row group
_ABANDONED_S = 86_400
_OURS = re.compile(r"values-[0-9a-f]{32}")
_TRIES = 5


def write_export(
    folder: str | Path,
    *,
    pipeline: str,
    as_of: datetime,
    declared: Mapping[str, str],
    frames: Mapping[tuple[str, ...], pl.DataFrame],
    empty: Mapping[str, Any],
) -> Export:
    """Write the windows' values as the folder's current export; the one before it goes.

    Readers find the old export or the new one, never parts of both; if the write fails, they find the old one.

    Parameters
    ----------
    folder
        Where; made if it is not there.
    pipeline, as_of
        Whose values, at which instant.
    declared
        By column of the windows, a fingerprint of its declaration, which `OnlineStore.features` compares with that of
        the program's fit; left out for a column of none.
    frames
        By entity columns: column ``entity`` (the texts of the entity's values, U+001F between them; each once, none
        null), and a column per window. Categories are written as text.
    empty
        Per column, its value for an entity without any history; None is null.

    Raises
    ------
    UsageError
        If there is no frame, a frame's entities are not as described, a column is there twice or has no value in
        ``empty``, or ``as_of`` has no zone.
    ColumnTypeError
        If a column has a type that cannot be read back exactly, such as binary.
    StorageError
        If a file cannot be written; nothing of the export is left then.
    """
    _check(frames, as_of, empty)
    folder = Path(folder)
    values = folder / f"values-{uuid4().hex}"
    try:
        values.mkdir(parents=True)
        windows = tuple(_write(by, frames[by], empty, values) for by in sorted(frames))
        export = Export(pipeline, as_of.astimezone(UTC), declared, windows)
        before = _meta(folder).get("folder")
        _switch(folder, values, export)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StorageError(f"the export of {pipeline} to {folder} could not be written: {error}") from error
    finally:
        if _meta(folder).get("folder") != values.name:
            shutil.rmtree(values, ignore_errors=True)
    _remove(folder, before, keep=values.name)
    return export


def _check(frames: Mapping[tuple[str, ...], pl.DataFrame], as_of: datetime, empty: Mapping[str, Any]) -> None:
    if as_of.tzinfo is None:
        raise UsageError(f"an export is as of an instant, got {as_of} without a zone.")
    if not frames:
        raise UsageError("an export needs at least one window; the pipeline has none.")
    names = [name for frame in frames.values() for name in frame.columns if name != "entity"]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the windows have two columns {name!r}.")
        if name not in empty:
            raise UsageError(f"column {name!r} has no value for an empty history.")
    for by, frame in frames.items():
        if frame.schema.get("entity") != pl.String():
            raise UsageError(f"the windows by {', '.join(by)} have no text column 'entity'.")
        if frame["entity"].null_count() or frame["entity"].n_unique() < frame.height:
            raise UsageError(f"the windows by {', '.join(by)} have an entity that is null or there twice.")
        for name, dtype in frame.schema.items():
            type_to_json(name, _stored_type(dtype))


def _stored_type(dtype: pl.DataType) -> pl.DataType:
    return pl.String() if isinstance(dtype, pl.Categorical | pl.Enum) else dtype


def _write(by: tuple[str, ...], frame: pl.DataFrame, empty: Mapping[str, Any], values: Path) -> EntityWindows:
    sorted_frame = frame.cast({name: _stored_type(dtype) for name, dtype in frame.schema.items()}).sort("entity")
    columns = pl.Schema({name: dtype for name, dtype in sorted_frame.schema.items() if name != "entity"})
    nothing = encode([empty[name] for name in columns])
    windows = EntityWindows(by, columns, nothing, "")
    path = values / f"{windows.label}.parquet"
    with path.open("wb") as file:
        sorted_frame.select("entity", *columns).write_parquet(file, compression="zstd", row_group_size=_ROWS)
        _flush(file)
    return EntityWindows(by, columns, nothing, _digest(path))


def _switch(folder: Path, values: Path, export: Export) -> None:
    ready = values / "meta.json"
    with ready.open("w", encoding="utf-8") as file:
        json.dump({**export.to_json(), "folder": values.name}, file, indent=1, ensure_ascii=False)
        _flush(file)
    ready.replace(folder / "meta.json")


def _flush(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(folder: Path, before: str | None, *, keep: str) -> None:
    """Delete the export that was replaced, and what killed writers left; a write takes less than a day."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another writer was faster
            old = path.name == before or time.time() - path.stat().st_mtime > _ABANDONED_S
            if old and path.name != keep and path.is_dir() and _OURS.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)


def _meta(folder: Path) -> dict[str, Any]:
    """Return the description of the current export; empty if there is none that can be read."""
    try:
        stored = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def read_export(folder: Path) -> tuple[Export, list[pl.DataFrame]]:
    """Return the current export and its frames, in the order of its windows.

    Raises
    ------
    ExportMissingError
        If there is none.
    TableError
        If a file is missing, damaged or changed.
    StorageError
        If a file cannot be read.
    """
    for _ in range(_TRIES):
        if not (folder / "meta.json").exists():
            raise ExportMissingError(f"{folder} has no export. Write one: featurelib export-online PIPELINE --as-of T.")
        meta = _meta(folder)
        export = Export.from_json(meta, f"{folder}/meta.json")
        try:
            return export, [_read(folder / str(meta.get("folder")), one) for one in export.windows]
        except FileNotFoundError as error:
            lost = error  # a writer replaced the export in between, if the next look finds another
        except OSError as error:
            raise StorageError(f"reading {folder} failed: {error}") from error
        if _meta(folder) == meta:
            break
    raise TableError(f"{folder}: {lost.filename} is missing. Export again.")


def _read(directory: Path, windows: EntityWindows) -> pl.DataFrame:
    path = directory / f"{windows.label}.parquet"
    if _digest(path) != windows.sha256:
        raise TableError(f"{path} does not match its hash: it was changed or damaged. Export again.")
    return pl.read_parquet(path)


class FolderSource:
    """An export in memory.

    Parameters
    ----------
    folder
        Where it lies; read once.
    """

    def __init__(self, folder: Path) -> None:
        self.export, frames = read_export(folder)
        # NOTE: sorted again, as the search below answers wrongly otherwise; a reader of Parquet may change the order
        self._frames = [frame.sort("entity") for frame in frames]

    def fetch(self, export: Export, wanted: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
        """Return the values of the entities, which are distinct, per entity windows."""
        return [
            self._found(one, frame, texts)
            for one, frame, texts in zip(export.windows, self._frames, wanted, strict=True)
        ]

    def _found(self, windows: EntityWindows, frame: pl.DataFrame, texts: Sequence[str]) -> list[dict[str, Any]]:
        asked = pl.Series(texts, dtype=pl.String)
        positions = frame["entity"].search_sorted(asked)
        near = frame[positions.filter(positions < frame.height)]
        there = {row.pop("entity"): row for row in near.to_dicts()}
        return [there[text] if text in there else windows.decode(windows.nothing) for text in texts]
