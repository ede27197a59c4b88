"""Sources: where in the log files the rows of a slice stood."""

from collections.abc import Sequence
from itertools import accumulate, groupby, pairwise

import polars as pl

from featurelib.errors import UsageError
from featurelib.logs._rules import LINE
from featurelib.logs._scan import Scan, scan

_SOURCES = {"number": pl.Int64(), "file": pl.String(), "line": pl.Int64()}


def sources_of(scans: Sequence[Scan], numbers: pl.Series) -> pl.DataFrame:
    """Return ``number``, ``file`` and ``line`` for row numbers as `frame_of` counts them, in their order.

    Raises
    ------
    UsageError
        If there is no row of such a number.
    LogFileError
        If a CSV file is no longer what was read.
    """
    known = numbers.cast(pl.Int64).drop_nulls().unique().sort()
    edges = list(accumulate((one.rows for one in scans), initial=0))
    if len(known) and not (known[0] >= 0 and known[-1] < edges[-1]):
        msg = f"The slice has rows from 0 to {edges[-1] - 1}, not {known[0]} to {known[-1]}. Number them by numbered()."
        raise UsageError(msg)
    found = [pl.DataFrame(schema=_SOURCES)]
    for file, group in groupby(zip(scans, pairwise(edges), strict=True), key=lambda pair: pair[0].file):
        parts = [(one, first, known.filter(known.is_between(first, end - 1))) for one, (first, end) in group]
        parts = [(one, first, wanted) for one, first, wanted in parts if len(wanted)]
        if parts:
            rows = pl.concat([wanted for _, _, wanted in parts]).alias("number").to_frame()
            lines = _lines([(one, wanted - first) for one, first, wanted in parts])
            found.append(rows.with_columns(pl.lit(file).alias("file"), lines.alias("line")))
    located = pl.concat(found).with_columns(pl.col("number").cast(numbers.dtype))
    return numbers.alias("number").to_frame().join(located, on="number", how="left", maintain_order="left")


def _lines(parts: Sequence[tuple[Scan, pl.Series]]) -> pl.Series:
    """Return the lines of rows of one file, given for each of its scans the rows counted from 0."""
    numbering = parts[0][0].numbering
    if numbering is None:
        return pl.concat([rows + 1 for _, rows in parts])
    numbered = [scan(one.path).select(LINE).collect().to_series().gather(rows) for one, rows in parts]
    return numbering.lines(pl.concat(numbered).cast(pl.Int64))
