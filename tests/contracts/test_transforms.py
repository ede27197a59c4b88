"""What holds for many transforms at once; what holds for each is in the contract that its own tests apply."""

import importlib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.cleaning import Impute, Normalize, Winsorize
from featurelib.testing.columns import frames
from featurelib.testing.contracts import transform_contract
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

CHAINS = {
    "impute, normalize, vocabulary": [Impute("x", value=" Ａ "), Normalize("x"), Vocabulary("x"), Frequency("x")],
    "vocabulary beside others of its text": [
        *(Vocabulary("x", min_count=2, on_gone="retire"), Feature("hashed", Vocabulary("x", unseen_buckets=3))),
        *(Feature("given", Vocabulary("x", terms=["a", "zz"])), Frequency("x")),
        *(Normalize("x"), Feature("later", Frequency("x", min_count=2)), Feature("last", Vocabulary("x"))),
    ],
    "cross of bins": [
        *(QuantileBins("x", bins=3), Feature("band", Edges("x", edges=[0]))),
        HashedCross(["x__bin", "y"], buckets=99),
    ],
    "winsorize, standardize": [
        *(Winsorize("x", lower=0.1, upper=0.9), Standardize("x"), MinMax("x")),
        EqualWidthBins("x__z", bins=3),
    ],
    "impute, log1p": [Impute("x", by="median", indicator=True), Log1p("x"), HashBuckets("y", buckets=9)],
    "two repairs, both seen": [
        *(Standardize("x"), Impute("x", by="mean"), Feature("filled", Standardize("x"))),
        Winsorize("x", upper=0.5),
    ],
}
test_contract = transform_contract(CHAINS)


def test_every_registered_transform_is_under_contract():
    folder = Path(__file__).parents[1] / "transforms"
    covered: set[type] = set()
    for path in sorted(folder.glob("test_*.py")):
        if "transform_contract" in path.read_text(encoding="utf-8"):
            module = importlib.import_module(f"tests.transforms.{path.stem}")
            covered.update(*(getattr(value, "covers", ()) for value in vars(module).values()))
    without = {name for name, kind in TRANSFORMS.items() if kind.__module__.startswith("featurelib.")} - {
        name for name, kind in TRANSFORMS.items() if kind in covered
    }
    assert without == set(), "their tests in tests/transforms/ lack: test_contract = transform_contract({...})"


@pytest.mark.parametrize("name", CHAINS)
@given(data=st.data())
@settings(max_examples=4)
def test_pandas_and_pyarrow_in_give_the_same_kind_and_values_out(name: str, data: st.DataObject):
    columns = {"x": pl.String() if "vocabulary" in name else pl.Float64(), "y": pl.String()}
    program = fit(CHAINS[name], data.draw(frames(columns)))
    frame = data.draw(frames(columns)).with_row_index("row")
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
