"""Workspace: where a project's logs, tables and scratch files lie."""

from dataclasses import dataclass
from pathlib import Path

TILES = "tiles"
"""The folder, beside those of the pipelines, of the tiles that all of them share."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Three roots; pipelines are declared without any path.

    Parameters
    ----------
    logs
        Root of the raw logs; only read.
    tables
        Root of the tables and programs.
    work
        Scratch files of running builds; may be lost at any time.
    """

    logs: Path
    tables: Path
    work: Path

    def pipeline(self, name: str) -> Path:
        """Return the directory of a pipeline's tables and programs."""
        return self.tables / name

    def table(self, pipeline: str, table: str) -> Path:
        """Return the directory of one table of a pipeline, such as ``samples`` or ``features``."""
        return self.tables / pipeline / table

    def tiles(self, name: str) -> Path:
        """Return the directory of a table of tiles."""
        return self.tables / TILES / name
