"""Pattern: the one idea behind Hive, flat and nested layouts of log files."""

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_TOKEN = re.compile(r"\{(?P<field>dt|hr)(?::(?P<format>[^{}]*))?\}|(?P<star>\*)|(?P<text>[^*{}]+)")
_DIRECTIVE = re.compile(r"%(?P<field>[Ymdj])|(?P<text>[^%*]+)")
_HOURS = {None: "H", "": "H", "02d": "H", "d": "h"}
_DIGITS = {"Y": "[0-9]{4}", "m": "[0-9]{2}", "d": "[0-9]{2}", "j": "[0-9]{3}", "H": "[0-9]{2}", "h": "[0-9]{1,2}"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a pattern: ``text``, ``star``, or a field of a time (``Y m d j H h``)."""

    kind: str
    text: str = ""

    def written(self, partition: datetime | None) -> str:
        """Return the piece in the name of a partition's file, as a glob; ``None`` stands for any partition."""
        if self.kind == "text":
            return glob.escape(self.text)
        if self.kind == "star" or partition is None:
            return "*"
        return str(partition.hour) if self.kind == "h" else f"{partition:%{self.kind}}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern, which writes the names of a partition's files and reads a partition from a name."""

    pieces: tuple[Piece, ...]

    @property
    def fields(self) -> set[str]:
        """Return which fields of a time the pattern holds."""
        return {piece.kind for piece in self.pieces} & set(_DIGITS)

    def glob(self, partition: datetime | None = None) -> str:
        """Return the glob that finds the files of one partition, or of all."""
        return re.sub(r"\*+", "*", "".join(piece.written(partition) for piece in self.pieces))

    def regex(self) -> re.Pattern[str]:
        """Return the exact form of `glob`: digits where a time stands, and no hidden names."""
        seen: set[str] = set()
        parts = []
        for at, piece in enumerate(self.pieces):
            if piece.kind == "text":
                parts.append(re.escape(piece.text))
            elif piece.kind == "star":
                # NOTE: writers park unfinished and side files under names that start with "." or "_"
                starts = at == 0 or self.pieces[at - 1].text.endswith("/")
                parts.append("(?![._])[^/]*" if starts else "[^/]*")
            elif piece.kind in seen:
                parts.append(f"(?P={piece.kind})")
            else:
                seen.add(piece.kind)
                parts.append(f"(?P<{piece.kind}>{_DIGITS[piece.kind]})")
        return re.compile("".join(parts))

    def partition_of(self, path: str) -> datetime | None:
        """Return the partition that a file's name states, or ``None`` if the name does not fit."""
        found = self.regex().fullmatch(path)
        if found is None:
            return None
        field = {kind: int(text) for kind, text in found.groupdict().items()}
        try:
            day = date(field["Y"], field.get("m", 1), field.get("d", 1))
            day += timedelta(days=field["j"] - 1 if "m" not in field else 0)
            stated = datetime(day.year, day.month, day.day, field.get("H", field.get("h", 0)), tzinfo=UTC)
        except (ValueError, OverflowError):  # such as month 13
            return None
        agrees = all(Piece(kind).written(stated) == text for kind, text in found.groupdict().items())
        return stated if agrees else None  # such as day 366 of a year that has 365


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
    pattern = Pattern(tuple(_pieces(text)))
    if not ({"Y", "m", "d"} <= pattern.fields or {"Y", "j"} <= pattern.fields):
        msg = "a pattern with {dt}, or {dt:...} parts that together state year, month and day"
        raise ValueError(msg)
    return pattern


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
