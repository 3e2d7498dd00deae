from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.kernels.cpu.layer_cases import EVERY_SET, needs_library
from throughtime.base.errors import KernelError
from throughtime.kernels.cpu import library

LOOK = """
import torch
from throughtime.base.errors import KernelError
from throughtime.kernels.cpu import direction, library
found = library.found()
print(found.kernels is None, repr(found.name))
print(found.reason)
try:
    direction.activate(library.TANH_FUNCTION, torch.zeros(3))
except KernelError as error:
    print(error)
"""


def look(**environment):
    words = [sys.executable, "-c", LOOK]
    return subprocess.run(words, env=os.environ | environment, capture_output=True, text=True, timeout=60)


def test_without_a_library_the_reason_is_said():
    ran = look(**{library.OTHER_LIBRARY: "/nowhere/libthroughtime.so"})
    assert ran.returncode == 0, ran.stderr
    missing, reason, error = ran.stdout.splitlines()
    assert missing == "True ''"
    assert "/nowhere/libthroughtime.so" in reason
    assert error.startswith("The cpu kernel needs its compiled library: there is none here, ")
    assert reason in error
    assert error.endswith('use kernel="torch".')


def test_a_package_without_a_library_says_how_it_came_to_that(monkeypatch, tmp_path):
    monkeypatch.delenv(library.OTHER_LIBRARY, raising=False)
    monkeypatch.setattr(library, "files", lambda package: tmp_path)
    found = library.found.__wrapped__()
    assert found.kernels is None
    assert found.reason == "it was installed without a C++ compiler, or for another kind of system"


@needs_library
@pytest.mark.parametrize("wrong", ["x86-64-v9", "avx2", "x86-64-v"])
def test_an_unknown_instruction_set_is_refused_by_name(monkeypatch, wrong):
    monkeypatch.setenv(library.CHOSEN_SET, wrong)
    with pytest.raises(KernelError, match=f"THROUGHTIME_INSTRUCTION_SET names .* one of x86-64-v4, .*: got '{wrong}'"):
        library.found.__wrapped__()


@needs_library
def test_an_instruction_set_can_be_chosen():
    ran = look(**{library.CHOSEN_SET: "x86-64-v2"})
    assert ran.stdout.splitlines() == ["False 'x86-64-v2'", ""], ran.stderr


@needs_library
@pytest.mark.parametrize("name", EVERY_SET)
def test_kernels_say_which_they_are(monkeypatch, name):
    monkeypatch.setenv(library.CHOSEN_SET, name)
    found = library.found.__wrapped__()
    assert (found.name, found.kernels.name.decode()) == (name, name)
    assert found.kernels.vector_bytes == {"x86-64-v2": 16, "x86-64-v3": 32, "x86-64-v4": 64}[name]


@needs_library
def test_the_best_instruction_set_is_chosen(monkeypatch):
    monkeypatch.delenv(library.CHOSEN_SET, raising=False)
    here = [p.values[0] for p in EVERY_SET if not p.marks[0].args[0]]
    assert library.found.__wrapped__().name == max(here)
