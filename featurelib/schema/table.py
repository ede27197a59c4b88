"""Table: one class per table, which reads like the table it describes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, ClassVar, cast

import polars as pl

from featurelib.errors import ColumnMissingError, DeclarationError, ParameterError, UsageError
from featurelib.schema.column import _ON_FAIL, Column, OnFail, _are_names, _declared_at, _is_number, _is_text
from featurelib.schema.limits import Drift, Volume
from featurelib.schema.row_rules import digest_of, looks_beyond, to_sql

_RESERVED = ("key", "rows", "columns", "freshness", "volume")  # ids of the checks that a table itself has
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_KINDS: Mapping[str, tuple[Any, str]] = {
    "key": (str | tuple | list, "the name of a column, or a tuple of names"),
    "event_time": (str | None, "the name of a column, or None"),
    "landing_time": (str | None, "the name of a column, or None"),
    "owner": (str, "a text"),
    "min_rows": (int, "a whole number"),
    "quarantine_budget": (int | float, "a share from 0 to 1"),
    "checks": (tuple | list, "a tuple of RowCheck"),
    "references": (tuple | list, "a tuple of Reference"),
    "freshness": (timedelta | None, "a timedelta, or None for no such rule"),
    "volume": (Volume | None, "a Volume, or None for no such rule"),
    "drift": (Drift, "a Drift"),
}
_REASONS = "_reasons"  # the column that quarantined rows carry


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A rule over several columns of one row.

    Parameters
    ----------
    id
        Stable name, used in reports: a Python identifier other than the names of rules that a table itself has.
    that
        The rule, as a polars expression, or as a small SQL expression over the columns of one row, such as
        ``landed_at >= shown_at``. A row for which it is null (because an input is null) passes. NaN is greater than
        any number. It may look at nothing but its row: no aggregate, no window, no Python function.
    on_fail
        As in `Column`.

    Raises
    ------
    ParameterError
        If the rule cannot be read, or looks at other rows.
    """

    id: str
    that: str | pl.Expr = field(compare=False)
    on_fail: OnFail = "fail"
    declared_at: str = field(default_factory=_declared_at, repr=False, compare=False)
    rule: str = field(init=False, repr=False)
    """The rule for people: its SQL where it has one, else the text of the expression with a digest of all it says."""

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id.isidentifier() or self.id in _RESERVED:
            raise ParameterError(self, "id", got=self.id, want=f"an identifier other than {', '.join(_RESERVED)}")
        if self.on_fail not in _ON_FAIL:
            raise ParameterError(self, "on_fail", got=self.on_fail, want=f"one of {', '.join(_ON_FAIL)}")
        if not isinstance(self.that, str | pl.Expr):
            raise ParameterError(self, "that", got=self.that, want="an SQL expression, or a polars expression")
        try:
            other = looks_beyond(self.expr())
        except (pl.exceptions.PolarsError, ValueError) as error:
            want = f"an SQL expression, or a polars expression without Python functions ({error})"
            raise ParameterError(self, "that", got=str(self.that), want=want) from error
        if other is not None:
            want = f"a rule about one row alone, and {other} looks at others, or cannot be seen not to"
            raise ParameterError(self, "that", got=str(self.that), want=want)
        object.__setattr__(self, "rule", self.sql or f"{self.that} #{digest_of(self.expr())}")

    def expr(self) -> pl.Expr:
        """Return the rule as a boolean polars expression."""
        return pl.sql_expr(self.that) if isinstance(self.that, str) else self.that

    @property
    def sql(self) -> str | None:
        """The rule as SQL; ``None`` for an expression that has no such text."""
        return self.that if isinstance(self.that, str) else to_sql(self.that)


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns whose values must be there in another table, such as items in the list of all items.

    Parameters
    ----------
    columns
        Columns of this table. A row that is null in one of them refers to nothing, and passes.
    to
        The other table, or its name.
    at
        Its columns, in the same order; by default those of the same names.
    max_missing
        Largest share of rows, 0 to 1, whose values may be missing there.
    on_fail
        ``fail`` or ``warn``: what more missing rows than that do.

    Raises
    ------
    ParameterError
        If the columns do not pair up, or a parameter is out of its range.
    """

    columns: tuple[str, ...]
    to: "type[Table] | str"
    at: tuple[str, ...] = ()
    max_missing: float = 0.0
    on_fail: OnFail = "warn"
    declared_at: str = field(default_factory=_declared_at, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.columns or not _are_names(self.columns):
            raise ParameterError(self, "columns", got=self.columns, want="a tuple of at least one column, each once")
        is_table = isinstance(self.to, type) and issubclass(self.to, Table)
        if not is_table and not _is_text(self.to):
            raise ParameterError(self, "to", got=self.to, want="a Table, or the name of one")
        if not _are_names(self.at) or len(self.at) not in (0, len(self.columns)):
            raise ParameterError(self, "at", got=self.at, want="as many columns as `columns`, each once")
        if not _is_number(self.max_missing) or not 0 <= self.max_missing <= 1:
            raise ParameterError(self, "max_missing", got=self.max_missing, want="a share from 0 to 1")
        if self.on_fail not in ("fail", "warn"):
            raise ParameterError(self, "on_fail", got=self.on_fail, want="fail or warn")

    @property
    def id(self) -> str:
        """Name of the rule in reports."""
        return f"{'+'.join(self.columns)}.reference"

    @property
    def table(self) -> str:
        """Name of the other table."""
        return self.to if isinstance(self.to, str) else self.to.__name__

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Columns of this table, each with that of the other."""
        return tuple(zip(self.columns, self.at or self.columns, strict=True))


class _Attributes(dict[str, Any]):
    """The attributes of a class while its body runs; Python itself would keep the later of two columns of one name."""

    def __setitem__(self, name: str, value: Any) -> None:
        before = self.get(name)
        if isinstance(before, Column):
            problem = f"table {self.get('__qualname__', '?')}: column {name!r} is declared twice"
            where = f"{before.declared_at} and {getattr(value, 'declared_at', 'below')}"
            raise DeclarationError(f"{problem}, at {where}; give one of them another name.")
        super().__setitem__(name, value)


class _Declaration(type):
    """The class of tables."""

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **_: Any) -> _Attributes:
        return _Attributes()

    def __new__(metacls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> "_Declaration":
        return super().__new__(metacls, name, bases, dict(attributes))


class Table(metaclass=_Declaration):
    """Declare a table: subclass it, and give each column as a class attribute.

    A class attribute that is a `Column` declares a column of that name; one that is a ``dict`` of columns
    declares many at once (for wide blocks of like columns). Order of declaration is order of columns.

    Attributes
    ----------
    version
        Of the declaration: MAJOR.MINOR.PATCH. MAJOR is raised when readers, or rows written before, break; MINOR when
        something is added that breaks nobody; PATCH for words.
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
    references
        Columns whose values must be there in other tables.
    freshness
        How long before its end (or before now, if it has not ended) a partition's newest event may lie.
    volume
        How far its rows may lie from those of the partitions before; ``None`` for no such rule.
    drift
        How far the values of its columns may move, unless a column says otherwise.
    environments
        Where the table is used. A column is in those that it names, or in all, but for labels and weights in
        ``serving``: nobody knows them there.
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

    version: ClassVar[str] = "1.0.0"
    key: ClassVar[tuple[str, ...]] = ()
    event_time: ClassVar[str | None] = None
    landing_time: ClassVar[str | None] = None
    owner: ClassVar[str] = ""
    min_rows: ClassVar[int] = 1
    quarantine_budget: ClassVar[float] = 0.001
    checks: ClassVar[tuple[RowCheck, ...]] = ()
    references: ClassVar[tuple[Reference, ...]] = ()
    freshness: ClassVar[timedelta | None] = None
    volume: ClassVar[Volume | None] = Volume()
    drift: ClassVar[Drift] = Drift()
    environments: ClassVar[tuple[str, ...]] = ("training", "serving")
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
                twice = [key for key in many if isinstance(vars(cls).get(key), Column)]
                if twice:
                    raise _wrong(f"table {cls.__name__}", f"column {twice[0]!r} is declared twice, also in {name!r}")
                cls.columns.update(many)
        cls._check_types()
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
        named += [name for reference in cls.references for name in reference.columns]
        for name in named:
            if name not in cls.columns:
                raise ColumnMissingError(who, name, where="its declaration", columns=cls.columns)
        for problem in cls._problems():
            raise _wrong(who, problem)
        if not 0 <= cls.quarantine_budget <= 1:
            raise ParameterError(cls, "quarantine_budget", got=cls.quarantine_budget, want="a share from 0 to 1")
        cls._check_row_checks(who)

    @classmethod
    def _check_types(cls) -> None:
        """Check that attributes are what they have to be, and that none is called almost as one of them."""
        who = f"table {cls.__name__}"
        for name, (kinds, want) in _KINDS.items():
            value = getattr(cls, name)
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise _wrong(who, f"{name} must be {want}, got {value!r}")
        if not all(isinstance(name, str) for name in cls.key):
            raise _wrong(who, f"key must be {_KINDS['key'][1]}, got {cls.key!r}")
        for name, kind in (("checks", RowCheck), ("references", Reference)):
            for each in getattr(cls, name):
                if not isinstance(each, kind):
                    raise _wrong(who, f"{name} must be a tuple of {kind.__name__}, got {each!r} in it")
        if cls.min_rows < 0:
            raise _wrong(who, f"min_rows must be at least 0, got {cls.min_rows}")
        known = [name for name in Table.__annotations__ if name not in {"columns", "declared_at"}]
        for name, value in vars(cls).items():
            if name.startswith("_") or name in Table.__annotations__ or isinstance(value, Column | dict):
                continue
            if callable(value) or hasattr(value, "__get__"):
                continue
            meant = get_close_matches(name.lower(), known, n=1, cutoff=0.85)
            if meant:
                raise _wrong(who, f"{name!r} is no attribute of a table; {meant[0]!r} is probably meant")

    @classmethod
    def _problems(cls) -> Iterator[str]:
        """Yield what is wrong with the declaration as a whole, in words."""
        if not isinstance(cls.version, str) or not _VERSION.fullmatch(cls.version):
            yield f"version must be three numbers such as '1.0.0', got {cls.version!r}"
        if not cls.environments or not _are_names(cls.environments):
            yield f"environments must be a tuple of names, each once, got {cls.environments!r}"
        for name, column in cls.columns.items():
            strange = [one for one in column.environments if one not in cls.environments]
            if strange:
                yield f"column {name!r} is in environment {strange[0]!r}, there are {', '.join(cls.environments)}"
        if len(set(cls.key)) < len(cls.key):
            yield f"key names a column twice: {', '.join(cls.key)}"
        for name in cls.key:
            if cls.columns[name].nullable:
                yield f"key column {name!r} must not be nullable"
            if set(cls._environments_of(cls.columns[name])) != set(cls.environments):
                yield f"key column {name!r} must be there in every environment"
        if _REASONS in cls.columns:
            yield f"the name {_REASONS!r} is kept for the reasons of quarantined rows"
        yield from cls._freshness_problems()
        ids = [reference.id for reference in cls.references]
        if len(set(ids)) < len(ids):
            yield f"two references are of the same columns: {', '.join(ids)}"

    @classmethod
    def _freshness_problems(cls) -> Iterator[str]:
        if cls.freshness is None:
            return
        if cls.event_time is None:
            yield "freshness needs event_time, the column that says when it happened"
        elif getattr(time := cls.columns[cls.event_time].dtype, "time_zone", None) is None:
            yield f"freshness needs an event_time that is an instant, a Datetime with a zone, got {time}"
        if cls.freshness <= timedelta(0):
            yield f"freshness must be above 0, got {cls.freshness}"

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
    def _environments_of(cls, column: Column) -> tuple[str, ...]:
        told_later = column.role in {"label", "weight"}
        usual = tuple(one for one in cls.environments if not (told_later and one == "serving"))
        return column.environments or usual or cls.environments

    @classmethod
    def within(cls, environment: str) -> "type[Table]":
        """Return the table as it is in one environment: without the columns, and rules over them, that are not there.

        Raises
        ------
        UsageError
            If the table has no such environment, or none of its columns is there.

        Examples
        --------
        >>> class Samples(Table):
        ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD")
        ...     clicked = Column(dtype=pl.Int8(), doc="1 if clicked.", role="label")
        >>> list(Samples.within("serving").columns)
        ['price']
        """
        if environment not in cls.environments:
            there = ", ".join(cls.environments)
            raise UsageError(f"table {cls.__name__} has no environment {environment!r}; there are: {there}.")
        kept = {name: column for name, column in cls.columns.items() if environment in cls._environments_of(column)}
        if not kept:
            raise UsageError(f"table {cls.__name__} has no column in environment {environment!r}.")
        said = {name: getattr(cls, name) for name in Table.__annotations__ if name not in {"columns", "declared_at"}}
        said |= {name: None for name in ("event_time", "landing_time") if said[name] not in kept}
        if said["event_time"] is None:
            said["freshness"] = None
        said["checks"] = tuple(check for check in cls.checks if set(check.expr().meta.root_names()) <= set(kept))
        said["references"] = tuple(one for one in cls.references if set(one.columns) <= set(kept))
        about = {"__doc__": cls.__doc__, "__module__": cls.__module__}
        made = cast("type[Table]", _Declaration(cls.__name__, (Table,), {**about, **said, **kept}))
        made.declared_at = cls.declared_at
        return made

    @classmethod
    def polars_schema(cls) -> pl.Schema:
        """Return names and polars types, in order."""
        return pl.Schema({name: column.dtype for name, column in cls.columns.items()})


def _wrong(who: str, problem: str) -> DeclarationError:
    return DeclarationError(f"{who}: {problem}.")
