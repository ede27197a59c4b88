import math

import polars as pl
import pytest

from featurelib.fitting import Span


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([2.0, None, -1.0], (-1.0, 2.0)),
        ([math.inf, 2.0, -math.inf], (2.0, 2.0)),
        ([-0.0], (0.0, 0.0)),
        ([math.inf, None], (None, None)),
        ([], (None, None)),
    ],
    ids=str,
)
def test_infinities_and_nulls_are_left_out(values: list[float | None], ends: tuple[float | None, float | None]):
    span = Span().of(pl.Series(values, dtype=pl.Float64))
    assert (span.smallest, span.largest) == ends
    assert str(span.smallest) != "-0.0"
