"""Independent trials (methods, seeds, settings) on all cores or on a cluster, each with one thread."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

import torch
from joblib import Parallel, delayed, parallel_config
from joblib.parallel import get_active_backend
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from threadpoolctl import threadpool_limits

from throughtime.base.errors import ConfigError, Notice, say_once
from throughtime.recipes.cluster import connected, run_on

Result = TypeVar("Result")


# Trials draw from torch's one generator and have its threads set: in a process of many threads they take turns.
_TURN = threading.RLock()


@contextmanager
def trials_on(backend: str | None) -> Iterator[None]:
    """Where `run_trials` runs them meanwhile.

    Args:
        backend: "processes" for this machine's; "dask:ADDRESS" for a Dask cluster by its scheduler's address or file;
            "dask" for the one that is configured, see `cluster.connected`; None for what `joblib.parallel_config` set,
            this machine's processes where it set nothing.

    Raises:
        ConfigError: none of these, Dask is not installed, or no scheduler is named.
        FileMissingError, ClusterError: see `cluster.connected`.
    """
    name, _, address = ("" if backend is None else backend).partition(":")
    if backend is None:
        yield
    elif backend == "processes":
        with parallel_config("loky"):
            yield
    elif name == "dask" and backend != "dask:":
        with connected(address or None) as client, parallel_config("dask", client=client):
            yield
    else:
        raise ConfigError(
            f"Trials run on processes, dask or dask:ADDRESS; {backend!r} came. Name one of them, such as "
            "dask:tcp://host:8786."
        )


def run_trials(trials: Sequence[Callable[[], Result]], progress: bool, *, here: bool = False) -> list[Result]:
    """Run the trials on all cores, one thread each; what several of them have to say is said once.

    `trials_on` and `joblib.parallel_config` send them elsewhere; results are the same wherever they run.

    Args:
        trials: functions that a process can be sent (a module's own, or partials of them).
        progress: whether to show on standard error how many are done.
        here: one after another in this process, unless they are sent elsewhere: seconds of work are done before other
            processes have started.

    Returns:
        Their results, in the order of the trials.
    """
    done: dict[int, Result] = {}
    with (
        Progress(*_shown(), console=Console(stderr=True), disable=not progress, transient=True) as bar,
        _started(trials, here) as results,
    ):
        for place, result, notices in bar.track(results, total=len(trials), description="trials"):
            done[place] = result
            for notice in notices:
                say_once(f"a trial: {notice}", notice)
    return [done[place] for place in range(len(trials))]


@contextmanager
def _started(trials: Sequence[Callable[[], Result]], here: bool) -> Iterator[Iterator[tuple[int, Result, list[str]]]]:
    """Places, results and notices as trials end; also where we are interrupted, nothing of them is left."""
    backend, jobs = get_active_backend()
    client = getattr(backend, "client", None)  # Dask's
    if client is not None:
        with closing(run_on(client, _alone, trials)) as results:
            yield results
        return
    calls = (delayed(_alone)(place, trial) for place, trial in enumerate(trials))
    if not backend.supports_inner_max_num_threads:  # somebody's choice, and not joblib's own processes
        yield iter(Parallel(return_as="generator_unordered" if backend.supports_return_generator else "list")(calls))
        return
    if here or jobs is None:
        jobs = 1 if here else min(os.cpu_count() or 1, len(trials))
    with parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
        with _without_interrupts():
            results = Parallel(return_as="generator_unordered")(calls)
        with closing(results):  # the workers end with us
            yield results


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C waits, and processes started meanwhile never hear it: who started them ends them.

    A terminal sends it to all of them, and one that is still importing would answer with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch, as many as before afterwards.

    Steps of one row hold too little work to share: on two cores a second thread makes them slower. And a run resumed on
    another machine repeats its losses bit by bit only with equal threads.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _shown() -> tuple[ProgressColumn, ...]:
    """Trials done, the time they took, and the time the others will take."""
    left = TextColumn("left"), TimeRemainingColumn()
    return TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), *left


def _alone(place: int, trial: Callable[[], Result]) -> tuple[int, Result, list[str]]:
    """A trial, and its notices: a worker's own standard error would give them once for each worker."""
    with _TURN, threadpool_limits(1), one_thread(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Notice)
        done = trial()
    for entry in caught:
        if not issubclass(entry.category, Notice):
            warnings.warn_explicit(entry.message, entry.category, entry.filename, entry.lineno)
    return place, done, [str(entry.message) for entry in caught if issubclass(entry.category, Notice)]
