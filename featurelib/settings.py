"""Settings: what a project says of itself in ``[tool.featurelib]`` of its ``pyproject.toml``."""

import importlib
import sys
import tomllib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any

from featurelib.errors import FeaturelibError, UsageError
from featurelib.pipeline import Pipeline
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a project's parts lie; paths are relative to the folder of ``pyproject.toml``.

    Attributes
    ----------
    root
        That folder.
    pipelines
        Package with one module per pipeline.
    logs, tables, work
        As in `Workspace`.
    online
        Where the windows' values are written for model servers, a folder for each pipeline.
    """

    root: Path
    pipelines: str = "pipelines"
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
        given: dict[str, Any] = {
            name: value if name == "pipelines" else Path(str(value)) for name, value in said.items()
        }
        return cls(path.parent, **given)

    @property
    def workspace(self) -> Workspace:
        """The project's roots."""
        return Workspace(self.root / self.logs, self.root / self.tables, self.root / self.work)

    def pipeline_names(self) -> list[str]:
        """Return the names of the project's pipelines: the modules of its package."""
        folder = self.root / self.pipelines.replace(".", "/")
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
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
        module = self._imported(f"{self.pipelines}.{name}")
        if module.__file__ is None or not Path(module.__file__).resolve().is_relative_to(self.root.resolve()):
            raise UsageError(
                f"{self.pipelines}.{name} was imported from {module.__file__}, not from {self.root}: another package "
                f"is called {self.pipelines!r} too. Give the project's folders an __init__.py, or that package "
                "another name."
            )
        found = getattr(module, name, None)
        if not isinstance(found, Pipeline):
            raise UsageError(f"module {self.pipelines}.{name} has no Pipeline named {name!r}, but {found!r}.")
        return found

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


def _problem(name: str, said: object) -> str:
    """Return what is wrong with a value; empty if nothing is."""
    if not isinstance(said, str):
        return f"a text is needed, got {said!r}"
    if name == "pipelines":
        return "" if all(said.split(".")) else f"the name of a package is needed, got {said!r}"
    if "://" in said:
        return f"pipelines are built in local folders, not {said}; only VersionedTable takes S3"
    return ""


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}.") from error
