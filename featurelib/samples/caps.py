"""Caps: no user counts for more than so many rows."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.errors import ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.keyed_hash import check_keys, keyed_hash
from featurelib.samples.step import DROPPED, LIVE, RowRule

_STEP = "cap_per_user"


@dataclass(frozen=True)
class CapPerUser(RowRule):
    """Keep at most so many rows of each user, chosen by a hash of their keys. Reason: ``over_cap``.

    Without it a few very active users decide what a model learns.

    Parameters
    ----------
    by
        The user's column, of any type. Rows whose user is null all stay.
    most
        How many live rows of a user stay; at least 1.
    keys
        What the hash is of, such as the key of the samples. Of rows with equal keys the first by row number stays.
    seed
        Another seed chooses other rows.

    Raises
    ------
    ParameterError
        If ``most`` is below 1 or no whole number, or there is no key.

    Notes
    -----
    The ``most`` rows with the smallest ``keyed_hash("cap_per_user", seed, keys)`` stay (see
    `featurelib.samples.keyed_hash`), so a larger cap keeps the same rows and more. The hash has nothing to do with that
    of `KeepFraction`: of the rows which that left, positives and negatives have the same chance.

    References
    ----------
    P. Covington et al., "Deep neural networks for YouTube recommendations", RecSys 2016, section 3.4.

    Examples
    --------
    >>> rows = pl.LazyFrame({"user": ["u", "u", "u", None, None], "item": [1, 2, 3, 4, 5]}).with_columns(
    ...     pl.lit(None, pl.String).alias(DROPPED)
    ... ).with_row_index(ROW)
    >>> CapPerUser("user", most=1, keys=["user", "item"]).mark(rows).collect()[DROPPED].to_list()
    ['over_cap', 'over_cap', None, None, None]
    """

    by: str
    _: KW_ONLY
    most: int
    keys: Sequence[str]
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", (self.keys,) if isinstance(self.keys, str) else tuple(self.keys))
        if self.most < 1 or self.most != int(self.most):
            raise ParameterError(self, "most", got=self.most, want="a whole number, at least 1")
        if not self.keys:
            raise ParameterError(self, "keys", got=self.keys, want="at least one column")

    @property
    def reasons(self) -> tuple[str, ...]:
        """``over_cap``."""
        return ("over_cap",)

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns as they are."""
        self.need([self.by], given)
        check_keys(self, self.keys, given)
        return given

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """As `RowRule.mark`."""
        place = pl.int_range(pl.len()).over(self.by, order_by=[~LIVE, keyed_hash(_STEP, self.seed, self.keys), ROW])
        over = pl.col(self.by).is_not_null() & (place >= self.most)
        return rows.with_columns(pl.coalesce(DROPPED, pl.when(over).then(pl.lit("over_cap"))))
