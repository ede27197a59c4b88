"""Timeline: the files of a log in order of time, with running sums, so that a span of it is told without a walk."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from featurelib.logs import LogFile

_PATH, _CONTENT = 8, 4  # hex digits of each that a build keeps of a file, to say later which files changed
_MARK = _PATH + _CONTENT
_NEVER = datetime.min.replace(tzinfo=UTC)
_NAME, _IDENTITY = 8, 16  # bytes that stand for the name of a file; with those for its content


@dataclass(frozen=True, slots=True)
class Timeline:
    """The files of some neighbouring partitions of a log; make it with `of`.

    Attributes
    ----------
    starts
        When each partition that has files begins, ascending.
    ends
        How many files there are before each partition, and in the end.
    """

    starts: Sequence[datetime]
    ends: Sequence[int]
    _bytes: Sequence[int] = field(repr=False)
    _rows: Sequence[int] = field(repr=False)
    _uncounted: Sequence[int] = field(repr=False)
    _landed: Sequence[datetime] = field(repr=False)
    _identities: bytes = field(repr=False)
    _marks: str = field(repr=False)

    @classmethod
    def of(cls, partitions: Mapping[datetime, Sequence[LogFile]]) -> "Timeline":
        """Return the timeline of partitions, given by their start, ascending."""
        files = [file for found in partitions.values() for file in found]
        identities = [_identity(file) for file in files]
        return cls(
            starts=list(partitions),
            ends=_sums(len(found) for found in partitions.values()),
            _bytes=_sums(file.bytes for file in files),
            _rows=_sums(file.rows or 0 for file in files),
            _uncounted=_sums(file.rows is None for file in files),
            _landed=[file.landed_at or _NEVER for file in files],
            _identities=b"".join(identities),
            _marks="".join(map(_mark, identities)),
        )

    def told(self, start: datetime, stop: datetime) -> dict[str, Any]:
        """Return what the partitions that begin in ``[start, stop)`` hold.

        Returns
        -------
        dict
            How many ``files``, ``bytes`` and ``rows`` (None if some were not counted), when the last ``landed``, a
            ``digest`` that identifies all, and in ``each`` a few digits for each, as `mark` gives them.
        """
        first, last = self.ends[bisect_left(self.starts, start)], self.ends[bisect_left(self.starts, stop)]
        landed = max(self._landed[first:last], default=_NEVER)
        counted = self._uncounted[last] == self._uncounted[first]
        return {
            "files": last - first,
            "bytes": self._bytes[last] - self._bytes[first],
            "rows": self._rows[last] - self._rows[first] if counted else None,
            "landed": None if landed == _NEVER else str(landed),
            "digest": hashlib.sha256(self.identities(start, stop)).hexdigest()[:20],
            "each": self._marks[first * _MARK : last * _MARK],
        }

    def identities(self, start: datetime, stop: datetime) -> bytes:
        """Return what names the files of the partitions that begin in ``[start, stop)``, and what is in them."""
        first, last = self.ends[bisect_left(self.starts, start)], self.ends[bisect_left(self.starts, stop)]
        return self._identities[first * _IDENTITY : last * _IDENTITY]


def mark(file: LogFile) -> str:
    """Return a few digits for the path of a file and a few for its content."""
    return _mark(_identity(file))


def _mark(identity: bytes) -> str:
    return identity[:_PATH].hex()[:_PATH] + identity[_NAME:].hex()[:_CONTENT]


def _identity(file: LogFile) -> bytes:
    name = hashlib.sha256(file.path.encode(errors="surrogateescape")).digest()[:_NAME]
    return name + bytes.fromhex(file.checksum)


def _sums(numbers: Iterable[int]) -> list[int]:
    return list(accumulate(numbers, initial=0))


@dataclass(frozen=True, slots=True)
class FileChanges:
    """What became of the files of a log since a build: those that are new, those rewritten, and how many are gone."""

    new: tuple[LogFile, ...]
    rewritten: tuple[LogFile, ...]
    gone: int

    def named(self) -> Iterator[tuple[str, tuple[LogFile, ...]]]:
        """Yield the files that are there, under the word for what became of them."""
        yield "new", self.new
        yield "rewritten", self.rewritten

    @classmethod
    def since(cls, before: Mapping[str, Any], files: Sequence[LogFile]) -> "FileChanges":
        """Compare what `Timeline.told` returned at a build with the files of now."""
        each = str(before.get("each", ""))
        marks = [each[at : at + _MARK] for at in range(0, len(each), _MARK)]
        then = {told[:_PATH]: told for told in marks}
        now = {mark(file): file for file in files}
        return cls(
            new=tuple(file for told, file in now.items() if told[:_PATH] not in then),
            rewritten=tuple(file for told, file in now.items() if then.get(told[:_PATH], told) != told),
            gone=len(then.keys() - {told[:_PATH] for told in now}),
        )
