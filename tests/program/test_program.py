import copy
import math
import pickle
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, UsageError
from featurelib.program import Chain, Program
from featurelib.program.primitives import (
    Affine,
    BinSearch,
    Clip,
    Gather,
    HashBucket,
    Index,
    JoinText,
    Log1pStep,
    ToFloat32,
)

NUMBER, TEXT = pl.Float64(), pl.String()
BINS = Chain("x__bin", ("x",), "number", (BinSearch((0.0, 1.0)),))
CROSS = Chain("cross", ("x__bin", "t"), "text", (JoinText(), HashBucket(1000)))
REPAIR = Chain("x", ("x",), "number", (Clip(0.0, 1.0),))
HALF = Chain("x__half", ("x",), "number", (Affine(0.0, 0.5), ToFloat32()))
SAME = Chain("same", ("x",), "number", ())
TERM = Chain("text", ("t",), "text", ())
SCHEMA = {"x": NUMBER, "t": TEXT, "unused": TEXT}


def test_smallest_program_drops_chains_and_inputs_that_no_output_needs():
    log = Chain("x__log", ("x",), "number", (Log1pStep(),))
    program = Program.of([BINS, log, CROSS, HALF], SCHEMA, ["cross"])
    assert program.chains == (BINS, CROSS)
    assert dict(program.inputs) == {"x": NUMBER, "t": TEXT}
    assert program.keeping(["cross"], made={"rows": 3}).made == {"rows": 3}


def test_repair_is_kept_only_before_what_reads_it():
    assert Program.of([REPAIR, HALF], SCHEMA, ["x__half"]).chains == (REPAIR, HALF)
    assert Program.of([HALF, REPAIR], SCHEMA, ["x__half"]).chains == (HALF,)
    assert Program.of([REPAIR, HALF, REPAIR], SCHEMA, ["x__half"]).chains == (REPAIR, HALF)


def test_chain_made_twice_counts_once_if_the_first_is_never_read():
    again = Chain("x__half", ("x",), "number", (Affine(1.0, 0.5),))
    assert Program.of([HALF, again], SCHEMA, ["x__half"]).chains == (again,)


def test_chain_sees_repairs_before_it_and_not_those_after():
    before = Program.of([REPAIR, HALF], SCHEMA, ["x__half"])
    after = Program.of([HALF, REPAIR], SCHEMA, ["x__half", "x"])
    frame = pl.DataFrame({"x": [8.0]})
    for program, expected in [(before, {"x__half": 0.5}), (after, {"x__half": 4.0, "x": 1.0})]:
        assert program.transform(frame).to_dicts() == [expected]
        assert program.transform_row({"x": 8.0}) == expected
        assert program.transform_rows([{"x": 8.0}] * 50) == [expected] * 50


def test_row_may_read_what_an_output_made():
    program = Program.of([BINS, CROSS], SCHEMA, ["x__bin", "cross"])
    frame = pl.DataFrame({"x": [0.5], "t": ["a"]})
    assert program.transform_row({"x": 0.5, "t": "a"}) == program.transform(frame).to_dicts()[0]


def test_row_ignores_a_key_named_like_an_output():
    program = Program.of([BINS, CROSS], SCHEMA, ["x__bin", "cross"])
    row = {"x": 0.5, "t": "a"}
    assert program.transform_row({**row, "x__bin": 9, "cross": 9}) == program.transform_row(row)


def test_columns_named_like_registers_do_no_harm():
    chains = [
        Chain("a", ("x",), "number", (Affine(0.0, 2.0),)),
        Chain("b", ("a",), "number", (Affine(0.0, 2.0),)),
        Chain("c", ("@0",), "number", (Affine(0.0, 1.0),)),
        Chain("d", ("b", "@1"), "text", (JoinText(),)),
    ]
    schema = {"x": NUMBER, "@0": NUMBER, "@1": TEXT}
    program = Program.of(chains[:3], schema, ["b", "c"])
    frame = pl.DataFrame({"x": [1.0], "@0": [5.0], "@1": ["kept"]})
    assert program.transform(frame, keep=["@1"]).to_dicts() == [{"@1": "kept", "b": 4.0, "c": 5.0}]


def test_outputs_come_in_the_order_asked_for():
    program = Program.of([BINS, HALF], SCHEMA, ["x__half", "x__bin"])
    assert program.transform(pl.DataFrame({"x": [1.0]})).columns == ["x__half", "x__bin"]
    assert list(program.transform_row({"x": 1.0})) == ["x__half", "x__bin"]
    assert list(program.schema) == ["x__half", "x__bin"]


def test_frame_without_an_input_is_refused_by_name_of_the_feature():
    program = Program.of([HALF], SCHEMA, ["x__half"])
    with pytest.raises(ColumnMissingError, match=r"x__half reads column 'x', which the frame lacks.*Columns: \[xx\]"):
        program.transform(pl.DataFrame({"xx": [1.0]}))
    with pytest.raises(ColumnMissingError, match="`keep` reads column 'id', which the frame lacks"):
        program.transform(pl.DataFrame({"x": [1.0]}), keep=["id"])


def test_frame_with_another_type_is_refused_before_anything_runs():
    program = Program.of([HALF], SCHEMA, ["x__half"])
    with pytest.raises(ColumnTypeError, match=r"x__half needs column 'x' of the frame to be a number.*got String"):
        program.transform(pl.LazyFrame({"x": ["1.0"]}))


@pytest.mark.parametrize("keep", [["x", "x"], ["x__half"]])
def test_result_with_a_column_twice_is_refused(keep: list[str]):
    program = Program.of([HALF], SCHEMA, ["x__half"])
    with pytest.raises(UsageError, match=r"the result would hold column .* twice: `keep` may name each column once"):
        program.transform(pl.DataFrame({"x": [1.0], "x__half": [1.0]}), keep=keep)


@pytest.mark.parametrize("rows", [1, 60])
def test_row_error_names_feature_column_and_value(rows: int):
    program = Program.of([BINS, CROSS, HALF], SCHEMA, ["x__half", "cross"])
    good = {"x": 1.0, "t": "a"}
    with pytest.raises(ColumnMissingError, match=r"cross reads column 't', which the row lacks.*\[x\]"):
        program.transform_rows([*[good] * rows, {"x": 1.0}])
    with pytest.raises(
        ColumnTypeError, match=r"x__bin needs column 'x' of the row to be a number or boolean, got 'a' \(str\)"
    ):
        program.transform_rows([*[good] * rows, {"x": "a", "t": "a"}, good])
    with pytest.raises(
        ColumnTypeError, match=r"cross needs column 't' of the row to be text, integer or boolean, got 1\.5 \(float\)"
    ):
        program.transform_rows([*[good] * rows, {"x": 1.0, "t": 1.5}])
    with pytest.raises(ColumnTypeError, match=r"x__bin needs column 'x' of the row to be a number.*\(int\)"):
        program.transform_rows([*[good] * rows, {"x": 10**400, "t": "a"}])


def test_row_error_shows_a_short_piece_of_a_long_value():
    program = Program.of([HALF], SCHEMA, ["x__half"])
    with pytest.raises(ColumnTypeError, match="got 'y") as caught:
        program.transform_row({"x": "y" * 10_000})
    assert len(str(caught.value)) < 200


def test_program_that_reads_what_nobody_makes_is_refused():
    with pytest.raises(ColumnMissingError, match="cross reads column 'x__bin', which the program lacks"):
        Program((CROSS,), {"t": TEXT}, ("cross",))
    with pytest.raises(ColumnMissingError, match="the program's output reads column 'y', which the program lacks"):
        Program((BINS,), {"x": NUMBER}, ("y",))
    with pytest.raises(ColumnMissingError, match="x__bin reads column 'x', which the samples table lacks"):
        Program.of([BINS], {"t": TEXT}, ["x__bin"])
    with pytest.raises(DeclarationError, match="lists an output twice"):
        Program((BINS,), {"x": NUMBER}, ("x__bin", "x__bin"))


def test_chain_over_a_made_column_of_the_wrong_type_is_refused():
    cross = Chain("cross", ("x__half", "t"), "text", (JoinText(), HashBucket(9)))
    with pytest.raises(ColumnTypeError, match=r"cross needs column 'x__half' of the program to be text.*Bin a float"):
        Program.of([HALF, cross], SCHEMA, ["cross"])
    joined = Chain("joined", ("t", "x__bin"), "text", (JoinText(),))
    log = Chain("log", ("joined",), "number", (Log1pStep(),))
    with pytest.raises(ColumnTypeError, match="log needs column 'joined' of the program to be a number"):
        Program.of([BINS, joined, log], SCHEMA, ["log"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Index(("ab", "c")), Index(("a", "bc"))),
        (Index(("a", "")), Index(("a",))),
        (Index(("a", "b")), Index(("b", "a"))),
        (Index(("a", "b"), retired=(0,)), Index(("a", "b"), retired=(1,))),
        (Gather((1.0, None)), Gather((1.0, 0.0))),
        (Gather((1.0, 0.0)), Gather((1.0, -0.0))),
        (Gather((1.0, 2.0)), Gather((2.0, 1.0))),
    ],
    ids=str,
)
def test_fingerprint_tells_tables_of_constants_apart(one, other):
    index = Index(("a",))
    made = [
        Program.of([Chain("y", ("t",), "text", (step,) if isinstance(step, Index) else (index, step))], SCHEMA, ["y"])
        for step in (one, other)
    ]
    assert made[0].fingerprint != made[1].fingerprint


def test_fingerprint_follows_the_meaning_alone():
    program = Program.of([BINS, CROSS], SCHEMA, ["cross"])
    assert program.keeping(["cross"], made={"rows": 5}).fingerprint == program.fingerprint
    other = Chain("x__bin", ("x",), "number", (BinSearch((0.0, 1.0 + 2**-52)),))
    assert Program.of([other, CROSS], SCHEMA, ["cross"]).fingerprint != program.fingerprint
    assert Program.of([BINS, CROSS], {**SCHEMA, "x": pl.Int8()}, ["cross"]).fingerprint != program.fingerprint


def test_inputs_are_recorded_as_types_that_can_be_saved():
    schema = {"x": pl.Decimal(10, 2), "t": pl.Enum(["a"])}
    program = Program.of([BINS, CROSS], schema, ["cross"])
    assert dict(program.inputs) == {"x": pl.Float64(), "t": pl.String()}
    frame = pl.DataFrame({"x": [Decimal("0.5")], "t": ["a"]}, schema=schema)
    assert program.transform(frame).to_dicts() == [program.transform_row({"x": Decimal("0.5"), "t": "a"})]


def test_program_that_has_run_can_be_copied_and_sent():
    program = Program.of([BINS, CROSS], SCHEMA, ["cross"])
    row = {"x": 0.5, "t": "a"}
    expected = program.transform_row(row)
    sent = pickle.loads(pickle.dumps(program))  # noqa: S301  # engines send programs so
    assert sent == copy.deepcopy(program) == program
    assert sent.transform_row(row) == expected


@pytest.mark.parametrize("count", [3, 60])
def test_columns_given_once_are_as_good_as_given_in_each_row(count: int):
    program = Program.of([BINS, CROSS, HALF, REPAIR], SCHEMA, ["x__half", "cross", "x", "x__bin"])
    rows = [{"x": 0.1 * number if number % 7 else None, "t": "a" * (number % 3)} for number in range(count)]
    for shared in ({"x": 0.3}, {"x": None}, {"t": "query"}, {"x": 2, "t": None}, {"unused": 1}, {}):
        given = [{name: value for name, value in row.items() if name not in shared} for row in rows]
        made = program.transform_rows(given, shared=shared)
        assert made == [program.transform_row({**row, **shared}) for row in rows]
        assert [tuple(row) for row in made] == [program.outputs] * count
        assert program.transform_rows(rows, shared=shared) == made  # what the rows say of it is not read
    made[0]["x"] = "changed"
    assert made[1]["x"] != "changed"


@pytest.mark.parametrize("count", [3, 60])
def test_error_of_a_micro_batch_is_that_of_the_first_row_at_fault(count: int):
    program = Program.of([BINS, CROSS], SCHEMA, ["cross"])
    rows: list[dict[str, object]] = [{"x": 1.0} for _ in range(count)]
    with pytest.raises(ColumnMissingError, match="cross reads column 't', which the row lacks"):
        program.transform_rows(rows)
    with pytest.raises(ColumnTypeError, match=r"cross needs column 't' of the row to be text, .*got 1.5"):
        program.transform_rows(rows, shared={"t": 1.5})
    rows[2]["x"] = "2"
    with pytest.raises(ColumnTypeError, match=r"x__bin needs column 'x' of the row to be a number .*got '2'"):
        program.transform_rows(rows, shared={"t": "a"})


def test_columns_give_what_rows_give():
    outputs = ["x__half", "same", "cross", "x", "x__bin", "text"]
    program = Program.of([BINS, CROSS, HALF, SAME, REPAIR, TERM], SCHEMA, outputs)
    numbers, texts = [0.5, None, math.nan, -math.inf, -0.0], ["a", None, "", "b", "a"]
    expected = program.transform_rows([{"x": x, "t": t} for x, t in zip(numbers, texts, strict=True)])
    array = np.array(numbers, dtype=np.float64)
    for given in ({"x": numbers, "t": texts}, {"x": array, "t": np.array(texts, dtype=object)}):
        made = program.transform_columns({**given, "unused": range(5)})
        assert tuple(made) == program.outputs
        types = ["float32", "float64", "uint32", "float64", "uint8"]
        assert [str(made[name].dtype) for name in outputs[:-1]] == types
        for name, column in made.items():
            listed = column if name == "text" else pl.Series(column).fill_nan(None).to_list()
            assert repr(listed) == repr([row[name] for row in expected])
    made["same"][:] = 7.0
    assert array[0] == 0.5


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool"])
def test_array_of_any_number_is_read_as_its_values(dtype: str):
    program = Program.of([HALF, REPAIR], SCHEMA, ["x__half", "x"])
    array = np.array([0, 1, 1]).astype(dtype)
    made = program.transform_columns({"x": array})
    rows = program.transform_rows([{"x": value} for value in array.tolist()])
    assert {name: column.tolist() for name, column in made.items()} == {
        name: [row[name] for row in rows] for name in program.outputs
    }


def test_columns_given_once_are_handed_out_for_each_row():
    program = Program.of([BINS, CROSS, TERM], SCHEMA, ["x__bin", "cross", "text"])
    made = program.transform_columns({"x": [0.5, None]}, shared={"t": "a"})
    rows = program.transform_rows([{"x": 0.5}, {"x": None}], shared={"t": "a"})
    assert {name: list(column) for name, column in made.items()} == {
        name: [row[name] for row in rows] for name in program.outputs
    }
    alone = program.transform_columns({"item": ["a", "b"]}, shared={"x": 0.5, "t": "a"})
    assert [column[1] for column in alone.values()] == [*program.transform_row({"x": 0.5, "t": "a"}).values()]
    none = program.transform_columns({"x": [], "t": []})
    assert [str(none["x__bin"].dtype), len(none["cross"]), none["text"]] == ["uint8", 0, []]


def test_wrong_columns_are_errors():
    program = Program.of([BINS, CROSS], SCHEMA, ["cross"])
    with pytest.raises(ColumnMissingError, match="cross reads column 't', which the call lacks"):
        program.transform_columns({"x": [1.0]})
    with pytest.raises(UsageError, match=r"at least one and all equally long, got \{'x': 1, 't': 2\}"):
        program.transform_columns({"x": [1.0], "t": ["a", "b"]})
    with pytest.raises(UsageError, match=r"at least one and all equally long, got \{\}"):
        program.transform_columns({}, shared={"x": 1.0, "t": "a"})
    with pytest.raises(ColumnTypeError, match=r"x__bin needs column 'x' of the row to be a number .*got '2'"):
        program.transform_columns({"x": [1.0, "2"]}, shared={"t": "a"})
    with pytest.raises(ColumnTypeError, match=r"cross needs column 't' of the row to be text, .*got 1.5"):
        program.transform_columns({"x": [1.0], "t": np.array([1.5])})
    for column in ("tv", b"tv", {"tv"}, 1.5, None, np.array(1.5), iter([1.0])):
        with pytest.raises(UsageError, match=rf"{type(column).__name__} for 't'.*`shared`"):
            program.transform_columns({"x": [1.0, 2.0], "t": column})
    for unit in ("us", "ns"):
        with pytest.raises(ColumnTypeError):
            program.transform_columns({"x": np.array(["2026-11-01"], f"datetime64[{unit}]")}, shared={"t": "a"})


def test_whole_number_that_is_null_is_an_error_by_column():
    index = Chain("index", ("t",), "text", (Index(("a",), missing=None),))
    program = Program.of([index], SCHEMA, ["index"])
    assert program.transform_columns({"t": ["a", "b"]})["index"].tolist() == [2, 1]
    for given in ({"t": ["a", None]}, {"t": [None, None]}):
        with pytest.raises(UsageError, match="index is UInt32, and null in a row"):
            program.transform_columns(given)
    with pytest.raises(UsageError, match="index is UInt32, and null in a row"):
        program.transform_columns({"x": [1.0]}, shared={"t": None})


def test_expressions_are_made_once_for_all_frames(monkeypatch: pytest.MonkeyPatch):
    program = Program.of([BINS, CROSS, HALF], SCHEMA, ["x__half", "cross"])
    frame = pl.DataFrame({"x": [0.5, None], "t": ["a", "b"]})
    made = program.transform(frame)
    monkeypatch.setattr(Chain, "expr", None)
    assert program.transform(frame).equals(made)
    assert program.transform(frame.lazy(), keep=["t"]).drop("t").collect().equals(made)
