"""Keys of states: the same question has the same key, and another one another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Self

import polars as pl
import pytest

from featurelib.errors import DeclarationError
from featurelib.fitting import CountTable, LabelTable, Moments, Request, State, Survey
from featurelib.program import Chain
from featurelib.program.primitives import Clip, FillNullText, Index
from featurelib.runs.states import StateStore, request_keys
from featurelib.tables import Partition

SCHEMA: Mapping[str, pl.DataType] = {"x": pl.Float64(), "t": pl.String(), "clicked": pl.Int8(), "x@1": pl.Float64()}
DAY = Partition(date(2026, 11, 1))


def clipped(upper: float, register: str = "x@0", reads: str = "x") -> Chain:
    return Chain(register, (reads,), "number", (Clip(None, upper),))


def key(request: Request, *chains: Chain, schema: Mapping[str, pl.DataType] = SCHEMA, label: str = "clicked") -> str:
    (found,) = request_keys(Survey(chains, (request,)), schema, label)
    return found


def moments(column: str = "x", who: str = "someone") -> Request:
    return Request(Moments(), (column,), "number", who=who)


def test_who_asks_and_what_else_is_computed_does_not_matter():
    assert key(moments()) == key(moments(who="another"), clipped(1.0))


def test_names_on_the_way_do_not_matter():
    assert key(moments("x@0"), clipped(1.0)) == key(moments("x@7"), clipped(1.0, "x@7"))


def test_a_repair_in_place_is_another_column_than_the_raw_one():
    assert key(moments()) != key(moments(), clipped(1.0, "x"))


@dataclass(frozen=True)
class Largest(State):
    """The largest value; a class of one's own."""

    value: float = 0.0

    def of(self, *columns: pl.Series) -> Self:
        return replace(self, value=max(columns[0]))

    def merge(self, other: Self) -> Self:
        return replace(self, value=max(self.value, other.value))


def test_all_that_an_answer_depends_on_matters():
    unfilled, filled = (Chain("t@0", ("t",), "text", (FillNullText(text),)) for text in ("", "?"))
    two = [Chain("t@0", ("t",), "text", (Index(terms),)) for terms in (("a", "b"), ("b", "a"))]
    of_index = Request(Moments(), ("t@0",), "number")
    questions = [
        key(moments()),
        key(moments("x@1")),
        key(moments("clicked")),
        key(moments(), schema={**SCHEMA, "x": pl.Int64()}),
        key(moments("clicked"), label="x"),
        key(Request(Largest(), ("x",), "number")),
        key(Request(Largest(1.0), ("x",), "number")),
        key(moments("x@0"), clipped(1.0)),
        key(moments("x@0"), clipped(2.0)),
        key(moments("x@2"), clipped(1.0), clipped(1.0, "x@2", "x@0")),
        key(Request(CountTable(), ("t",), "text")),
        key(Request(CountTable(), ("t@0",), "text"), unfilled),
        key(Request(CountTable(), ("t@0",), "text"), filled),
        *(key(of_index, chain) for chain in two),
        key(Request(LabelTable(), ("x", "clicked"), "number")),
        key(Request(LabelTable(exact=False), ("x", "clicked"), "number")),
        key(Request(LabelTable(texts=True), ("x", "clicked"), ("text", "number"))),
        key(Request(LabelTable(), ("clicked", "x"), "number")),
    ]
    assert len(set(questions)) == len(questions)


def test_states_of_several_surveys_are_found_together(tmp_path: Path):
    store = StateStore(tmp_path)
    counts = CountTable().of(pl.Series(["a", None, "a"]))
    numbers = Moments().of(pl.Series([1e308, -5e-324, None, float("inf")]))
    store.save(DAY, "built", {"counts": counts})
    store.save(DAY, "built", {"numbers": numbers, "empty": LabelTable(texts=True)})
    wanted: dict[str, State] = {"empty": LabelTable(texts=True), "numbers": Moments(), "counts": CountTable()}
    assert store.load(DAY, "built", wanted | {"more": Moments()}) == {
        "counts": counts,
        "numbers": numbers,
        "empty": LabelTable(texts=True),
    }
    assert store.load(DAY, "built anew", wanted) == store.load(Partition(date(2026, 11, 2)), "built", wanted) == {}


def test_the_same_states_are_kept_once(tmp_path: Path):
    for _ in range(2):
        StateStore(tmp_path).save(DAY, "built", {"numbers": Moments(rows=3)})
    assert [path.suffix for path in tmp_path.rglob("*.*")] == [".states"]


def test_states_of_another_format_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr("featurelib.runs.states._FORMAT", 2)
        StateStore(tmp_path).save(DAY, "built", {"numbers": Moments()})
    assert StateStore(tmp_path).load(DAY, "built", {"numbers": Moments()}) == {}


def test_states_that_cannot_be_listed_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = StateStore(tmp_path)
    store.save(DAY, "built", {"numbers": Moments()})

    def gone(folder: Path) -> None:
        raise FileNotFoundError(folder)  # deleted by another process just now

    for name in ("scandir", "listdir"):  # which of them pathlib takes depends on Python's version
        monkeypatch.setattr(f"os.{name}", gone)
    assert store.load(DAY, "built", {"numbers": Moments()}) == {}
    store.tidy([(DAY, "built")], [DAY])


def test_a_file_where_a_folder_belongs_stays(tmp_path: Path):
    there = tmp_path / str(DAY) / "built"
    there.parent.mkdir()
    there.touch()
    store = StateStore(tmp_path)
    store.save(DAY, "built", {"numbers": Moments()})
    assert store.load(DAY, "built", {"numbers": Moments()}) == {}
    store.tidy([(DAY, "built")], [DAY])
    assert there.is_file()


def test_a_state_that_holds_something_else_is_refused(tmp_path: Path):
    @dataclass(frozen=True)
    class Seen(Largest):
        seen: Any = frozenset({"a"})

    with pytest.raises(DeclarationError, match=r"a state cannot be stored: .*frozenset.*frames, or plain data"):
        StateStore(tmp_path).save(DAY, "built", {"seen": Seen()})
