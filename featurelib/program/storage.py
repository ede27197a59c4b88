"""Storage: programs as directories of JSON and Arrow; no pickle, no code runs on load.

.. code-block:: text

    <pipeline>/programs/v1/program.json         inputs, chains, outputs, how it was made, hashes
    <pipeline>/programs/v1/<chain>.<step>.<name>.arrow    one large constant, such as the terms of a vocabulary
"""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import polars as pl

from featurelib.errors import ProgramError, ProgramMissingError, StorageError
from featurelib.program.chain import Chain
from featurelib.program.primitive import Primitive
from featurelib.program.primitives.time import INSTANT
from featurelib.program.program import Program

FORMAT = 2  # 2: a view for each column read; times and lists as inputs; retired terms
_FOLDER = "programs"
_ABANDONED_S = 86_400


def save(program: Program, pipeline: str | Path) -> int:
    """Save a program as the next version of a pipeline, and return the version number.

    The version appears whole or not at all. A program that equals the latest version in meaning, and was made from
    the same declaration and the same samples (``made["declared"]``, ``made["samples"]``), is not saved again.

    Parameters
    ----------
    program
        What to save.
    pipeline
        Directory of the pipeline; versions lie in its folder ``programs``.

    Raises
    ------
    StorageError
        If a file cannot be written; nothing of the version is left then.
    """
    folder = Path(pipeline) / _FOLDER
    existing = versions(pipeline)
    if existing and _is_saved(program, pipeline, existing[-1]):
        return existing[-1]
    staged = folder / f".staged-{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        _write(program, staged)
        return _publish(staged, folder, after=existing[-1] if existing else 0)
    except OSError as error:
        raise StorageError(f"the program of {pipeline} could not be saved: {error}") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    """Delete what killed writers left; a save takes seconds, so a staged version of yesterday has no writer."""
    for path in folder.glob(".staged-*"):
        with suppress(FileNotFoundError):  # its writer, or another save, was faster
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)


def _is_saved(program: Program, pipeline: str | Path, version: int) -> bool:
    try:
        saved = load(pipeline, version=version)
    except ProgramError:
        return False  # a damaged version must not stand in the way of the fit that replaces it
    same = all(saved.made.get(of) == program.made.get(of) for of in ("declared", "samples"))
    return same and saved.fingerprint == program.fingerprint


def _publish(staged: Path, folder: Path, *, after: int) -> int:
    version = after + 1
    while True:
        try:
            staged.rename(folder / f"v{version}")  # fails where another writer was first: a version never changes
        except OSError:
            if not (folder / f"v{version}").exists():
                raise
            version += 1
        else:
            return version


def _write(program: Program, directory: Path) -> None:
    directory.mkdir()
    constants = {}
    for name, series in _large(program):
        path = directory / name
        with path.open("wb") as file:
            series.to_frame().write_ipc(file, compression="uncompressed")  # so that it can be mapped into memory
            _flush(file)
        constants[name] = _digest(path)
    stored: dict[str, Any] = {
        "format": FORMAT,
        **program.to_json(),
        "made": dict(program.made),
        "constants": constants,
    }
    stored["hash"] = _hash(stored)
    with (directory / "program.json").open("w", encoding="utf-8") as file:
        json.dump(stored, file, indent=1, ensure_ascii=False)
        _flush(file)


def _flush(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _large(program: Program) -> list[tuple[str, pl.Series]]:
    return [
        (f"{number}.{position}.{name}.arrow", series)
        for number, chain in enumerate(program.chains)
        for position, step in enumerate(chain.steps)
        for name, series in step.tables().items()
    ]


def versions(pipeline: str | Path) -> list[int]:
    """Return the saved versions of a pipeline's program, oldest first; none if nothing was fitted."""
    folder = Path(pipeline) / _FOLDER
    found = [path.name[1:] for path in folder.glob("v*") if path.name[1:].isdecimal()]
    return sorted(int(number) for number in found)


def load(pipeline: str | Path, version: int | None = None) -> Program:
    """Load a saved program, checked against its hash.

    Parameters
    ----------
    pipeline
        Directory of the pipeline, such as ``data/tables/search_ranking``.
    version
        Which one; ``None`` for the latest.

    Raises
    ------
    ProgramMissingError
        If there is no such version.
    ProgramError
        If a file is damaged, changed or of a newer format.
    """
    existing = versions(pipeline)
    if not existing:
        asked = "no program" if version is None else f"no program of version {version}, nor any other"
        raise ProgramMissingError(f"{pipeline} has {asked}. Fit one first: featurelib fit PIPELINE.")
    if version is not None and version not in existing:
        raise ProgramMissingError(
            f"{pipeline} has no program of version {version}; there are {existing}. Ask for one of these, or for the "
            "latest, by no version."
        )
    directory = Path(pipeline) / _FOLDER / f"v{existing[-1] if version is None else version}"
    return _program(verify(directory), directory)


def verify(directory: Path) -> dict[str, Any]:
    """Return the stored description of a program whose files all match their hashes.

    Raises
    ------
    ProgramError
        If a file is missing, damaged or changed, or the format is newer than this library.
    """
    try:
        stored: dict[str, Any] = json.loads((directory / "program.json").read_text(encoding="utf-8"))
        claimed = stored.pop("hash")
        if stored["format"] > FORMAT:
            raise ProgramError(
                f"{directory}: format {stored['format']} is newer than this featurelib ({FORMAT}). Upgrade."
            )
        if _hash(stored) != claimed:
            raise ProgramError(
                f"{directory}/program.json does not match its hash: it was changed or damaged. Fit again."
            )
        for name, digest in stored["constants"].items():
            if _digest(directory / name) != digest:
                raise ProgramError(f"{directory}/{name} does not match its hash: it was changed or damaged. Fit again.")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProgramError(
            f"{directory} is not a whole program: {error}. Fit again, or restore the directory."
        ) from error
    return stored


def _program(stored: dict[str, Any], directory: Path) -> Program:
    try:
        listed, inputs = enumerate(stored["chains"]), {name: _dtype(text) for name, text in stored["inputs"].items()}
        chains = [_chain(number, chain, directory, stored["constants"]) for number, chain in listed]
        return Program(tuple(chains), inputs, tuple(stored["outputs"]), stored["made"])
    except (KeyError, TypeError, ValueError, AttributeError, pl.exceptions.PolarsError) as error:
        raise ProgramError(
            f"{directory} holds a program that this featurelib cannot read: {error}. Load it with the version that "
            "saved it, or newer; or fit again."
        ) from error


def _chain(number: int, stored: dict[str, Any], directory: Path, constants: Iterable[str]) -> Chain:
    steps = []
    for position, step in enumerate(stored["steps"]):
        files = [name for name in constants if name.startswith(f"{number}.{position}.")]
        tables = {name.split(".")[2]: pl.read_ipc(directory / name).to_series() for name in files}
        steps.append(Primitive.from_json(step, tables))
    view: Any = tuple(stored["view"]) if isinstance(stored["view"], list) else stored["view"]
    return Chain(stored["into"], tuple(stored["reads"]), view, tuple(steps))


def _dtype(text: str) -> pl.DataType:
    if text == str(INSTANT):
        return INSTANT
    if text.startswith("List(") and text.endswith(")"):
        return pl.List(_dtype(text[len("List(") : -1]))
    kind = getattr(pl, text, None)
    if not (isinstance(kind, type) and issubclass(kind, pl.DataType)):  # a name in a file must not call a function
        raise ProgramError(f"the program has an input of type {text!r}, which this featurelib cannot read.")
    return kind()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash(stored: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(stored, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
