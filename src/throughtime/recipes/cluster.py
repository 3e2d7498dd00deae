"""Trials on a Dask cluster: found, checked to be like this machine, and watched until the last result is here.

A trial is a function of its seed, so that one whose worker died runs again on another and gives the same. What could
make it give something else is checked: other sources or versions are refused, other processors are said.

Dask's own client does the work, and not joblib's backend on top of it, which waits for ever for a trial that Dask has
given up.
"""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import cache, partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from platform import python_version_tuple
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import torch

import throughtime
from throughtime.base.errors import ClusterError, ConfigError, FileMissingError, notices_heard_afresh, say_once
from throughtime.kernels.cpu import library

if TYPE_CHECKING:
    from distributed import Client

Result = TypeVar("Result")
Trial = Callable[[], Any]

# Seconds. A scheduler answers in milliseconds; one that is busy, or far away, in a few seconds.
CONNECT_S = 10.0
# Workers may be starting, and import torch from a disk that all of them share.
WORKERS_S = 60.0
# How often somebody who waits for a result looks whether there still are workers.
LOOK_S = 2.0
# What computes, beside throughtime itself.
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "polars")
START = "Start some: dask worker {} --nthreads 1 --nworkers CORES"


@contextmanager
def connected(address: str | None) -> Iterator[Client]:
    """A client of the cluster, whose workers have been checked; closed afterwards, if it was opened here.

    Args:
        address: of the scheduler, such as "tcp://host:8786", or the file it wrote; None: the client this process
            already has, or else the scheduler that Dask's configuration names, DASK_SCHEDULER_ADDRESS first of all.

    Raises:
        ConfigError: Dask is not installed, or no scheduler is named anywhere.
        FileMissingError: no such scheduler file.
        ClusterError: the scheduler cannot be reached, has no workers, or those are not like this machine.
    """
    try:
        import dask
        import distributed
    except ImportError:
        raise ConfigError(
            "Trials run on a cluster through Dask, which is not installed here. Install it, on every machine of the "
            "cluster too: pip install 'throughtime[dask]'"
        ) from None
    if address is None:
        try:
            client = distributed.default_client()
        except ValueError:  # there is none
            address = dask.config.get("scheduler-address", None)
        else:
            check(client)
            yield client
            return
    if address is None:
        raise ConfigError(
            "A cluster is found by its scheduler: none was named. Write its address, such as dask:tcp://host:8786, or "
            "set DASK_SCHEDULER_ADDRESS. Without a cluster, this machine's processes run as many trials."
        )
    with _quiet():
        client = _client(_address_in(address))
        try:
            check(client)
            yield client
        finally:
            client.close(timeout=CONNECT_S)


def check(client: Client) -> None:
    """Wait until there are workers, and hold what scheduler and workers run against what this process runs.

    Raises:
        ClusterError: no workers within `WORKERS_S`, or sources or versions that are not those of this process.
    """
    watch = _Watch(client)
    while not watch.workers():
        time.sleep(0.1)
    _refuse_others(_where(client), {"scheduler": _on_scheduler(client)})
    found = client.run(_here, on_error="return")
    _refuse_others(_where(client), {f"worker {name}": one for name, one in found.items()})
    processors = {one["processor"] for one in found.values()} | {_here()["processor"]}
    if len(processors) > 1:
        say_once(
            f"processors of {_where(client)}",
            f"Processors differ, and results with them in their last digits, by where a trial runs: "
            f"{'; '.join(sorted(processors))}.",
        )
    crowded = {name: cores for name, cores in client.ncores().items() if cores > 1}
    if crowded:
        name, cores = next(iter(crowded.items()))
        say_once(
            f"threads of {_where(client)}",
            f"A trial has a process for itself: of the {cores} threads of worker {name} one will work at a time. Start "
            f"workers with --nthreads 1 --nworkers {cores} to use them all.",
        )


def run_on(client: Client, run: Callable[[int, Trial], Result], trials: Sequence[Trial]) -> Generator[Result]:
    """`run(place, trial)` of every trial on the cluster, as they end. Whoever closes the iterator cancels the others.

    Args:
        client: of the cluster.
        run: a module's own function.
        trials: what a process can be sent, as `run`.

    Raises:
        ClusterError: workers or the scheduler are gone for good, a worker is not like this process, or a trial ended
            one worker after the other.
    """
    import distributed

    called = uuid4().hex
    keys = [f"trial-{called}-{place:06d}" for place in range(len(trials))]  # in this order
    job = partial(_on_worker, _here()["environment"], run)
    with warnings.catch_warnings():
        # What all trials share is sent once with them, and it is the user's table: there is no other way to load it.
        warnings.filterwarnings("ignore", message="Sending large graph", category=UserWarning)
        futures = client.map(job, range(len(trials)), list(trials), key=keys, pure=False)
    # A result that was fetched is let go: kept, it would be made again when the worker that has it dies.
    waiting = dict(zip(keys, futures, strict=True))
    del futures
    ended: SimpleQueue[Any] = SimpleQueue()
    for key in keys:
        waiting[key].add_done_callback(ended.put)
    watch = _Watch(client)
    try:
        while waiting:
            try:
                key = ended.get(timeout=LOOK_S).key
            except Empty:
                watch.workers()
                continue
            yield _fetched(waiting.pop(key), watch)
    except distributed.KilledWorker as error:
        raise ClusterError(
            f"A trial must leave its worker alive: {error.task} was tried again on one worker after another, and all "
            f"{error.allowed_failures + 1} died, the last of them {error.last_worker.address}. Look into its log; most "
            "often its memory ran out: give it more, or run fewer workers on a machine."
        ) from None
    except CancelledError as error:
        raise ClusterError(
            f"A cluster must keep its scheduler until the last trial: that at {_where(client)} is gone, or gave the "
            f"trials up ({error}). Look into its log, and start again."
        ) from None
    finally:
        if waiting and client.status == "running":
            client.cancel(list(waiting.values()))


class _Watch:
    """Says when a cluster has lost its workers, and gives up when they do not come back."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._since: float | None = None

    def workers(self) -> bool:
        """Whether there are any."""
        if self._client.status == "closed":
            where = _where(self._client)
            raise ClusterError(f"Trials need their scheduler: that at {where} is gone. Look into its log, start again.")
        if self._client.status != "running":  # it looks for its scheduler, and closes if there is none
            return False
        if self._client.ncores():
            self._since = None
            return True
        where = _where(self._client)
        if self._since is None:
            self._since = time.monotonic()
            say_once(
                f"no workers at {where}",
                f"The scheduler at {where} has no workers: waiting {WORKERS_S:g} s for one. {START.format(where)}",
            )
        if time.monotonic() - self._since > WORKERS_S:
            raise ClusterError(
                f"Trials need workers: the scheduler at {where} has had none for {WORKERS_S:g} s. {START.format(where)}"
            )
        return False


def _client(address: str) -> Client:
    import distributed

    try:
        return distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise ClusterError(
            f"A scheduler must answer within {CONNECT_S:g} s: {address} did not ({reason}). Start it there: dask "
            "scheduler; or correct the address."
        ) from None


def _address_in(text: str) -> str:
    """An address, or the one that stands in a scheduler's file."""
    if not text.endswith(".json") and not Path(text).is_file():
        return text
    try:
        return json.loads(Path(text).read_text(encoding="utf-8"))["address"]
    except FileNotFoundError:
        raise FileMissingError(
            f"A scheduler's file is written by `dask scheduler --scheduler-file`: there is no {text}. Start the "
            "scheduler first, on a disk that this machine sees."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"A scheduler's file is JSON with its `address`: {text} is not. Name the file that `dask scheduler "
            "--scheduler-file` wrote."
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask's client logs each of its tries on standard error; what a user can do is said in one line."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "distributed.comm")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _where(client: Client) -> str:
    return client.scheduler.address


def _fetched(future: Any, watch: _Watch) -> Any:
    """What a trial came to; where its worker died with it, it is made again meanwhile."""
    while True:
        try:
            return future.result(timeout=LOOK_S)
        except TimeoutError:
            if future.status == "error":  # the trial's own
                raise
            watch.workers()


def _on_scheduler(client: Client) -> Any:
    """What the scheduler runs: trials pass through it, and it must know what they are made of."""
    try:
        return client.run_on_scheduler(_here)
    except Exception as error:
        return error


@cache
def _here() -> dict[str, Any]:
    """What this process computes with: `environment` must be equal everywhere, `processor` should be."""
    sources = sha256()
    root = Path(throughtime.__file__).parent
    for file in sorted(root.rglob("*.py")):
        sources.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes().replace(b"\r\n", b"\n"))
    environment = {
        "throughtime": f"{throughtime.__version__} with sources {sources.hexdigest()[:12]}",
        "Python": ".".join(python_version_tuple()[:2]),
        # A build for another device (+cpu) computes the same on the processor.
        **{name: version(name).partition("+")[0] for name in PACKAGES},
    }
    kernels = library.found()
    own = kernels.name if kernels.kernels is not None else "none"
    return {
        "environment": environment,
        "processor": f"cpu kernel {own}, torch with {torch.backends.cpu.get_cpu_capability()}",
    }


def _refuse_others(where: str, found: Mapping[str, Any]) -> None:
    """Raise where somebody's environment is not that of this process, or could not be told."""
    ours = _here()["environment"]
    for name, one in found.items():
        if isinstance(one, Exception):
            raise ClusterError(
                f"Everybody in a cluster runs the same throughtime: the {name} at {where} could not say which it has "
                f"({type(one).__name__}: {one}). Install it there as here: pip install 'throughtime[dask]'"
            )
        _refuse_other(name, one["environment"], ours)


def _refuse_other(name: str, theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    differing = [f"{package} {theirs.get(package)}, here {ours[package]}" for package in ours]
    differing = [words for words, package in zip(differing, ours, strict=True) if theirs.get(package) != ours[package]]
    if differing:
        raise ClusterError(
            f"Everybody in a cluster runs the same, or results would depend on where a trial ran: the {name} has "
            f"{'; '.join(differing)}. Install the same there, and start it again."
        )


def _on_worker(ours: Mapping[str, str], run: Callable[[int, Trial], Result], place: int, trial: Trial) -> Result:
    """A trial on a worker: it may have come after the check, and have served others before."""
    import distributed

    _refuse_other(f"worker {distributed.get_worker().address}", _here()["environment"], ours)
    with notices_heard_afresh():
        return run(place, trial)
