"""Undeclared tiles: tables of tiles that pipelines read once, and that none declares any more."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from featurelib.pipeline import Pipeline
from featurelib.workspace import TILES, Workspace


def undeclared_tiles(workspace: Workspace, pipelines: Iterable[Pipeline], *, older_than: timedelta) -> list[Path]:
    """Return the folders of the tables of tiles that no pipeline reads, by name.

    They may be deleted: tiles are made again from the logs when somebody declares them again.

    Parameters
    ----------
    workspace
        Whose tables.
    pipelines
        All that keep their tiles there; imported, if they are yet to be, only where some tiles are so old.
    older_than
        How long nothing may have been written to them; a run of another checkout could be making them now.
    """
    root, since = workspace.tables / TILES, datetime.now(UTC) - older_than
    folders = (
        sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink()) if root.is_dir() else []
    )
    old = [path for path in folders if _written_at(path) <= since]
    declared = {spec.name for pipeline in pipelines for spec in pipeline.tiles} if old else set()
    return [path for path in old if path.name not in declared]


def _written_at(folder: Path) -> datetime:
    """Return when a file of a folder was last written."""
    times = [folder.stat().st_mtime]
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a build stages and renames meanwhile
            times.append(path.stat().st_mtime)
    return datetime.fromtimestamp(max(times), UTC)
