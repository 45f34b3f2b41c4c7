"""What identifies a function or an object in another process: what it is, not where it lies.

A function is its name, its code (instructions, constants, the names it uses; no line numbers, no
addresses), its defaults, what it closed over, and, for a function that is not of an installed
package, the functions of its own module and the plain constants that it uses. An object is its
class and its attributes. Another version of Python has other instructions, and so is another
identity.
"""

from __future__ import annotations

import copyreg
import functools
import hashlib
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from reprlib import repr as short
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

_ATOMS = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))
_SHOWN = 12  # digits of a digest in a message
_INSTALLED = tuple(
    {
        sysconfig.get_paths()[name]
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if name in sysconfig.get_paths()
    }
)


class UnidentifiableError(TypeError):
    """An object has state that cannot be looked into."""


def identify(value: object) -> str:
    """The name of a function or object, and a digest of all that it is.

    Raises:
        UnidentifiableError: it, or something in it, cannot be compared in another process.

    Example:
        >>> identify(len)
        'builtins.len'
        >>> square, cube = (lambda x: x**2), (lambda x: x**3)
        >>> identify(square) == identify(cube)
        False
        >>> identify(square) == identify(lambda x: x**2)
        True
    """
    name = name_of(value)
    if isinstance(value, BuiltinFunctionType | MethodDescriptorType) and is_importable(value):
        return name
    try:
        return f"{name}#{_Identifier().digest(value)[:_SHOWN]}"
    except RecursionError as error:
        raise _unidentifiable(value) from error


class _Identifier:
    """Digests objects, each once; one that is met again inside itself is its position."""

    def __init__(self) -> None:
        self.met: dict[int, str] = {}
        self.kept: list[object] = []  # so that no address is used twice

    def digest(self, value: object) -> str:
        if isinstance(value, _ATOMS):
            return _hash(type(value).__name__, repr(value))
        if id(value) not in self.met:
            self.met[id(value)] = f"met {len(self.met)}"
            self.kept.append(value)
            self.met[id(value)] = _hash(*self._parts(value))
        return self.met[id(value)]

    def _parts(self, value: Any) -> Iterable[str]:
        """What a value is made of, as texts in an order that is the same in every process."""
        for kind, parts in _KINDS.items():
            if isinstance(value, kind):
                return [kind.__name__, *parts(self, value)]
        if _is_array(value):
            return self._array(value)
        if is_importable(value) and is_installed(value):
            return [name_of(value)]
        return self._object(value)

    def _all(self, values: Iterable[object]) -> Iterator[str]:
        return map(self.digest, values)

    def _tuple(self, value: tuple[Any, ...] | list[Any]) -> Iterator[str]:
        yield name_of(value)
        yield from self._all(value)

    def _set(self, value: Iterable[Any]) -> Iterable[str]:
        # By themselves: what was met before depends on the order, which hashing decides.
        return sorted(_Identifier().digest(item) for item in value)

    def _mapping(self, value: Mapping[Any, Any]) -> Iterator[str]:
        keys = {_Identifier().digest(key): key for key in value}
        for key in sorted(keys):
            yield key
            yield self.digest(value[keys[key]])

    def _code(self, code: CodeType) -> Iterator[str]:
        yield code.co_code.hex()
        yield from self._all(code.co_consts)
        yield from (repr(names) for names in (code.co_names, code.co_varnames, code.co_freevars))
        yield repr((code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount))
        yield repr((code.co_flags, code.co_exceptiontable))

    def _function(self, function: FunctionType) -> Iterator[str]:
        yield name_of(function)
        yield self.digest(function.__code__)
        yield self.digest(function.__defaults__)
        yield self.digest(function.__kwdefaults__)
        yield from self._all(function.__closure__ or ())
        if not is_installed(function):
            yield from self._globals(function)

    def _globals(self, function: FunctionType) -> Iterator[str]:
        for name in sorted(set(_names(function.__code__)) & set(function.__globals__)):
            value = function.__globals__[name]
            if is_elsewhere(value, function):
                yield f"{name} {name_of(value)}"
            elif _is_constant(value):
                with suppress(UnidentifiableError):
                    yield f"{name} {self.digest(value)}"

    def _cell(self, cell: CellType) -> Iterator[str]:
        try:
            yield self.digest(cell.cell_contents)
        except ValueError:
            yield "empty"

    def _builtin(self, function: BuiltinFunctionType) -> Iterator[str]:
        yield name_of(function)
        if not isinstance(function.__self__, ModuleType | None):  # a method of an object
            yield self.digest(function.__self__)

    def _class(self, kind: type) -> Iterator[str]:
        yield name_of(kind)
        if not is_installed(kind):
            for base in kind.__mro__[1:-1]:
                yield self.digest(base)
            for name, member in sorted(vars(kind).items()):
                function = getattr(member, "__func__", getattr(member, "fget", member))
                if name == "__call__" or not name.startswith("__"):
                    yield name
                    if isinstance(function, (*_ATOMS, FunctionType)):
                        yield self.digest(function)

    def _array(self, value: Any) -> Iterator[str]:
        # Whoever has an array has NumPy; who asks for help shall not load it.
        import numpy as np

        try:
            array = np.asarray(value)
        except Exception as error:  # whatever the array's own code raises
            raise _unidentifiable(value) from error
        if array.dtype.hasobject:
            raise _unidentifiable(value)
        yield f"{array.dtype.str} {array.shape}"
        yield hashlib.blake2b(np.ascontiguousarray(array).tobytes()).hexdigest()

    def _object(self, value: Any) -> Iterator[str]:
        yield self.digest(type(value))
        wrapped = getattr(value, "__wrapped__", None)  # such as of a jitted function
        if wrapped is not None:
            yield self.digest(wrapped)
        state = dict(_state(value))
        state.pop("__doc__", None)
        if state or wrapped is not None:
            yield self.digest(state)
            return
        yield self.digest(_reduced(value))


_KINDS: dict[type, Callable[..., Iterable[str]]] = {
    tuple: _Identifier._tuple,
    list: _Identifier._tuple,
    set: _Identifier._set,
    frozenset: _Identifier._set,
    dict: _Identifier._mapping,
    MappingProxyType: _Identifier._mapping,
    CodeType: _Identifier._code,
    FunctionType: _Identifier._function,
    MethodType: lambda self, value: self._all([value.__func__, value.__self__]),
    BuiltinFunctionType: _Identifier._builtin,
    CellType: _Identifier._cell,
    functools.partial: lambda self, value: self._all([value.func, value.args, value.keywords]),
    ModuleType: lambda self, value: [value.__name__],
    type: _Identifier._class,
}


def _is_constant(value: object) -> bool:
    """Whether what a name of a module stands for is part of what its functions do.

    Lists, dictionaries and objects are not: they may count or collect, and so never be the same.
    """
    kinds = (*_ATOMS, tuple, FunctionType, type, functools.partial)
    return isinstance(value, kinds) or hasattr(value, "__wrapped__") or _is_array(value)


def _hash(*parts: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()


def _names(code: CodeType) -> Iterator[str]:
    """The names that a code and those within it look up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _state(value: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(value, "__dict__", {}).items()
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            with suppress(AttributeError):
                yield name, getattr(value, name)


def _reduced(value: object) -> object:
    """What pickle would keep of an object of an extension; it says itself what it is."""
    try:
        reduce = copyreg.dispatch_table.get(type(value))
        reduced = reduce(value) if reduce else value.__reduce_ex__(2)
    except Exception as error:  # whatever the object's own code raises
        raise _unidentifiable(value) from error
    if isinstance(reduced, str):  # a name
        return f"{getattr(value, '__module__', '')}.{reduced}"
    return [list(part) if isinstance(part, Iterator) else part for part in reduced]


def _unidentifiable(value: object) -> UnidentifiableError:
    return UnidentifiableError(
        f"{short(value)} ({type(value).__name__}) cannot be compared with one of another process"
    )


def _is_array(value: object) -> bool:
    return all(hasattr(value, name) for name in ("__array__", "dtype", "shape"))


def name_of(value: object) -> str:
    """The qualified name of a function or class, or of the class of anything else."""
    if isinstance(value, functools.partial):
        return f"partial of {name_of(value.func)}"
    name = _qualified(value)
    if name is None:
        value = type(value)
        name = value.__qualname__
    module = getattr(value, "__module__", None)
    if module is None:  # a method of a built-in class
        module = getattr(getattr(value, "__objclass__", None), "__module__", "builtins")
    return f"{module}.{name}"


def is_importable(value: object) -> bool:
    """Whether the qualified name leads to this very object."""
    name = _qualified(value)
    if name is None:
        return False
    found: object = sys.modules.get(name_of(value)[: -len(name) - 1])
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is value


def is_elsewhere(value: object, function: FunctionType) -> bool:
    """Whether a value is a function or class of another module than `function`."""
    is_named = isinstance(value, FunctionType | type) or hasattr(value, "__wrapped__")
    return is_named and getattr(value, "__module__", None) != function.__module__


def is_installed(value: Any) -> bool:
    """Whether a function or class is of the standard library or of an installed package."""
    module = getattr(value, "__module__", None)
    if not isinstance(module, str):
        return True  # built in
    if module.split(".")[0] in ("textdl", "builtins"):
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return module in sys.builtin_module_names
    return str(file).startswith(_INSTALLED)


def _qualified(value: object) -> str | None:
    """Its qualified name, or what it calls itself."""
    names = (getattr(value, name, None) for name in ("__qualname__", "__name__"))
    return next((name for name in names if isinstance(name, str)), None)
