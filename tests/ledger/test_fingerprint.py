"""Fingerprints of code: what a module of one's own does counts, how it is written down does not."""

import importlib.util
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from featurelib.ledger import describe
from featurelib.transforms import Log1p

NUMBER = count()
SOURCE = """
from dataclasses import dataclass

from featurelib.program.primitives import Clip
from featurelib.transforms import Transform


def top():
    return 9.0


@dataclass(frozen=True)
class Capped(Transform):
    column: str

    suffix = "capped"

    def finish(self, learned):
        yield Clip(None, top())
"""


def described(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    name = f"a_module_of_ones_own_{next(NUMBER)}"
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return describe(module.Capped("price"))


def test_comments_docstrings_and_layout_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = SOURCE.replace("    return 9.0", '    """Say the top."""\n    # a reason\n    return (\n        9.0\n    )')
    assert described(SOURCE, tmp_path, monkeypatch) == described(other, tmp_path, monkeypatch)


def test_a_helper_function_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = SOURCE.replace("9.0", "8.0")
    assert described(SOURCE, tmp_path, monkeypatch) != described(other, tmp_path, monkeypatch)


def test_featurelibs_own_code_counts_by_its_version() -> None:
    assert describe(Log1p("price"))["code"] is None
