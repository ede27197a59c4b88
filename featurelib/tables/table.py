"""VersionedTable: the door to a table, through which every read and write goes."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.errors import FeaturelibError, UsageError
from featurelib.tables import tags as tagging
from featurelib.tables.address import open_storage
from featurelib.tables.commit import Change, commit_change, discard_files, discard_run
from featurelib.tables.create import create_table, evolve_table
from featurelib.tables.inventory import version_record
from featurelib.tables.lineage import Lineage, commits
from featurelib.tables.partition import Partition
from featurelib.tables.records import PartitionRecord, Problem, StagedFile, VersionRecord
from featurelib.tables.snapshot import load
from featurelib.tables.staging import GROUP_ROWS, Codec, Staging
from featurelib.tables.storage import Storage
from featurelib.tables.vacuum import delete_unneeded
from featurelib.tables.verify import find_problems
from featurelib.tables.version import TableVersion


@dataclass(frozen=True, slots=True)
class VersionedTable:
    """Read and write a table whose every state keeps its number and can be read again.

    Make one with `create` or `open`. It holds no state but its address: it can be pickled, shared by threads, and
    never goes stale, as each call reads the log anew.

    Notes
    -----
    A table is a Delta Lake table: partitioned Parquet files and a log. Writing is `stage` (stream rows into files that
    nobody sees) and `commit` (make them a version, in one step, in place of named partitions). A killed writer leaves
    the table as it was, and perhaps files that `vacuum` removes. Order of rows in a partition is the order staged.

    Examples
    --------
    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> folder = TemporaryDirectory()
    >>> table = VersionedTable.create(folder.name, pl.Schema({"clicked": pl.Int8()}))
    >>> day = Partition(date(2026, 11, 1))
    >>> file = table.stage(pl.DataFrame({"clicked": [1, 0]}, schema=table.schema), day, run="try-1")
    >>> lineage = Lineage(run="try-1", pipeline="example", partitions={str(day): {"key": "k1"}})
    >>> table.commit([file], replaces=[day], lineage=lineage)
    1
    >>> table.scan().collect().rows()
    [(1, datetime.date(2026, 11, 1)), (0, datetime.date(2026, 11, 1))]
    >>> folder.cleanup()
    """

    storage: Storage

    @classmethod
    def create(
        cls,
        uri: str | Path,
        schema: pl.Schema,
        *,
        hourly: bool = False,
        storage_options: Mapping[str, str] | None = None,
    ) -> "VersionedTable":
        """Open a table, and create it first if there is none.

        Parameters
        ----------
        uri
            A local directory, or ``s3://bucket/prefix``.
        schema
            Its columns in order, without partition columns. Every column may hold null.
        hourly
            Whether a partition is an hour (``dt`` and ``hr``) or a day (``dt``).
        storage_options
            For ``s3://``: ``aws_endpoint_url``, ``aws_region``, ``aws_access_key_id``, ``aws_allow_http`` and so on.

        Raises
        ------
        TableError
            If a table is there with other columns or partitions; the message says which.
        ColumnTypeError
            If a column's type cannot be stored exactly.
        UsageError
            If the address is not usable, the file system has no hard links, or an extra is not installed.

        Notes
        -----
        Unsigned integers are stored exactly, and declared to other Delta readers as the next larger signed type.
        Some of those readers refuse them: use signed types in tables that others read through Delta.
        """
        storage = open_storage(uri, storage_options)
        create_table(storage, schema, hourly=hourly)
        return cls(storage)

    @classmethod
    def open(cls, uri: str | Path, *, storage_options: Mapping[str, str] | None = None) -> "VersionedTable":
        """Open a table that exists.

        Raises
        ------
        UsageError
            If there is none.
        TableError
            If its log is damaged, or it was made by another tool with settings that lose versions.
        """
        table = cls(open_storage(uri, storage_options))
        load(table.storage)
        return table

    @property
    def uri(self) -> str:
        """Its absolute path or address."""
        return self.storage.root

    @property
    def version(self) -> int:
        """The newest version; 0 is the empty table."""
        return load(self.storage).version

    @property
    def schema(self) -> pl.Schema:
        """Its columns now, in order, without partition columns."""
        return load(self.storage).schema

    @property
    def hourly(self) -> bool:
        """Whether its partitions are hours."""
        return load(self.storage).hourly

    def evolve(self, schema: pl.Schema) -> int:
        """Add columns at the end; rows written before have null there.

        Parameters
        ----------
        schema
            All columns of the table as they shall be: those of now, unchanged, then the new ones.

        Returns
        -------
        int
            The version after it; the newest one if there was nothing to add.

        Raises
        ------
        TableError
            If a column of now is missing, moved, or of another type.
        CommitConflictError
            If other writers committed at the same time, in every try.

        Notes
        -----
        Files staged before and committed after are refused, and must be staged again.
        """
        return evolve_table(self.storage, schema)

    def stage(self, frame: pl.LazyFrame | pl.DataFrame, partition: Partition, *, run: str) -> StagedFile:
        """Stream rows into a new file of a partition, which no version shows until it is committed.

        Parameters
        ----------
        frame
            Exactly the table's columns, with exactly its types, in any order of columns. It may have ``dt`` (and
            ``hr``) too, which must then equal the partition in each row, and are not stored in the file. Null and
            NaN are stored as they are. No rows give a file of no rows: the partition is built, and empty.
        partition
            Where the rows belong.
        run
            Name of the run, which becomes part of the file's name.

        Raises
        ------
        ColumnMissingError, ColumnTypeError, UsageError
            If columns differ, or the partition is of the wrong kind; raised before any row is read.
        DataRefusedError
            If a row is of another partition by its own ``dt`` or ``hr``.
        StorageError
            If the disk is full, or the storage fails.

        Notes
        -----
        Memory is that of the streaming engine and one row group of 65,536 rows. After any exception, also of the
        plan itself, no file is left.
        """
        return self.staging(run).stage(frame, partition)

    def staging(self, run: str, *, group_rows: int = GROUP_ROWS, codec: Codec = "zstd") -> Staging:
        """Return what stages files by the columns of now, for many of them: it reads the log once, here."""
        return self.at().staging(run, group_rows=group_rows, codec=codec)

    def discard(self, files: Sequence[StagedFile]) -> None:
        """Delete staged files that will not be committed; files which some version holds are left alone."""
        discard_files(self.storage, files)

    def discard_run(self, run: str) -> None:
        """Delete what a run staged and no version holds, also files of tasks that were lost.

        Call it once the run's tasks have ended: a file staged later stays, until `vacuum`.
        """
        discard_run(self.storage, run)

    def commit(self, files: Sequence[StagedFile], *, replaces: Sequence[Partition], lineage: Lineage) -> int:
        """Replace whole partitions by staged files, all in one step.

        Parameters
        ----------
        files
            What `stage` returned, perhaps in other processes.
        replaces
            The partitions whose rows give way. One without a file becomes empty: it is no longer there.
        lineage
            Where the rows come from, with an entry for each replaced partition.

        Returns
        -------
        int
            The version made. If the key of each partition is the key it is live with, or these very files are live
            already, nothing is committed and the version returned holds them.

        Raises
        ------
        UsageError
            If a file is of a partition that is not replaced, or the lineage tells of other partitions.
        TableError
            If a file is gone, or is not what was staged, or has other columns than the table.
        CommitConflictError
            If other writers committed first in every try.
        StorageError
            If the disk is full, or the storage fails.

        Notes
        -----
        Of several writers of one partition the last one's rows stay, whole; none is lost without a version that
        shows it. No staged file is left after it: each is live, or was deleted, also on an exception.
        """
        try:
            return commit_change(self.storage, Change.of(files, replaces, lineage))
        except BaseException:
            with suppress(FeaturelibError):  # what cannot be deleted now is left to vacuum
                discard_files(self.storage, files)
            raise

    def at(self, version: int | str | None = None) -> TableVersion:
        """Return one version, for several looks at it: its log is read once, here.

        Parameters
        ----------
        version
            A number, a tag, or ``None`` for the newest.

        Raises
        ------
        UsageError
            If there is no such version or tag.
        """
        number = tagging.read_tag(self.storage, version).version if isinstance(version, str) else version
        return TableVersion(self.storage, load(self.storage, number), check=version is not None)

    def scan(self, version: int | str | None = None, partitions: Collection[Partition] | None = None) -> pl.LazyFrame:
        """Return the rows of a version as a lazy frame.

        Parameters
        ----------
        version
            A number, a tag, or ``None`` for the newest.
        partitions
            Only these, which must all be there; ``None`` for all.

        Returns
        -------
        pl.LazyFrame
            The table's columns, then ``dt`` (Date) and, by hours, ``hr`` (Int32). Rows by partition ascending, then
            by file name, then as staged. Files that a filter on ``dt`` or ``hr`` excludes are not read.

        Raises
        ------
        UsageError
            If there is no such version or tag.
        TableError
            If a partition asked for is not there, or files of an older version were vacuumed.
        """
        return self.at(version).scan(partitions)

    def partitions(self, version: int | str | None = None) -> dict[Partition, PartitionRecord]:
        """Return what each partition of a version is, ascending. Empty ones that were committed with no file lack."""
        return self.at(version).partitions()

    def built(self, partition: Partition, version: int | str | None = None) -> Mapping[str, Any] | None:
        """Return what the lineage says of the partition as it is in a version; ``None`` if it is not there.

        A partition that another tool than featurelib wrote gives an empty mapping.
        """
        return dict(self.at(version).entries([partition])).get(partition)

    def lineage(self, version: int | str | None = None) -> Lineage:
        """Return the lineage of the commit that made a version; of the newest commit that has one by default.

        Raises
        ------
        UsageError
            If there is no such version, or it was not made by `commit`.
        """
        newest = self.at(version).version
        for commit in commits(self.storage, newest):
            if commit.lineage is not None:
                return commit.lineage
            if version is not None:
                break
        raise UsageError(f"{self.uri}: version {newest} has no lineage: no commit of featurelib made it.")

    def history(self, limit: int | None = None) -> list[VersionRecord]:
        """Return the versions, newest first, at most ``limit`` of them."""
        return [version_record(commit) for commit in islice(commits(self.storage, self.version), limit)]

    def tag(self, name: str, version: int | None = None) -> int:
        """Name a version, the newest by default, and keep it readable for as long as the tag exists.

        Returns
        -------
        int
            The version tagged.

        Raises
        ------
        UsageError
            If the name is not allowed, or is taken by another version. A name that the version has already is fine.
        TableError
            If files of the version were vacuumed.
        """
        snapshot = self.at(version).snapshot
        tagging.create_tag(self.storage, snapshot, name)
        return snapshot.version

    def tags(self) -> dict[str, int]:
        """Return the version of each tag, by name."""
        return tagging.tag_versions(self.storage)

    def untag(self, name: str) -> None:
        """Delete a tag; its version becomes subject to `vacuum`. UsageError if there is no such tag."""
        tagging.delete_tag(self.storage, name)

    def verify(self, version: int | str | None = None) -> list[Problem]:
        """Read every file of a version, and return what differs from its commit's record: nothing if all is well.

        Reads all bytes once. Damaged files are reported, never raised.
        """
        return find_problems(self.storage, self.at(version).snapshot)

    def forget(self, partitions: Collection[Partition], *, run: str) -> int:
        """Commit a version without some partitions, so that the ledger finds them missing and a backfill builds them.

        Older versions keep them. For partitions whose files are damaged: what a partition was built from has not
        changed, so nothing else would tell that it must be built again.

        Returns
        -------
        int
            The version made.

        Raises
        ------
        CommitConflictError, StorageError
            As `commit`.
        """
        lineage = Lineage(run=run, pipeline="", partitions={str(partition): {} for partition in partitions})
        return self.commit([], replaces=list(partitions), lineage=lineage)

    def vacuum(self, *, older_than: timedelta, no_job_running: bool = False, dry_run: bool = False) -> list[str]:
        """Delete files that no version needs, and files that killed runs left.

        Parameters
        ----------
        older_than
            Versions that were live within this time stay readable, and files written within it stay.
        no_job_running
            Your word that nothing writes to the table now. Then uncommitted files go whatever their age, so that
            nothing staged is left, and ``older_than`` may be as short as you like.
        dry_run
            Only return what would be deleted.

        Returns
        -------
        list of str
            The files, by path.

        Raises
        ------
        UsageError
            If ``older_than`` is shorter than the longest job, 24 hours, without ``no_job_running``.

        Notes
        -----
        The newest version and tagged versions always stay. It writes nothing, so it also works on a full disk.
        Readers of an untagged older version fail once its files are gone.
        """
        return delete_unneeded(self.storage, older_than=older_than, no_job_running=no_job_running, dry_run=dry_run)
