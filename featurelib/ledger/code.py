"""Code: a fingerprint of what a function or class of the user's own does, with all of their code that it reaches."""

import functools
import hashlib
import inspect
import json
import pickle
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from featurelib.ledger._source import Chain, Imported, Source, chains, file_of, owner, plain, reads, source_of

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...))
_MADE = {"__module__", "__doc__", "__dict__", "__weakref__", "__qualname__", "__annotations__", "__match_args__"}
_HAS_DOCSTRING = 0x4000000  # a flag of code objects since Python 3.13


def fingerprint_code(thing: type | Callable[..., Any]) -> str | None:
    """Return a digest of what a function or class does; the same wherever, and however prettily, it is written.

    It counts the thing's own code, and all code of the user's own that this reaches: functions, classes with their
    bases and methods, constants by the statements that make them, decorators, default values, what closures and
    ``functools.partial`` hold; through all modules of the user's own, in circles too. A module is the user's own if it
    belongs neither to featurelib nor to Python, and does not lie in ``site-packages``. A package of others counts by
    its name and version, once something of it is used; featurelib and Python do not count.

    Comments, formatting, docstrings, line numbers, file names and names of the user's modules do not count, nor what
    merely stands in the same module.

    Parameters
    ----------
    thing
        A function, lambda, class, ``partial``, bound method, or object that can be called (with its attributes).

    Returns
    -------
    str or None
        The same in each process; ``None`` for what is featurelib's own.

    Notes
    -----
    Names are followed as they are written: ``f``, ``helpers.f``, ``from helpers import f``, ``from helpers import *``.
    A module that is used as a value (``getattr(helpers, name)``) counts as a whole. What only text names
    (``globals()["f"]``, ``eval``), and values that come from the surroundings (a file that is read, an environment
    variable), cannot be seen.

    Code without a source file, such as that typed at a prompt, counts by its bytecode, constants and names: another
    version of Python may then have another fingerprint.

    Examples
    --------
    >>> fingerprint_code(fingerprint_code) is None
    True
    >>> fingerprint_code(len) == fingerprint_code(len)
    True
    """
    walk = _Walk()
    root = walk.value(thing)
    if root[0] == "featurelib" and len(root) == 2:
        return None
    return hashlib.sha256(json.dumps([root, walk.told()]).encode()).hexdigest()[:20]


class _Walk:
    """A walk over code: each part is told once, as plain data, and meant by the number it got when first met."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._waiting: list[Callable[[], Any]] = []
        self._kept: list[Any] = []  # an object that is gone could leave its id to another
        self._asked: set[tuple[str, str]] = set()

    def told(self) -> list[Any]:
        """Return all parts in the order of their numbers; telling one may add others."""
        parts: list[Any] = []
        while len(parts) < len(self._waiting):
            parts.append(self._waiting[len(parts)]())
        return parts

    def _part(self, key: Hashable, tell: Callable[[], Any]) -> list[Any]:
        if key not in self._numbers:
            self._numbers[key] = len(self._waiting)
            self._waiting.append(tell)
        return ["part", self._numbers[key]]

    def _object(self, thing: object, tell: Callable[[], Any]) -> list[Any]:
        self._kept.append(thing)
        return self._part(("object", id(thing)), tell)

    # values: what exists only once the program runs

    def value(self, thing: Any) -> Any:  # noqa: PLR0911  # one line for each kind
        """Return what a value counts as."""
        if isinstance(thing, _PLAIN):
            return [type(thing).__name__, repr(thing)]
        if isinstance(thing, Enum):
            return ["member", self.value(type(thing)), thing.name]
        if isinstance(thing, FunctionType):
            return self._function(thing)
        if isinstance(thing, type):
            whose = owner(thing.__module__)
            return self._object(thing, lambda: self._class(thing)) if whose is None else _named(whose, thing)
        if isinstance(thing, ModuleType):
            return self.member(thing.__name__, ())
        if isinstance(thing, MethodType):
            return ["method", self.value(thing.__func__), self.value(thing.__self__)]
        if isinstance(thing, functools.partial):
            return ["partial", self.value(thing.func), self.value(thing.args), self._by_name(thing.keywords)]
        if isinstance(thing, staticmethod | classmethod):
            return [type(thing).__name__, self.value(thing.__func__)]
        if isinstance(thing, property):
            return ["property", *(self.value(part) for part in (thing.fget, thing.fset, thing.fdel))]
        if isinstance(thing, BuiltinFunctionType):
            named = _named(owner(thing.__module__ or "builtins") or ["extension"], thing)
            free = thing.__self__ is None or isinstance(thing.__self__, ModuleType)
            return named if free else ["method", named, self.value(thing.__self__)]
        if isinstance(thing, CodeType):
            return self._bytecode(thing)
        return self._object(thing, lambda: self._state(thing))

    def _by_name(self, values: Mapping[str, Any]) -> list[Any]:
        return [[name, self.value(values[name])] for name in sorted(values)]

    def _state(self, thing: Any) -> Any:  # noqa: PLR0911  # one line for each kind
        """Return what an object holds; containers first."""
        if isinstance(thing, tuple | list):
            return [type(thing).__name__, *(self.value(item) for item in thing)]
        if isinstance(thing, set | frozenset):
            # NOTE: a part's number depends on the order of the walk; in a set, only what needs none can be sorted
            return [type(thing).__name__, *sorted(repr(item) for item in thing if isinstance(item, _PLAIN))]
        if isinstance(thing, dict):
            return ["dict", *([self.value(key), self.value(item)] for key, item in thing.items())]
        if hasattr(thing, "__wrapped__"):  # functools.cache and its like
            return ["wrapped", self.value(type(thing)), self.value(thing.__wrapped__)]
        kind = self.value(type(thing))
        if is_dataclass(thing):
            return ["object", kind, self._by_name({f.name: getattr(thing, f.name, None) for f in fields(thing)})]
        if owner(type(thing).__module__) is None:
            slots = [name for base in type(thing).__mro__ for name in _slots(base) if hasattr(thing, name)]
            held = {name: getattr(thing, name) for name in slots} | getattr(thing, "__dict__", {})
            return ["object", kind, self._by_name(held)]
        return ["object", kind, _pickled(thing)]

    def _function(self, function: FunctionType) -> Any:
        whose = owner(_module_of(function))
        if whose is None:
            return self._object(function, lambda: self._own_function(function))
        cells = _cells(function)
        return [*_named(whose, function), self._by_name(cells)] if cells else _named(whose, function)

    def _own_function(self, function: FunctionType) -> Any:
        module, code, cells = _module_of(function), function.__code__, _cells(function)
        defaults = [self.value(function.__defaults__), self._by_name(function.__kwdefaults__ or {})]
        source = source_of(module) if _written(code, module) else None
        node = source.code(code) if source else None
        if source is None or node is None:
            reached = {name: function.__globals__[name] for name in _names(code) if name in function.__globals__}
            return ["function", defaults, self._bytecode(code), self._by_name(reached), self._by_name(cells)]
        around = function.__qualname__.partition(".")[0]
        inside = "." in function.__qualname__ and "<locals>" not in function.__qualname__ and source.binding(around)
        of = self.member(module, (around,)) if inside else None
        return ["function", defaults, of, self._nodes(source, [node], cells)]

    def _class(self, kind: type) -> Any:
        bases = [self.value(base) for base in kind.__bases__]
        source = source_of(kind.__module__)
        nodes = source.part(kind.__qualname__) if source else []
        members = {name: value for name, value in vars(kind).items() if name not in _MADE}
        if source is not None and nodes:
            methods = [value for value in members.values() if isinstance(value, FunctionType)]
            cells = {name: value for method in methods for name, value in _cells(method).items()}
            return ["class", bases, self._nodes(source, nodes, cells)]
        own = {name: value for name, value in members.items() if not _generated(name, value)}
        annotations = {name: str(text) for name, text in inspect.get_annotations(kind).items()}
        return ["class", bases, kind.__name__, self._by_name(own), annotations]

    def _bytecode(self, code: CodeType) -> Any:
        documented = code.co_flags & _HAS_DOCSTRING if sys.version_info >= (3, 13) else _first_is_docstring(code)
        constants = code.co_consts[1:] if documented else code.co_consts
        names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
        return ["bytecode", code.co_code.hex(), names, [self._constant(constant) for constant in constants]]

    def _constant(self, constant: Any) -> Any:
        if isinstance(constant, CodeType):
            return self._bytecode(constant)
        if isinstance(constant, tuple):
            return ["tuple", *(self._constant(item) for item in constant)]
        if isinstance(constant, frozenset):
            return ["frozenset", *sorted(repr(item) for item in constant)]
        return self.value(constant)

    # source: what can be read without running anything

    def member(self, module: str, chain: Chain) -> Any:
        """Return what a module counts as, or what its attribute of an attribute ... does."""
        whose = owner(module)
        if whose is not None:
            return [*whose, ".".join((module, *chain))]
        source = source_of(module)
        if source is None:
            return self._unread(module, chain)
        if not chain:
            return self._part(("module", module), lambda: self._whole(source))
        if (module, chain[0]) in self._asked:  # in a package, ``from . import helpers`` leads back here
            return self._below(source, chain)
        self._asked.add((module, chain[0]))
        binding = source.binding(chain[0])
        found = self._bound(source, chain[0], chain[1:], binding) if binding else self._below(source, chain)
        self._asked.remove((module, chain[0]))
        return found

    def _below(self, source: Source, chain: Chain) -> Any:
        """Return what a name counts as that no statement of its module binds."""
        below = f"{source.name}.{chain[0]}"
        if below in sys.modules or file_of(below) is not None:
            return self.member(below, chain[1:])
        for star in source.stars:
            found = self.member(star, chain) if owner(star) is None and (star, chain[0]) not in self._asked else None
            if found is not None:
                return found
        return self._at_run_time(source.name, chain[0])

    def _bound(self, source: Source, name: str, rest: Chain, binding: list[Any]) -> Any:
        imported = [one for statement in binding for one in source.imports(statement) if one.bound == name]
        found = [self._imported(one, rest) for one in imported]
        if len(imported) == len(binding) == 1 and not reads(binding):
            return found[0]  # one import and nothing else
        return [self._part(("name", source.name, name), lambda: self._nodes(source, binding, {})), *found]

    def _imported(self, one: Imported, rest: Chain) -> Any:
        return self.member(one.module, one.chain + rest)

    def _whole(self, source: Source) -> Any:
        body = source.tree.body
        found = [one for node in body for one in source.imports(node) if one.bound != "*"]
        stars = [self.member(star, ()) for star in source.stars]
        return ["module", self._nodes(source, body, {}), [self._imported(one, ()) for one in found], stars]

    def _nodes(self, source: Source, nodes: list[Any], cells: Mapping[str, Any]) -> Any:
        """Return statements as plain data, and what each name counts as that they read from outside of them."""
        reached: list[Any] = []
        for read in reads(nodes):
            if read.name in cells:
                reached.append([read.name, self.value(cells[read.name])])
            elif not _is_given(read.name):
                found = self.member(source.name, (read.name, *read.chain))
                reached += [[read.name, found]] if found is not None else []
        for one in (one for node in nodes for one in source.imports(node, inside=True)):
            reached += [[one.bound, self._imported(one, chain)] for chain in chains(nodes, one.bound)]
        return [plain(nodes), reached]

    def _at_run_time(self, module: str, name: str) -> Any:
        """Return what a name counts as that no statement binds: a builtin for nothing, another for what it holds."""
        held = vars(sys.modules[module]) if module in sys.modules else {}
        return self.value(held[name]) if name in held else None

    def _unread(self, module: str, chain: Chain) -> Any:
        """Return what a module without a text counts as: an extension by its bytes, a prompt by what it holds."""
        file = file_of(module)
        if file is not None and file.is_file():
            return self._part(("module", module), lambda: hashlib.sha256(file.read_bytes()).hexdigest())
        return self._at_run_time(module, chain[0]) if chain else ["module"]


def _named(whose: Iterable[str], thing: Any) -> list[Any]:
    """Return what something of others counts as."""
    return [*whose, thing.__qualname__]


def _module_of(function: FunctionType) -> str:
    # NOTE: __module__ is what functools.wraps says; the code stands where its globals do
    return str(function.__globals__.get("__name__", "__main__"))


def _cells(function: FunctionType) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells if _is_full(cell)}


def _is_full(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:  # its variable is not assigned yet, as in a class that is being made
        return False
    return True


def _written(code: CodeType, module: str) -> bool:
    """Return whether code was compiled from the module's file, and not made by a dataclass or its like."""
    file = file_of(module)
    return file is not None and Path(code.co_filename).name == file.name


def _names(code: CodeType) -> set[str]:
    inner = (_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*inner)


def _first_is_docstring(code: CodeType) -> bool:
    is_function = code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<")
    return bool(is_function and code.co_consts and isinstance(code.co_consts[0], str))


def _is_given(name: str) -> bool:
    """Return whether Python itself gives a module this name; a file's path is one, and must not count."""
    return name.startswith("__") and name.endswith("__")


def _generated(name: str, value: object) -> bool:
    """Return whether Python or a dataclass put this into a class."""
    made = isinstance(value, FunctionType) and value.__code__.co_filename == "<string>" and _is_given(name)
    return made or name.startswith("__dataclass_") or name in {"__firstlineno__", "__static_attributes__"}


def _slots(kind: type) -> Iterable[str]:
    slots = vars(kind).get("__slots__", ())
    return [slots] if isinstance(slots, str) else [name for name in slots if name not in _MADE]


def _pickled(thing: object) -> str | None:
    """Return a digest of an object of others; ``None`` if it cannot be written down, and counts by its type alone."""
    try:
        return hashlib.sha256(pickle.dumps(thing, protocol=4)).hexdigest()
    except Exception:  # any class may raise anything here
        return None
