"""Conservation: rows in and rows made = rows kept + rows dropped, by reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featurelib.errors import ConservationError


@dataclass(frozen=True, slots=True)
class RowCounts:
    """What became of the rows that went into a stage.

    Attributes
    ----------
    rows_in, kept
        Rows that went in and came out.
    dropped
        Rows set aside, by reason.
    made
        Rows added that did not go in.
    """

    rows_in: int = 0
    kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    made: int = 0

    def check(self, stage: str, partition: object) -> "RowCounts":
        """Return itself if the sum agrees.

        Raises
        ------
        ConservationError
            If rows were lost or made.
        """
        dropped = dict(self.dropped)
        if self.rows_in + self.made != self.kept + sum(dropped.values()):
            counts = {"rows_in": self.rows_in, "made": self.made, "kept": self.kept}
            raise ConservationError(stage, partition, **counts, dropped=dropped)
        return self

    def __add__(self, other: "RowCounts") -> "RowCounts":
        dropped = Counter(self.dropped) + Counter(other.dropped)
        rows_in, kept, made = self.rows_in + other.rows_in, self.kept + other.kept, self.made + other.made
        return RowCounts(rows_in, kept, dict(sorted(dropped.items())), made)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        counts = {"in": self.rows_in, "kept": self.kept, "dropped": dict(self.dropped)}
        return {**counts, "made": self.made} if self.made else counts

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "RowCounts":
        """Return the counts that `to_json` described."""
        return cls(stored["in"], stored["kept"], dict(stored["dropped"]), stored.get("made", 0))
