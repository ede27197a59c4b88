"""The contract of a transform as one line of a test file (needs pytest and hypothesis; import it by name).

A transform keeps the contract if, for awkward values of every type that it reads:

- whole columns, lazy frames, micro-batches by row and by column, and single rows give the same values to the last bit,
  of the stated types, for frames in one piece or in many and in any order; nothing but null stands for missing; the
  input is untouched;
- merged fits of the parts of any split, in any order, are the fit of the whole, also after their states were stored;
- a refit on the same rows, given the earlier program, is the same program, and one on other rows keeps the types;
- the saved program, and one sent to another process, means what the live one means;
- over the row groups of Parquet files it gives what it gives over the frame;
- an empty frame, and a row of nulls, give the columns and types of the program;
- the outputs have the names that the operators state.
"""

import json
import math
import pickle
import struct
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featurelib.errors import UsageError
from featurelib.fitting import Operator, State, fit, learn, merge_answers
from featurelib.program import Program, load, save
from featurelib.program.primitive import Kind
from featurelib.tables import ParquetRows
from featurelib.testing.columns import TYPES, Column, Columns, awkward_frame, frames, is_known

_FEW, _MANY = 3, 40  # rows that `transform_rows` takes one by one, and by column

Row = Mapping[str, Any]
Cases = Mapping[str, Operator | Sequence[Operator]]


def transform_contract(cases: Cases, *, columns: Columns | None = None) -> Callable[[str, str], None]:
    """Return a test function, parametrised by case and claim: assign it to a name that starts with ``test_``.

    Parameters
    ----------
    cases
        A name for each case, and the transform or the list of operators that it fits.
    columns
        Columns that the cases read and whose types do not follow from `Operator.reads` and `Operator.view` (a label, a
        key), or of which they take fewer values than their type has: a polars type, or a series of the values to draw
        from. Others are tried with every type that their view reads.

    Returns
    -------
    The test function. Its attribute ``covers`` holds the classes of the operators in the cases.

    Raises
    ------
    UsageError
        If there is no case, the type of a column that one reads cannot be told, or there are no values of a given one.

    Notes
    -----
    Each claim is tried on one fixed frame of awkward values, and on frames drawn by hypothesis: about an eighth of the
    ``max_examples`` of the profile in force, so a profile with more makes it more thorough.

    Examples
    --------
    In a test file of yours:

    >>> from featurelib.transforms import Standardize
    >>> test_contract = transform_contract({"standardize": Standardize("x")})
    >>> test_contract.covers
    frozenset({<class 'featurelib.transforms.standardize.Standardize'>})
    """
    if not cases:
        raise UsageError("transform_contract takes at least one case.")
    unknown = [name for name, column in (columns or {}).items() if not is_known(column)]
    if unknown:
        raise UsageError(f"no values are known of the columns {unknown}: give a series of them in `columns`.")
    listed = {name: _Case.of(given, columns or {}) for name, given in cases.items()}

    @pytest.mark.parametrize("claim", _CLAIMS)
    @pytest.mark.parametrize("case", cases)
    def contract(case: str, claim: str) -> None:
        _CLAIMS[claim](listed[case])

    contract.covers = frozenset(  # type: ignore[attr-defined]
        type(getattr(operator, "transform", operator)) for case in listed.values() for operator in case.operators
    )
    return contract


@dataclass(frozen=True)
class _Case:
    """What a case fits, on which columns, and the other types that these may have."""

    operators: tuple[Operator, ...]
    columns: dict[str, Column]
    other_types: tuple[dict[str, Column], ...]

    @staticmethod
    def of(given: Operator | Sequence[Operator], columns: Columns) -> "_Case":
        operators = (given,) if isinstance(given, Operator) else tuple(given)
        kinds = {name: kind for name, kind in _inputs(operators).items() if name not in columns}
        unknown = [name for name, kind in kinds.items() if kind not in TYPES]
        if unknown:
            raise UsageError(f"{operators!r} read {unknown} of any type: name theirs in `columns`.")
        usual: dict[str, Column] = {**{name: TYPES[kind][0] for name, kind in kinds.items()}, **columns}
        most = max((len(TYPES[kind]) for kind in kinds.values()), default=1)
        others = (
            {**usual, **{name: TYPES[kind][(place + turn) % len(TYPES[kind])] for place, (name, kind) in listed}}
            for listed in [list(enumerate(kinds.items()))]
            for turn in range(1, most)
        )
        return _Case(operators, usual, tuple(others))


def _inputs(operators: Sequence[Operator]) -> dict[str, Kind]:
    """Return the columns read or learned from outside, and as what they are viewed first."""
    kinds: dict[str, Kind] = {}
    made: set[str] = set()
    for operator in operators:
        for name, kind in (*zip(operator.reads, operator.kinds, strict=True), *operator.learns):
            if name not in made:
                kinds.setdefault(name, kind)
        made.update(operator.makes)
    return kinds


def _drawn(check: Callable[[st.DataObject], None], *, share: int = 8) -> None:
    """Run a check on what hypothesis draws."""
    # NOTE: no database, as each claim would write hundreds of files; how fast the machine draws is not our question
    examples = max(1, settings().max_examples // share)
    slow = [HealthCheck.too_slow]
    settings(max_examples=examples, deadline=None, database=None, suppress_health_check=slow)(given(st.data())(check))()


def _evaluators_agree(case: _Case) -> None:
    frame = awkward_frame(case.columns)
    program = fit(case.operators, frame.head(len(frame) // 2))
    check_evaluators(program, frame)
    check_order(program, frame)
    check_shared(program, frame)

    def check(data: st.DataObject) -> None:
        fitted, unseen = data.draw(frames(case.columns)), data.draw(frames(case.columns))
        check_evaluators(fit(case.operators, fitted), pl.concat([unseen, fitted]))

    _drawn(check)


def _evaluators_agree_on_every_type(case: _Case) -> None:
    for columns in case.other_types:
        frame = awkward_frame(columns)
        check_evaluators(fit(case.operators, frame.tail(len(frame) // 2)), frame)


def _fits_merge(case: _Case) -> None:
    def same(parts: Sequence[pl.DataFrame], whole: pl.DataFrame) -> None:
        merged = learn(
            case.operators,
            lambda survey: merge_answers([[_stored(state) for state in survey.of(part.lazy())] for part in parts]),
        )
        expected = learn(case.operators, lambda survey: survey.of(whole.lazy()))
        made = [name for operator in case.operators for name in operator.makes]
        one, other = (Program.of(chains, whole.schema, list(dict.fromkeys(made))) for chains in (merged, expected))
        if one.fingerprint != other.fingerprint:
            raise AssertionError(
                f"the fit of parts of {[len(part) for part in parts]} rows is not the fit of the whole:\n"
                f"{one.chains}\n{other.chains}\n{whole.to_dicts()}"
            )

    frame = awkward_frame(case.columns)
    same([frame[30:], frame[:0], frame[7:30], frame[:7]], frame)

    def check(data: st.DataObject) -> None:
        parts = data.draw(st.lists(frames(case.columns, max_size=8), min_size=1, max_size=4))
        same(data.draw(st.permutations(parts)), pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=1))

    _drawn(check, share=10)


def _stored(state: State) -> State:
    """Return a state as it comes back from where it was kept beside the rows."""
    plain, tables = state.to_stored()
    return type(state).from_stored(json.loads(json.dumps(plain)), tables)


def _refits_go_on(case: _Case) -> None:
    frame = awkward_frame(case.columns)
    first = fit(case.operators, frame.head(len(frame) // 2))
    again = fit(case.operators, frame.head(len(frame) // 2), earlier=first)
    _same(again.fingerprint, first.fingerprint, "the fingerprint of a refit on the same rows")
    later = fit(case.operators, frame.tail(len(frame) // 2), earlier=first)
    _same(later.schema, first.schema, "the schema of a refit on other rows")
    check_evaluators(later, frame)


def _storage_keeps_the_meaning(case: _Case) -> None:
    frame = awkward_frame(case.columns)
    program = fit(case.operators, frame.head(len(frame) // 2))
    with tempfile.TemporaryDirectory() as folder:
        loaded = load(Path(folder), save(program, Path(folder)))
    for other in (loaded, pickle.loads(pickle.dumps(program))):  # noqa: S301  # engines send programs so
        _same(other.fingerprint, program.fingerprint, "the fingerprint of the stored program")
        _same(other.schema, program.schema, "the schema of the stored program")
        _equal_rows(other.transform(frame).to_dicts(), program.transform(frame).to_dicts(), "the stored program", frame)
        many = frame.to_dicts()
        _equal_rows(other.transform_rows(many), program.transform_rows(many), "rows of the stored program", frame)
    operators = pickle.loads(pickle.dumps(case.operators))  # noqa: S301  # likewise
    _same(operators, case.operators, "the operators after pickle")


def _parquet_rows_agree(case: _Case) -> None:
    frame = awkward_frame(case.columns)
    program = fit(case.operators, frame.head(len(frame) // 2))
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("one.parquet", "two.parquet")]
        for file, part in zip(files, (frame[:9], frame[9:]), strict=True):
            part.write_parquet(file, row_group_size=7)
        rows = ParquetRows.of(*files)
        kept = [name for name in program.inputs if name not in program.outputs]
        expected = program.transform(frame, keep=kept)
        made = program.transform(rows, keep=kept).collect()
        _same(fit(case.operators, rows).fingerprint, fit(case.operators, frame).fingerprint, "a fit of Parquet files")
    _same(made.schema, expected.schema, "the schema over Parquet files")
    if program.is_elementwise:
        _equal_rows(made.to_dicts(), expected.to_dicts(), "rows of Parquet files", frame)


def _empty_frames_and_rows_keep_the_types(case: _Case) -> None:
    empty = awkward_frame(case.columns, rows=0)
    nothing: dict[str, Any] = dict.fromkeys(case.columns)
    blank = pl.DataFrame([nothing], schema=empty.schema)
    for fitted in (empty, blank, awkward_frame(case.columns)):
        program = fit(case.operators, fitted)
        _same(program.transform(empty).schema, program.schema, "the schema of an empty frame")
        _same(program.transform(empty.lazy()).collect(engine="streaming").schema, program.schema, "lazily, the schema")
        _same(program.transform_rows([]), [], "the micro-batch of no row")
        _equal_rows([program.transform_row(nothing)], program.transform(blank).to_dicts(), "a row of nulls", blank)


def _names_are_those_stated(case: _Case) -> None:
    frame = awkward_frame(case.columns)
    before = frame.clone()
    program = fit(case.operators, frame)
    stated = list(dict.fromkeys(name for operator in case.operators for name in operator.makes))
    _same(list(program.outputs), stated, "the outputs of the program")
    _same(program.transform(frame).columns, stated, "the columns made")
    if not frame.equals(before, null_equal=True):
        raise AssertionError("the fit changed the frame.")


_CLAIMS: dict[str, Callable[[_Case], None]] = {
    "evaluators agree": _evaluators_agree,
    "evaluators agree on every type": _evaluators_agree_on_every_type,
    "fits merge": _fits_merge,
    "refits go on": _refits_go_on,
    "storage keeps the meaning": _storage_keeps_the_meaning,
    "rows of Parquet files agree": _parquet_rows_agree,
    "empty frames and rows keep the types": _empty_frames_and_rows_keep_the_types,
    "names are those stated": _names_are_those_stated,
}


# --- what the claims compare


def check_evaluators(program: Program, frame: pl.DataFrame) -> None:
    """Raise unless every evaluator of a program gives the same bits on a frame.

    Whole columns, the streaming engine over two chunks, single rows, micro-batches row by row, by column, and given by
    column; they have the stated types and no NaN (but in arrays), and neither the frame nor its rows are touched. A
    program that compares the rows of a list gives the same for the same rows, and for a row alone.

    Raises
    ------
    AssertionError
        With the first row that differs, and how.
    """
    before = frame.clone()
    numbered = frame.with_row_index("row")
    batch = program.transform(numbered, keep=["row"])
    _same(batch["row"].to_list(), list(range(len(frame))), "the order of the rows")
    _same(batch.drop("row").schema, program.schema, "the schema")
    columns = batch.drop("row").to_dicts()
    for number, made in enumerate(columns):
        if any(_has_nan(value) for value in made.values()):
            raise AssertionError(f"NaN instead of null: {made} of {frame.row(number, named=True)}")
    half = len(frame) // 2
    chunks = pl.concat([numbered[:half], numbered[half:]], rechunk=False)
    streamed = program.transform(chunks.lazy(), keep=["row"]).collect(engine="streaming").sort("row")
    _same(streamed.schema, batch.schema, "the schema of the lazy frame")
    _equal_rows(streamed.drop("row").to_dicts(), columns, "the streaming engine", frame)
    _equal_rows(program.transform(chunks).to_dicts(), columns, "a frame of two chunks", frame)
    rows = frame.to_dicts()
    copies = [dict(row) for row in frame.to_dicts()]
    times = _MANY // max(len(rows), 1) + 1
    if program.is_elementwise:
        _equal_rows([program.transform_row(row) for row in rows], columns, "row by row", frame)
        _equal_rows(program.transform_rows(rows[:_FEW]), columns[:_FEW], "a small micro-batch", frame)
        _equal_rows(program.transform_rows(rows * times)[: len(rows)], columns, "a micro-batch", frame)
    else:
        for some in (frame[:1], frame[:_FEW], frame, pl.concat([frame] * times)):
            whole = program.transform(some).to_dicts()
            _equal_rows(program.transform_rows(some.to_dicts()), whole, "a micro-batch", some)
        alone = program.transform(frame[:1]).to_dicts()
        _equal_rows([program.transform_row(row) for row in rows[:1]], alone, "a row alone", frame)
    _equal_columns(program, frame, {}, columns, "a micro-batch given by column")
    _equal_rows(rows, copies, "the rows after the evaluation", frame)
    if not frame.equals(before, null_equal=True):
        raise AssertionError("transform changed the frame.")


def check_order(program: Program, frame: pl.DataFrame) -> None:
    """Raise unless a row makes the same values at whatever place in a frame, and alone.

    Raises
    ------
    AssertionError
        With the first row that differs, and how.
    """
    columns = program.transform(frame).to_dicts()
    turned = program.transform(frame.reverse()).reverse()
    _equal_rows(turned.to_dicts(), columns, "the reversed frame", frame)
    if not program.is_elementwise:
        return
    alone = [program.transform(frame[number]).row(0, named=True) for number in range(0, len(frame), 5)]
    _equal_rows(alone, columns[::5], "each row in a frame of its own", frame[::5])


def check_shared(program: Program, frame: pl.DataFrame) -> None:
    """Raise unless columns given once for a micro-batch are as good as given in each of its rows.

    Raises
    ------
    AssertionError
        With the first row that differs, and how.
    """
    rows = frame.to_dicts() * (_MANY // len(frame) + 1)
    whole = pl.concat([frame] * (_MANY // len(frame) + 1))
    for shared in [{name: rows[0][name]} for name in frame.columns] + rows[5:7]:
        for count in (_FEW, len(rows)):
            expected = program.transform_rows([{**row, **shared} for row in rows[:count]])
            given = [{name: value for name, value in row.items() if name not in shared} for row in rows[:count]]
            _equal_rows(program.transform_rows(given, shared=shared), expected, f"{shared} given once", whole)
        others = whole.drop(shared) if len(shared) < whole.width else whole
        _equal_columns(program, others, shared, expected, f"{shared} given once, the others by column")


def _equal_columns(program: Program, frame: pl.DataFrame, shared: Row, expected: Sequence[Row], who: str) -> None:
    """Raise unless `Program.transform_columns` gives these rows; arrays are given where NumPy has a column's values."""
    integers = [name for name, dtype in program.schema.items() if dtype.is_integer()]
    if any(row[name] is None for row in expected for name in integers):
        return  # which is an error, as no array can tell
    given = {column.name: column.to_numpy() if _fits_numpy(column) else column.to_list() for column in frame}
    listed: dict[str, list[Any]] = {}
    for name, made in program.transform_columns(given, shared=shared).items():
        listed[name] = (
            made if isinstance(made, list) else [None if _has_nan(value) else value for value in made.tolist()]
        )
        if not isinstance(made, list):
            _same(str(made.dtype), str(program.schema[name]).lower(), f"{who}: the type of {name}")
    rows = [dict(zip(listed, values, strict=True)) for values in zip(*listed.values(), strict=True)]
    _equal_rows(rows, expected, who, frame)


def _fits_numpy(column: pl.Series) -> bool:
    return column.dtype.is_float() or (column.dtype.is_integer() and column.null_count() == 0)


def _equal_rows(got: Sequence[Row], expected: Sequence[Row], who: str, frame: pl.DataFrame) -> None:
    _same(len(got), len(expected), f"{who}: the number of rows")
    for number, (one, other) in enumerate(zip(got, expected, strict=True)):
        if _bits(one) != _bits(other):
            names = [name for name in other if _bits(one.get(name)) != _bits(other[name])]
            differing = {name: (one.get(name), other[name]) for name in names}
            raise AssertionError(
                f"{who}: row {number}, {frame.row(number, named=True)}, makes (got, whole columns): "
                f"{differing or (one, other)}"
            )


def _bits(value: Any) -> Any:
    """Return what is equal only if values are equal to the last bit: -0.0 is not 0.0, 1 is not 1.0; NaN is NaN."""
    if isinstance(value, Mapping):
        return {name: _bits(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_bits(inner) for inner in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return type(value), value


def _has_nan(value: Any) -> bool:
    return any(map(_has_nan, value)) if isinstance(value, list) else isinstance(value, float) and math.isnan(value)


def _same(got: object, expected: object, what: str) -> None:
    if got != expected:
        raise AssertionError(f"{what}: {got}, expected {expected}")
