"""Importing the schema package stays light."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("heavy", ["great_expectations", "pandas", "pyarrow"])
def test_schema_imports_without(heavy):
    code = f"import featurelib.schema, sys; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
