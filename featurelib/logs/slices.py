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
from featurelib.logs._partitions import partitions_of, utc_span
from featurelib.logs._placement import Placement
from featurelib.logs._rules import REJECTS
from featurelib.logs._scan import FileRows, Scan, frame_of
from featurelib.logs._sources import sources_of
from featurelib.logs._text import read_text
from featurelib.logs._walk import distinct, walk
from featurelib.logs.files import LogFile, available, identify
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
    root
        The log root.
    rows_of
        The name of each file read, below the root, in order, and how many rows it has.
    missing
        Partitions without files; with ``required=True``, only such as late rows may still land in.
    """

    schema: pl.Schema
    scans: tuple[Scan, ...]
    rejects: pl.DataFrame
    rows_read: int
    rows_elsewhere: int
    root: Path
    rows_of: Mapping[str, int]
    missing: tuple[datetime, ...] = ()

    @property
    def frame(self) -> pl.LazyFrame:
        """The good rows, in order of partitions, then file names, then rows."""
        return frame_of(self.scans, self.schema)

    @property
    def files(self) -> tuple[LogFile, ...]:
        """The files read, in order, with what identifies their content now."""
        return tuple(identify(self.root, file, rows=rows) for file, rows in self.rows_of.items())

    def numbered(self, name: str) -> pl.LazyFrame:
        """Return the good rows with their numbers in a column ``name`` in front; these rise, with gaps.

        To filter on the numbers is cheap: it reaches into the files.
        """
        return frame_of(self.scans, self.schema, number=name)

    def sources(self, numbers: pl.Series) -> pl.DataFrame:
        """Return where rows stood.

        Parameters
        ----------
        numbers
            Of rows, as `numbered` gives them; in any order, and more than once. Null gives null.

        Returns
        -------
        pl.DataFrame
            ``number``, ``file`` and ``line``, one row for each number, in order; the last two as in `rejects`.

        Raises
        ------
        UsageError
            If there is no row of such a number.
        LogFileError
            If a CSV file was cut since it was read.

        Notes
        -----
        Of a CSV file in which a row takes more than one line, or that has blank lines or rows of another width, the
        lines are found by reading it again, slowly.
        """
        return sources_of(self.scans, numbers)


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
    A row with several faults has the first of these reasons:

    ``field_count``, ``bad_json``, ``bad_encoding``
        It has too few or too many fields (CSV), is no JSON object (JSON lines), or is no UTF-8.
    ``bad_time``, ``bad_type``, by column
        A clock that states no time zone (or one where the column has none): declare the column's ``zone`` if all are
        of one. With ``zone``, a local time that its clock skips or shows twice. A number that is no time from 1971 to
        2199 in the column's ``epoch``, and so likely of another unit. Any other text that is not of the column's type.
    ``missing_value``, ``not_a_number``, ``out_of_range``, ``not_allowed``, by column
        A value breaks a rule of its column.
    ``check:<id>``
        The row breaks a check of the table.
    ``before_1970``
        The event time or the landing time is: a clock that was never set.
    ``in_the_future``
        The event happened more than the log's ``skew`` after it landed; only where the table has a landing time with
        a zone, and it is not null.
    ``outside_partition``
        The event happened after its partition, or longer before it than the log's lateness.

    Rules with ``on_fail="warn"`` reject nothing, but a row without an event time is always rejected.

    A row belongs to the slice that holds its event time; a row whose event time is unknown or outside its partition
    (less the log's lateness) belongs to the slice that holds the start of its partition. So slices that tile time
    share out every row once, good or bad.

    In CSV, blank lines are no rows. In JSON lines, blank lines are no rows, a key that a line lacks is null, of a
    key given twice the last counts, and a nested value in a text column is kept as compact JSON.
    """
    start, end = utc_span(log, start, end)
    found = {part: walk(log, root, part).get(part, ()) for part in partitions_of(log, start, end)}
    missing = tuple(partition for partition, files in found.items() if not files)
    lacking = [partition for partition in missing if partition < end]
    if lacking and required:
        raise LogMissingError(_missing(log, root, lacking))
    places = {file: Placement(log, partition, start, end) for partition, files in found.items() for file in files}
    places_of = {file.path: places[file] for file in distinct(places)}
    with _parts(log, scratch) as parts:
        for file in places_of:
            check_content(log, root / file)
        if log.format == "parquet":
            return _slice(log, root, read_parquet(log, root, places_of), missing)
        texts = {
            file: read_text(log, root / file, file, place, parts / f"{number:05d}")
            for number, (file, place) in enumerate(places_of.items())
        }
        return _slice(log, root, texts, missing)


def _slice(log: Log, root: Path, files: Mapping[str, FileRows], missing: tuple[datetime, ...]) -> LogSlice:
    rejects = [
        found.rejects.select(pl.lit(log.name).alias("log"), pl.lit(file).alias("file"), pl.all())
        for file, found in files.items()
        if len(found.rejects)
    ]
    return LogSlice(
        schema=log.table.polars_schema(),
        scans=tuple(one for found in files.values() for one in found.scans),
        rejects=pl.concat([pl.DataFrame(schema=REJECTS), *rejects]),
        rows_read=sum(found.rows for found in files.values()),
        rows_elsewhere=sum(found.elsewhere for found in files.values()),
        root=root,
        rows_of={file: found.rows for file, found in files.items()},
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
