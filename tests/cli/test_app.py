"""What every command shares: exit codes, one line for an error, no traceback, options that never change unseen."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import pytest
import typer

import throughtime
from throughtime.base.errors import Interrupted, Notice, RunLockedError
from throughtime.cli import main as run_command_line
from throughtime.cli.app import app

OPTIONS = {
    "train": ["RECIPE", "--data", "--out", "--tbptt", "--reach", "--set", "--json"],
    "resume": ["RUN", "--json"],
    "evaluate": ["RUN", "--data", "--json"],
    "predict": ["RUN", "--data", "--json"],
    "generate": [
        "RUN",
        "--steps",
        "--prompt",
        "--temperature",
        "--top-k",
        "--top-p",
        "--repetition-penalty",
        "--beam",
        "--stop",
        "--bias",
        "--seed",
        "--out",
    ],
    "compare": ["RECIPE", "--data", "--out", "--seeds", "--set", "--backend", "--json"],
    "inspect": ["RUN", "--step", "--svg", "--series", "--unit", "--layer", "--data", "--json"],
    "lab": ["SUBJECT", "--seeds", "--short", "--svg", "--backend", "--json"],
    "unfold": [
        "--steps",
        "--tbptt",
        "--cell",
        "--values",
        "--svg",
        "--seed",
        "--inputs",
        "--hidden",
        "--batch",
        "--json",
    ],
    "reach": ["RUN|RECIPE", "--lags", "--seeds", "--short", "--svg", "--backend", "--json"],
    "recipes": ["--json"],
    "reproduce": ["[NAME ...|all]", "--trials/--seeds", "--set", "--out", "--json"],
    "doctor": ["--out", "--json"],
    "bench": ["QUESTION", "--rounds", "--json"],
    "data list": ["--json"],
    "data get": ["NAME", "--out", "--from"],
}


def test_options_are_frozen():
    group = typer.main.get_command(app)
    commands = {
        f"{name} {within}".strip(): one
        for name, command in group.commands.items()
        for within, one in getattr(command, "commands", {"": command}).items()
    }
    found = {
        name: [
            parameter.metavar if parameter.param_type_name == "argument" else "/".join(parameter.opts)
            for parameter in command.params
        ]
        for name, command in commands.items()
    }
    assert found == OPTIONS
    assert [option for parameter in group.params for option in parameter.opts] == ["--version"]


@pytest.fixture
def failing(monkeypatch):
    """Make `throughtime recipes` raise an error."""

    def fail(error: BaseException) -> None:
        def names() -> None:
            raise error

        monkeypatch.setattr("throughtime.recipes.names", names)

    return fail


def test_an_interrupt_inside_an_import_is_one(failing, command):
    error = ImportError("initialization failed")
    error.__cause__ = KeyboardInterrupt()
    failing(error)
    assert command("recipes") == (130, "", "throughtime: Interrupted.\n")


def test_closed_output_is_said():
    words = f"exec {sys.executable} -m throughtime recipes >&-"
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "throughtime: The output could not be written: it is closed. Send it to a file, a pipe or /dev/null.\n"
    )


def test_version(command):
    assert command("--version") == (0, f"{throughtime.__version__}\n", "")


@pytest.mark.parametrize("name", OPTIONS)
def test_help_of_each_command(command, name):
    code, out, err = command(*name.split(), "--help")
    assert (code, err) == (0, "")
    assert all(way in out for option in OPTIONS[name] for way in option.split("/"))


def test_no_command_prints_the_help(command):
    code, out, err = command()
    assert (code, err) == (2, "")
    assert "compare" in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["trane"], "No such command 'trane'. Did you mean 'train'? Try: throughtime --help"),
        (["train"], "Missing argument 'RECIPE'. Try: throughtime train --help"),
        (["train", "weather", "--tbtt", "5,5"], "No such option: --tbtt"),
        (["compare", "weather", "--seeds", "0"], "Invalid value for '--seeds': "),
        (["compare", "weather", "--seeds", "two"], "Invalid value for '--seeds': "),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(command, arguments, line):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"throughtime: {line}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (RunLockedError("One process\nat a time: here."), 1, "One process at a time: here."),
        (OSError(28, "No space left on device", "runs/a"), 1, "No space left on device: runs/a"),
        (OSError("no reason given"), 1, "no reason given"),
        (KeyError("x"), 1, "This should not have happened: KeyError: 'x'. Set THROUGHTIME_DEBUG=1 to see where"),
        (
            MemoryError(),
            1,
            "Memory ran out: MemoryError. Choose a smaller hidden_size or batch_size, a shorter --tbptt",
        ),
        (
            RuntimeError(
                "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: 4 bytes.\nat"
            ),
            1,
            "Memory ran out: [enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: 4 bytes",
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), 1, "Memory ran out: "),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), 1, "Memory ran out: CUDA"),
        (RuntimeError("mat1 and mat2"), 1, "This should not have happened: RuntimeError: mat1 and mat2."),
        (Interrupted("Stopped after update 3."), 130, "Stopped after update 3."),
        (
            Interrupted("Stopped. Resume it.", "runs/my weather"),
            130,
            "Stopped. Resume it. The command: throughtime resume 'runs/my weather'",
        ),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_failure_is_one_line_and_its_code(command, failing, monkeypatch, error, code, line):
    monkeypatch.delenv("THROUGHTIME_DEBUG", raising=False)
    failing(error)
    left, out, err = command("recipes")
    assert (left, out) == (code, "")
    assert err.startswith(f"throughtime: {line}")
    assert err.count("\n") == 1


def test_debugging_shows_the_traceback(failing, monkeypatch):
    monkeypatch.setenv("THROUGHTIME_DEBUG", "1")
    failing(KeyError("x"))
    with pytest.raises(KeyError):
        run_command_line(["recipes"])


def test_notice_is_one_line_without_a_place_in_the_code(command, monkeypatch):
    def names() -> list[tuple[str, str]]:
        warnings.warn("Only the last 5 steps are trained.", Notice, stacklevel=1)
        return []

    monkeypatch.setattr("throughtime.recipes.names", names)
    code, _, err = command("recipes")
    assert code == 0
    assert err == "throughtime: note: Only the last 5 steps are trained.\n"


def test_a_foreign_warning_is_one_line_without_a_place_in_the_code(command, monkeypatch):
    def names() -> list[tuple[str, str]]:
        warnings.warn("Mean of\nempty slice.", RuntimeWarning, stacklevel=1)
        return []

    monkeypatch.setattr("throughtime.recipes.names", names)
    monkeypatch.delenv("THROUGHTIME_DEBUG", raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert command("recipes").err == "throughtime: warning: Mean of empty slice.\n"
        monkeypatch.setenv("THROUGHTIME_DEBUG", "1")
        assert "test_app.py" in command("recipes").err


@pytest.mark.parametrize("buffered", [False, True])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_under_the_output_is_one_line(buffered):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {"THROUGHTIME_DEBUG": "0"} if buffered else {"THROUGHTIME_DEBUG": "0", "PYTHONUNBUFFERED": "1"}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "throughtime", "recipes"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=environment,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("throughtime: The output could not be written: No space left on device. Make room")
    assert done.stderr.count("\n") == 1


def test_who_stops_reading_gets_silence():
    reading, writing = os.pipe()
    os.close(reading)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-m", "throughtime", "recipes"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=environment,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_as_a_program():
    """Once without the test's own process: the module runs, and stderr and the code reach the shell."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", "throughtime", "nothing"], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "throughtime: No such command 'nothing'. Try: throughtime --help\n"
