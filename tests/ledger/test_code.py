"""What a fingerprint of code counts: all of the user's own code that a thing reaches, and nothing of how it looks."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from featurelib.ledger.code import fingerprint_code
from featurelib.transforms import Log1p

NUMBER = count()
Files = dict[str, str]
Take = Callable[..., str | None]

FILES = {
    "__init__": "",
    "top": """
        from dataclasses import dataclass
        from functools import partial, singledispatch, wraps

        import numpy as np

        from PKG import middle
        from PKG.base import Base
        from PKG.middle import twice
        from PKG.stars import *

        FACTOR = 2 * middle.SCALE
        TABLE = {"a": 1}
        TABLE["b"] = 2

        def traced(function):
            @wraps(function)
            def inner(*args):
                return function(*args) + 0
            return inner

        def even(n):
            return True if n == 0 else odd(n - 1)

        def odd(n):
            return False if n == 0 else even(n - 1)

        def scaled(x):
            return middle.half(x) * FACTOR

        @traced
        def decorated(x):
            return x + 1

        def adder(n):
            def add(x):
                return twice(x) + n
            return add

        def shadowed(unrelated):
            return unrelated + 1

        def looked_up(x):
            return TABLE[x]

        def starred(x):
            return star(x)

        def late(x):
            from PKG import deep
            return deep.bottom(x)

        def logged(x):
            return np.log(x)

        def by_name(x, name):
            return getattr(middle, name)(x)

        def unrelated(x):
            return x - 1

        @singledispatch
        def shown(x):
            return str(x)

        @shown.register
        def _(x: int):
            return f"{x:03}"

        three = partial(adder, 3)

        @dataclass(frozen=True)
        class Capped(Base):
            column: str
            convert = staticmethod(lambda x: twice(x) + 1)

            def finish(self):
                return scaled(self.column)
    """,
    "middle": """
        from PKG import deep

        SCALE = 10

        def half(x):
            return deep.bottom(x) / 2

        def twice(x):
            return x * 2

        def unused(x):
            return x
    """,
    "deep": """
        def bottom(x):
            return x + 1

        def other(x):
            return x
    """,
    "base": """
        class Base:
            def start(self):
                return 1
    """,
    "stars": """
        def star(x):
            return x
    """,
}


@pytest.fixture
def take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Take]:
    """Write the modules as a package, with one text changed, import it, and take the fingerprint of one thing of it."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def take(thing: str, old: str = "", new: str = "", *, module: str = "top") -> str | None:
        package = write(tmp_path, {name: changed(name == module, text, old, new) for name, text in FILES.items()})
        imported = __import__(f"{package}.top").top
        return fingerprint_code(eval(thing, vars(imported)))  # noqa: S307  # of this file

    yield take
    for name in [name for name in sys.modules if name.startswith("own_code_")]:
        del sys.modules[name]


def changed(here: bool, text: str, old: str, new: str) -> str:
    assert not here or old in dedent(text)
    return dedent(text).replace(old, new) if here and old else dedent(text)


def write(folder: Path, files: Files) -> str:
    package = f"own_code_{next(NUMBER)}"
    (folder / package).mkdir()
    for name, text in files.items():
        (folder / package / f"{name}.py").write_text(text.replace("PKG", package), encoding="utf-8")
    return package


COUNTS = {
    "own code": ("scaled", "* FACTOR", "+ FACTOR", "top"),
    "helper two modules away": ("scaled", "x + 1", "x + 2", "deep"),
    "constant": ("scaled", "FACTOR = 2", "FACTOR = 3", "top"),
    "constant that a constant is made of": ("scaled", "SCALE = 10", "SCALE = 11", "middle"),
    "statement that changes a constant": ("looked_up", 'TABLE["b"] = 2', 'TABLE["b"] = 3', "top"),
    "decorator": ("decorated", "function(*args) + 0", "function(*args) + 1", "top"),
    "what a decorator wraps": ("decorated", "x + 1", "x + 2", "top"),
    "recursion": ("odd", "True if n == 0", "False if n == 0", "top"),
    "what a closure reads": ("adder(1)", "x * 2", "x * 3", "middle"),
    "function of a partial": ("three", "twice(x) + n", "twice(x) - n", "top"),
    "argument of a partial": ("three", "partial(adder, 3)", "partial(adder, 4)", "top"),
    "what is registered with it": ("shown", "{x:03}", "{x:04}", "top"),
    "name of a star import": ("starred", "return x", "return -x", "stars"),
    "import inside a function": ("late", "x + 1", "x + 2", "deep"),
    "module used as a value": ("by_name", "def unused(x):\n    return x", "def unused(x):\n    return -x", "middle"),
    "method": ("Capped", "scaled(self.column)", "scaled(self)", "top"),
    "what a method reaches": ("Capped", "x + 1", "x + 2", "deep"),
    "method of a base": ("Capped", "return 1", "return 2", "base"),
    "lambda of a class": ("Capped", "twice(x) + 1", "twice(x) + 2", "top"),
    "what a lambda reaches": ("Capped", "x * 2", "x * 3", "middle"),
    "lambda alone": ("Capped.convert", "twice(x) + 1", "twice(x) + 2", "top"),
    "class of a bound method": ("Capped('a').finish", "return 1", "return 2", "base"),
    "class of a function of it": ("Capped.finish", "return 1", "return 2", "base"),
}


@pytest.mark.parametrize(("thing", "old", "new", "module"), COUNTS.values(), ids=COUNTS)
def test_what_it_reaches_counts(take: Take, thing: str, old: str, new: str, module: str) -> None:
    assert take(thing) is not None
    assert take(thing) == take(thing)
    assert take(thing) != take(thing, old, new, module=module)


FREE = {
    "docstring": ("Capped", "    def finish(self):", '    def finish(self):\n        """Say it."""', "top"),
    "other docstring": ("scaled", "def bottom(x):", 'def bottom(x):\n    """Say it otherwise."""', "deep"),
    "comment and layout": (
        "scaled",
        "return x + 1",
        "# a reason\n\n    return (\n        x + 1  # here\n    )",
        "deep",
    ),
    "lines above": ("adder(1)", "FACTOR =", "\n\n\nFACTOR =", "top"),
    "lines above a lambda": ("Capped.convert", "FACTOR =", "\n\n\nFACTOR =", "top"),
    "unrelated function": ("Capped", "return x - 1", "return x - 2", "top"),
    "unrelated function of a helper's module": ("scaled", "def unused(x):\n    return x", "", "middle"),
    "unrelated function two modules away": ("scaled", "def other(x):\n    return x", "", "deep"),
    "function of the name of a parameter": ("shadowed", "return x - 1", "return x - 2", "top"),
    "new import": ("scaled", "FACTOR =", "import csv\nFACTOR =", "top"),
    "other names of the same import": (
        "scaled",
        "import partial, singledispatch",
        "import cache, partial, singledispatch",
        "top",
    ),
    "order of functions": ("scaled", "SCALE = 10\n", "def new(x):\n    return x\n\nSCALE = 10\n", "middle"),
}


@pytest.mark.parametrize(("thing", "old", "new", "module"), FREE.values(), ids=FREE)
def test_how_it_looks_and_what_stands_beside_it_does_not_count(
    take: Take, thing: str, old: str, new: str, module: str
) -> None:
    assert take(thing) == take(thing, old, new, module=module)


def test_what_a_closure_holds_counts(take: Take) -> None:
    assert take("adder(1)") != take("adder(2)")
    assert take("[lambda x, n=n: x + n for n in (1, 2)][0]") != take("[lambda x, n=n: x + n for n in (1, 2)][1]")


def test_a_package_of_others_counts_by_its_version(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    before, without = take("logged"), take("scaled")
    monkeypatch.setattr("featurelib.ledger._source._distributions", lambda top: ["package", f"{top} 99"])
    assert take("logged") != before
    assert take("scaled") == without


def test_featurelibs_own_counts_by_its_version_alone() -> None:
    assert fingerprint_code(Log1p) is None
    assert fingerprint_code(fingerprint_code) is None


def typed(text: str, name: str) -> Any:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(dedent(text), space)  # noqa: S102  # as a prompt does
    return space[name]


PROMPT = '''
    LIMIT = 3

    def helper(x):
        """Say it."""
        return x in {"a", "b", "c"} or x > LIMIT

    def f(x):
        return helper(x)

    class Typed:
        size = 1

        def finish(self):
            return helper(self.size)
'''


@pytest.mark.parametrize("name", ["f", "Typed"])
def test_code_typed_at_a_prompt_counts_by_its_bytecode(name: str) -> None:
    before = fingerprint_code(typed(PROMPT, name))
    assert before == fingerprint_code(typed(PROMPT.replace("    LIMIT", "\n    # a limit\n    LIMIT"), name))
    assert before == fingerprint_code(typed(PROMPT.replace("Say it.", "Say it otherwise."), name))
    for old, new in (("LIMIT = 3", "LIMIT = 4"), ("x > LIMIT", "x >= LIMIT"), ('"c"', '"d"')):
        assert before != fingerprint_code(typed(PROMPT.replace(old, new), name)), old
    assert (before != fingerprint_code(typed(PROMPT.replace("size = 1", "size = 2"), name))) == (name == "Typed")


def test_every_process_finds_the_same(tmp_path: Path) -> None:
    package = write(tmp_path, {name: dedent(text) for name, text in FILES.items()})
    script = (
        f"import {package}.top as t; from featurelib.ledger.code import fingerprint_code as f; space = {{}}\n"
        'exec(\'def g(x):\\n    return x in {"a", "b", "c"}\', space)\n'
        "print([f(x) for x in (t.Capped, t.scaled, t.adder(1), t.three, t.by_name, space['g'])])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=cwd,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, cwd in (("1", tmp_path), ("2", "/"))
    }
    assert len(said) == 1
    assert "None" not in said.pop()


def test_a_package_that_imports_its_own_modules_and_stars_in_a_circle_ends(take: Take) -> None:
    files = {
        "__init__": "from . import a, b\nfrom .a import *",
        "top": "import PKG\ndef f(x):\n    return PKG.a.g(x) + PKG.nothing(x) + PKG.g(x)",
        "a": "from .b import *\ndef g(x):\n    return x",
        "b": "from .a import *",
    }
    folder = Path(sys.path[0])
    prints = []
    for text in (files["a"], files["a"].replace("return x", "return -x")):
        package = write(folder, files | {"a": text})
        prints.append(fingerprint_code(__import__(f"{package}.top").top.f))
    assert prints[0] != prints[1]
