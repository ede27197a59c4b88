"""What holds for every transform: one meaning in every evaluator, fits that merge, programs that survive storage."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.cleaning import Impute, Normalize, Winsorize
from featurelib.fitting import Operator, learn, merge_answers
from featurelib.program import Program, load, save
from featurelib.transforms import (
    TRANSFORMS,
    Edges,
    EqualWidthBins,
    Feature,
    Frequency,
    HashBuckets,
    HashedCross,
    Log1p,
    MinMax,
    QuantileBins,
    Standardize,
    Vocabulary,
    fit,
)

FLOAT, SINGLE, INT, LONG, SMALL = pl.Float64(), pl.Float32(), pl.Int64(), pl.UInt64(), pl.Int8()
BOOL, TEXT, ENUM, CATEGORY, DECIMAL, NULL = (
    pl.Boolean(),
    pl.String(),
    pl.Enum(["", "a", "é"]),
    pl.Categorical(),
    pl.Decimal(38, 3),
    pl.Null(),
)


@dataclass(frozen=True)
class Case:
    operators: Sequence[Operator]
    columns: dict[str, pl.DataType]


def number(operator: Operator) -> list[Case]:
    return [Case([operator], {"x": dtype}) for dtype in (FLOAT, SINGLE, INT, LONG, BOOL, DECIMAL, NULL)]


def text(operator: Operator) -> list[Case]:
    return [Case([operator], {"x": dtype}) for dtype in (TEXT, INT, LONG, BOOL, ENUM, CATEGORY, NULL)]


CASES: dict[str, list[Case]] = {
    "edges": [*number(Edges("x", edges=[-1.0, 0.0, 0.5])), Case([Edges("x", edges=range(300))], {"x": FLOAT})],
    "equal_width_bins": [*number(EqualWidthBins("x", bins=5)), Case([EqualWidthBins("x", bins=300)], {"x": FLOAT})],
    "frequency": [*text(Frequency("x")), Case([Frequency("x", min_count=2)], {"x": TEXT})],
    "hash_buckets": [*text(HashBuckets("x", buckets=2**32 - 2)), Case([HashBuckets("x", buckets=3)], {"x": TEXT})],
    "hashed_cross": [
        Case([HashedCross(["x", "y"], buckets=1000)], {"x": TEXT, "y": TEXT}),
        Case([HashedCross(["x", "y", "z"], buckets=2**20)], {"x": TEXT, "y": INT, "z": BOOL}),
        Case([HashedCross(["x", "y"], buckets=1000)], {"x": ENUM, "y": CATEGORY}),
    ],
    "log1p": number(Log1p("x")),
    "min_max": [*number(MinMax("x")), Case([MinMax("x", clip=False)], {"x": FLOAT})],
    "quantile_bins": number(QuantileBins("x", bins=4)),
    "standardize": number(Standardize("x")),
    "vocabulary": [*text(Vocabulary("x")), Case([Vocabulary("x", min_count=2, max_size=2)], {"x": TEXT})],
}
CHAINS = {
    "impute, normalize, vocabulary": Case(
        [Impute("x", value=" Ａ "), Normalize("x"), Vocabulary("x"), Frequency("x")], {"x": TEXT}
    ),
    "cross of bins": Case(
        [QuantileBins("x", bins=3), Feature("band", Edges("x", edges=[0])), HashedCross(["x__bin", "y"], buckets=99)],
        {"x": FLOAT, "y": TEXT},
    ),
    "winsorize, standardize": Case(
        [Winsorize("x", lower=0.1, upper=0.9), Standardize("x"), MinMax("x"), EqualWidthBins("x__z", bins=3)],
        {"x": FLOAT},
    ),
    "impute, log1p": Case([Impute("x", by="median", indicator=True), Log1p("x"), HashBuckets("y", buckets=9)],
                          {"x": INT, "y": SMALL}),
    "two repairs, both seen": Case(
        [Standardize("x"), Impute("x", by="mean"), Feature("filled", Standardize("x")), Winsorize("x", upper=0.5)],
        {"x": FLOAT},
    ),
}  # fmt: skip
ALL = {f"{name}-{number}": case for name, cases in CASES.items() for number, case in enumerate(cases)} | CHAINS
Frames = Callable[..., st.SearchStrategy[pl.DataFrame]]


def test_every_registered_transform_has_a_case():
    assert sorted(CASES) == sorted(TRANSFORMS)
    for name, cases in CASES.items():
        assert all(isinstance(case.operators[0], TRANSFORMS[name]) for case in cases)


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(max_examples=40)
def test_rows_and_micro_batches_equal_columns_to_the_last_bit(
    name: str, data: st.DataObject, frames: Frames, agree: Callable[[Program, pl.DataFrame], None]
):
    case = ALL[name]
    fitted, unseen = data.draw(frames(case.columns)), data.draw(frames(case.columns))
    agree(fit(case.operators, fitted), pl.concat([unseen, fitted]))


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(max_examples=16)
def test_fit_of_merged_parts_equals_fit_of_the_whole(name: str, data: st.DataObject, frames: Frames):
    case = ALL[name]
    parts = data.draw(st.lists(frames(case.columns), min_size=1, max_size=4))
    order = data.draw(st.permutations(parts))
    merged = learn(case.operators, lambda survey: merge_answers([survey.of(part.lazy()) for part in order]))
    whole = pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=1)
    assert merged == learn(case.operators, lambda survey: survey.of(whole.lazy()))


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(max_examples=4)
def test_saved_program_equals_the_live_one(
    name: str, data: st.DataObject, frames: Frames, tmp_path_factory: pytest.TempPathFactory
):
    case = ALL[name]
    program = fit(case.operators, data.draw(frames(case.columns)))
    folder: Path = tmp_path_factory.mktemp("program")
    loaded = load(folder, save(program, folder))
    frame = data.draw(frames(case.columns))
    assert loaded.fingerprint == program.fingerprint
    assert loaded.transform(frame).equals(program.transform(frame))
    assert loaded.transform_rows(frame.to_dicts()) == program.transform_rows(frame.to_dicts())
    assert loaded.schema == program.schema


@pytest.mark.parametrize("name", ALL)
def test_empty_frame_gives_the_columns_and_types_of_the_program(name: str):
    case = ALL[name]
    empty = pl.DataFrame(schema=case.columns)
    program = fit(case.operators, empty)
    assert program.transform(empty).schema == program.schema
    assert program.transform(empty).is_empty()
    assert program.transform(empty.lazy()).collect(engine="streaming").schema == program.schema
    assert program.transform_rows([]) == []
    nothing: dict[str, Any] = dict.fromkeys(case.columns)
    assert program.transform(pl.DataFrame([nothing], schema=case.columns)).to_dicts() == [
        program.transform_row(nothing)
    ]


@pytest.mark.parametrize("name", [name for name, case in ALL.items() if {*case.columns.values()} <= {FLOAT, TEXT, INT}])
@given(data=st.data())
@settings(max_examples=4)
def test_pandas_and_pyarrow_in_give_the_same_kind_and_values_out(name: str, data: st.DataObject, frames: Frames):
    case = ALL[name]
    program = fit(case.operators, data.draw(frames(case.columns)))
    frame = data.draw(frames(case.columns)).with_row_index("row")
    expected = program.transform(frame, keep=["row"])

    table = frame.to_arrow()
    from_arrow = program.transform(table, keep=["row"])
    assert type(from_arrow) is type(table)
    assert pl.DataFrame(from_arrow).equals(expected)
    assert pl.DataFrame(table).equals(frame)

    pandas = frame.to_pandas(use_pyarrow_extension_array=True)
    pandas.index = pandas.index[::-1] // 2  # repeated and falling: rows must not be aligned by it
    from_pandas = program.transform(pandas, keep=["row"])
    assert type(from_pandas) is type(pandas)
    assert from_pandas.index.equals(pandas.index)
    back = pl.from_pandas(from_pandas).cast(dict(expected.schema))
    assert back.equals(expected)


def test_streaming_over_many_rows_equals_the_batch():
    size = 120_000
    number = pl.int_range(size)
    frame = pl.select(
        row=number,
        x=pl.when(number % 7 != 0).then((number * 2654435761 % 1_000_003) / 97),
        y=pl.when(number % 11 != 0).then(pl.concat_str(pl.lit("Ｔ "), number % 5003)),
    )
    operators = [
        Winsorize("x", upper=0.99),
        Normalize("y"),
        *(QuantileBins("x", bins=50), Standardize("x"), Log1p("x"), MinMax("x")),
        *(Vocabulary("y"), Frequency("y"), HashedCross(["x__bin", "y"], buckets=2**20)),
    ]
    program = fit(operators, frame)
    outputs = [name for name in program.outputs if name not in frame.columns]
    program = program.keeping(outputs, made={})
    batch = program.transform(frame, keep=["row"])
    streamed = program.transform(frame.lazy(), keep=["row"]).collect(engine="streaming").sort("row")
    assert streamed.equals(batch)
    assert fit(operators, frame.reverse()).chains == fit(operators, frame).chains
