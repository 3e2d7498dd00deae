"""Trials run on all cores give what they give alone, in order, and what they have to say is said once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import pytest
import torch
from joblib import parallel_config
from rich.progress import TimeElapsedColumn, TimeRemainingColumn

from throughtime.base.errors import Notice, forget_notices
from throughtime.recipes import trials
from throughtime.recipes.trials import one_thread, run_trials, trials_on


def squared(number: int) -> tuple[int, int, int]:
    return number**2, torch.get_num_threads(), os.getpid()


def test_results_come_in_the_order_of_the_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials.os, "cpu_count", lambda: 2)
    found = run_trials([partial(squared, number) for number in range(6)], progress=False)
    assert [square for square, _, _ in found] == [0, 1, 4, 9, 16, 25]
    assert {threads for _, threads, _ in found} == {1}
    assert os.getpid() not in {process for _, _, process in found}


def test_trials_run_here_where_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials.os, "cpu_count", lambda: 2)
    found = run_trials([partial(squared, number) for number in range(3)], progress=False, here=True)
    assert found == [(number**2, 1, os.getpid()) for number in range(3)]


@pytest.mark.parametrize("backend", ["threading", "sequential", "multiprocessing"])
def test_the_backend_that_joblib_was_told_is_taken(backend: str) -> None:
    trials = [partial(squared, number) for number in range(4)]
    with parallel_config(backend, n_jobs=2):
        found = run_trials(trials, progress=False)
    assert [(square, threads) for square, threads, _ in found] == [(number**2, 1) for number in range(4)]
    assert (os.getpid() in {process for _, _, process in found}) == (backend != "multiprocessing")


def test_as_many_processes_as_joblib_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials.os, "cpu_count", lambda: 1)
    with parallel_config("loky", n_jobs=2):
        found = run_trials([partial(squared, number) for number in range(2)], progress=False)
    assert os.getpid() not in {process for _, _, process in found}
    with parallel_config("threading", n_jobs=2), trials_on("processes"):
        found = run_trials([partial(squared, number) for number in range(2)], progress=False)
    assert os.getpid() not in {process for _, _, process in found}


def telling(number: int) -> int:
    warnings.warn("Something new.", Notice, stacklevel=1)
    warnings.warn(f"Something of trial {number}.", Notice, stacklevel=1)
    return number


@pytest.mark.parametrize("cores", [1, 2])
def test_what_trials_have_to_say_is_said_once(cores: int, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.setattr(trials.os, "cpu_count", lambda: cores)
    forget_notices()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        done = run_trials([partial(telling, number) for number in range(3)], progress=False)
    assert done == [0, 1, 2]
    assert sorted(str(entry.message) for entry in caught) == [
        "Something new.",
        *(f"Something of trial {number}." for number in range(3)),
    ]
    assert "Something" not in capfd.readouterr().err  # not a second time from a worker


def test_the_bar_shows_the_time_left() -> None:
    assert {TimeElapsedColumn, TimeRemainingColumn} <= {type(column) for column in trials._shown()}


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def waiting(folder: str, number: int) -> None:
    Path(folder, f"{number}-{os.getpid()}").touch()
    time.sleep(60)


INTERRUPTED = """
import sys
from functools import partial
from throughtime.recipes.trials import run_trials
from tests.recipes.test_trials import waiting
try:
    run_trials([partial(waiting, sys.argv[1], number) for number in range(2)], progress=False)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals to a group are POSIX")
def test_an_interrupt_ends_the_workers_without_a_word(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        while not (begun := list(tmp_path.iterdir())) and child.poll() is None:
            time.sleep(0.05)
        os.killpg(child.pid, signal.SIGINT)  # as a terminal sends it: to the workers too
        out, err = child.communicate(timeout=30)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
    assert (out, err, child.returncode) == ("interrupted\n", "", 0)
    for mark in begun:
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.name.partition("-")[2]), 0)
