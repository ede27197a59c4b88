"""Pattern: the one idea behind Hive, flat and nested layouts of log files."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_TOKEN = re.compile(r"\{(?P<field>dt|hr)(?::(?P<format>[^{}]*))?\}|(?P<star>\*)|(?P<text>[^*{}]+)")
_DIRECTIVE = re.compile(r"%(?P<field>[Ymdj])|(?P<text>[^%*]+)")
_HOURS = {None: "H", "": "H", "02d": "H", "d": "h"}
_DIGITS = {"Y": "[0-9]{4}", "m": "[0-9]{2}", "d": "[0-9]{2}", "j": "[0-9]{3}", "H": "[0-9]{2}", "h": "0|[1-9][0-9]?"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a pattern: ``text``, ``star``, or a field of a time (``Y m d j H h``)."""

    kind: str
    text: str = ""

    def written(self, partition: datetime) -> str:
        """Return the piece in the name of a partition's file; not of a star, which any text may fill."""
        if self.kind == "text":
            return self.text
        return str(partition.hour) if self.kind == "h" else f"{partition:%{self.kind}}"


@dataclass(frozen=True, slots=True)
class Segment:
    """One name of a path, of a folder or of the file: what stands between two ``/``."""

    pieces: tuple[Piece, ...]
    regex: re.Pattern[str]

    @property
    def fields(self) -> set[str]:
        """Return which fields of a time the name holds."""
        return {piece.kind for piece in self.pieces} & set(_DIGITS)

    def name(self, partition: datetime | None) -> str | None:
        """Return the name, or ``None`` if there may be several: for a star, and a field while no partition is given."""
        kinds = {piece.kind for piece in self.pieces}
        if "star" in kinds or (partition is None and kinds != {"text"}):
            return None
        return "".join(piece.text if partition is None else piece.written(partition) for piece in self.pieces)

    def match(self, name: str, stated: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return the fields stated by the names so far and by this one; ``None`` if it does not fit, or disagrees."""
        found = _said(self.regex, name)
        if found is None:
            return None
        if not found:
            return stated
        fields = {**stated, **found}
        return fields if stated.items() <= fields.items() else None


@lru_cache(maxsize=4096)  # most folders and files are called like those of another partition
def _said(regex: re.Pattern[str], name: str) -> Mapping[str, str] | None:
    found = regex.fullmatch(name)
    return None if found is None else found.groupdict()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern: the names, one below the other, that lead to a partition's files."""

    segments: tuple[Segment, ...]

    @property
    def fields(self) -> set[str]:
        """Return which fields of a time the pattern holds."""
        return set[str]().union(*(segment.fields for segment in self.segments))

    @property
    def stated_by(self) -> int:
        """Return the number of the last segment that holds a field."""
        return max(number for number, segment in enumerate(self.segments) if segment.fields)


def partition_of(fields: Mapping[str, str]) -> datetime | None:
    """Return the partition that the fields of a name state, or ``None`` where there is no such time."""
    midnight = _midnight(fields["Y"], fields.get("m"), fields.get("d"), fields.get("j"))
    since = _since_midnight(fields.get("H"), fields.get("h"))
    return None if midnight is None or since is None else midnight + since


@lru_cache(maxsize=256)
def _since_midnight(padded: str | None, plain: str | None) -> timedelta | None:
    """Return how long after midnight an hour begins; None where there is no such hour, or the two disagree."""
    hours = {int(text) for text in (padded, plain) if text is not None} or {0}
    return timedelta(hours=hours.pop()) if len(hours) == 1 and max(hours) < 24 else None


@lru_cache(maxsize=4096)  # the hours of a day have it in common
def _midnight(year: str, month: str | None, number: str | None, day_of_year: str | None) -> datetime | None:
    """Return when the day begins that the fields state; None where there is no such day, or they disagree."""
    try:
        new_year = datetime(int(year), 1, 1, tzinfo=UTC)
        if day_of_year is None:
            return new_year.replace(month=int(month or 0), day=int(number or 0))
        day = new_year + timedelta(days=int(day_of_year) - 1)
    except (ValueError, OverflowError):  # such as month 13
        return None
    said = zip((year, month, number), (day.year, day.month, day.day), strict=True)
    agrees = all(text is None or int(text) == value for text, value in said)
    return day if agrees else None  # such as day 366 of a year that has 365


@lru_cache(maxsize=256)
def parse(text: str) -> Pattern:
    """Parse a pattern.

    Raises
    ------
    ValueError
        With a phrase that says what the pattern must be.
    """
    if not text or text.startswith("/") or ".." in text.split("/") or "**" in text:
        msg = "a path below the log root, with `*` inside one folder or file name"
        raise ValueError(msg)
    pattern = Pattern(tuple(_segments(text)))
    if not ({"Y", "m", "d"} <= pattern.fields or {"Y", "j"} <= pattern.fields):
        msg = "a pattern with {dt}, or {dt:...} parts that together state year, month and day"
        raise ValueError(msg)
    return pattern


def _segments(text: str) -> Iterator[Segment]:
    names: list[list[Piece]] = [[]]
    for piece in _pieces(text):
        if piece.kind != "text":
            names[-1].append(piece)
            continue
        first, *others = piece.text.split("/")
        names[-1].append(Piece("text", first))
        names += [[Piece("text", other)] for other in others]
    for name in names:
        pieces = tuple(piece for piece in name if piece != Piece("text"))
        if pieces and pieces != (Piece("text", "."),):
            yield Segment(pieces, _regex(pieces))


def _regex(pieces: tuple[Piece, ...]) -> re.Pattern[str]:
    seen: set[str] = set()
    parts = []
    for at, piece in enumerate(pieces):
        if piece.kind == "text":
            parts.append(re.escape(piece.text))
        elif piece.kind == "star":
            # NOTE: writers park unfinished and side files under names that start with "." or "_"
            parts.append("(?![._]).*" if at == 0 else ".*")
        elif piece.kind in seen:
            parts.append(f"(?P={piece.kind})")
        else:
            seen.add(piece.kind)
            parts.append(f"(?P<{piece.kind}>{_DIGITS[piece.kind]})")
    return re.compile("".join(parts), re.DOTALL)


def _pieces(text: str) -> Iterator[Piece]:
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            msg = "a pattern whose only placeholders are {dt} and {hr}"
            raise ValueError(msg)
        at = token.end()
        if token["field"] == "dt":
            yield from _day_pieces("%Y-%m-%d" if token["format"] is None else token["format"])
        elif token["field"] == "hr":
            yield _hour_piece(token["format"])
        else:
            yield Piece("star") if token["star"] else Piece("text", token["text"])


def _day_pieces(form: str) -> Iterator[Piece]:
    at = 0
    while at < len(form):
        token = _DIRECTIVE.match(form, at)
        if token is None:
            msg = "a pattern whose {dt:...} uses %Y, %m, %d and %j only"
            raise ValueError(msg)
        at = token.end()
        yield Piece(token["field"]) if token["field"] else Piece("text", token["text"])


def _hour_piece(form: str | None) -> Piece:
    if form not in _HOURS:
        msg = "a pattern with {hr} (two digits), {hr:02d} (the same) or {hr:d} (no leading zero)"
        raise ValueError(msg)
    return Piece(_HOURS[form])
