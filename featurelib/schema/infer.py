"""Infer: a first declaration of a table, written from its data for a person to curate."""

import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import polars as pl

from featurelib.errors import UsageError
from featurelib.schema._source import Group, Node, call, comment, items, literal, statement, strings
from featurelib.schema.column import Epoch
from featurelib.schema.table import _REASONS, Table

_IN_USE = {"pl", "timedelta", "Column", "Table", "other_columns"}  # names that the body of the class itself needs
_IDS = re.compile(
    r"(?i:(^|_)(ids?|uuid|guid|hash|sku|asin|aid|key|session|cookie)$)|[a-z](Ids?|IDs?|Uuid)$"
    r"|(user|item|session|client|query|request|product|visitor|event|device|order|page|cart|object|customer)ids?$"
)
_FIRST_IDS = ("event_id", "id", "uuid", "impression_id")
_TIMES = re.compile(r"(^|_|[a-z])(at|ts|time|timestamp|datetime|date|when|tstamp)$|time", re.IGNORECASE)
_LANDING = re.compile(
    r"land|receiv|ingest|arriv|load|collector|etl|insert|process|logged|stored|written|upload", re.IGNORECASE
)
_LABELS = re.compile(r"^(is_)?(click|clicked|label|target|converted|conversion|bought|purchased|ordered)$")
_SHARES = re.compile(r"(^|_)(rate|share|ratio|ctr|cvr|frequency|prob|probability|propensity|fraction)(_|$)")
_COUNTS = re.compile(
    r"(^|_)(n|num|count|counts|clicks|views|impressions|orders|quantity|qty|position|rank|ordinal|price|cost|revenue|age"
    r"|dwell|duration|bytes|size|length|usd|eur|s|ms|days|hours|minutes|seconds)(_|$)"
)
_PERSONS = re.compile(r"(^|_)(email|phone|ip|ipaddress|ip_address|address|name_of_user|latitude|longitude)(_|$)")
_USERS = re.compile(r"(^|_)(user|client|visitor|session|cookie|customer|member)s?(_?(id|key|hash))?$|device_?id$")
_UNITS = {"s": "s", "ms": "ms", "us": "us", "days": "days", "hours": "h", "minutes": "min", "usd": "USD", "eur": "EUR"}
_EPOCHS: dict[Epoch, int] = {"s": 1, "ms": 10**3, "us": 10**6}
_PLAUSIBLE = tuple(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2000, 2100))
_FEW = 12  # distinct texts that a person reads at a glance
_LOOK = 10_000  # rows of a first look, which spares most columns the long one
_SKEW = timedelta(minutes=10)  # as a log has by default


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a reader of raw files found out about a column beside its typed values.

    Parameters
    ----------
    source, epoch, zone, optional
        As in `Column`.
    remarks
        What is doubtful about its type, and why; each becomes a comment.
    """

    source: str | None = None
    epoch: Epoch | None = None
    zone: str | None = None
    optional: bool = False
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Guess:
    """One column of the class that is being written."""

    name: str
    dtype: pl.DataType
    found: Found
    nulls: int
    low: Any = None
    high: Any = None
    said: dict[str, Node] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def is_id(self) -> bool:
        """Whether the values name something, as far as the name tells."""
        return is_id(self.name) and (self.dtype.is_integer() or isinstance(self.dtype, pl.String))


def infer(
    frame: pl.LazyFrame, *, name: str, origin: str, found: Mapping[str, Found] | None = None, event_zone: bool = False
) -> str:
    """Write a first declaration of a table from its rows, as Python source text.

    Parameters
    ----------
    frame
        The rows, typed. All are read; the order of columns is the order of the declaration.
    name
        Of the class to write, such as ``Clicks``.
    origin
        What was read, for its docstring.
    found
        What the reader of raw files found out, by column.
    event_zone
        Whether only times with a zone may be the event time, as of a log.

    Returns
    -------
    str
        A module that declares one `Table`, formatted as ruff formats. The rows it was written from pass all of its
        rules. The same rows give the same text.

    Raises
    ------
    UsageError
        If ``name`` is no name of a class, or a column has a name or a type that cannot be declared.

    Notes
    -----
    Types and names are those of the frame. Key, times, labels, ids and what tells of persons are guessed by names and
    checked against all rows; a range is proposed only where the name tells of a share or a count, allowed values only
    for texts of at most 12 values. What is doubtful is marked by a comment that says why.

    Examples
    --------
    >>> rows = pl.LazyFrame({"item_id": ["A7", "B2", "C9"], "price_usd": [9.5, None, 3.0]})
    >>> for line in infer(rows, name="Items", origin="3 rows").splitlines()[13:]:
    ...     print(line.strip())
    # A guess: differs in all 3 rows.
    key = ("item_id",)
    <BLANKLINE>
    item_id = Column(dtype=pl.String(), doc="Say what it means.", role="key")
    # Null in 33.33 % of the rows.
    price_usd = Column(dtype=pl.Float64(), doc="Say what it means.", unit="USD", nullable=True, between=(0, None))
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name in _IN_USE:
        raise UsageError(f"{name!r} cannot be the name of a class; give one such as Clicks.")
    schema = frame.collect_schema()
    if not schema or _REASONS in schema:
        held = f"has a column {_REASONS!r}, a name that featurelib keeps for itself" if schema else "has no column"
        raise UsageError(f"the data of {name} {held}: nothing can be declared from it.")
    types = {column: dtype_source(dtype) for column, dtype in schema.items()}  # fails before anything is read
    rows, guesses = _measured(frame, schema, found or {})
    for guess in guesses:
        _judge_values(guess, rows)
    _judge_texts(frame, [guess for guess in guesses if isinstance(guess.dtype, pl.String)], rows)
    _judge_floats(frame, [guess for guess in guesses if guess.dtype.is_float()], rows)
    key = _key(frame, guesses, rows)
    event, landing = _times(frame, guesses, zoned=event_zone)
    for guess in guesses:
        _judge_role(guess, key, (event, landing))
    return _module(name, origin, rows, _Whole(key, event, landing, guesses, types))


def is_id(name: str) -> bool:
    """Return whether a name tells that its values name something.

    Examples
    --------
    >>> is_id("item_id"), is_id("itemId"), is_id("userid"), is_id("paid"), is_id("position")
    (True, True, True, False, False)
    """
    return bool(_IDS.search(name))


def is_time(name: str) -> bool:
    """Return whether a name tells that its values are times.

    Examples
    --------
    >>> is_time("shown_at"), is_time("ts"), is_time("format"), is_time("price")
    (True, True, False, False)
    """
    return bool(_TIMES.search(name)) and not re.search(r"(format|flat|seat|cat)$", name, re.IGNORECASE)


def epoch_of(low: float, high: float) -> Epoch | None:
    """Return the unit in which all numbers of a range are instants of this century; None if there is none.

    Examples
    --------
    >>> epoch_of(1_793_491_200_000, 1_793_577_600_000), epoch_of(0, 5)
    ('ms', None)
    """
    first, last = _PLAUSIBLE
    return next((unit for unit, per in _EPOCHS.items() if first * per <= low and high < last * per), None)


def python_name(raw: str, taken: set[str]) -> str:
    """Return a name that a class attribute can have for a raw column, none of those taken.

    Examples
    --------
    >>> python_name("user-item affinity 3", set()), python_name("version", set()), python_name("2nd", {"raw_2nd"})
    ('user_item_affinity_3', 'raw_version', 'raw_2nd_2')
    """
    name = raw
    if not is_attribute(raw):
        plain = re.sub(r"[^a-zA-Z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", raw)).strip("_").lower()
        name = plain if is_attribute(plain) else f"raw_{plain}".rstrip("_")
    number, base = 2, name
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def is_attribute(name: str) -> bool:
    """Return whether a column of this name can be declared as an attribute of a table."""
    plain = name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
    return plain and name not in _IN_USE and not hasattr(Table, name)


def dtype_source(dtype: Any) -> Node:  # noqa: PLR0911  one case for each sort of type
    """Return the Python text of a polars type.

    Raises
    ------
    UsageError
        If it has none, as of Python objects.
    """
    match dtype:
        case pl.Datetime():
            zone = [] if dtype.time_zone is None else [("", literal(dtype.time_zone))]
            return call("pl.Datetime", ("", literal(dtype.time_unit)), *zone)
        case pl.Duration():
            return call("pl.Duration", ("", literal(dtype.time_unit)))
        case pl.Decimal():
            return f"pl.Decimal({dtype.precision}, {dtype.scale})"
        case pl.Enum():
            return call("pl.Enum", ("", Group("[", [("", literal(one)) for one in dtype.categories], "]")))
        case pl.Array():
            return call("pl.Array", ("", dtype_source(dtype.inner)), ("", str(dtype.size)))
        case pl.List():
            return call("pl.List", ("", dtype_source(dtype.inner)))
        case pl.Struct():
            parts = [(f"{literal(part.name)}: ", dtype_source(part.dtype)) for part in dtype.fields]
            return call("pl.Struct", ("", Group("{", parts, "}")))
    if isinstance(dtype, pl.Categorical) and dtype != pl.Categorical():
        raise UsageError(f"type {dtype!r} has categories of its own: cast it to pl.String() first.")
    if isinstance(dtype, pl.Object | pl.Unknown):
        raise UsageError(f"a column of type {dtype!r} cannot be declared: cast it to a type of Parquet first.")
    return f"pl.{type(dtype).__name__}()"


def _measured(frame: pl.LazyFrame, schema: pl.Schema, found: Mapping[str, Found]) -> tuple[int, list[_Guess]]:
    wanted = [pl.len().alias("rows")]
    for number, (name, dtype) in enumerate(schema.items()):
        value = pl.col(_exact(name))
        wanted.append(value.null_count().alias(f"nulls{number}"))
        if dtype.is_numeric() or dtype.is_temporal():
            value = value.fill_nan(None) if dtype.is_float() else value
            wanted += [value.min().alias(f"low{number}"), value.max().alias(f"high{number}")]
    seen = frame.select(wanted).collect(engine="streaming").row(0, named=True)
    guesses = [
        _Guess(
            name,
            dtype,
            found.get(name, Found()),
            seen[f"nulls{number}"],
            seen.get(f"low{number}"),
            seen.get(f"high{number}"),
        )
        for number, (name, dtype) in enumerate(schema.items())
    ]
    return seen["rows"], guesses


def _judge_values(guess: _Guess, rows: int) -> None:
    guess.remarks += guess.found.remarks
    unit = next((_UNITS[word] for word in re.split(r"_", guess.name)[-1:] if word in _UNITS), None)
    if unit is not None and guess.dtype.is_numeric():
        guess.said["unit"] = literal(unit)
    if guess.nulls or not rows or isinstance(guess.dtype, pl.Null):
        guess.said["nullable"] = "True"
    if rows and guess.nulls == rows:
        guess.remarks.append("Doubtful: no row has a value, so nothing tells its type.")
    elif guess.nulls:
        guess.remarks.append(f"Null in {_share(guess.nulls, rows)} of the rows.")
    if guess.dtype.is_integer() and guess.low is not None:
        _judge_whole(guess)
    elif isinstance(guess.dtype, pl.Datetime) and guess.dtype.time_zone is None:
        guess.remarks.append("Doubtful: these times state no zone; is the clock UTC?")
    elif guess.dtype.is_nested() and "Struct" in str(guess.dtype):
        guess.remarks.append("Doubtful: nested fields; checks and transforms read plain columns.")
    elif isinstance(guess.dtype, pl.Object):
        guess.remarks.append("Doubtful: Python objects.")


def _judge_whole(guess: _Guess) -> None:
    unit = epoch_of(guess.low, guess.high)
    if guess.is_id:
        guess.remarks.append("Doubtful: numbers that name something; as text they keep leading zeros and all digits.")
    elif unit is not None:
        guess.remarks.append(f"Doubtful: as numbers of {unit} since 1970 these are times of our century; is it one?")
    elif guess.low >= 0 and guess.high <= 1:
        guess.said["between"] = "(0, 1)"
        if guess.dtype != pl.Int8() or not _LABELS.search(guess.name):
            guess.remarks.append("Doubtful: only 0 and 1; is it a yes or no?")
    elif guess.low >= 0 and guess.dtype.is_signed_integer() and _COUNTS.search(guess.name.lower()):
        guess.said["between"] = "(0, None)"


def _judge_floats(frame: pl.LazyFrame, guesses: Sequence[_Guess], rows: int) -> None:
    """Look at NaN, infinities, ranges, and floats that are whole numbers."""
    wanted = []
    for number, guess in enumerate(guesses):
        value = pl.col(_exact(guess.name))
        finite = value.filter(value.is_finite())
        wanted += [value.is_nan().sum().alias(f"nans{number}"), value.is_infinite().sum().alias(f"infs{number}")]
        wanted += [(finite == finite.floor()).sum().alias(f"whole{number}"), finite.len().alias(f"finite{number}")]
    seen = frame.select(wanted).collect(engine="streaming").row(0, named=True) if wanted else {}
    for number, guess in enumerate(guesses):
        _judge_float(guess, rows, *(seen[f"{what}{number}"] or 0 for what in ("nans", "infs", "whole", "finite")))


def _judge_float(guess: _Guess, rows: int, nans: int, infs: int, whole: int, finite: int) -> None:
    if nans:
        guess.said["nan"] = literal("allow")
        guess.remarks.append(f"NaN in {_share(nans, rows)} of the rows; allowed until somebody says otherwise.")
    if infs:
        guess.remarks.append(f"Infinite in {_share(infs, rows)} of the rows.")
    if finite and whole == finite:
        guess.remarks.append("Doubtful: all are whole numbers; were they floats only to hold nulls?")
    elif whole >= 0.9 * finite > 0:
        guess.remarks.append(f"Doubtful: {_share(finite - whole, finite)} of the numbers have a fraction.")
    inside = guess.low is not None and guess.low >= 0
    if inside and guess.high <= 1 and _SHARES.search(guess.name.lower()):
        guess.said["between"] = "(0, 1)"
    elif inside and guess.high <= 1 and whole < finite:
        guess.remarks.append("All lie from 0 to 1: if it is a share, say between=(0, 1).")
    elif inside and _COUNTS.search(guess.name.lower()):
        guess.said["between"] = "(0, None)"


def _judge_texts(frame: pl.LazyFrame, guesses: Sequence[_Guess], rows: int) -> None:
    """Look for texts of few values, and in tables for texts that look like something else."""
    if not guesses or not rows:
        return
    values = [pl.col(_exact(guess.name)) for guess in guesses]
    first = frame.head(_LOOK).select(value.n_unique().alias(str(n)) for n, value in enumerate(values)).collect()
    for number, guess in enumerate(guesses):
        if first[str(number)][0] > _FEW + 1 or guess.is_id:
            continue
        distinct = frame.select(values[number].unique()).collect(engine="streaming").to_series()
        texts = sorted(distinct.drop_nulls())
        if len(texts) == 1 and rows > 1:
            guess.remarks.append(f"All rows hold {_shown(texts[0])}.")
        elif 1 < len(texts) <= _FEW and rows - guess.nulls >= 20 * len(texts) and max(map(len, texts)) <= 40:
            guess.said["allowed"] = items([literal(text) for text in texts])
            guess.remarks.append(f"A guess: the {len(texts)} values that were seen.")
    forms = {"whole numbers": r"^-?[0-9]+$", "times": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?$"}
    plain = [guess for guess in guesses if guess.found == Found() and guess.nulls < rows]
    wanted = [
        pl.col(_exact(guess.name)).str.contains(form).all().alias(f"{what} {number}")
        for number, guess in enumerate(plain)
        for what, form in forms.items()
    ]
    seen = frame.select(wanted).collect(engine="streaming").row(0, named=True) if wanted else {}
    for number, guess in enumerate(plain):
        for what in forms:
            if seen[f"{what} {number}"] and not (guess.is_id and what == "whole numbers"):
                guess.remarks.append(f"Doubtful: all texts are {what}.")


def _key(frame: pl.LazyFrame, guesses: Sequence[_Guess], rows: int) -> tuple[str, ...]:
    """Return the first column, or pair of columns, that differs in all rows; ids only."""
    ids = [guess.name for guess in guesses if guess.is_id and not guess.nulls]
    ids = [name for name in _FIRST_IDS if name in ids] + [name for name in ids if name not in _FIRST_IDS]
    pairs = list(combinations(ids[:6], 2))
    for names in [(name,) for name in ids] + pairs:
        if rows and _differs(frame.head(_LOOK), names) and _differs(frame, names):
            return names
    return ()


def _differs(frame: pl.LazyFrame, names: Sequence[str]) -> bool:
    columns = [pl.col(_exact(name)).alias(str(number)) for number, name in enumerate(names)]
    value = columns[0] if len(names) == 1 else pl.struct(columns)
    seen = frame.select(value.n_unique().alias("distinct"), pl.len().alias("rows")).collect(engine="streaming")
    return bool(seen["distinct"][0] == seen["rows"][0])


def _times(frame: pl.LazyFrame, guesses: Sequence[_Guess], *, zoned: bool) -> tuple[str | None, str | None]:
    """Return the columns that are probably the event time and the landing time."""
    first = datetime(1970, 1, 1, tzinfo=UTC)
    times = {
        guess.name: guess.dtype
        for guess in guesses
        if isinstance(guess.dtype, pl.Datetime)
        and guess.low is not None
        and (guess.dtype.time_zone is not None or not zoned)
        and guess.low.replace(tzinfo=guess.low.tzinfo or UTC) >= first
    }
    whole = [guess.name for guess in guesses if guess.name in times and not guess.nulls]
    events = [name for name in whole if not _LANDING.search(name)] or whole
    if not events:
        return None, None
    event = next((name for name in events if is_time(name)), events[0])
    for name, dtype in times.items():
        if name != event and _LANDING.search(name) and dtype == times[event]:
            early = (pl.col(_exact(event)) - pl.col(_exact(name))).max()
            latest = frame.select(early.alias("early")).collect(engine="streaming")["early"][0]
            if latest is not None and latest <= _SKEW:
                return event, name
    return event, None


def _judge_role(guess: _Guess, key: Sequence[str], times: Sequence[str | None]) -> None:
    name = guess.name.lower()
    if guess.name in key:
        guess.said["role"] = literal("key")
    elif guess.dtype.is_temporal() and (guess.name in times or is_time(guess.name)):
        guess.said["role"] = literal("time")
    elif guess.is_id:
        guess.said["role"] = literal("entity")
    elif _LABELS.search(name) and "between" in guess.said:
        guess.said["role"] = literal("label")
        guess.remarks.append("A guess: an outcome, known only later.")
    if "allowed" not in guess.said and (_PERSONS.search(name) or _USERS.search(name)):
        guess.said["pii"] = literal("personal" if _PERSONS.search(name) else "pseudonymous")
        guess.remarks.append("A guess: its name tells of a person.")


@dataclass(frozen=True, slots=True)
class _Whole:
    """What is written of the table."""

    key: tuple[str, ...]
    event: str | None
    landing: str | None
    guesses: Sequence[_Guess]
    types: Mapping[str, Node]


def _module(name: str, origin: str, rows: int, whole: _Whole) -> str:
    told = re.sub(r"\s+", " ", origin.replace("\\", "/").replace('"', "'"))
    lines = [f'"""{name}: inferred from data, to be curated."""', "", "import polars as pl", ""]
    lines += ["from featurelib.schema import Column, Table", "", "", f"class {name}(Table):"]
    lines += ['    """Say what one row is, and who writes it.', ""]
    lines += comment(
        f"Inferred from {told}. Each guess below is marked: confirm or change it, then delete its comment.", sign=""
    )
    lines += ['    """', ""]
    about = list(_about(rows, whole))
    lines += [*about, ""] if about else []
    plain = [guess for guess in whole.guesses if is_attribute(guess.name)]
    for guess in plain:
        lines += [line for remark in guess.remarks for line in comment(remark)]
        lines += statement(f"{guess.name} = ", _column(guess, whole.types[guess.name]))
    others = [guess for guess in whole.guesses if not is_attribute(guess.name)]
    if others:
        lines += [line for guess in others for r in guess.remarks for line in comment(f"{_shown(guess.name)}: {r}")]
        named = [(f"{literal(guess.name)}: ", _column(guess, whole.types[guess.name])) for guess in others]
        lines += statement("other_columns = ", Group("{", named, "}"))
    return "\n".join([*lines, ""])


def _about(rows: int, whole: _Whole) -> Iterator[str]:
    if whole.key:
        yield from comment(f"A guess: differs in all {rows:,} rows{' together' if len(whole.key) > 1 else ''}.")
        yield from statement("key = ", strings(whole.key))
    if whole.event is not None:
        yield from comment("A guess: a time that every row has.")
        yield f"    event_time = {literal(whole.event)}"
    if whole.landing is not None:
        yield from comment(f"A guess: by its name, and no row lands before its {_shown(whole.event or '')}.")
        yield f"    landing_time = {literal(whole.landing)}"
    if not rows:
        yield from comment("There was no row.")
        yield "    min_rows = 0"


def _column(guess: _Guess, dtype: Node) -> Node:
    found, said = guess.found, guess.said
    named: dict[str, Node] = {"dtype": dtype, "doc": literal("Say what it means.")}
    order = ("unit", "nullable", "nan", "between", "allowed", "role", "pii")
    named |= {name: said[name] for name in order if name in said}
    for name in ("source", "epoch", "zone"):
        if (value := getattr(found, name)) is not None:
            named[name] = literal(value)
    if found.optional:
        named |= {"nullable": "True", "optional": "True"}
    return call("Column", *((f"{name}=", value) for name, value in named.items()))


def _share(part: int, whole: int) -> str:
    share = 100 * part / whole
    return f"{share:.2f} %" if share >= 0.01 else f"{part:,} of {whole:,}"


def _shown(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _exact(name: str) -> str:
    """Return a name that polars takes as it is, and not for a pattern."""
    return f"^{re.escape(name)}$" if name.startswith("^") and name.endswith("$") else name
