import polars as pl
import pytest

from featurelib.errors import ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Frequency, fit

test_contract = transform_contract({"frequency": Frequency("x"), "of two rows": Frequency("x", min_count=2)})

FRAME = pl.DataFrame({"t": ["a", "a", "", None, "b", "a", None, "c"]})


def test_share_counts_rows_with_null_too():
    made = fit(Frequency("t"), FRAME).transform(FRAME)["t__frequency"]
    assert made.dtype == pl.Float32
    assert made.to_list() == [0.375, 0.375, 0.125, None, 0.125, 0.375, None, 0.125]


def test_unseen_and_rare_terms_have_no_share():
    program = fit(Frequency("t", min_count=2), FRAME)
    assert [program.transform_row({"t": term})["t__frequency"] for term in ("a", "b", "z", None)] == [0.375, 0, 0, None]


@pytest.mark.parametrize("terms", [[], [None, None]])
def test_fitted_on_no_terms_every_share_is_zero(terms: list[None]):
    program = fit(Frequency("t"), pl.DataFrame({"t": terms}, schema={"t": pl.String}))
    assert program.transform(pl.DataFrame({"t": ["a", None]}))["t__frequency"].to_list() == [0.0, None]


def test_count_below_one_is_refused():
    with pytest.raises(ParameterError, match="min_count must be at least 1, got 0"):
        Frequency("t", min_count=0)
