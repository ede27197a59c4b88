"""Quarantine: set the rows aside that break a rule which says so, each with its reasons."""

from collections.abc import Collection, Sequence

import polars as pl

from featurelib.schema.checks import Check, plan_checks, sets_aside
from featurelib.schema.keys import has_key
from featurelib.schema.structure import check_structure
from featurelib.schema.table import _REASONS, Table


def split(
    frame: pl.LazyFrame, table: type[Table], *, absent: Collection[str] = ()
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Split rows into those that stay and those that go to quarantine; every row is in one of the two.

    Parameters
    ----------
    frame
        The rows. Their order matters where a key that may be quarantined repeats: the first row that breaks no
        other such rule stays.
    table
        The declaration; only rules with ``on_fail="quarantine"`` are applied.
    absent
        Declared columns that are left out on purpose.

    Returns
    -------
    tuple
        Rows that stay, with the columns of the frame; and rows set aside, with one more column ``_reasons``,
        a list of the ids of the checks that the row breaks. Both lazy and in order of the frame. Write both in
        one ``pl.collect_all`` of lazy sinks, so that the frame is computed once.

    Raises
    ------
    ColumnMissingError, ColumnTypeError, ColumnUnknownError
        If the frame's columns are not those declared.
    UsageError
        If ``absent`` names a key column.

    Notes
    -----
    Streams; a key that may be quarantined needs memory for the distinct keys.

    Examples
    --------
    >>> from featurelib.schema.column import Column
    >>> class Samples(Table):
    ...     device = Column(dtype=pl.String(), doc="Client.", allowed=("ios", "web"), on_fail="quarantine")
    >>> good, bad = split(pl.LazyFrame({"device": ["ios", "toaster"]}), Samples)
    >>> good.collect()["device"].to_list(), bad.collect().to_dicts()
    (['ios'], [{'device': 'toaster', '_reasons': ['device.allowed']}])
    """
    planned = plan_checks(table, absent=absent)
    check_structure(frame.collect_schema(), table, absent=absent)
    reasons = [_reason(check, planned) for check in planned if check.on_fail == "quarantine"]
    if not reasons:
        return frame, frame.clear().with_columns(pl.lit(None, pl.List(pl.String())).alias(_REASONS))
    marked = frame.with_columns(pl.concat_list(reasons).list.drop_nulls().alias(_REASONS))
    good = marked.filter(pl.col(_REASONS).list.len() == 0).drop(_REASONS)
    return good, marked.filter(pl.col(_REASONS).list.len() > 0)


def _reason(check: Check, planned: Sequence[Check]) -> pl.Expr:
    breaks = _repeated(check.columns, planned) if check.kind == "key" else check.breaks
    return pl.when(breaks).then(pl.lit(check.id))


def _repeated(key: Sequence[str], planned: Sequence[Check]) -> pl.Expr:
    """Return whether the row is not the first of its key among the rows that no other rule sets aside."""
    aside = sets_aside(planned)
    # Rows set aside are put into a group of their own, so that they do not take the place of a good row.
    first = pl.struct(*key, aside.alias(_REASONS)).is_first_distinct()
    return has_key(key) & ~aside & ~first
