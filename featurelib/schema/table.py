"""Table: one class per table, which reads like the table it describes."""

from dataclasses import dataclass, field
from typing import ClassVar

import polars as pl

from featurelib.errors import ColumnMissingError, DeclarationError, ParameterError
from featurelib.schema.column import _ON_FAIL, Column, OnFail, _declared_at

_RESERVED = ("key", "rows", "columns")  # ids of the checks that every table has
_REASONS = "_reasons"  # the column that quarantined rows carry


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A rule over several columns of one row.

    Parameters
    ----------
    id
        Stable name, used in reports: a Python identifier other than ``key``, ``rows`` and ``columns``.
    that
        The rule as a small SQL expression over the columns of one row, such as ``landed_at >= shown_at``.
        A row for which it is null (because an input is null) passes. NaN is greater than any number.
    on_fail
        As in `Column`.
    """

    id: str
    that: str
    on_fail: OnFail = "fail"
    declared_at: str = field(default_factory=_declared_at, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.id.isidentifier() or self.id in _RESERVED:
            raise ParameterError(self, "id", got=self.id, want=f"an identifier other than {', '.join(_RESERVED)}")
        if self.on_fail not in _ON_FAIL:
            raise ParameterError(self, "on_fail", got=self.on_fail, want=f"one of {', '.join(_ON_FAIL)}")
        try:
            self.expr()
        except pl.exceptions.PolarsError as error:
            raise ParameterError(self, "that", got=self.that, want=f"an SQL expression ({error})") from error

    def expr(self) -> pl.Expr:
        """Return the rule as a boolean polars expression."""
        return pl.sql_expr(self.that)


class Table:
    """Declare a table: subclass it, and give each column as a class attribute.

    A class attribute that is a `Column` declares a column of that name; one that is a ``dict`` of columns
    declares many at once (for wide blocks of like columns). Order of declaration is order of columns.

    Attributes
    ----------
    version
        Raised when a column changes its meaning.
    key
        Columns that identify a row within a partition. A repeated key does what the strictest ``on_fail`` of
        its columns says; where that is ``quarantine``, the first good row with the key stays.
    event_time, landing_time
        Columns that say when it happened, and when we could first read it.
    owner
        Whom to ask; shown when a rule breaks.
    min_rows
        Fewest rows a published partition may have. 0 allows a partition with no rows.
    quarantine_budget
        Largest share of rows that all rules with ``on_fail="quarantine"`` together may set aside before the
        table is refused.
    checks
        Rules over several columns.
    columns
        The declared columns by name, in order; made by the class itself.
    declared_at
        ``file:line`` of the class; made by the class itself.

    Raises
    ------
    DeclarationError
        When the class is made, if it has no columns, names a column that it does not declare, or has a row
        check that two share or that is not true or false.
    """

    version: ClassVar[int] = 1
    key: ClassVar[tuple[str, ...]] = ()
    event_time: ClassVar[str | None] = None
    landing_time: ClassVar[str | None] = None
    owner: ClassVar[str] = ""
    min_rows: ClassVar[int] = 1
    quarantine_budget: ClassVar[float] = 0.001
    checks: ClassVar[tuple[RowCheck, ...]] = ()
    columns: ClassVar[dict[str, Column]] = {}
    declared_at: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.columns = dict(cls.columns)  # a subclass extends its parent's columns, never changes them
        for name, value in list(vars(cls).items()):
            if isinstance(value, Column):
                cls.columns[name] = value
            elif isinstance(value, dict) and name != "columns" and value:
                many = {key: column for key, column in value.items() if isinstance(column, Column)}
                cls.columns.update(many)
        cls.key = (cls.key,) if isinstance(cls.key, str) else tuple(cls.key)
        cls.declared_at = _declared_at()
        cls._check_declaration()

    @classmethod
    def _check_declaration(cls) -> None:
        who = f"table {cls.__name__}"
        if not cls.columns:
            raise _wrong(who, "declares no column; give each as a class attribute")
        named = [*cls.key, *(time for time in (cls.event_time, cls.landing_time) if time is not None)]
        named += [name for check in cls.checks for name in check.expr().meta.root_names()]
        for name in named:
            if name not in cls.columns:
                raise ColumnMissingError(who, name, where="its declaration", columns=cls.columns)
        for name in cls.key:
            if cls.columns[name].nullable:
                raise _wrong(who, f"key column {name!r} must not be nullable")
        if _REASONS in cls.columns:
            raise _wrong(who, f"the name {_REASONS!r} is kept for the reasons of quarantined rows")
        if not 0 <= cls.quarantine_budget <= 1:
            raise ParameterError(cls, "quarantine_budget", got=cls.quarantine_budget, want="a share from 0 to 1")
        cls._check_row_checks(who)

    @classmethod
    def _check_row_checks(cls, who: str) -> None:
        ids = [check.id for check in cls.checks]
        for check in cls.checks:
            if ids.count(check.id) > 1:
                raise _wrong(who, f"two row checks are called {check.id!r}")
            try:
                dtype = pl.DataFrame(schema=cls.polars_schema()).select(check.expr()).dtypes[0]
            except pl.exceptions.PolarsError as error:
                raise _wrong(who, f"row check {check.id!r} does not fit its columns: {error}") from error
            if dtype != pl.Boolean():
                raise _wrong(who, f"row check {check.id!r} must be true or false, its type is {dtype}")

    @classmethod
    def polars_schema(cls) -> pl.Schema:
        """Return names and polars types, in order."""
        return pl.Schema({name: column.dtype for name, column in cls.columns.items()})


def _wrong(who: str, problem: str) -> DeclarationError:
    return DeclarationError(f"{who}: {problem}.")
