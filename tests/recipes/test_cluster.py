"""Trials on a Dask cluster give what they give here, whichever worker dies, and whatever is wrong is said in a line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dask
import distributed
import joblib
import pytest
import torch

from throughtime.base.errors import (
    ClusterError,
    ConfigError,
    FileMissingError,
    Notice,
    forget_notices,
    say_once,
)
from throughtime.cli import main
from throughtime.recipes import cluster
from throughtime.recipes.lab import lab
from throughtime.recipes.reach import reach
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


def telling(number: int) -> int:
    say_once("something", "Something new.")  # once in a process, which outlives the command
    return number


def test_a_study_notices_and_a_killed_worker(processes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backend = processes(1, 2).backend
    here = lab("stateless", seeds=2, short=True, progress=False)
    with no_waiting_said(), pytest.raises(SystemExit) as left:
        main(["lab", "stateless", "--seeds", "2", "--short", "--json", "--backend", backend])
    out, err = capsys.readouterr()
    assert (left.value.code, err) == (0, "")
    assert without_seconds(json.loads(out)) == without_seconds(json.loads(here.to_json()))

    for _ in range(2):
        forget_notices()  # of this process, as a new command would
        with trials_on(backend), pytest.warns(Notice, match="Something new") as said:
            assert run_trials([partial(telling, number) for number in range(5)], progress=False) == [0, 1, 2, 3, 4]
        assert len(said) == 1

    marks = tmp_path / "marks"
    marks.mkdir()
    with trials_on(backend):
        found = run_trials([partial(deadly, marks, 3, number) for number in range(12)], progress=False)
    assert found == run_trials([partial(draw, number) for number in range(12)], progress=False, here=True)
    assert len({process(mark) for mark in marks.glob("3-*")}) == 2  # the victim was run again elsewhere
    assert len({process(mark) for mark in marks.iterdir()}) == 2


def process(mark: Path) -> str:
    return mark.name.partition("-")[2]


def always_deadly() -> None:
    os.kill(os.getpid(), KILL)


def test_workers_that_die_one_after_the_other(processes, monkeypatch: pytest.MonkeyPatch) -> None:
    started = processes(1, 2)
    with no_waiting_said(), trials_on(started.backend):
        with pytest.raises(ClusterError, match="A trial must leave its worker alive: .* all 2 died"):
            run_trials([always_deadly], progress=False)
        monkeypatch.setattr(cluster, "WORKERS_S", 0.5)
        monkeypatch.setattr(cluster, "LOOK_S", 0.2)
        with pytest.raises(ClusterError, match="Trials need workers: .* has had none for 0.5 s. Start some: "):
            run_trials([always_deadly], progress=False)
    forget_notices()
    with pytest.warns(Notice, match="has no workers: waiting 0.5 s for one. Start some"), pytest.raises(ClusterError):
        lab("stateless", short=True, progress=False, backend=started.backend)


@contextmanager
def in_this_process(folder: Path, threads: int = 1) -> Iterator[distributed.Client]:
    """A cluster of one worker, whose trials run in threads of this process; on loopback."""
    page = "127.0.0.1:0"
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=threads,
            processes=False,
            host="127.0.0.1",
            protocol="tcp",
            dashboard_address=page,
            worker_dashboard_address=page,
            local_directory=str(folder),
        ) as made,
        distributed.Client(made, set_as_default=False) as client,
    ):
        yield client


def test_a_worker_of_many_threads_is_advised_against_and_gives_the_same(tmp_path: Path) -> None:
    trials = [partial(draw, number) for number in range(6)]
    with in_this_process(tmp_path, threads=3) as client:
        backend = f"dask:{client.scheduler.address}"
        with pytest.warns(Notice, match="of the 3 threads of worker .* one will work at a time"), trials_on(backend):
            assert run_trials(trials, progress=False) == run_trials(trials, progress=False, here=True)
        # Who has joblib send its work to Dask has the trials sent too; nobody's client is closed.
        with joblib.parallel_config("dask", client=client):
            assert run_trials(trials, progress=False)[4] == draw(4)
        with client.as_current(), trials_on("dask"):
            assert run_trials(trials[:1], progress=False) == [draw(0)]
        assert client.status == "running"


def wrong(number: int) -> int:
    if number == 1:
        raise TimeoutError("Trial 1 came too late.")
    return number


def test_an_error_of_a_trial_is_its_own(tmp_path: Path) -> None:
    with in_this_process(tmp_path) as client, joblib.parallel_config("dask", client=client):
        with pytest.raises(TimeoutError, match="Trial 1 came too late."):
            run_trials([partial(wrong, number) for number in range(3)], progress=False)
        assert run_trials([partial(wrong, 0)], progress=False) == [0]
        assert run_trials([], progress=False) == []


def test_other_versions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = cluster._here()
    there = here | {"environment": here["environment"] | {"torch": "2.10.0"}}

    def told() -> dict[str, Any]:
        return here if threading.current_thread() is threading.main_thread() else there

    monkeypatch.setattr(cluster, "_here", told)
    with in_this_process(tmp_path) as client:
        expected = "Everybody in a cluster runs the same.* {} has torch 2.10.0, here 2"
        with pytest.raises(ClusterError, match=expected.format("the scheduler")):
            cluster.check(client)
        monkeypatch.setattr(cluster, "_on_scheduler", lambda client: here)
        with pytest.raises(ClusterError, match=expected.format("the worker tcp://127.0.0.1:[0-9]*")):
            cluster.check(client)
        with (
            joblib.parallel_config("dask", client=client),
            pytest.raises(ClusterError, match=expected.format("worker tcp:.*")),
        ):
            run_trials([partial(draw, 0)], progress=False)  # as if the worker had come later


def test_workers_without_throughtime_and_other_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = cluster._here()

    def told() -> dict[str, Any]:
        if threading.current_thread() is threading.main_thread():
            return here
        if missing:
            raise ModuleNotFoundError("No module named 'throughtime'")
        return here | {"processor": "cpu kernel none"}

    monkeypatch.setattr(cluster, "_here", told)
    with in_this_process(tmp_path) as client:
        missing = True
        with pytest.raises(ClusterError, match=r"scheduler at .* \(ModuleNotFoundError: .*pip install 'throu"):
            cluster.check(client)
        missing = False
        with pytest.warns(Notice, match="Processors differ, .* cpu kernel none; cpu kernel"):
            cluster.check(client)


def held(folder: Path, number: int) -> None:
    (folder / f"{number}").touch()
    while not (folder / "go").exists():
        time.sleep(0.02)


INTERRUPTED = """
import sys
from functools import partial
from pathlib import Path
from throughtime.recipes.trials import run_trials, trials_on
from tests.recipes.test_cluster import held
try:
    with trials_on(sys.argv[2]):
        run_trials([partial(held, Path(sys.argv[1]), number) for number in range(4)], progress=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals to a group are POSIX")
def test_an_interrupt_cancels_the_trials_without_a_word(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    with in_this_process(tmp_path) as client:
        words = [sys.executable, "-c", INTERRUPTED, str(marks), f"dask:{client.scheduler.address}"]
        env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
        child = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT, env=env
        )
        try:
            while not list(marks.iterdir()) and child.poll() is None:
                time.sleep(0.05)
            os.killpg(child.pid, signal.SIGINT)
            out, err = child.communicate(timeout=30)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, KILL)
            (marks / "go").touch()
        assert (out, err.strip(), child.returncode) == ("interrupted\n", "", 0)
        while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
            time.sleep(0.05)
    assert len(list(marks.iterdir())) == 2  # the trial that ran, and `go`


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    with socket.socket() as bound:  # and not listening: nobody else can
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(SystemExit) as left:
            main(["lab", "stateless", "--short", "--backend", f"dask:tcp://127.0.0.1:{port}"])
    out, err = capfd.readouterr()
    assert (left.value.code, out, err.count("\n")) == (1, "", 1), err
    assert f"A scheduler must answer within 0.5 s: tcp://127.0.0.1:{port} did not" in err


def test_without_dask_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"Dask, which is not installed here.*: pip install 'throughtime\[dask\]'"):
        lab("stateless", short=True, progress=False, backend="dask")


def test_who_names_no_scheduler() -> None:
    with (
        dask.config.set({"scheduler-address": None}),
        pytest.raises(ConfigError, match="none was named. Write its addr"),
    ):
        lab("stateless", short=True, progress=False, backend="dask")
    with (
        dask.config.set({"scheduler-address": "nonsense://"}),
        pytest.raises(ClusterError, match="nonsense:// did not"),
    ):
        lab("stateless", short=True, progress=False, backend="dask")


def test_scheduler_files_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    with (
        pytest.raises(FileMissingError, match="there is no .*scheduler.json. Start the scheduler first"),
        trials_on(f"dask:{file}"),
    ):
        pass
    for text in ("", "[]", '{"id": 1}'):
        file.write_text(text, encoding="utf-8")
        with (
            pytest.raises(ConfigError, match="JSON with its `address`: .*scheduler.json is not"),
            trials_on(f"dask:{file}"),
        ):
            pass


@pytest.mark.parametrize("name", ["", "dask:", "ray", "process"])
def test_other_backends_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"run on processes, dask or dask:ADDRESS; '{name}' came"):
        lab("stateless", short=True, progress=False, backend=name)


def test_a_reach_without_trials_takes_no_cluster() -> None:
    with pytest.raises(ConfigError, match="measured here, without trials: backend 'dask' came"):
        reach("weather", backend="dask")


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
