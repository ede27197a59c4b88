from typing import Any

import polars as pl
import pytest

from featurelib.errors import DeclarationError, ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Feature, OneHot, fit

test_contract = transform_contract(
    {"two": OneHot("x", terms=["a", ""]), "with others": OneHot("x", terms=["7", "true", "é"], other=True)}
)

FRAME = pl.DataFrame({"device": ["app", "web", None, "", "tv", "App"]})


def test_each_term_has_a_column_and_others_one_if_asked():
    made = fit(OneHot("device", terms=["web", "app"], other=True), FRAME).transform(FRAME)
    assert made.to_dict(as_series=False) == {
        "device__is_web": [0, 1, 0, 0, 0, 0],
        "device__is_app": [1, 0, 0, 0, 0, 0],
        "device__is_other": [0, 0, 0, 1, 1, 1],
    }
    assert set(made.dtypes) == {pl.UInt8()}


def test_nothing_is_learned_from_the_rows():
    one_hot = OneHot("device", terms=["app"])
    assert fit(one_hot, FRAME).fingerprint == fit(one_hot, FRAME.head(0)).fingerprint


def test_names_are_such_that_a_table_can_declare_them():
    one_hot = OneHot("lang", terms=["en-US", "", "zh Hans", "日本"])
    assert one_hot.makes == ("lang__is_en_US", "lang__is_", "lang__is_zh_Hans", "lang__is_日本")
    assert all(name.isidentifier() for name in one_hot.makes)


def test_integers_and_booleans_are_read_as_text():
    frame = pl.DataFrame({"slot": [1, 2], "new": [True, None]})
    program = fit([OneHot("slot", terms=["1"]), OneHot("new", terms="true")], frame)
    assert program.transform(frame).rows() == [(1, 1), (0, 0)]


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"terms": []}, "terms must be at least one term"),
        ({"terms": ["a", "a"]}, "terms must be each term once"),
        ({"terms": ["a-b", "a b"]}, "terms must be terms of different names; two make 'x__is_a_b'"),
        ({"terms": ["other"], "other": True}, "two make 'x__is_other'"),
        ({"terms": [True]}, "terms must be texts"),
    ],
)
def test_terms_that_cannot_be_columns_are_refused(parameters: dict[str, Any], match: str):
    with pytest.raises(ParameterError, match=match):
        OneHot("x", **parameters)


def test_several_columns_have_no_single_name():
    with pytest.raises(DeclarationError, match=r"names one column, but OneHot.* makes 2; list it without Feature"):
        Feature("device", OneHot("device", terms=["app", "web"]))
