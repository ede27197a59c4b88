"""Rules: each looks at the features that are left, and says which it drops."""

from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass

from featurelib.parameters import check_number, check_whole


@dataclass(frozen=True, slots=True)
class Score:
    """What selection knows of one feature.

    For a function of one number column that has more than 4,096 distinct values in a partition, the values count in
    4,096 cells of equal rows: shares are right to 1/4,096 of the rows.

    Attributes
    ----------
    missing_rate
        Share of labelled rows in which it is missing: null, or slot 0 of an index, bin or bucket.
    distinct
        Distinct values, missing being one.
    mutual_information
        With the label, in nats, corrected for bias (see `LabelTable.mutual_information`).
    """

    missing_rate: float
    distinct: int
    mutual_information: float


class Selector(ABC):
    """A rule that drops features."""

    name: str

    @abstractmethod
    def drops(self, scores: dict[str, Score]) -> dict[str, str]:
        """Return the features to drop, each with the reason in words, given the scores of those that are left."""


@dataclass(frozen=True)
class DropMissing(Selector):
    """Drop features that are missing too often.

    Parameters
    ----------
    above
        Largest share of rows, 0 to 1, in which a feature may be missing.

    Raises
    ------
    ParameterError
        If ``above`` is no share.
    """

    _: KW_ONLY
    above: float = 0.95

    name = "missing_rate"

    def __post_init__(self) -> None:
        check_number(self, "above", fits=lambda share: 0 <= share <= 1, want="a share from 0 to 1")

    def drops(self, scores: dict[str, Score]) -> dict[str, str]:
        """Return the features whose missing rate lies above the limit."""
        return {
            feature: f"missing in {score.missing_rate:.2%} of rows, more than {self.above:.2%}"
            for feature, score in scores.items()
            if score.missing_rate > self.above
        }


@dataclass(frozen=True)
class DropConstant(Selector):
    """Drop features that hold one value in all rows, missing being a value like any other."""

    name = "constant"

    def drops(self, scores: dict[str, Score]) -> dict[str, str]:
        """Return the features with fewer than two distinct values."""
        return {feature: "holds one value" for feature, score in scores.items() if score.distinct < 2}


@dataclass(frozen=True)
class KeepTop(Selector):
    """Keep the features that tell most about the label, and drop the rest.

    Parameters
    ----------
    k
        How many to keep, at least 1, by mutual information. Ties go to the name that sorts first.

    Raises
    ------
    ParameterError
        If ``k`` is below 1.
    """

    k: int

    name = "keep_top"

    def __post_init__(self) -> None:
        check_whole(self, "k")

    def drops(self, scores: dict[str, Score]) -> dict[str, str]:
        """Return the features beyond the best ``k``."""
        ranked = sorted(scores, key=lambda feature: (-scores[feature].mutual_information, feature))
        return {
            feature: f"rank {rank} of {len(ranked)} by mutual information, beyond {self.k}"
            for rank, feature in enumerate(ranked, start=1)
            if rank > self.k
        }
