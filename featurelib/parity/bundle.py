"""Bundle: the worst rows of a comparison with all that computes them again, in one small folder."""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.errors import StorageError, UsageError
from featurelib.parity.compare import differs
from featurelib.program import Program, save

_SCRIPT = '''"""Compute some served rows again, and print what differs: python reproduce.py

Needs featurelib of the version that made the program. Files: programs/ (the program), inputs.parquet (what it read),
rows.json (per row: its key, and for each value that differed what was served and what was computed).
"""

import json
from pathlib import Path

import polars as pl

import featurelib

here = Path(__file__).parent
program = featurelib.load(here, version={version})
computed = program.transform(pl.read_parquet(here / "inputs.parquet"))
for row, stored in zip(computed.iter_rows(named=True), json.loads((here / "rows.json").read_text()), strict=True):
    print(" ".join(f"{{name}}={{value}}" for name, value in stored["key"].items()))
    for feature, values in stored["differences"].items():
        then = f"served {{values['served']!r}}, then computed {{values['expected']!r}}"
        print(f"  {{feature}}: {{then}}, now {{row[feature]!r}}")
'''


def write_bundle(
    folder: Path,
    program: Program,
    *,
    keys: Sequence[Mapping[str, Any]],
    inputs: Sequence[Mapping[str, Any]],
    served: Sequence[Mapping[str, Any]],
    expected: Sequence[Mapping[str, Any]],
    tolerance: float,
) -> None:
    """Write rows, the program that computes them, and a script that does so.

    Parameters
    ----------
    folder
        Where; it must not be there yet. It appears whole or not at all.
    program
        What computes them.
    keys, inputs, served, expected
        Per row: what names it, what the program reads, what was served, and what is computed.
    tolerance
        As in `compare`.

    Raises
    ------
    UsageError
        If the folder is there already.
    StorageError
        If it cannot be written.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already; name a folder that is not.")
    rows = [
        {
            "key": {name: str(value) for name, value in key.items()},
            "differences": {
                name: {"served": had.get(name), "expected": wants[name]}
                for name, dtype in program.schema.items()
                if differs(had.get(name), wants[name], dtype, tolerance) is not None
            },
        }
        for key, had, wants in zip(keys, served, expected, strict=True)
    ]
    read = [{name: row[name] for name in program.inputs} for row in inputs]
    staged = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    try:
        version = save(program, staged)
        pl.DataFrame(read, schema=pl.Schema(program.inputs)).write_parquet(staged / "inputs.parquet")
        (staged / "rows.json").write_text(json.dumps(rows, indent=1, default=str), encoding="utf-8")
        (staged / "reproduce.py").write_text(_SCRIPT.format(version=version), encoding="utf-8")
        staged.rename(folder)
    except OSError as error:
        raise StorageError(f"the bundle {folder} could not be written: {error}") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
