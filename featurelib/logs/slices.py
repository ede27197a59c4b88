"""Slices: the rows of a log between two instants, typed, with every other row accounted for."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from featurelib.errors import LogMissingError, StorageError
from featurelib.logs._bytes import check_content
from featurelib.logs._parquet import read_parquet
from featurelib.logs._placement import Placement
from featurelib.logs._rules import REJECTS
from featurelib.logs._scan import FileRows, Scan, frame_of
from featurelib.logs._text import read_text
from featurelib.logs.files import LogFile, available, distinct, files_of, identify, partitions_of, utc_span
from featurelib.logs.log import Log


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogSlice:
    """The events of a log in a span of time.

    Parameters
    ----------
    schema
        Columns and types of the table.
    scans
        Where the good rows lie: the Parquet logs themselves, and typed copies of text logs in the scratch directory.
    rejects
        The bad rows: ``log``, ``file``, ``line`` (1-based physical line of a text file, header included, where the
        row starts; 1-based row of a Parquet file), ``reason``, ``column`` and ``value`` (where one is at fault) and
        ``row`` (JSON text, best effort: NaN is shown as null).
    rows_read
        Rows of all files read, which is rows of ``frame`` + ``rejects`` + ``rows_elsewhere``.
    rows_elsewhere
        Rows that belong to another span of time, of which a late or only partly covered partition has some.
    files
        The files read, in order.
    missing
        Partitions without files (only with ``required=False``).
    """

    schema: pl.Schema
    scans: tuple[Scan, ...]
    rejects: pl.DataFrame
    rows_read: int
    rows_elsewhere: int
    files: tuple[LogFile, ...]
    missing: tuple[datetime, ...] = ()

    @property
    def frame(self) -> pl.LazyFrame:
        """The good rows, in order of partitions, then file names, then rows."""
        return frame_of(self.scans, self.schema)

    def numbered(self, name: str) -> pl.LazyFrame:
        """Return the good rows with their numbers in a column ``name`` in front; these rise, with gaps.

        To filter on the numbers is cheap: it reaches into the files.
        """
        return frame_of(self.scans, self.schema, number=name)


def read(log: Log, root: Path, start: datetime, end: datetime, *, scratch: Path, required: bool = True) -> LogSlice:
    """Read the events of ``[start, end)``.

    Parameters
    ----------
    log
        What to read.
    root
        The log root, which is never written to.
    start, end
        Instants with a time zone.
    scratch
        Directory for typed copies of text files. They must live as long as ``frame`` is used; the caller deletes them.
    required
        Whether each partition must have a file. Else one without is empty, and listed in ``missing``.

    Raises
    ------
    UsageError
        If an instant has no time zone, or ``start`` is not before ``end``.
    LogMissingError
        If the log root, or a required partition, has no file.
    LogFileError
        If a file is empty, damaged, of another format than its suffix says, or has a column that the table lacks.
    ColumnMissingError, ColumnTypeError
        If a file lacks a column, or (Parquet) has it with a type that does not widen to the declared one.
    StorageError
        If a file cannot be read, or the scratch directory cannot be written, for a reason that may pass.

    Notes
    -----
    Reasons of rejects, in the order in which they count, are ``field_count`` (CSV), ``bad_json`` (JSON lines),
    ``bad_encoding`` (no UTF-8); then by column ``bad_time`` (the text states no time zone, or one where the column has
    none) and ``bad_type``; then by column ``missing_value``, ``not_a_number``, ``out_of_range`` and ``not_allowed``;
    then ``check:<id>``; then ``outside_partition``. Rules with ``on_fail="warn"`` reject nothing, but a row without an
    event time is always rejected.

    A row belongs to the slice that holds its event time; a row whose event time is unknown or outside its partition
    (less the log's lateness) belongs to the slice that holds the start of its partition. So slices that tile time
    share out every row once, good or bad.

    In CSV, blank lines are no rows. In JSON lines, blank lines are no rows, a key that a line lacks is null, of a
    key given twice the last counts, and a nested value in a text column is kept as compact JSON.
    """
    start, end = utc_span(log, start, end)
    found = {partition: files_of(log, root, partition) for partition in partitions_of(log, start, end)}
    missing = tuple(partition for partition, paths in found.items() if not paths)
    if missing and required:
        raise LogMissingError(_missing(log, root, missing))
    places = {path: Placement(log, partition, start, end) for partition, paths in found.items() for path in paths}
    with _parts(log, scratch) as parts:
        files = {
            path: _read_file(root, path, places[path], parts / f"{n:05d}") for n, path in enumerate(distinct(places))
        }
        return _slice(log, root, files, missing)


def _read_file(root: Path, path: Path, place: Placement, parts: Path) -> FileRows:
    log, file = place.log, path.relative_to(root).as_posix()
    check_content(log, path)
    if log.format == "parquet":
        return read_parquet(log, path, file, place)
    return read_text(log, path, file, place, parts)


def _slice(log: Log, root: Path, files: Mapping[Path, FileRows], missing: tuple[datetime, ...]) -> LogSlice:
    read_files = [identify(root, path, rows=found.rows) for path, found in files.items()]
    rejects = [
        found.rejects.select(pl.lit(log.name).alias("log"), pl.lit(file.path).alias("file"), pl.all())
        for file, found in zip(read_files, files.values(), strict=True)
    ]
    return LogSlice(
        schema=log.table.polars_schema(),
        scans=tuple(one for found in files.values() for one in found.scans),
        rejects=pl.concat([pl.DataFrame(schema=REJECTS), *rejects]),
        rows_read=sum(found.rows for found in files.values()),
        rows_elsewhere=sum(found.elsewhere for found in files.values()),
        files=tuple(read_files),
        missing=missing,
    )


@contextmanager
def _parts(log: Log, scratch: Path) -> Iterator[Path]:
    """Make a directory of our own for typed copies; delete it if reading fails."""
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        parts = Path(tempfile.mkdtemp(prefix=f"{re.sub('[^A-Za-z0-9_-]', '_', log.name)}-", dir=scratch))
    except OSError as error:
        msg = f"{scratch}: cannot be made ({error}). Choose a scratch directory that can be written."
        raise StorageError(msg) from error
    try:
        yield parts
    except BaseException:
        shutil.rmtree(parts, ignore_errors=True)
        raise


def _missing(log: Log, root: Path, missing: Sequence[datetime]) -> str:
    """Return the sentence for partitions without files."""
    form = "%Y-%m-%d" if log.every == "1d" else "%Y-%m-%dT%H"
    first = ", ".join(f"{partition:{form}}" for partition in missing[:5])
    there = available(log, root)
    have = f"files from {there[0]:{form}} to {there[-1]:{form}}" if there else "no file at all"
    return (
        f"{log} has no file for {first}{' and others' if len(missing) > 5 else ''} ({len(missing)} in all): "
        f"{log.files!r} below {root} matches {have}. "
        "Wait until the log has landed, ask for other days, or mend the pattern."
    )
