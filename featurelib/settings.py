"""Settings: what a project says of itself in ``[tool.featurelib]`` of its ``pyproject.toml``."""

import importlib
import sys
import tomllib
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from featurelib.errors import FeaturelibError, UsageError
from featurelib.pipeline import Pipeline
from featurelib.schema import Table
from featurelib.workspace import Workspace

_PACKAGES = ("pipelines", "schemas")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a project's parts lie; paths are relative to the folder of ``pyproject.toml``.

    Attributes
    ----------
    root
        That folder.
    pipelines
        Package with one module per pipeline.
    schemas
        Package whose modules declare the tables.
    logs, tables, work
        As in `Workspace`.
    online
        Where the windows' values are written for model servers, a folder for each pipeline.
    """

    root: Path
    pipelines: str = "pipelines"
    schemas: str = "schemas"
    logs: Path = Path("data/logs")
    tables: Path = Path("data/tables")
    work: Path = Path("data/work")
    online: Path = Path("data/online")

    @classmethod
    def find(cls, start: Path) -> "Settings":
        """Read the settings of the project that a folder belongs to.

        Raises
        ------
        UsageError
            If no ``pyproject.toml`` with ``[tool.featurelib]`` is found upwards, or it says something unknown.
        """
        for folder in (start.resolve(), *start.resolve().parents):
            path = folder / "pyproject.toml"
            if path.is_file():
                tools = _parsed(path).get("tool")
                said = tools.get("featurelib") if isinstance(tools, Mapping) else None
                if said is not None:
                    return cls._checked(path, said)
        raise UsageError(
            f"no pyproject.toml with [tool.featurelib] in {start.resolve()} or above; run inside a project."
        )

    @classmethod
    def _checked(cls, path: Path, said: object) -> "Settings":
        if not isinstance(said, Mapping):
            raise UsageError(f"{path}: [tool.featurelib] has to be a table, got {said!r}.")
        known = [field.name for field in fields(cls) if field.name != "root"]
        problems = [f"{name}: unknown; there are {', '.join(known)}" for name in said if name not in known]
        problems += [f"{name}: {problem}" for name in known if name in said and (problem := _problem(name, said[name]))]
        if problems:
            raise UsageError(f"{path}, [tool.featurelib]: {'; '.join(problems)}.")
        given: dict[str, Any] = {name: value if name in _PACKAGES else Path(str(value)) for name, value in said.items()}
        return cls(path.parent, **given)

    @property
    def workspace(self) -> Workspace:
        """The project's roots."""
        return Workspace(self.root / self.logs, self.root / self.tables, self.root / self.work)

    @property
    def locks(self) -> Path:
        """Folder of the locked versions of the tables' declarations, beside these."""
        return self._folder(self.schemas) / "locks"

    def pipeline_names(self) -> list[str]:
        """Return the names of the project's pipelines: the modules of its package."""
        folder = self._folder(self.pipelines)
        return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))

    def pipeline(self, name: str) -> Pipeline:
        """Import a pipeline: the object ``name`` of the module ``name``.

        Raises
        ------
        UsageError
            If there is no such module, it cannot be imported, it has no such pipeline, or another package of the same
            name is found first.
        """
        if name not in self.pipeline_names():
            known = ", ".join(self.pipeline_names()) or "none"
            raise UsageError(f"no pipeline {name!r} in {self.root / self.pipelines}; there are: {known}.")
        module = self._own_module(self.pipelines, name)
        found = getattr(module, name, None)
        if not isinstance(found, Pipeline):
            raise UsageError(f"module {self.pipelines}.{name} has no Pipeline named {name!r}, but {found!r}.")
        return found

    def table_classes(self) -> dict[str, type[Table]]:
        """Import every table of the project: the subclasses of `Table` that the modules of its package define, by name.

        Classes whose name starts with an underscore are left out: they only lend their columns to others.

        Raises
        ------
        UsageError
            If the package is not there or has no table, a module cannot be imported, two tables have one name, or
            another package of the same name is found first.
        """
        folder = self._folder(self.schemas)
        if not folder.is_dir():
            raise UsageError(f"no folder {folder}; declare tables there, or name their package: schemas = ...")
        found: dict[str, type[Table]] = {}
        for module in self._schema_modules():
            for table in _tables_of(module):
                first = found.setdefault(table.__name__, table)
                if first is not table:
                    raise UsageError(
                        f"two tables are called {table.__name__}: in {first.__module__} and in {table.__module__}. "
                        "A table is known by its name, so give one of them another."
                    )
        if not found:
            raise UsageError(f"no table in {folder}: none of its modules has a subclass of featurelib.schema.Table.")
        return dict(sorted(found.items()))

    def table_class(self, name: str) -> type[Table]:
        """Return one of `table_classes`, by its name or by that of a module that defines it alone.

        Raises
        ------
        UsageError
            As `table_classes`; or if there is no such table, or the module defines several.
        """
        tables = self.table_classes()
        if name in tables:
            return tables[name]
        inside = [
            table for table in tables.values() if table.__module__.removeprefix(self.schemas).removeprefix(".") == name
        ]
        if len(inside) == 1:
            return inside[0]
        if inside:
            several = ", ".join(table.__name__ for table in inside)
            raise UsageError(f"{self.schemas}.{name} defines {len(inside)} tables: {several}. Name one of them.")
        close = get_close_matches(name, tables, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise UsageError(f"no table {name!r} in {self._folder(self.schemas)}.{hint} There are: {', '.join(tables)}.")

    def _folder(self, package: str) -> Path:
        return self.root / package.replace(".", "/")

    def _schema_modules(self) -> Iterator[ModuleType]:
        folder = self._folder(self.schemas)
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join(parts).removesuffix("__init__").removesuffix(".")
            if not any(part.startswith(("_", ".")) for part in name.split(".") if part):
                yield self._own_module(self.schemas, name)

    def _own_module(self, package: str, name: str) -> ModuleType:
        """Import a module of a package, and hold that it is the project's own."""
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
        full = f"{package}.{name}" if name else package
        module = self._imported(full)
        if module.__file__ is None or not Path(module.__file__).resolve().is_relative_to(self.root.resolve()):
            raise UsageError(
                f"{full} was imported from {module.__file__}, not from {self.root}: another package is called "
                f"{package!r} too. Give the project's folders an __init__.py, or that package another name."
            )
        return module

    def _imported(self, name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except FeaturelibError:
            raise
        except Exception as error:  # the project's own code may raise anything
            ours = [f for f in traceback.extract_tb(error.__traceback__) if self._is_own(Path(f.filename).resolve())]
            where = f", at {ours[-1].filename}:{ours[-1].lineno}" if ours else ""
            raise UsageError(f"module {name} cannot be imported: {type(error).__name__}: {error}{where}.") from error

    def _is_own(self, path: Path) -> bool:
        library = Path(__file__).parent
        return path.is_relative_to(self.root.resolve()) and not (
            path.is_relative_to(library) or "site-packages" in path.parts
        )


def _tables_of(module: ModuleType) -> list[type[Table]]:
    """Return the tables that a module defines itself; what it imports from others is theirs."""
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Table)]
    own = [table for table in classes if table.__module__ == module.__name__ and not table.__name__.startswith("_")]
    return list(dict.fromkeys(own))


def _problem(name: str, said: object) -> str:
    """Return what is wrong with a value; empty if nothing is."""
    if not isinstance(said, str):
        return f"a text is needed, got {said!r}"
    if name in _PACKAGES:
        return "" if all(said.split(".")) else f"the name of a package is needed, got {said!r}"
    if "://" in said:
        return f"pipelines are built in local folders, not {said}; only VersionedTable takes S3"
    return ""


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}.") from error
