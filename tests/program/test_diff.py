import polars as pl

from featurelib.program import Chain, Program, diff
from featurelib.program.primitives import Affine, BinSearch, Clip, Gather, Index, ToFloat32

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
        "t__index: index.terms (1 gone, 2 new, 0 renumbered): 2 -> 3; new: 'c', 'd'; gone: 'b'"
    ]
    assert texts([index("a", "b")], [index("b", "a")], ["t__index"]) == [
        "t__index: index.terms (0 gone, 0 new, 2 renumbered): 2 -> 2"
    ]


def test_a_retired_term_is_gone_and_the_others_keep_their_numbers():
    retired = Chain("t__index", ("t",), "text", (Index(("a", "b", "c"), retired=(0,)),))
    assert texts([index("a", "b")], [retired], ["t__index"]) == [
        "t__index: index.terms (1 gone, 1 new, 0 renumbered): 2 -> 2; new: 'c'; gone: 'a'",
        "t__index: index.retired: 0 -> 1",
    ]


def test_of_many_terms_only_the_first_are_named():
    (line,) = texts([index()], [index(*map(str, range(1000)))], ["t__index"])
    assert line.endswith("0 -> 1000; new: '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'")


def test_other_slots_of_an_index_are_named():
    other = Chain("t__index", ("t",), "text", (Index(("a",), first=4, buckets=3),))
    assert texts([index("a")], [other], ["t__index"]) == [
        "t__index: index.terms (0 gone, 0 new, 1 renumbered): 1 -> 1",
        "t__index: index.first: 2 -> 4",
        "t__index: index.buckets: 1 -> 3",
    ]


def test_edges_that_moved_are_counted_and_all_there_for_a_program_to_read():
    def bins(*edges: float) -> Chain:
        return Chain("b", ("x",), "number", (BinSearch(edges),))

    first = [float(number) for number in range(9)]
    assert texts([bins(*first)], [bins(*first[:8], 9.5)], ["b"]) == [
        "b: bin_search.edges (1 of 9 moved): [0.0, 1.0, 2.0, 3.0, ...] -> [0.0, 1.0, 2.0, 3.0, ...]"
    ]
    assert texts([bins(1.0)], [bins(1.0, 2.0)], ["b"]) == ["b: bin_search.edges: [1.0] -> [1.0, 2.0]"]
    (found,) = diff(*(Program.of([bins(*edges)], SCHEMA, ["b"]) for edges in (first, [1.0])))
    assert found.to_json()["before"] == first


def test_values_that_stand_behind_terms_are_counted():
    def share(*values: float) -> Chain:
        return Chain("s", ("t",), "text", (Index(("a",), 1, None, 0), Gather(values)))

    assert texts([share(0.0, 0.5)], [share(0.0, 0.6)], ["s"]) == [
        "s: gather.values (1 of 2 moved): [0.0, 0.5] -> [0.0, 0.6]"
    ]


def test_output_that_came_or_went_is_named():
    assert texts([scaled(), index("a")], [scaled()], ["x__z", "t__index"], ["x__z"]) == [
        "t__index: output dropped",
        "t: input: String -> None",
    ]
    assert texts([scaled()], [scaled(), index("a")], ["x__z"], ["x__z", "t__index"])[0] == "t__index: output added"


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
