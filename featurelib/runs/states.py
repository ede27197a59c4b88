"""States: what was learned from each partition of samples, kept beside them so that a fit reads only what is new."""

import hashlib
import io
import json
import shutil
import uuid
import zipfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import polars as pl

from featurelib import __version__
from featurelib.errors import DeclarationError
from featurelib.fitting import Survey
from featurelib.ledger import describe, digest
from featurelib.ledger.code import fingerprint_code
from featurelib.program import Chain
from featurelib.tables import Partition

_FORMAT = 1
_HEADER = "states.json"


class Storable(Protocol):
    """What can be kept as plain data with frames beside it: a `State`, or a `Profile`."""

    def to_stored(self) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
        """Return plain data for JSON, and frames."""
        ...

    @classmethod
    def from_stored(cls, plain: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> Self:
        """Return what `to_stored` was called on."""
        ...


Kept = TypeVar("Kept", bound=Storable)


def request_keys(survey: Survey, schema: Mapping[str, pl.DataType], label: str) -> list[str]:
    """Return what each request of a survey asks for, whatever the rows: the same key, the same answer to the same rows.

    A key tells of the columns read, of all that makes them (chains with their constants), of the state with its
    parameters, and of the code of classes of the user's own; not of names, nor of what else the survey asks for.

    Parameters
    ----------
    survey
        What is asked.
    schema
        Columns and types of the samples.
    label
        The label that selection looks at: of a list, a survey sees the greatest value.
    """
    columns = {name: digest([name, str(dtype), name == label]) for name, dtype in schema.items()}
    for chain in _needed(survey):
        columns[chain.into] = digest([_meaning(chain), [columns[column] for column in chain.reads]])
    return [
        digest(
            [__version__, describe(item.state), [kind for _, kind in item.columns], [columns[c] for c in item.reads]]
        )
        for item in survey.requests
    ]


def _needed(survey: Survey) -> list[Chain]:
    """Return the chains that make what the requests read, in order; to tell of long vocabularies takes a while."""
    read = {column for item in survey.requests for column in item.reads}
    needed = []
    for chain in reversed(survey.chains):
        if chain.into in read:
            needed.append(chain)
            read = (read - {chain.into}) | set(chain.reads)
    return needed[::-1]


def _meaning(chain: Chain) -> list[Any]:
    steps = [
        (step.to_json(), fingerprint_code(type(step)), {name: table.to_list() for name, table in step.tables().items()})
        for step in chain.steps
    ]
    return [chain.kinds, steps]


@dataclass(frozen=True, slots=True)
class StateStore:
    """States by partition, by what its samples were built with, and by what was asked.

    .. code-block:: text

        <root>/2026-11-01/<key of the samples>/<sha256>.states      a zip of JSON and Arrow

    It holds only what can be learned again from the samples: whatever is missing, damaged or of another format counts
    as not there, and what cannot be written is not kept. Files are named by their content, and appear whole or not at
    all.

    Parameters
    ----------
    root
        The folder; made when it is needed.
    """

    root: Path
    _used: set[Path] = field(default_factory=set, repr=False)

    def load(self, partition: Partition, samples: str, wanted: Mapping[str, Kept]) -> dict[str, Kept]:
        """Return the states that are there, by key.

        Parameters
        ----------
        partition, samples
            Of which samples, and what they were built with.
        wanted
            By key, an empty state of the class that is asked for.
        """
        found: dict[str, Kept] = {}
        for path in sorted(_listed(self._folder(partition, samples), "*.states")):
            held = _read(path, {key: empty for key, empty in wanted.items() if key not in found})
            if held:
                self._used.add(path)
            found |= held
        return found

    def save(self, partition: Partition, samples: str, states: Mapping[str, Storable]) -> None:
        """Keep states, by key."""
        content = _packed(states)
        folder = self._folder(partition, samples)
        path = folder / f"{hashlib.sha256(content).hexdigest()}.states"
        staged = folder / f".{uuid.uuid4().hex}"
        with suppress(OSError):  # a full disk, for one: the next fit reads the samples again
            folder.mkdir(parents=True, exist_ok=True)
            try:
                staged.write_bytes(content)
                staged.replace(path)
            finally:
                staged.unlink(missing_ok=True)
            self._used.add(path)

    def replace(self, partition: Partition, samples: str, states: Mapping[str, Storable]) -> None:
        """Keep states, by key, and delete whatever else is kept of the partition."""
        for folder in _listed(self.root / str(partition), "*"):
            shutil.rmtree(folder, ignore_errors=True)
        self.save(partition, samples, states)

    def unneeded(self, live: Collection[tuple[Partition, str]]) -> list[Path]:
        """Return the folders of what was built anew or is gone.

        Parameters
        ----------
        live
            What is there: partitions, with what they were built with.
        """
        kept = {(str(partition), key) for partition, key in live}
        return [folder for folder in sorted(_listed(self.root, "*/*")) if (folder.parent.name, folder.name) not in kept]

    def tidy(self, live: Collection[tuple[Partition, str]], fitted: Sequence[Partition] = ()) -> None:
        """Delete the states of what was built anew or is gone, and those that a fit did not use.

        Parameters
        ----------
        live
            As in `unneeded`.
        fitted
            The partitions of the fit that this store served: what it did not load or save of them is no longer asked.
        """
        for folder in self.unneeded(live):
            shutil.rmtree(folder, ignore_errors=True)
        for partition in fitted:
            for path in {*_listed(self.root / str(partition), "*/*")} - self._used:
                with suppress(OSError):
                    path.unlink()
        for folder in _listed(self.root, "*"):
            with suppress(OSError):
                folder.rmdir()  # only one that is empty now

    def _folder(self, partition: Partition, samples: str) -> Path:
        return self.root / str(partition) / samples


def _listed(folder: Path, pattern: str) -> list[Path]:
    """Return what is in a folder; nothing, if it is none, went away meanwhile, or cannot be read."""
    with suppress(OSError):
        return list(folder.glob(pattern))
    return []


def _packed(states: Mapping[str, Storable]) -> bytes:
    header: dict[str, Any] = {}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, (key, state) in enumerate(states.items()):
            plain, frames = state.to_stored()
            header[key] = {"plain": plain, "frames": {name: f"{number}.{name}.arrow" for name in frames}}
            for name, frame in frames.items():
                written = io.BytesIO()
                frame.write_ipc(written, compression="zstd")
                archive.writestr(zipfile.ZipInfo(f"{number}.{name}.arrow"), written.getvalue())
        archive.writestr(zipfile.ZipInfo(_HEADER), _written({"format": _FORMAT, "states": header}))
    return packed.getvalue()


def _written(header: dict[str, Any]) -> str:
    try:
        return json.dumps(header)
    except TypeError as error:
        raise DeclarationError(
            f"a state cannot be stored: {error}. Its fields are frames, or plain data: None, booleans, numbers, texts, "
            "tuples of these, and dictionaries with texts as keys."
        ) from error


def _read(path: Path, wanted: Mapping[str, Kept]) -> dict[str, Kept]:
    """Return those of the wanted states that a file holds; none, if it is not what was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    if hashlib.sha256(content).hexdigest() != path.stem:
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        stored = json.loads(archive.read(_HEADER))
        if stored["format"] != _FORMAT:
            return {}
        found = {}
        for key, entry in stored["states"].items():
            if key in wanted:
                frames = {name: pl.read_ipc(io.BytesIO(archive.read(file))) for name, file in entry["frames"].items()}
                found[key] = type(wanted[key]).from_stored(entry["plain"], frames)
        return found
