"""Attribution: which impression a click is credited to."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from featurelib.samples.duplicates import ROW

REASON = "@reason"
_SHOWN_AT = "@shown_at"  # both logs may call their event time the same, and a click may carry the impression's


def attribute(
    impressions: pl.LazyFrame,
    clicks: pl.DataFrame,
    *,
    keys: Sequence[str],
    shown_at: str,
    clicked_at: str,
    within: timedelta,
) -> pl.DataFrame:
    """Credit each click to the latest impression with the same keys, if it is recent enough (last touch).

    A click counts for an impression if ``shown_at <= clicked_at < shown_at + within``. One click credits one
    impression at most; one impression may be credited with many clicks.

    Parameters
    ----------
    impressions
        Columns ``keys``, ``shown_at`` and `ROW`, in any order. Several with the same keys at the same instant: the
        one with the largest row number gets the click; a null row number counts as the smallest.
    clicks
        Columns ``keys`` and ``clicked_at``; kept in memory.
    keys
        Columns that tie a click to an impression, such as request and item. Null keys match nothing.
    shown_at, clicked_at
        Event times.
    within
        The attribution window.

    Returns
    -------
    The clicks with their own columns, sorted by ``clicked_at`` (stable), with `ROW` of the latest impression before
    (null where there is none, or where it was null) and `REASON`: null where credited, else ``no_impression`` or
    ``outside_window``.
    """
    wanted = clicks.lazy().select(keys).drop_nulls().unique()
    near = impressions.select(*keys, ROW, pl.col(shown_at).alias(_SHOWN_AT)).join(wanted, on=list(keys), how="semi")
    latest = near.collect().sort(_SHOWN_AT, ROW, nulls_last=False)
    ordered = clicks.sort(clicked_at, maintain_order=True)
    # NOTE: both sides were sorted just above; polars cannot check it within groups and would only warn
    matched = ordered.join_asof(
        latest,
        left_on=clicked_at,
        right_on=_SHOWN_AT,
        by=list(keys),
        strategy="backward",
        check_sortedness=False,
        coalesce=False,
    )
    age = pl.col(clicked_at) - pl.col(_SHOWN_AT)
    reason = (
        pl.when(pl.col(_SHOWN_AT).is_null())
        .then(pl.lit("no_impression"))
        .when(age >= within)
        .then(pl.lit("outside_window"))
    )
    return matched.with_columns(reason.alias(REASON)).select(*clicks.columns, ROW, REASON)
