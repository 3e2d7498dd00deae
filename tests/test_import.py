"""`import throughtime` is quick and light, and every public name is where `throughtime/__init__.py` says."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import throughtime

HEAVY = ("torch", "sklearn", "pydantic", "polars", "matplotlib", "dask", "distributed")
# What only development installs; the library must run without.
DEVELOPMENT = (
    "jaxtyping",
    "beartype",
    "pandas",
    "pyarrow",
    "hypothesis",
    "pytest",
    "dask",
    "distributed",
    "pooch",
    "mido",
    "HersheyFonts",
    "sacrebleu",
    "rouge_score",
)

PRINT_HELP = (
    "import contextlib, io, throughtime.cli\n"
    "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
    "    throughtime.cli.main(['--help'])"
)

IMPORT_LIMIT_MS = 50
HELP_LIMIT_S = 0.5


def python(code: str) -> str:
    """What a fresh interpreter prints for `code`."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def best_of(code: str) -> float:
    """Least processor seconds that `code`, which prints them, takes in a fresh interpreter.

    The wall clock would also measure what else the machine is doing; on an idle one the two are the same.
    """
    return min(float(python(code)) for _ in range(7))


def test_import_is_quick():
    code = "import time; a = time.process_time(); import throughtime; print(time.process_time() - a)"
    assert best_of(code) * 1000 < IMPORT_LIMIT_MS


def test_help_is_quick():
    # The whole process, the interpreter's own start included.
    assert best_of(f"{PRINT_HELP}\nimport time; print(time.process_time())") < HELP_LIMIT_S


@pytest.mark.parametrize(
    ("start", "allowed"),
    [
        ("import throughtime; dir(throughtime); throughtime.ShapeError", []),
        ("import throughtime.cli", []),
        (PRINT_HELP, []),
        (PRINT_HELP.replace("'--help'", "'train', '--help'"), ["pydantic"]),  # typer reads a command's options with it
    ],
    ids=["import", "cli", "help", "command help"],
)
def test_loads_nothing_heavy(start, allowed):
    loaded = python(f"{start}\nimport sys; print(*(name for name in {HEAVY} if name in sys.modules))").split()
    assert set(loaded) <= set(allowed)


def test_runs_without_what_only_development_installs():
    block = f"import sys; sys.modules.update(dict.fromkeys({DEVELOPMENT}))"  # None makes their import fail
    walk = (
        "import importlib, pkgutil, throughtime\n"
        "for module in pkgutil.walk_packages(throughtime.__path__, 'throughtime.'):\n"
        "    if not module.name.endswith('.libthroughtime'):  # the C++ kernels, no module of Python's\n"
        "        importlib.import_module(module.name)\n"
    )
    python(f"{block}\n{walk}")


@pytest.mark.parametrize("name", throughtime.__all__)
def test_public_name_resolves(name):
    value = getattr(throughtime, name)
    assert value.__name__ == name
    assert value.__doc__
    assert name in dir(throughtime)


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(throughtime.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    floors = {
        alias.name: node.module.removeprefix("throughtime.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(floors) == sorted(throughtime.__all__)
    assert {name: floor for name, floor in floors.items() if floor != "base.errors"} == throughtime._FLOOR


def test_every_error_is_public():
    from throughtime.base import errors

    classes = [
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    ]
    assert set(classes) <= set(throughtime.__all__)


def test_unknown_name():
    with pytest.raises(AttributeError, match="module 'throughtime' has no attribute 'GRU'"):
        throughtime.GRU  # noqa: B018


def test_is_typed():
    assert (Path(find_spec("throughtime").origin).parent / "py.typed").exists()
