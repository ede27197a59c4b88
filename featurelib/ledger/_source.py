"""Source: a module's text as a tree, what binds a name in it, and which names of others a part of it reads."""

import ast
import importlib.util
import inspect
import symtable
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

Chain = tuple[str, ...]

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_TRIES = (ast.Try, ast.TryStar)


@dataclass(frozen=True, slots=True)
class Read:
    """A name that code reads, and the attributes that it reads of it: ``helpers.f`` is ``helpers`` with ``(f,)``."""

    name: str
    chain: Chain = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """One name that an import statement binds: a module, or an attribute of one."""

    bound: str
    module: str
    chain: Chain = ()


class Source:
    """A module that has a text.

    Parameters
    ----------
    name, package
        Its own name, and the one that its relative imports start from.
    tree
        Its parsed text.
    """

    def __init__(self, name: str, package: str, tree: ast.Module) -> None:
        self.name, self.package, self.tree = name, package, tree

    def binding(self, name: str) -> list[ast.stmt]:
        """Return the statements of the module's top level that make or change ``name``, without what else they do."""
        return [kept for kept in (_about(statement, name) for statement in self.tree.body) if kept is not None]

    @property
    def stars(self) -> list[str]:
        """The modules that it imports everything from."""
        found = (one for statement in self.tree.body for one in self.imports(statement))
        return [one.module for one in found if one.bound == "*"]

    def imports(self, node: ast.AST, *, inside: bool = False) -> list[Imported]:
        """Return what the import statements of a part bind: those of the top level, or those inside functions."""
        return [one for statement in _import_statements(node, inside=inside) for one in self._imported(statement)]

    def _imported(self, statement: ast.Import | ast.ImportFrom) -> Iterator[Imported]:
        for alias in statement.names:
            if isinstance(statement, ast.ImportFrom):
                dots = "." * statement.level + (statement.module or "")
                try:
                    module = importlib.util.resolve_name(dots, self.package)
                except ImportError:  # a relative import where there is no package
                    module = dots
                yield Imported(alias.asname or alias.name, module, () if alias.name == "*" else (alias.name,))
            elif alias.asname:
                yield Imported(alias.asname, alias.name)
            else:
                top = alias.name.partition(".")[0]
                yield Imported(top, top)

    def part(self, qualname: str) -> list[ast.stmt]:
        """Return the functions or classes of that qualified name; several if it is defined more than once."""
        found: list[Any] = [self.tree]
        for name in qualname.split("."):
            if name != "<locals>":
                found = [node for parent in found for node in _defined(parent) if node.name == name]
        return found

    def code(self, code: CodeType) -> ast.stmt | None:
        """Return the function or lambda that a code object was compiled from; ``None`` if it is not in the text."""
        if code.co_name != "<lambda>":
            first = code.co_firstlineno
            for node in ast.walk(self.tree):
                if isinstance(node, _FUNCTIONS) and node.name == code.co_name and _first_line(node) == first:
                    return node
            return None
        spans = [(start, end, a, b) for start, end, a, b in code.co_positions() if start and end and b]
        around = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno and _encloses(node.body, spans)
        ]
        # NOTE: a lambda around another encloses its instructions too; the inner one comes later in the walk
        return ast.Expr(around[-1]) if around else None


def source_of(module: str) -> Source | None:
    """Return a module's source, imported or not; ``None`` if there is none, as at a prompt or in an extension."""
    loaded = sys.modules.get(module)
    spec = getattr(loaded, "__spec__", None) or (None if loaded else _find(module))
    loader = getattr(loaded, "__loader__", None) or getattr(spec, "loader", None)
    text = _text(loaded, module, loader)
    if text is None:
        return None
    package = getattr(loaded, "__package__", None) or getattr(spec, "parent", None) or ""
    return Source(module, package, _parsed(text))


def _text(loaded: ModuleType | None, module: str, loader: Any) -> str | None:
    try:
        text: str | None = loader.get_source(module)
    except (AttributeError, ImportError, OSError):
        text = None
    if text is None and loaded is not None:
        try:
            text = inspect.getsource(loaded)
        except (OSError, TypeError):
            return None
    return text


@lru_cache(maxsize=256)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _find(module: str) -> Any:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None


def file_of(module: str) -> Path | None:
    """Return the file of a module, imported or not."""
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None) if loaded else getattr(_find(module), "origin", None)
    return Path(file) if file and file not in {"built-in", "frozen", "namespace"} else None


def owner(module: str) -> list[str] | None:
    """Return whose a module is, as text that stands for all of it; ``None`` for a module of the user's own."""
    top = module.partition(".")[0]
    if top == "featurelib":
        return ["featurelib"]
    if top in {"__main__", "__mp_main__"}:
        return None
    file = file_of(module) or file_of(top)
    if file is not None and {"site-packages", "dist-packages"} & set(file.parts):
        return _distributions(top)
    if top in sys.stdlib_module_names and (file is None or file.is_relative_to(_STANDARD)):
        return ["python"]
    if top not in sys.modules and _find(top) is None:
        return ["missing", top]
    return None


_STANDARD = Path(inspect.__file__).parent


@lru_cache
def _distributions(top: str) -> list[str]:
    names = sorted(set(packages_distributions().get(top, ())))
    return ["package", *(f"{name} {version(name)}" for name in names)] if names else ["package", top]


def plain(node: Any) -> Any:
    """Return a tree as plain data: no positions, no docstrings, nothing that is empty.

    Fields that are empty are left out, so a Python version that adds one to a node changes nothing. Of an import only
    the names that it binds are left: what they stand for counts where they are read.
    """
    if isinstance(node, list):
        return [plain(item) for item in node if not _says_nothing(item)]
    if isinstance(node, ast.Constant):
        return [type(node.value).__name__, repr(node.value)]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return ["Import", sorted(_bound(node))]
    if isinstance(node, ast.AST):
        shown = {name: plain(value) for name, value in ast.iter_fields(node) if name not in {"ctx", "type_comment"}}
        return [type(node).__name__, {name: value for name, value in shown.items() if value not in (None, [])}]
    return node


def _says_nothing(node: Any) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.Pass)


def reads(nodes: Sequence[ast.stmt]) -> list[Read]:
    """Return what code reads from outside of it, sorted: globals, builtins and the variables of functions around it."""
    # the scopes are those of Python's own compiler, which takes text
    text = ast.unparse(_Unbound().visit(ast.parse(ast.unparse(ast.Module(list(nodes), [])))))
    names = set(_outer_names(symtable.symtable(text, "<code>", "exec")))
    found = {Read(name, chain) for node in nodes for name, chain in _chains(node) if name in names}
    return sorted(
        found | {Read(name) for name in names - {read.name for read in found}}, key=lambda r: (r.name, r.chain)
    )


class _Unbound(ast.NodeTransformer):
    """A part of a function, alone: a variable that it changes around it has no binding there."""

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Global:  # ast calls it by this name
        return ast.Global(node.names)


def _outer_names(table: symtable.SymbolTable) -> Iterator[str]:
    kind = str(getattr(table.get_type(), "value", table.get_type()))
    for symbol in table.get_symbols():
        # NOTE: a class body reads a global of a name that it binds later (x = x)
        if symbol.is_referenced() and (kind in {"module", "class"} or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _outer_names(child)


def chains(nodes: Sequence[ast.stmt], name: str) -> list[Chain]:
    """Return the attributes that code reads of a name, sorted; the empty chain if it reads none."""
    return sorted({chain for node in nodes for found, chain in _chains(node) if found == name}) or [()]


def _chains(node: ast.AST) -> Iterator[tuple[str, Chain]]:
    below, attributes = node, list[str]()
    while isinstance(below, ast.Attribute):
        attributes.append(below.attr)
        below = below.value
    if isinstance(below, ast.Name):
        if attributes or isinstance(below.ctx, ast.Load):
            yield below.id, tuple(reversed(attributes))
        return
    for child in ast.iter_child_nodes(below):
        yield from _chains(child)


def _about(statement: ast.stmt, name: str) -> ast.stmt | None:
    """Return what of a statement makes or changes a name; ``None`` if nothing does."""
    if isinstance(statement, ast.If):
        body, otherwise = _all_about(statement.body, name), _all_about(statement.orelse, name)
        return ast.If(statement.test, body or [ast.Pass()], otherwise) if body or otherwise else None
    if isinstance(statement, _TRIES):
        handlers = [
            ast.ExceptHandler(handler.type, handler.name, _all_about(handler.body, name) or [ast.Pass()])
            for handler in statement.handlers
        ]
        parts = [_all_about(part, name) for part in (statement.body, statement.orelse, statement.finalbody)]
        if not any(parts) and all(isinstance(handler.body[0], ast.Pass) for handler in handlers):
            return None
        return type(statement)(parts[0] or [ast.Pass()], handlers, parts[1], parts[2])
    if isinstance(statement, ast.Import):
        aliases = [one for one in statement.names if (one.asname or one.name.partition(".")[0]) == name]
        return ast.Import(aliases) if aliases else None
    if isinstance(statement, ast.ImportFrom):
        aliases = [one for one in statement.names if (one.asname or one.name) == name]
        return ast.ImportFrom(statement.module, aliases, statement.level) if aliases else None
    return statement if name in set(_bound(statement)) else None


def _all_about(statements: Sequence[ast.stmt], name: str) -> list[ast.stmt]:
    return [kept for kept in (_about(statement, name) for statement in statements) if kept is not None]


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds, or changes: ``TABLE["x"] = 1`` and ``TABLE.update(...)`` do."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        yield node.name
        yield from _registered_with(node.decorator_list)
    if isinstance(node, _SCOPES):
        return
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    changed = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else node
    if isinstance(changed, ast.Subscript | ast.Attribute) and (
        changed is not node or not isinstance(changed.ctx, ast.Load)
    ):
        while isinstance(changed, ast.Subscript | ast.Attribute):
            changed = changed.value
        if isinstance(changed, ast.Name):
            yield changed.id
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)


def _registered_with(decorators: Sequence[ast.expr]) -> Iterator[str]:
    """Yield what a function or class is added to: ``@shown.register`` changes ``shown``."""
    for decorator in decorators:
        added = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(added, ast.Attribute) and added.attr == "register" and isinstance(added.value, ast.Name):
            yield added.value.id


def _import_statements(node: ast.AST, *, inside: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    if isinstance(node, _SCOPES):
        if inside:
            yield from (found for found in ast.walk(node) if isinstance(found, ast.Import | ast.ImportFrom))
        return
    if isinstance(node, ast.Import | ast.ImportFrom) and not inside:
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _import_statements(child, inside=inside)


def _defined(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
            yield child
        elif not isinstance(child, ast.Lambda):
            yield from _defined(child)


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _encloses(body: ast.expr, spans: Sequence[tuple[Any, ...]]) -> bool:
    first, last = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    return all(first <= (start, a) and (end, b) <= last for start, end, a, b in spans)
