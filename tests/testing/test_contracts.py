"""A contract is worth what it notices: each transform here breaks one promise."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import polars as pl
import pytest

from featurelib.errors import UsageError
from featurelib.fitting import Moments
from featurelib.program.chain import Chain
from featurelib.program.primitive import Cells, Primitive, RowFunction
from featurelib.program.primitives import Affine, FillNull
from featurelib.testing.columns import TYPES, awkward_frame
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Feature, HashedCross, Standardize, Transform, Vocabulary


class DividesInRows(Affine):
    def row(self) -> RowFunction:
        return lambda value: None if value is None else (value - self.shift) / (1 / self.scale)


class RoundsInMicroBatches(Affine):
    def array(self, *inputs: Cells) -> Cells:
        return Cells.of([None if value is None else round(value, 3) for value in super().array(*inputs).to_list()])


class LooksAtTheRowAbove(Affine):
    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return super().expr(inputs[0].fill_null(strategy="forward"))


class SaysFloatAndMakesIntegers(Affine):
    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].is_null().cast(pl.Int8)

    def row(self) -> RowFunction:
        return lambda value: int(value is None)

    def array(self, *inputs: Cells) -> Cells:
        return Cells.of([int(value is None) for value in inputs[0].to_list()])


class MakesNaN(FillNull):
    def __init__(self) -> None:
        super().__init__(float("nan"))


@dataclass(frozen=True)
class Faulty(Transform):
    column: str
    step: type[Primitive] = Affine

    suffix: ClassVar[str] = "faulty"

    def finish(self, learned: Any) -> Iterable[Primitive]:
        del learned
        yield MakesNaN() if self.step is MakesNaN else self.step(0.1, 1 / 7)  # type: ignore[call-arg]


class LastMoments(Moments):
    def merge(self, other: Moments) -> "LastMoments":  # type: ignore[override]
        return LastMoments(**{name: getattr(other, name) for name in Moments.__slots__})


@dataclass(frozen=True)
class KeepsTheLastPart(Faulty):
    def state(self) -> Moments:
        return LastMoments()

    def finish(self, learned: Moments) -> Iterable[Primitive]:
        yield Affine(learned.smallest or 0.0, 1.0)


@dataclass(frozen=True)
class MakesAnotherName(Faulty):
    def chains(self, learned: Any) -> tuple[Chain, ...]:
        (chain,) = super().chains(learned)
        return (replace(chain, into="other"),)


BROKEN: dict[str, tuple[Transform, str, str]] = {
    "rows": (Faulty("x", DividesInRows), "evaluators agree", r"row by row: row \d+, \{'x': .*'x__faulty': \("),
    "micro-batches": (Faulty("x", RoundsInMicroBatches), "evaluators agree", "a micro-batch: row"),
    "rows of another type": (Faulty("x", DividesInRows), "evaluators agree on every type", "row by row"),
    "order": (Faulty("x", LooksAtTheRowAbove), "evaluators agree", "row"),
    "type": (Faulty("x", SaysFloatAndMakesIntegers), "evaluators agree", r"the schema: .*Int8.*expected .*Float64"),
    "type of nothing": (Faulty("x", SaysFloatAndMakesIntegers), "empty frames and rows keep the types", "the schema"),
    "NaN": (Faulty("x", MakesNaN), "evaluators agree", r"NaN instead of null: \{'x__faulty': nan\} of \{'x': None\}"),
    "storage": (Faulty("x", LooksAtTheRowAbove), "storage keeps the meaning", "the stored program: row"),
    "merge": (KeepsTheLastPart("x"), "fits merge", r"the fit of parts of \[14, 0, 23, 7\] rows is not"),
    "name": (MakesAnotherName("x"), "names are those stated", "x__faulty"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_promise_is_noticed(name: str):
    transform, claim, message = BROKEN[name]
    contract: Callable[[str, str], None] = transform_contract({"broken": transform})
    with pytest.raises((AssertionError, ValueError), match=message):
        contract("broken", claim)


def test_it_is_parametrised_by_case_and_claim_and_knows_what_it_covers():
    contract = transform_contract({"one": Feature("z", Standardize("x")), "many": [Vocabulary("t"), Standardize("y")]})
    cases, claims = (mark.args[1] for mark in contract.pytestmark)
    assert list(cases) == ["one", "many"]
    assert {"evaluators agree", "fits merge", "storage keeps the meaning"} <= {*claims}
    assert contract.covers == {Standardize, Vocabulary}


def test_columns_are_those_read_and_those_given():
    # a cross with few values: enough that every pair comes up
    contract = transform_contract(
        {"cross": HashedCross(["x", "y"], buckets=9)}, columns={"y": pl.Series(["a", None]), "label": pl.Int8()}
    )
    contract("cross", "evaluators agree")
    contract("cross", "evaluators agree on every type")


def test_column_of_any_type_must_be_given():
    class Raw(Faulty):
        view = "raw"

    with pytest.raises(UsageError, match=r"read \['x'\] of any type: name theirs in `columns`"):
        transform_contract({"raw": Raw("x")})
    with pytest.raises(UsageError, match="at least one case"):
        transform_contract({})


@pytest.mark.parametrize(
    "column",
    [pl.Date(), pl.Int32(), pl.List(pl.Date()), pl.Series([], dtype=pl.Int8)],
    ids=["date", "int32", "dates", "empty"],
)
def test_a_column_without_known_values_is_refused(column: pl.DataType | pl.Series):
    with pytest.raises(UsageError, match=r"no values are known of the columns \['x'\]: give a series of them"):
        transform_contract({"z": Standardize("x")}, columns={"x": column})


@pytest.mark.parametrize("dtype", sorted({*sum(TYPES.values(), ())}, key=str), ids=str)
def test_the_fixed_frame_shows_every_awkward_value_of_a_type(dtype: pl.DataType):
    frame = awkward_frame({"x": dtype, "y": dtype})
    assert frame["x"].null_count() > 0
    assert dtype == pl.Null or frame["x"].n_unique() == frame["y"].n_unique() > 2
    assert awkward_frame({"x": dtype}).equals(frame.select("x"))
