"""Run: one invocation of a build: its name, its engine, its scratch folder, its tables."""

import fcntl
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from featurelib.engine import Engine
from featurelib.errors import StorageError
from featurelib.ledger import Fingerprints
from featurelib.logs import REJECTS
from featurelib.pipeline import Pipeline
from featurelib.tables import VersionedTable
from featurelib.workspace import Workspace

_LOCK = "lock"
_FEATURE_REJECTS = pl.Schema({"reasons": pl.List(pl.String), "row": pl.String()})


@dataclass(frozen=True, slots=True)
class Run:
    """What the stages of one build share; made by `Run.begin`.

    Attributes
    ----------
    pipeline, workspace, engine
        What is built, where, and by what.
    name
        Unique; part of the names of all files it writes.
    scratch
        Its own folder for files between stages; removed when it ends.
    fingerprints
        Of the pipeline's inputs, each log day read once.
    """

    pipeline: Pipeline
    workspace: Workspace
    engine: Engine
    name: str
    scratch: Path
    fingerprints: Fingerprints

    @classmethod
    @contextmanager
    def begin(cls, pipeline: Pipeline, workspace: Workspace, engine: Engine) -> Iterator["Run"]:
        """Open a run, and clear away what killed runs left in the scratch folder."""
        root = workspace.work / pipeline.name
        _remove_abandoned(root)
        name = uuid.uuid4().hex[:12]
        scratch = root / name
        try:
            scratch.mkdir(parents=True)
            with (scratch / _LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # the system lets go of it when the process dies, however it dies
                yield cls(pipeline, workspace, engine, name, scratch, Fingerprints(pipeline, workspace.logs))
        except OSError as error:
            if isinstance(error, StorageError) or error.errno is None:
                raise
            raise StorageError(
                f"run {name} of {pipeline}: {error}. Free space or mend the storage, and run again."
            ) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    @property
    def samples(self) -> VersionedTable:
        """The samples table."""
        return self._table("samples", self.pipeline.sample_schema)

    @property
    def features(self) -> VersionedTable:
        """The feature table."""
        return self._table("features", self.pipeline.table.polars_schema())

    @property
    def quarantine(self) -> VersionedTable:
        """Rows set aside, with reason and source."""
        return self._table("quarantine", REJECTS)

    @property
    def quarantine_features(self) -> VersionedTable:
        """Rows of features that a rule set aside, with the rules they broke."""
        return self._table("quarantine_features", _FEATURE_REJECTS)

    def tiles(self, name: str, schema: pl.Schema) -> VersionedTable:
        """One table of tiles."""
        return self._table(name, schema)

    def _table(self, name: str, schema: pl.Schema) -> VersionedTable:
        return VersionedTable.create(self.workspace.table(self.pipeline.name, name), schema)


def _remove_abandoned(root: Path) -> None:
    for folder in root.glob("*/"):
        try:
            with (folder / _LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # another run holds it, or has just removed it
