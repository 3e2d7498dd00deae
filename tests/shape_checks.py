"""Check jaxtyping's shape annotations of a package while tests run; without pytest they cost nothing.

A function that carries such an annotation is checked by beartype at every call. All others are left as they are, so
that tests of bad input meet the library's own errors, not beartype's. A module may import jaxtyping's names under
`if TYPE_CHECKING:` only; they are put into its namespace here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from inspect import isclass, isfunction
from types import ModuleType
from typing import Any

import jaxtyping
from beartype import beartype

KINDS = ("Bool", "Float", "Float32", "Float64", "Int", "Int32", "Int64", "Integer", "Num", "Real", "Shaped")
SHAPED = re.compile(rf"\b({'|'.join(KINDS)})\[")


class CheckedLoader(SourceFileLoader):
    """Loads a module, then wraps its functions and methods that state shapes."""

    def exec_module(self, module: ModuleType) -> None:
        for kind in KINDS:
            setattr(module, kind, getattr(jaxtyping, kind))
        super().exec_module(module)
        for owner in [module, *(value for value in vars(module).values() if _defined_in(module, value, isclass))]:
            for name, value in list(vars(owner).items()):
                if _defined_in(module, value, isfunction) and _states_shapes(value):
                    setattr(owner, name, jaxtyping.jaxtyped(typechecker=beartype)(value))


class CheckedFinder(MetaPathFinder):
    """Hands the modules of one package to `CheckedLoader`."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] != self.package:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = CheckedLoader(spec.loader.name, spec.loader.path)
        return spec


def install(package: str) -> None:
    """Check the shapes of every module of `package` that is imported from now on."""
    sys.meta_path.insert(0, CheckedFinder(package))


def _defined_in(module: ModuleType, value: Any, kind: Callable[[object], bool]) -> bool:
    return kind(value) and value.__module__ == module.__name__


def _states_shapes(function: Any) -> bool:
    return any(SHAPED.search(str(annotation)) for annotation in function.__annotations__.values())
