import polars as pl

from featurelib.program import Chain, Program, diff
from featurelib.program.primitives import Affine, Clip, Index, ToFloat32

SCHEMA = {"x": pl.Float64(), "t": pl.String()}


def clip(upper: float) -> Chain:
    return Chain("x", ("x",), "number", (Clip(None, upper),))


def scaled(*, scale: float = 1.0, name: str = "x__z") -> Chain:
    return Chain(name, ("x",), "number", (Affine(0.0, scale), ToFloat32()))


def index(*terms: str) -> Chain:
    return Chain("t__index", ("t",), "text", (Index(terms),))


def texts(before: list[Chain], after: list[Chain], outputs: list[str], now: list[str] | None = None) -> list[str]:
    first, second = Program.of(before, SCHEMA, outputs), Program.of(after, SCHEMA, now or outputs)
    return [str(difference) for difference in diff(first, second)]


def test_equal_programs_differ_in_nothing():
    assert texts([clip(1.0), scaled()], [clip(1.0), scaled()], ["x__z"]) == []


def test_changed_constant_is_named_with_its_step():
    assert texts([scaled()], [scaled(scale=2.0)], ["x__z"]) == ["x__z: affine.scale: 1.0 -> 2.0"]


def test_terms_that_came_and_went_are_counted():
    assert texts([index("a", "b")], [index("a", "c", "d")], ["t__index"]) == [
        "t__index: index.terms (1 gone, 2 new): 2 values -> 3 values"
    ]
    assert texts([index("a", "b")], [index("b", "a")], ["t__index"]) == [
        "t__index: index.terms (0 gone, 0 new): 2 values -> 2 values"
    ]


def test_output_that_came_or_went_is_named():
    assert texts([scaled(), index("a")], [scaled()], ["x__z", "t__index"], ["x__z"]) == [
        "t__index: output: there -> None",
        "t: input: String -> None",
    ]


def test_order_of_outputs_is_a_difference():
    found = texts([scaled(), index()], [scaled(), index()], ["x__z", "t__index"], ["t__index", "x__z"])
    assert found[0] == "(all): order of outputs: ('x__z', 't__index') -> ('t__index', 'x__z')"


def test_repair_that_is_no_output_is_named_when_it_goes():
    assert texts([clip(1.0), scaled()], [scaled()], ["x__z"]) == ["x: steps: ['clip'] -> None"]
    assert texts([clip(1.0), scaled()], [clip(1.0), clip(2.0), scaled()], ["x__z"]) == ["x#2: steps: None -> ['clip']"]


def test_other_steps_are_named_in_order():
    other = Chain("x__z", ("x",), "number", (ToFloat32(),))
    assert texts([scaled()], [other], ["x__z"]) == ["x__z: steps: ['affine', 'to_float32'] -> ['to_float32']"]


def test_same_chains_in_another_order_differ():
    outputs = ["x", "x__z"]
    assert texts([clip(1.0), scaled()], [scaled(), clip(1.0)], outputs) == [
        "(all): order of chains: ('x', 'x__z') -> ('x__z', 'x')"
    ]


def test_differences_come_in_the_order_of_the_chains():
    names = [f"f{number}" for number in range(20)]
    before, after = ([scaled(scale=scale, name=name) for name in names] for scale in (1.0, 2.0))
    assert [line.partition(":")[0] for line in texts(before, after, names)] == names
