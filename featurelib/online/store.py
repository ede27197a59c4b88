"""Store: the windows' values of the entities in a request's rows."""

import reprlib
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Protocol

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, StorageError
from featurelib.online.export import EntityWindows, Export
from featurelib.online.folder import FolderSource
from featurelib.online.redis_keys import RedisSource
from featurelib.program import Program
from featurelib.program.hashing import joined
from featurelib.program.primitives.text import text

Row = Mapping[str, Any]
_TRIES = 10


class _Source(Protocol):
    export: Export

    def fetch(self, export: Export, wanted: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]] | None: ...


class OnlineStore:
    """The windows' values as of an export, by entity; made by `open` or `redis`.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import datetime, UTC
    >>> import polars as pl
    >>> from featurelib.online import write_export
    >>> frame = pl.DataFrame({"entity": ["0042"], "item_clicks": [12]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export = write_export(
    ...         folder, pipeline="shop", as_of=datetime(2026, 11, 22, tzinfo=UTC), declared={},
    ...         frames={("item_id",): frame}, empty={"item_clicks": 0},
    ...     )
    ...     store = OnlineStore.open(folder)
    >>> for row in store.read([{"item_id": "0042"}, {"item_id": "new"}, {"item_id": None}]):
    ...     print(row)
    {'item_id': '0042', 'item_clicks': 12}
    {'item_id': 'new', 'item_clicks': 0}
    {'item_id': None, 'item_clicks': None}
    """

    def __init__(self, source: _Source) -> None:
        self._source = source

    @classmethod
    def open(cls, folder: str | Path) -> "OnlineStore":
        """Load the current export of a folder into memory; a later one is seen by opening the folder again.

        Raises
        ------
        ExportMissingError
            If there is none.
        TableError
            If a file is missing, damaged or changed.
        StorageError
            If a file cannot be read.
        """
        return cls(FolderSource(Path(folder)))

    @classmethod
    def redis(cls, url: str, pipeline: str) -> "OnlineStore":
        """Read a pipeline's current export from Redis; a later one is seen as soon as it is complete.

        May be used by several threads. Time limits are part of the URL: ``?socket_timeout=0.05``, in seconds.

        Raises
        ------
        UsageError
            If the extra ``redis`` is not installed, or the URL is none.
        ExportMissingError
            If there is no export, or it has expired.
        TableError
            If its description is damaged, changed or of a newer format.
        StorageError
            If the server cannot be reached.
        """
        return cls(RedisSource(url, pipeline))

    @property
    def export(self) -> Export:
        """What was read last: pipeline, instant, columns."""
        return self._source.export

    def read(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Add the windows' values to the rows of a request, such as its candidates.

        Parameters
        ----------
        rows
            Each with the columns of every entity: text, integer or boolean, as in the logs; ``"0042"`` and 42 are two
            items. They are not changed.

        Returns
        -------
        Per row, in order, its own values and the windows', which replace those of the same name. An entity that the
        export does not hold has an empty history; one with a null part has null. All are of one export. Rows of one
        entity share their lists: do not change those.

        Raises
        ------
        ColumnMissingError, ColumnTypeError
            If a row lacks a column of an entity, or has a value there that is none of these.
        ExportMissingError
            If the export in Redis has expired.
        StorageError
            If the server cannot be reached.
        """
        return self._read(rows)[1]

    def _read(self, rows: Sequence[Row]) -> tuple[Export, list[dict[str, Any]]]:
        """Return the export that was read, and the rows with its values."""
        for _ in range(_TRIES):
            export = self._source.export  # NOTE: once; another thread may find the next one
            entities = [_entities(one, rows) for one in export.windows]
            asked = [list(dict.fromkeys(name for name in names if name is not None)) for names in entities]
            found = self._fetch(export, asked, rows)
            if found is not None:
                break
        else:
            raise StorageError(f"the export was replaced {_TRIES} times during one read.")
        made: list[dict[str, Any]] = [dict(row) for row in rows]
        for one, names, keys, values in zip(export.windows, entities, asked, found, strict=True):
            by_name: dict[str | None, Mapping[str, Any]] = {None: one.nulls, **dict(zip(keys, values, strict=True))}
            for row, name in zip(made, names, strict=True):
                row.update(by_name[name])
        return export, made

    def _fetch(self, export: Export, asked: list[list[str]], rows: Sequence[Row]) -> list[list[dict[str, Any]]] | None:
        try:
            return self._source.fetch(export, asked)
        except UnicodeEncodeError:  # half a surrogate pair: JSON can say it, UTF-8 cannot
            for windows in export.windows:
                _check(windows, rows)
            raise

    def features(self, program: Program, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return what the program makes of the rows with the windows' values; see `read` and `Program.transform_rows`.

        Parameters
        ----------
        program
            Such as ``featurelib.load("data/tables/shop")``.
        rows
            With all that the program reads, but for the windows' columns.

        Raises
        ------
        DeclarationError
            If a window's column that the program reads is declared otherwise in the export than when the program was
            fitted: its name is the same, and it means something else. Other columns may differ. A program that no
            pipeline's fit made is taken as it is.
        """
        export, made = self._read(rows)
        fitted = program.made.get("windows", export.declared)
        others = [name for name in program.inputs if fitted.get(name) != export.declared.get(name)]
        if others:
            raise DeclarationError(
                f"the program of {export.pipeline} was fitted on windows declared otherwise than those of the export "
                f"{export.version} as of {export.as_of:%Y-%m-%dT%H:%MZ}: {', '.join(others)}. Load the program that "
                f"was fitted with this declaration (featurelib fit {export.pipeline}), or export again from that of "
                "the program."
            )
        return program.transform_rows(made)


def _entities(windows: EntityWindows, rows: Sequence[Row]) -> list[str | None]:
    """Return the text of each row's entity, None where a part of it is null."""
    try:
        if len(windows.by) == 1:
            (column,) = windows.by
            return [text(row[column]) for row in rows]
        return [_joined([text(row[column]) for column in windows.by]) for row in rows]
    except (KeyError, TypeError):
        _check(windows, rows)
        raise


def _joined(parts: list[str | None]) -> str | None:
    return None if None in parts else joined(parts)  # type: ignore[arg-type]  # none of them is None


def _check(windows: EntityWindows, rows: Sequence[Row]) -> None:
    """Raise the error of the first row that has no entity to look up."""
    who = f"the windows by {', '.join(windows.by)}"
    for row, column in product(rows, windows.by):
        if column not in row:
            raise ColumnMissingError(who, column, where="the row", columns=row)
        try:
            (text(row[column]) or "").encode()
        except (TypeError, UnicodeEncodeError) as error:
            got = f"{reprlib.repr(row[column])} ({type(row[column]).__name__})"
            raise ColumnTypeError(who, column, where="the row", got=got, want="text, integer or boolean") from error
