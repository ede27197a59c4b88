"""Conservation: rows in = rows kept + rows dropped, by reason."""

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
    """

    rows_in: int = 0
    kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)

    def check(self, stage: str, partition: object) -> "RowCounts":
        """Return itself if the sum agrees.

        Raises
        ------
        ConservationError
            If rows were lost or made.
        """
        dropped = dict(self.dropped)
        if self.rows_in != self.kept + sum(dropped.values()):
            raise ConservationError(stage, partition, rows_in=self.rows_in, kept=self.kept, dropped=dropped)
        return self

    def __add__(self, other: "RowCounts") -> "RowCounts":
        dropped = Counter(self.dropped) + Counter(other.dropped)
        return RowCounts(self.rows_in + other.rows_in, self.kept + other.kept, dict(sorted(dropped.items())))

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {"in": self.rows_in, "kept": self.kept, "dropped": dict(self.dropped)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "RowCounts":
        """Return the counts that `to_json` described."""
        return cls(stored["in"], stored["kept"], dict(stored["dropped"]))
