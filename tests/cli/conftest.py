"""Command lines run in this process, and a small run that the commands on runs share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from throughtime.base.errors import Notice
from throughtime.cli import main

# Two short epochs of a tiny network: enough for every file of a run.
TINY = ("--set", "epochs=2", "--set", "hidden_size=4")


class Outcome(NamedTuple):
    """What a command line left behind."""

    code: int
    out: str
    err: str


def run_here(*arguments: str | Path) -> int:
    """Run a command line in this process; its exit code. Notices are printed, as they are for a user."""
    with warnings.catch_warnings():  # also puts back what main changes
        warnings.simplefilter("default", Notice)
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
    return left.value.code


@pytest.fixture
def command(capsys) -> Callable[..., Outcome]:
    """Run a command line; its exit code, stdout and stderr."""

    def run(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        return Outcome(run_here(*arguments), *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory) -> Path:
    """The folder of a finished run; tests only read it."""
    folder = tmp_path_factory.mktemp("runs") / "weather"
    assert run_here("train", "weather", "--out", folder, "--json", *TINY) == 0
    return folder


@pytest.fixture
def own_table(tmp_path) -> Path:
    """A user's table: a date and two numbers on 300 days."""
    rows = [f"2020-{1 + day // 28:02d}-{1 + day % 28:02d},{day % 7},{day % 3}" for day in range(300)]
    path = tmp_path / "own.csv"
    path.write_text("\n".join(["day,level,flow", *rows]) + "\n", encoding="utf-8")
    return path
