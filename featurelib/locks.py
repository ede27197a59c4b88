"""Locks: the versions of the tables' declarations, each in a file that is written once."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from featurelib.errors import LockError, UsageError, VersionError
from featurelib.schema import Table
from featurelib.schema.declaration import Declaration
from featurelib.schema.evolution import Standing, Version
from featurelib.tables.local import LocalStorage

_FORMAT = 1
_RESTORE = "A lock never changes: restore it from version control"


@dataclass(frozen=True, slots=True)
class Locks:
    """The folder of locked declarations: ``<table>/<version>.json``.

    Each file holds the declaration and its SHA-256. It is written at once or not at all, and never again.

    Parameters
    ----------
    folder
        Where; it need not be there yet.
    """

    folder: Path

    def tables(self) -> list[str]:
        """Return the names of the tables of which a version is locked."""
        return sorted({path.parent.name for path in self.folder.glob("*/*.json")})

    def versions(self, table: str) -> list[str]:
        """Return the locked versions of a table, oldest first.

        Raises
        ------
        LockError
            If a file there is not named by a version.
        """
        found = []
        for path in (self.folder / table).glob("*.json"):
            try:
                found.append(Version.of(path.stem))
            except ValueError as error:
                raise LockError(path, f"is not named by a version: {error}", hint="Delete it, or rename it.") from error
        return [str(version) for version in sorted(found)]

    def newest(self, table: str) -> Declaration | None:
        """Return the newest locked declaration of a table; None if there is none."""
        versions = self.versions(table)
        return self.read(table, versions[-1]) if versions else None

    def read(self, table: str, version: str) -> Declaration:
        """Return a locked declaration.

        Raises
        ------
        UsageError
            If that version is not locked.
        LockError
            If the file was edited or is damaged, or a newer featurelib wrote it.
        """
        path = self.folder / table / f"{version}.json"
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            known = ", ".join(self.versions(table)) or "none"
            raise UsageError(f"version {version} of table {table} is not locked; there are: {known}.") from error
        declaration = _parsed(path, content)
        if (declaration.table, declaration.version) != (table, version):
            problem = f"it holds {declaration.table} {declaration.version}: it was copied or renamed"
            raise LockError(path, problem, hint=f"{_RESTORE}.")
        return declaration

    def write(self, declaration: Declaration) -> Path:
        """Lock a version of a table.

        Raises
        ------
        LockError
            If it is locked already.
        StorageError
            If the folder cannot be written.
        """
        name = f"{declaration.table}/{declaration.version}.json"
        stored = {"format": _FORMAT, "sha256": declaration.digest, "declaration": declaration.to_json()}
        if not LocalStorage.at(self.folder).create(name, f"{_laid_out(stored)}\n".encode()):
            raise LockError(self.folder / name, "it is there already", hint="A lock is never written again.")
        return self.folder / name


def _laid_out(value: Any, depth: int = 0) -> str:
    """Return JSON with a line for each column, so that a difference between two locks can be read."""
    if depth == 3 or not isinstance(value, dict) or not value:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    inner, outer = " " * (depth + 1), " " * depth
    lines = [f"{inner}{json.dumps(name)}: {_laid_out(value[name], depth + 1)}" for name in sorted(value)]
    return "{\n" + ",\n".join(lines) + f"\n{outer}}}"


def _parsed(path: Path, content: bytes) -> Declaration:
    try:
        stored = json.loads(content)
        made_by, said = stored["format"], stored.get("sha256")
        declaration = Declaration.from_json(stored["declaration"]) if made_by == _FORMAT else None
    except (ValueError, KeyError, TypeError) as error:
        raise LockError(path, f"it cannot be read: {error}", hint=f"{_RESTORE}; or use a newer featurelib.") from error
    if declaration is None:
        raise LockError(path, f"it has format {made_by!r}", hint="Use the featurelib that wrote it, or a newer one.")
    if declaration.digest != said:
        hint = f"{_RESTORE}, and declare a new version of table {declaration.table} instead."
        raise LockError(
            path, f"it was edited: its content has the hash {declaration.digest}, it says {said}", hint=hint
        )
    return declaration


def standings(tables: Iterable[type[Table]], folder: Path) -> list[Standing]:
    """Compare all tables of a project with their newest locks.

    Parameters
    ----------
    tables
        All tables that are declared. One that is locked and not among them is gone.
    folder
        Where the locks lie.

    Raises
    ------
    LockError
        If a lock was edited or is damaged.
    """
    found = [standing(table, folder) for table in tables]
    declared = {each.table for each in found}
    locks = Locks(folder)
    gone = [name for name in locks.tables() if name not in declared]
    return found + [Standing(table=name, declared=None, locked=locks.versions(name)[-1]) for name in gone]


def standing(table: type[Table], folder: Path, *, against: str | None = None) -> Standing:
    """Compare one table with its newest lock, or with that of a version.

    Raises
    ------
    UsageError
        If that version is not locked.
    LockError
        If the lock was edited or is damaged.
    """
    locks, declared = Locks(folder), Declaration.of(table)
    if against is None:
        return Standing.of(declared, locks.newest(declared.table))
    locked = locks.read(declared.table, against)
    return Standing.of(declared, locked, newest=against == locks.versions(declared.table)[-1])


def history(folder: Path, tables: Iterable[str]) -> list[Standing]:
    """Return each locked version of tables that changed more than its number says since the one before it.

    Raises
    ------
    LockError
        If a lock was edited or is damaged.
    """
    locks = Locks(folder)
    found = []
    for table in tables:
        declarations = [locks.read(table, version) for version in locks.versions(table)]
        found += [Standing.of(after, before) for before, after in pairwise(declarations)]
    return [each for each in found if each.state == "unbumped"]


def lock(tables: Iterable[type[Table]], folder: Path) -> list[Path]:
    """Lock the declared versions of tables; those that are locked as declared are left alone.

    Parameters
    ----------
    tables
        Which.
    folder
        Where the locks lie.

    Returns
    -------
    list
        The files written.

    Raises
    ------
    VersionError
        If the version of a table is not raised as its changes need, or goes back. Nothing is written then.
    LockError
        If a lock was edited or is damaged.
    """
    locks = Locks(folder)
    declared = [Declaration.of(table) for table in tables]
    found = [Standing.of(declaration, locks.newest(declaration.table)) for declaration in declared]
    refused = [each for each in found if each.state in {"unbumped", "backwards"}]
    if refused:
        raise VersionError(each.text() for each in refused)
    return [locks.write(each) for each, its in zip(declared, found, strict=True) if its.state in {"new", "bumped"}]
