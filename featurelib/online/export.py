"""Export: the windows' values as of an instant, and what a reader must know of them."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

import polars as pl

from featurelib.errors import TableError
from featurelib.online.values import decoder, encode, type_from_json, type_to_json

FORMAT = 1


@dataclass(frozen=True)
class EntityWindows:
    """The windows of one entity.

    Parameters
    ----------
    by
        The entity: one column, or several of a cross.
    columns
        The windows' columns, with their polars types.
    nothing
        Values of an entity that the export does not hold, in the order of ``columns``, as text: what a window says
        of an empty history.
    sha256
        Hash of the file of values.
    """

    by: tuple[str, ...]
    columns: pl.Schema
    nothing: str
    sha256: str

    @property
    def label(self) -> str:
        """Names the entity in files and keys; different for different entities."""
        return "+".join(quote(column, safe="") for column in self.by)

    @cached_property
    def decode(self) -> Callable[[str | bytes], dict[str, Any]]:
        """From the text of an entity's values to the values by column."""
        return decoder(self.columns)

    @cached_property
    def nulls(self) -> Mapping[str, None]:
        """Values of an entity that is null."""
        return dict.fromkeys(self.columns)


@dataclass(frozen=True)
class Export:
    """What one export holds.

    Parameters
    ----------
    pipeline
        Whose windows.
    as_of
        The instant at which they have these values.
    declared
        By column of the windows, a fingerprint of its declaration.
    windows
        The windows by entity.
    """

    pipeline: str
    as_of: datetime
    declared: Mapping[str, str]
    windows: tuple[EntityWindows, ...]

    @property
    def schema(self) -> pl.Schema:
        """Names and polars types of all windows' columns."""
        return pl.Schema({name: dtype for one in self.windows for name, dtype in one.columns.items()})

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that follow from all it says and holds."""
        return hashlib.sha256(json.dumps(self._content(), sort_keys=True).encode()).hexdigest()[:12]

    def _content(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "pipeline": self.pipeline,
            "as_of": self.as_of.isoformat(),
            "declared": dict(self.declared),
            "windows": [
                {
                    "by": list(one.by),
                    "columns": {name: type_to_json(name, dtype) for name, dtype in one.columns.items()},
                    "empty": json.loads(one.nothing),
                    "sha256": one.sha256,
                }
                for one in self.windows
            ],
        }

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**self._content(), "version": self.version}

    @classmethod
    def from_json(cls, stored: dict[str, Any], where: str) -> "Export":
        """Return the export that `to_json` described.

        Raises
        ------
        TableError
            If the description is damaged, changed or of a newer format; ``where`` says in the message where it is.
        """
        try:
            if stored["format"] > FORMAT:
                raise TableError(
                    f"{where}: format {stored['format']} is newer than this featurelib ({FORMAT}). Upgrade."
                )
            export = cls(
                stored["pipeline"],
                datetime.fromisoformat(stored["as_of"]),
                dict(stored["declared"]),
                tuple(
                    EntityWindows(
                        tuple(one["by"]),
                        pl.Schema({name: type_from_json(dtype) for name, dtype in one["columns"].items()}),
                        encode(one["empty"]),
                        one["sha256"],
                    )
                    for one in stored["windows"]
                ),
            )
            intact = export.version == stored["version"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TableError(f"{where} does not describe an export: {error!r}. Export again.") from error
        if not intact:
            raise TableError(f"{where} does not match its version: it was changed or damaged. Export again.")
        return export
