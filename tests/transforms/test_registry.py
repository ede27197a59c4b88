from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
import pytest

from featurelib.errors import DeclarationError
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Clip
from featurelib.transforms import TRANSFORMS, Feature, MinMax, Transform, fit, register, registry


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TRANSFORMS, "_own", dict(TRANSFORMS._own))


@dataclass(frozen=True)
class Cap(Transform):
    column: str
    suffix = "cap"

    def finish(self, learned: None) -> Iterable[Primitive]:
        yield Clip(None, 10.0)


def test_registered_transform_is_found_by_name_and_fits():
    assert register("cap")(Cap) is Cap
    assert TRANSFORMS["cap"] is Cap
    assert "cap" in TRANSFORMS
    assert fit(Cap("x"), pl.DataFrame({"x": [1]})).transform_row({"x": 99}) == {"x__cap": 10.0}


def test_same_class_may_register_twice_and_another_may_not():
    register("cap")(Cap)
    register("cap")(Cap)
    with pytest.raises(DeclarationError, match=r"transform 'cap' is registered twice: by .*Cap.* and .*MinMax"):
        register("cap")(MinMax)


def test_class_of_the_same_name_in_another_module_is_another_class():
    other = type("MinMax", (Cap,), {"__module__": "elsewhere"})
    with pytest.raises(DeclarationError, match="'min_max' is registered twice"):
        register("min_max")(other)


def test_other_packages_register_through_the_entry_point(monkeypatch: pytest.MonkeyPatch):
    class Entry:
        def load(self) -> None:
            register("cap")(Cap)

    monkeypatch.setattr(registry, "entry_points", lambda group: [Entry()] if group == "featurelib.transforms" else [])
    monkeypatch.setattr(TRANSFORMS, "_plugins_loaded", False)
    assert "cap" in list(TRANSFORMS)
    assert len(TRANSFORMS) == len(list(TRANSFORMS))


def test_feature_gives_the_column_a_name_and_keeps_its_meaning():
    frame = pl.DataFrame({"x": [1.0, 3.0]})
    named, plain = fit(Feature("rating", MinMax("x")), frame), fit(MinMax("x"), frame)
    assert named.transform(frame)["rating"].to_list() == plain.transform(frame)["x__minmax"].to_list()
    assert Feature("rating", MinMax("x")).reads == ("x",)


def test_feature_may_take_the_name_of_what_it_reads():
    program = fit(Feature("x", MinMax("x")), pl.DataFrame({"x": [1.0, 3.0]}))
    assert program.transform_row({"x": 2.0}) == {"x": 0.5}
