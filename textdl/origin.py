"""Where functions and objects come from: their names, and whether an installed package has them."""

from __future__ import annotations

import functools
import sys
import sysconfig
from types import FunctionType
from typing import Any

_INSTALLED = tuple(
    {
        sysconfig.get_paths()[name]
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if name in sysconfig.get_paths()
    }
)


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
