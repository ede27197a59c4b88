"""Importing what a model server loads stays light, and what is to be imported is named."""

import inspect
import subprocess
import sys
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import pytest

import schemas
from featurelib.schema import Table

HEAVY = ["pandas", "sklearn", "prefect", "great_expectations", "pyarrow", "deltalake", "pydantic", "fastapi", "scipy"]
SERVING = ["import featurelib.transforms", "from featurelib import load", "from featurelib.online import OnlineStore"]


@cache
def modules_after(statement: str) -> frozenset[str]:
    script = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize("statement", SERVING)
def test_importing_what_serves_loads_no_heavy_library(statement: str):
    loaded = {module.partition(".")[0] for module in modules_after(statement)}
    assert "featurelib" in loaded
    assert sorted(loaded & set(HEAVY)) == []


@pytest.mark.parametrize("statement", [*SERVING, "import featurelib.ledger"])
def test_importing_what_serves_or_plans_loads_numpy_only_if_polars_does(statement: str):
    assert ("numpy" in modules_after(statement)) <= ("numpy" in modules_after("import polars"))


def test_redis_is_loaded_by_the_store_that_reads_it():
    loaded = modules_after("from featurelib.online import OnlineStore")
    assert not {"redis", "hiredis"} & {module.partition(".")[0] for module in loaded}


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


def test_schemas_name_every_table():
    modules = [import_module(f"schemas.{module.name}") for module in iter_modules(schemas.__path__)]
    found = {
        name
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Table) and kind.__module__ == module.__name__
    }
    assert set(schemas.__all__) == found
