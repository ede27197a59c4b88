"""Log: the declaration of one raw log, checked when it is made."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import polars as pl

from featurelib.errors import ColumnMissingError, ParameterError
from featurelib.logs._pattern import Pattern, parse
from featurelib.logs._typed import check_text_type
from featurelib.logs.repeats import Repeats
from featurelib.schema.table import Table

Format = Literal["parquet", "csv", "jsonl"]
Compression = Literal["gzip", "zstd"]

_STEPS = {"1d": timedelta(days=1), "1h": timedelta(hours=1)}
_CODECS: dict[str, Compression | None] = {"": None, ".gz": "gzip", ".zst": "zstd"}
_TEXTS: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_KINDS: dict[str, tuple[Format, Compression | None]] = {".parquet": ("parquet", None)}
_KINDS |= {suffix + packed: (form, codec) for suffix, form in _TEXTS.items() for packed, codec in _CODECS.items()}


@dataclass(frozen=True, kw_only=True)
class Log:
    """Declare a raw log: which files hold it, and what one row means.

    Parameters
    ----------
    name
        What reports call the log, such as ``clicks``.
    table
        Its rows. ``event_time`` must name a ``Datetime`` column with a time zone. Types come from here only.
    files
        Pattern of its files below the log root: ``{dt}`` is the UTC day (``{dt:%Y%m%d}``; ``%Y %m %d %j`` only,
        several ``{dt:...}`` may share the work), ``{hr}`` the UTC hour in two digits (``{hr:d}`` without a leading
        zero), ``*`` any text within one name that does not start with ``.`` or ``_``. It ends in ``.parquet``,
        or in ``.csv``, ``.jsonl`` or ``.ndjson``, alone or followed by ``.gz`` or ``.zst``. A file with several names
        by symbolic links is read once; a hard link is a file of its own, as nobody can tell which name came first.
    every
        Length of a partition: ``1d``, or ``1h`` (then, and only then, the pattern has ``{hr}``).
    lateness
        How long after its event a row may still land in a later partition; 0 or more.
    event_id
        Column whose value identifies an event, where there is one: a row with the same value as an earlier one is a
        duplicate, which samples and windows set aside and count. Null is no value; an empty text is one, so give it to
        ``null_texts``, or write null, where a log means none by it. Rows of different days are never compared.
    repeats
        Which rows without an event id are the same event, sent more than once: those of a log that declares none, and
        those whose id is null. By default none.
    skew
        How much later than its landing time an event may say that it happened: clocks differ. 0 or more; only for a
        table with a landing time. It does not move partitions: in files laid out by landing time, an event that a fast
        clock dates after its partition's end, just before midnight, is still ``outside_partition``.
    unknown_columns
        ``refuse`` stops at a column (or JSON key) that the table lacks; ``ignore`` passes over it.
    null_texts
        Field texts that mean null in CSV and JSON lines. A quoted text in a text column (every JSON string is quoted)
        stays text, so ``""`` is an empty text and an empty field is null.

    Raises
    ------
    ParameterError
        If a parameter is out of its range.
    ColumnMissingError
        If the table lacks the event id, or a column of the repeats.
    ColumnTypeError
        If a text format cannot hold the type of a column.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.schema.column import Column
    >>> class Clicks(Table):
    ...     event_time = "clicked_at"
    ...     clicked_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item was opened.")
    >>> Log(name="clicks", table=Clicks, files="clicks/dt={dt}/*.csv.gz", lateness=timedelta(hours=6)).format
    'csv'
    """

    name: str
    table: type[Table]
    files: str
    every: Literal["1d", "1h"] = "1d"
    lateness: timedelta = timedelta(0)
    event_id: str | None = None
    repeats: Repeats | None = None
    skew: timedelta = timedelta(minutes=10)
    unknown_columns: Literal["refuse", "ignore"] = "refuse"
    null_texts: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        if not self.name:
            raise ParameterError(self, "name", got=self.name, want="a text that is not empty")
        if self.every not in ("1d", "1h"):
            raise ParameterError(self, "every", got=self.every, want="'1d' or '1h'")
        if self.unknown_columns not in ("refuse", "ignore"):
            raise ParameterError(self, "unknown_columns", got=self.unknown_columns, want="'refuse' or 'ignore'")
        if self.lateness < timedelta(0):
            raise ParameterError(self, "lateness", got=self.lateness, want="0 or more")
        if self.skew < timedelta(0):
            raise ParameterError(self, "skew", got=self.skew, want="0 or more")
        if not isinstance(self.null_texts, tuple) or not all(isinstance(text, str) for text in self.null_texts):
            raise ParameterError(self, "null_texts", got=self.null_texts, want="a tuple of texts")
        self._check_files()
        self._check_table()

    def _check_files(self) -> None:
        try:
            fields = parse(self.files).fields
        except ValueError as error:
            raise ParameterError(self, "files", got=self.files, want=str(error)) from error
        if ("H" in fields or "h" in fields) != (self.every == "1h"):
            want = "a pattern with {hr} if every='1h', and without it if every='1d'"
            raise ParameterError(self, "files", got=self.files, want=want)
        if _suffix(self.files) is None:
            raise ParameterError(self, "files", got=self.files, want=f"a pattern that ends in {', '.join(_KINDS)}")

    def _check_table(self) -> None:
        columns, time = self.table.columns, self.table.event_time
        if time is None:
            raise ParameterError(self, "table", got=self.table.__name__, want="a table with an event_time")
        dtype = columns[time].dtype
        if not isinstance(dtype, pl.Datetime) or dtype.time_zone is None:
            want = f"a table whose event time {time!r} is a Datetime with a time zone"
            raise ParameterError(self, "table", got=f"{self.table.__name__} with {dtype!r}", want=want)
        named = [] if self.event_id is None else [self.event_id]
        for name in [*named, *(self.repeats.columns if self.repeats else ())]:
            if name not in columns:
                raise ColumnMissingError(self, name, where=f"table {self.table.__name__}", columns=columns)
        sources = list(self.sources.values())
        twice = sorted({source for source in sources if sources.count(source) > 1})
        if twice:
            want = f"a table that reads each raw column once, not {twice} twice"
            raise ParameterError(self, "table", got=self.table.__name__, want=want)
        if self.format != "parquet":
            for name, column in columns.items():
                check_text_type(self, name, column.dtype)

    def __str__(self) -> str:
        return f"log {self.name!r}"

    def __hash__(self) -> int:
        return hash(self.name)  # NOTE: a plan asks what it knows of a log for each partition

    @property
    def pattern(self) -> Pattern:
        """Return the parsed pattern of the files."""
        return parse(self.files)

    @property
    def format(self) -> Format:
        """Return ``parquet``, ``csv`` or ``jsonl``."""
        return _KINDS[_suffix(self.files) or ""][0]

    @property
    def compression(self) -> Compression | None:
        """Return ``gzip``, ``zstd`` or ``None``, as the suffix says."""
        return _KINDS[_suffix(self.files) or ""][1]

    @property
    def step(self) -> timedelta:
        """Return the length of a partition."""
        return _STEPS[self.every]

    @property
    def time(self) -> str:
        """Return the name of the event time column."""
        return self.table.event_time or ""

    @property
    def sources(self) -> dict[str, str]:
        """Return the raw name of each column, in order of declaration."""
        return {n: c.source if c.source is not None else n for n, c in self.table.columns.items()}


def _suffix(files: str) -> str | None:
    return next((suffix for suffix in _KINDS if files.endswith(suffix)), None)
