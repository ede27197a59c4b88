"""Run: one invocation of a build: its name, its engine, its scratch folder, its tables."""

import fcntl
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from featurelib.engine import Engine
from featurelib.errors import FeaturelibError, TableError, UsageError
from featurelib.ledger import Fingerprints
from featurelib.logs import REJECTS
from featurelib.pipeline import Pipeline
from featurelib.tables import VersionedTable
from featurelib.tables.address import open_storage
from featurelib.tables.storage import storage_errors
from featurelib.windows import TileSpec
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
    now
        The instant by which it judges what is mature: the same for all that it builds.
    fingerprints
        Of the pipeline's inputs, each log file read once.
    """

    pipeline: Pipeline
    workspace: Workspace
    engine: Engine
    name: str
    scratch: Path
    now: datetime
    fingerprints: Fingerprints
    _tables: dict[Path, VersionedTable] = field(default_factory=dict, repr=False)

    @classmethod
    @contextmanager
    def begin(
        cls, pipeline: Pipeline, workspace: Workspace, engine: Engine, *, now: datetime | None = None
    ) -> Iterator["Run"]:
        """Open a run; when it ends, however it ends, delete what it staged and did not commit.

        Opening also clears away what killed runs left in the scratch folder. What they left in the tables is unseen,
        and goes with `VersionedTable.vacuum`.

        Parameters
        ----------
        pipeline, workspace, engine
            What is built, where, and by what.
        now
            The instant by which maturity is judged; the clock's by default.

        Raises
        ------
        StorageError
            If the disk is full, or the storage fails, wherever in the run that was.
        """
        name = uuid.uuid4().hex[:12]
        with storage_errors(f"run {name} of {pipeline}"), _scratch(workspace.work / pipeline.name, name) as scratch:
            at = now or datetime.now(UTC)
            run = cls(pipeline, workspace, engine, name, scratch, at, Fingerprints(pipeline, workspace, at))
            try:
                yield run
            finally:  # also after Ctrl-C; a task that ran twice leaves a file that nobody commits
                run._discard_staged()

    def _discard_staged(self) -> None:
        ours = ("samples", "features", "quarantine", "quarantine_features")
        places = [self.workspace.table(self.pipeline.name, table) for table in ours]
        for place in (*places, *(self.workspace.tiles(spec.name) for spec in self.pipeline.tiles)):
            with suppress(FeaturelibError, OSError):  # it is not made yet; what cannot be deleted is left to vacuum
                VersionedTable(open_storage(place, None)).discard_run(self.name)

    @property
    def samples(self) -> VersionedTable:
        """The samples table."""
        return self._own("samples", self.pipeline.sample_schema)

    @property
    def features(self) -> VersionedTable:
        """The feature table."""
        return self._own("features", self.pipeline.table.polars_schema())

    @property
    def quarantine(self) -> VersionedTable:
        """Rows set aside, with reason and source."""
        return self._own("quarantine", REJECTS)

    @property
    def quarantine_features(self) -> VersionedTable:
        """Rows of features that a rule set aside, with the rules they broke."""
        return self._own("quarantine_features", _FEATURE_REJECTS)

    def tiles(self, spec: TileSpec) -> VersionedTable:
        """Return the table of some tiles."""
        return self._table(self.workspace.tiles(spec.name), spec.schema)

    def _own(self, name: str, schema: pl.Schema) -> VersionedTable:
        return self._table(self.workspace.table(self.pipeline.name, name), schema)

    def _table(self, place: Path, schema: pl.Schema) -> VersionedTable:
        if place not in self._tables:
            self._tables[place] = self._opened(place, schema)
        return self._tables[place]

    def _opened(self, place: Path, schema: pl.Schema) -> VersionedTable:
        """Open a table, made or widened to the columns declared; rows written before have null in new ones."""
        table = VersionedTable(open_storage(place, None))
        try:
            live = table.at()
        except UsageError:  # there is none, or only the folder that a killed run made for it
            return VersionedTable.create(place, schema, hourly=self.pipeline.samples.every == "1h")
        if live.hourly != (self.pipeline.samples.every == "1h"):
            raise TableError(
                f"{place} has partitions by {'hours' if live.hourly else 'days'}, {self.pipeline} has others: give "
                "the pipeline a new name, or move the table away."
            )
        held = live.schema
        other = [f"{column} {dtype}" for column, dtype in held.items() if schema.get(column) != dtype]
        if other:
            raise TableError(
                f"{place} holds columns that {self.pipeline} no longer declares, or declares with another type: "
                f"{', '.join(other)}. Columns can only be added: give the pipeline a new name, or move the table away."
            )
        if any(column not in held for column in schema):
            table.evolve(pl.Schema({**held, **schema}))
        return table


@contextmanager
def _scratch(root: Path, name: str) -> Iterator[Path]:
    """Make the folder of a run, held by a lock; the system lets go of it when the process dies, however it dies."""
    scratch = root / name
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        # NOTE: one at a time, or another run could take a folder that is not locked yet for an abandoned one
        with (root / _LOCK).open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            _remove_abandoned(root)
            scratch.mkdir()
            held.callback(shutil.rmtree, scratch, ignore_errors=True)
            lock = held.enter_context((scratch / _LOCK).open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield scratch


def _remove_abandoned(root: Path) -> None:
    for folder in root.glob("*/"):
        try:
            with (folder / _LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # another run holds it, or has just removed it
