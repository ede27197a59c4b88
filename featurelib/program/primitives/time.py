"""Time: read a column as an instant."""

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from featurelib.program.primitive import RowFunction
from featurelib.program.view import View

INSTANT = pl.Datetime("us", "UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Time(View):
    """Read a ``Datetime`` with a zone as ``Int64``: whole microseconds since 1970 in UTC. Null stays null, NaT is null.

    In a row it is an aware ``datetime``. Nanoseconds are rounded down, also before 1970. A time without a zone is
    refused: it is no instant.
    """

    op = "time"
    gives = "time"
    want = "a Datetime with a time zone"

    @classmethod
    def fits(cls, dtype: pl.DataType) -> bool:
        return dtype == pl.Null() or (isinstance(dtype, pl.Datetime) and dtype.time_zone is not None)

    @classmethod
    def hint(cls, dtype: pl.DataType) -> str:
        return "Say which zone its clock was in." if isinstance(dtype, pl.Datetime) else ""

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].cast(INSTANT).cast(pl.Int64)

    def row(self) -> RowFunction:
        epoch = _EPOCH

        def time(value: datetime | None) -> int | None:
            if value is None:
                return None
            since = value - epoch
            days = since.days
            if days != days:  # noqa: PLR0124  # the NaT of pandas
                return None
            return days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds

        return time
