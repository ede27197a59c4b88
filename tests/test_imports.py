"""Importing what a model server loads stays light."""

import subprocess
import sys

import pytest

HEAVY = ["pandas", "sklearn", "prefect", "great_expectations", "pyarrow", "deltalake", "pydantic", "fastapi", "scipy"]


def modules_after(statement: str) -> set[str]:
    script = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("statement", ["import featurelib.transforms", "from featurelib import load"])
def test_importing_what_serves_loads_no_heavy_library(statement: str):
    loaded = {module.partition(".")[0] for module in modules_after(statement)}
    assert "featurelib" in loaded
    assert sorted(loaded & set(HEAVY)) == []


@pytest.mark.parametrize("statement", ["import featurelib.transforms", "from featurelib import load"])
def test_importing_what_serves_loads_numpy_only_if_polars_does(statement: str):
    assert ("numpy" in modules_after(statement)) <= ("numpy" in modules_after("import polars"))


def test_one_row_needs_no_numpy():
    statement = """
import polars as pl
from featurelib.program import Chain, Program
from featurelib.program.primitives import BinSearch, Index
chains = [Chain("b", ("x",), "number", (BinSearch((1.0,)),)), Chain("i", ("t",), "text", (Index(("a",)),))]
program = Program.of(chains, {"x": pl.Float64(), "t": pl.String()}, ["b", "i"])
assert program.transform_row({"x": 3.0, "t": "a"}) == {"b": 2, "i": 2}
"""
    assert ("numpy" in modules_after(statement)) <= ("numpy" in modules_after("import polars"))
