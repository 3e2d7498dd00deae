"""Independent trials (methods, seeds, settings) on all cores, each with one thread."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

import torch
from joblib import Parallel, delayed, parallel_config
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

from throughtime.base.errors import Notice, say_once

Result = TypeVar("Result")


def run_trials(trials: Sequence[Callable[[], Result]], progress: bool, *, here: bool = False) -> list[Result]:
    """Run the trials on all cores, one thread each; what several of them have to say is said once.

    Args:
        trials: functions that a process can be sent (a module's own, or partials of them).
        progress: whether to show on standard error how many are done.
        here: one after another in this process: seconds of work are done before other processes have started.

    Returns:
        Their results, in the order of the trials.
    """
    done: dict[int, Result] = {}
    workers = 1 if here else min(os.cpu_count() or 1, len(trials))
    with (
        Progress(*_shown(), console=Console(stderr=True), disable=not progress, transient=True) as bar,
        parallel_config("loky", n_jobs=workers, inner_max_num_threads=1),
    ):
        with _without_interrupts():
            calls = (delayed(_alone)(k, trial) for k, trial in enumerate(trials))
            results = Parallel(return_as="generator_unordered")(calls)
        with closing(results):  # also where we are interrupted: the workers end with us
            for place, result, notices in bar.track(results, total=len(trials), description="trials"):
                done[place] = result
                for notice in notices:
                    say_once(f"a trial: {notice}", notice)
    return [done[place] for place in range(len(trials))]


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
    with one_thread(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Notice)
        done = trial()
    for entry in caught:
        if not issubclass(entry.category, Notice):
            warnings.warn_explicit(entry.message, entry.category, entry.filename, entry.lineno)
    return place, done, [str(entry.message) for entry in caught if issubclass(entry.category, Notice)]
