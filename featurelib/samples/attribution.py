"""Attribution: which impression a click is credited to, and which click a conversion."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from featurelib.samples.duplicates import ROW

REASON = "@reason"
_THEIRS = "@theirs"  # both logs may call their event time the same, and a click may carry the impression's
_CAUSE = "@cause"


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
    wanted = clicks.select(keys).drop_nulls().unique()
    # NOTE: one key reaches into the files, so that the join has few rows to hash
    likely = impressions.filter(pl.col(keys[0]).is_in(wanted[keys[0]].unique().implode()))
    near = likely.select(*keys, ROW, pl.col(shown_at).alias(_THEIRS)).join(wanted.lazy(), on=list(keys), how="semi")
    latest = near.collect().sort(_THEIRS, ROW, nulls_last=False)
    matched = _latest_before(clicks, latest, keys, clicked_at)
    reason = _reason(clicked_at, within, none="no_impression")
    return matched.with_columns(reason.alias(REASON)).select(*clicks.columns, ROW, REASON)


def attribute_via(
    clicks: pl.DataFrame,
    conversions: pl.DataFrame,
    *,
    keys: Sequence[str],
    clicked_at: str,
    converted_at: str,
    within: timedelta,
) -> pl.DataFrame:
    """Credit each conversion to the latest click with the same keys, and so to the impression of that click.

    Parameters
    ----------
    clicks
        What `attribute` (or this function) returned: all clicks, credited or not. Of several with the same keys at the
        same instant, the last gets the conversion.
    conversions
        Columns ``keys`` and ``converted_at``.
    keys, within
        As in `attribute`.
    clicked_at, converted_at
        Event times.

    Returns
    -------
    The conversions with their own columns, sorted by ``converted_at`` (stable), with `ROW` of the click's impression
    and `REASON`: null where credited, else ``no_click``, ``outside_window``, or ``click_unmatched`` where the click
    is credited to no impression itself.
    """
    latest = clicks.sort(clicked_at, maintain_order=True).select(
        *keys, ROW, pl.col(clicked_at).alias(_THEIRS), pl.col(REASON).alias(_CAUSE)
    )
    matched = _latest_before(conversions, latest, keys, converted_at)
    unmatched = pl.when(pl.col(_CAUSE).is_not_null()).then(pl.lit("click_unmatched"))
    reason = pl.coalesce(_reason(converted_at, within, none="no_click"), unmatched)
    return matched.with_columns(reason.alias(REASON)).select(*conversions.columns, ROW, REASON)


def _latest_before(events: pl.DataFrame, causes: pl.DataFrame, keys: Sequence[str], time: str) -> pl.DataFrame:
    """Return the events, sorted by time, with the columns of the last cause at or before each; causes are sorted."""
    ordered = events.sort(time, maintain_order=True)
    # NOTE: both sides were sorted just above; polars cannot check it within groups and would only warn
    return ordered.join_asof(
        causes,
        left_on=time,
        right_on=_THEIRS,
        by=list(keys),
        strategy="backward",
        check_sortedness=False,
        coalesce=False,
    )


def _reason(time: str, within: timedelta, *, none: str) -> pl.Expr:
    return (
        pl.when(pl.col(_THEIRS).is_null())
        .then(pl.lit(none))
        .when(pl.col(time) - pl.col(_THEIRS) >= within)
        .then(pl.lit("outside_window"))
    )
