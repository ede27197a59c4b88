"""Fingerprints of code: what a module of one's own does counts, how it is written down does not."""

import importlib.util
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.errors import DeclarationError
from featurelib.ledger import describe, digest
from featurelib.samples import calibrate, fake_negative_weight
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


@dataclass(frozen=True)
class Holder:
    """A step of one's own, with a parameter of any kind."""

    held: Any


def plus(one: int, more: int) -> int:
    return one + more


def minus(one: int, less: int) -> int:
    return one - less


WORDS = [*"abcdefgh"]
OTHERS = [*"abcxefgh"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (plus, minus),
        (partial(plus, 1), partial(plus, 2)),
        ({"a": plus}, {"a": minus}),
        (frozenset(WORDS), frozenset(OTHERS)),
        (frozenset({date(2026, 11, 1)}), frozenset({date(2026, 11, 2)})),
        ([timedelta(1)], [timedelta(2)]),
        (pl.col("item").is_in(WORDS), pl.col("item").is_in(OTHERS)),
        (pl.Series("words", WORDS * 9), pl.Series("words", [*WORDS * 8, *OTHERS])),
        (pl.DataFrame({"words": WORDS}), pl.DataFrame({"words": OTHERS})),
        (pl.Int64, pl.Int32),
        (Holder, dataclass),
        (calibrate, fake_negative_weight),
        ("a".startswith, "b".startswith),
        (re.compile("a"), re.compile("b")),
        (b"a", b"b"),
        (True, 1),
    ],
    ids=lambda value: type(value).__name__,  # a repr may tell an address, which no two processes share
)
def test_all_that_a_parameter_holds_counts(one: object, other: object) -> None:
    assert digest(describe(Holder(one))) == digest(describe(Holder(one)))
    assert digest(describe(Holder(one))) != digest(describe(Holder(other)))


def test_a_set_has_no_order_and_a_function_no_address(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import functools, re\nimport polars as pl\nfrom dataclasses import dataclass\n"
        "from featurelib.ledger import describe, digest\n\n"
        "@dataclass(frozen=True)\nclass Held:\n    of: object\n\n"
        "def f(x):\n    return x\n\n"
        "class Thing:\n    def __init__(self):\n        self.words = frozenset({'a', 'b', 'c'})\n\n"
        "held = [f, len, functools.partial(f, 1), {'a': f}, frozenset({'a', 'b', 'c'}), Thing(), Thing().__init__,\n"
        "        pl.col('a').is_in([*'abcdefgh']), pl.Series([1, 2]), re.compile('a'), {f, len}]\n"
        "print([digest(describe(Held(one))) for one in held])\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "mine.py"],
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (threading.Lock, "held of Holder is <unlocked"),
        (lambda: (n for n in range(3)), "held of Holder is <generator"),
        (
            lambda: pl.col("x").map_elements(plus, return_dtype=pl.Int64),
            "held of Holder is the expression .* holds a Py",
        ),
        (lambda: pl.fold(0, plus, [pl.col("x")]), "held of Holder is the expression .* holds a Python function"),
        (lambda: [{"a": pl.col("x").map_batches(str)}], "held of Holder is the expression .* holds a Python function"),
    ],
)
def test_what_cannot_be_compared_with_the_next_process_is_refused(held: Callable[[], object], told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        describe(Holder(held()))
