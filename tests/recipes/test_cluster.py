"""Trials on a Dask cluster give what they give here, whichever worker dies, and whatever is wrong is said in a line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from throughtime.base.errors import Notice
from throughtime.cli import main
from throughtime.recipes import cluster
from throughtime.recipes.lab import lab
from throughtime.recipes.trials import run_trials, trials_on

ROOT = Path(__file__).parents[2]
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
# Loopback alone, Dask's page of statistics too.
LOCAL = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
# A worker imports torch before its first trial, while other tests keep all cores busy.
PATIENCE_S = 90


class Processes:
    """A scheduler and workers, each a process of its own.

    Args:
        folder: for the scheduler's file, logs, and what workers spill.
        failures: how many workers may die under a trial before Dask gives it up.
    """

    def __init__(self, folder: Path, failures: int, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._env = os.environ | {
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(failures),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
            "OMP_NUM_THREADS": "1",
        }
        self.file = folder / "scheduler.json"
        # Should this process be killed, they end by themselves.
        self._start("scheduler", "--port", "0", "--scheduler-file", str(self.file), "--idle-timeout", "300 s")
        self.backend = f"dask:{self.file}"

    def worker(self) -> None:
        """One more."""
        found = "--scheduler-file", str(self.file), "--local-directory", str(self._folder), "--death-timeout", "60 s"
        self._start("worker", *found, "--no-nanny", "--nthreads", "1")

    def _start(self, kind: str, *words: str) -> None:
        log = self._stack.enter_context((self._folder / f"{kind}.log").open("ab"))
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *LOCAL, *words]
        child = subprocess.Popen(command, stdout=log, stderr=log, env=self._env, cwd=self._folder)
        self._stack.callback(_end, child)
        while kind == "scheduler" and not self.file.exists():
            assert child.poll() is None, (self._folder / "scheduler.log").read_text(encoding="utf-8")
            time.sleep(0.05)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, int], Processes]]:
    """Start a scheduler that lets a trial fail so often, and so many workers."""
    monkeypatch.setattr(cluster, "WORKERS_S", PATIENCE_S)
    (tmp_path / "cluster").mkdir()
    with ExitStack() as stack:

        def start(failures: int, workers: int) -> Processes:
            made = Processes(tmp_path / "cluster", failures, stack)
            for _ in range(workers):
                made.worker()
            return made

        yield start


def draw(number: int) -> tuple[list[float], int]:
    """From torch's one generator, as the networks of a study do; and with how many threads."""
    torch.manual_seed(number)
    time.sleep(0.02)  # another trial in this process would draw meanwhile
    return torch.randn(50).cumsum(0).tolist(), torch.get_num_threads()


def deadly(folder: Path, victim: int, number: int) -> tuple[list[float], int]:
    """As `draw`, but the victim's worker is killed the first time."""
    (folder / f"{number}-{os.getpid()}").touch()
    if number == victim and len(list(folder.glob(f"{number}-*"))) == 1:
        os.kill(os.getpid(), KILL)
    return draw(number)


def test_a_study_and_a_killed_worker(processes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backend = processes(1, 2).backend
    here = lab("stateless", seeds=2, short=True, progress=False)
    with no_waiting_said(), pytest.raises(SystemExit) as left:
        main(["lab", "stateless", "--seeds", "2", "--short", "--json", "--backend", backend])
    out, err = capsys.readouterr()
    assert (left.value.code, err) == (0, "")
    assert without_seconds(json.loads(out)) == without_seconds(json.loads(here.to_json()))

    marks = tmp_path / "marks"
    marks.mkdir()
    with trials_on(backend):
        found = run_trials([partial(deadly, marks, 3, number) for number in range(12)], progress=False)
    assert found == run_trials([partial(draw, number) for number in range(12)], progress=False, here=True)
    assert len({mark.name.partition("-")[2] for mark in marks.glob("3-*")}) == 2
    assert len({mark.name.partition("-")[2] for mark in marks.iterdir()}) == 2


@contextmanager
def no_waiting_said() -> Iterator[None]:
    """Workers may still be starting, or not."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*has no workers: waiting", category=Notice)
        yield


def without_seconds(found: Any) -> Any:
    """Everything but how long it took."""
    if isinstance(found, dict):
        return {key: without_seconds(value) for key, value in found.items() if "seconds" not in key}
    return [without_seconds(value) for value in found] if isinstance(found, list) else found
