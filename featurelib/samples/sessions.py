"""Sessions: which rows of a user belong to one sitting."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta

import polars as pl

from featurelib.durations import duration
from featurelib.errors import ColumnTypeError, DeclarationError, ParameterError
from featurelib.program.hashing import SEPARATOR
from featurelib.samples.duplicates import ROW
from featurelib.samples.keyed_hash import check_keys
from featurelib.samples.step import LIVE, RowRule

_ORDER = "@order"
_FIRST = "@first"
_START = "@start"


@dataclass(frozen=True)
class Sessions(RowRule):
    """Number the rows of each session, and give the session an id; drops nothing.

    The rows of one ``by`` are ordered by time, ties by the row's number in the partition. A new session begins with a
    row that comes ``gap`` or longer after the one before it.

    Parameters
    ----------
    by
        Whose sessions: columns of text, integers or booleans, such as ``user_id``. With a session id that the log
        gives, this one is split further, or with ``gap=None`` taken as it is.
    time
        The event time.
    gap
        Shortest silence that ends a session, such as ``30m``; ``None`` if nothing does.
    name
        What the columns are called after.

    Raises
    ------
    ParameterError
        If ``by`` is empty, or the gap is not longer than nothing.
    DeclarationError
        If the samples already have a column of this name.
    ColumnMissingError, ColumnTypeError
        If a column is missing, one of ``by`` is of another type, such as a float, or ``time`` is no ``Datetime``.

    Notes
    -----
    Adds ``<name>_id``, ``String``: the texts of ``by``, joined with the unit separator (0x1F), and with a gap ``@`` and
    the session's first time in microseconds since 1970. The first time is part of the id, rather than a count, so that
    the ids of two days differ. Adds ``<name>_position``, ``UInt32``, from 1. Both are null where a column of ``by`` or
    the time is null, and where an earlier rule dropped the row; such rows start, continue and end no session. The
    empty text is a key like any other. Row order holds.

    A session never crosses the partition's edge: at midnight another one begins.

    Examples
    --------
    >>> from datetime import datetime
    >>> from featurelib.samples.step import DROPPED
    >>> at = [datetime(2026, 11, 1, 12, minute) for minute in (0, 29, 59)]
    >>> rows = pl.LazyFrame({ROW: [0, 1, 2], "user": ["u1"] * 3, "at": at})
    >>> rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(DROPPED))
    >>> Sessions("user", time="at", gap="30m").mark(rows).collect().select("session_id", "session_position").rows()
    [('u1@1793534400000000', 1), ('u1@1793534400000000', 2), ('u1@1793537940000000', 1)]
    """

    by: str | Sequence[str]
    _: KW_ONLY
    time: str
    gap: str | timedelta | None = "30m"
    name: str = "session"

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", (self.by,) if isinstance(self.by, str) else tuple(self.by))
        if not self.by:
            raise ParameterError(self, "by", got=self.by, want="at least one column")
        if self.gap is not None:
            object.__setattr__(self, "gap", duration(self, "gap", self.gap))
            if self.gap <= timedelta():  # type: ignore[operator]  # a timedelta by now
                raise ParameterError(self, "gap", got=str(self.gap), want="longer than nothing")

    @property
    def reasons(self) -> tuple[str, ...]:
        """None: it drops nothing."""
        return ()

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns with the session's two at their end."""
        check_keys(self, tuple(self.by), given)
        self.need([self.time], given)
        if not isinstance(given[self.time], pl.Datetime):
            raise ColumnTypeError(self, self.time, where="the samples", got=given[self.time], want="a Datetime")
        for column in self._adds:
            if column in given:
                raise DeclarationError(
                    f"{self!r} adds column {column!r}, which the samples already have; give another name."
                )
        return pl.Schema({**given, **self._adds})

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Add the session's columns."""
        joined = rows.join(self._placed(rows), on=ROW, how="left", maintain_order="left")
        identity, position = self._adds
        return joined.with_columns(
            pl.when(pl.col(_START).is_not_null()).then(self._identity).alias(identity),
            (pl.col(_ORDER) - pl.col(_FIRST) + 1).alias(position),
        ).drop(_ORDER, _FIRST, _START)

    @property
    def _adds(self) -> dict[str, pl.DataType]:
        return {f"{self.name}_id": pl.String(), f"{self.name}_position": pl.UInt32()}

    @property
    def _identity(self) -> pl.Expr:
        texts = pl.concat_str(pl.col(*self.by).cast(pl.String), separator=SEPARATOR)
        return texts if self.gap is None else pl.concat_str(texts, pl.lit("@"), pl.col(_START).dt.epoch("us"))

    def _placed(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return `ROW` of the rows that are in a session, their place, and the place and time of its first row.

        One sort of a few columns, and a join: window functions over millions of users took three times as long.
        """
        in_session = LIVE & pl.all_horizontal(pl.col(*self.by, self.time).is_not_null())
        ordered = rows.filter(in_session).select(ROW, *self.by, self.time).sort(*self.by, self.time, ROW)
        begins = self._begins.fill_null(value=True)  # the first row of all has none before it
        return ordered.with_row_index(_ORDER).select(
            ROW,
            _ORDER,
            pl.when(begins).then(_ORDER).forward_fill().alias(_FIRST),
            pl.when(begins).then(self.time).forward_fill().alias(_START),
        )

    @property
    def _begins(self) -> pl.Expr:
        begins = [pl.col(column) != pl.col(column).shift() for column in self.by]
        if self.gap is not None:
            begins.append(pl.col(self.time).diff() >= pl.lit(self.gap))
        return pl.any_horizontal(begins)
