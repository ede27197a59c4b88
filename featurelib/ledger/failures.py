"""Failures: which partitions could not be built the last time; the only thing that tables cannot tell of themselves."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from featurelib.errors import FeaturelibError
from featurelib.ledger.fingerprint import digest
from featurelib.tables import Partition

_FOLDER = "failures"


def key_of_try(parts: Mapping[str, Any]) -> str:
    """Return what a try to build a partition from its parts has in common with the next one.

    All that it reads and how, and the limits that it is held against, but not whether the partition was mature by then:
    what failed to be built early fails as well when it is mature, unless something else has changed.
    """
    return digest({name: part for name, part in parts.items() if name != "mature"})


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures of a pipeline, a small file each; without them a failed partition counts as missing or stale.

    Parameters
    ----------
    root
        The directory of the pipeline.
    """

    root: Path

    def record(
        self,
        table: str,
        partition: Partition,
        error: FeaturelibError,
        *,
        parts: Mapping[str, Any],
        run: str,
        at: datetime,
    ) -> None:
        """Remember why a partition could not be built, and from what it would have been; on a full disk, nothing."""
        told = {"error": type(error).__name__, "message": str(error)}
        told |= {"key": key_of_try(parts), "run": run, "at": at.isoformat()}
        path = self._path(table, partition)
        written = path.with_suffix(f".{run}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(json.dumps(told), encoding="utf-8")
            written.replace(path)  # whole, or not at all
        except OSError:
            with suppress(OSError):
                written.unlink()

    def forget(self, table: str, partition: Partition) -> None:
        """Forget the failure of a partition that was built."""
        self._path(table, partition).unlink(missing_ok=True)

    def read(self, table: str) -> dict[Partition, dict[str, Any]]:
        """Return the failures of a table: ``error``, ``message``, ``key``, ``run`` and ``at`` of each."""
        found = {}
        for path in (self.root / _FOLDER / table).glob("*.json"):
            with suppress(OSError, ValueError):  # just forgotten by another run, or half written by a lost disk
                found[Partition.parse(path.stem)] = dict(json.loads(path.read_text(encoding="utf-8")))
        return found

    def _path(self, table: str, partition: Partition) -> Path:
        return self.root / _FOLDER / table / f"{partition}.json"
