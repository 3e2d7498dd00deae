"""Does a training that is killed at random moments go on as if it had never been?

A training runs unbroken once. Then it runs again and again, killed by SIGKILL after a random time, resumed, killed
again, until it ends; then the next one starts, until all kills are spent. Counted as failures:

    mismatch      an event (update, epoch, loss, counted, rate, gradient norm, validation), a weight of the last or best
                  epoch or of the model file differs from the unbroken run's in any bit
    unreadable    after a kill, a checkpoint is refused
    stray         after the resumed run has ended, its folder holds a file that the unbroken one does not
    failed        a run did not start again

    python -m benchmarks.torture --kills 200                what `throughtime train weather` and `resume` run, with
                                                            --set checkpoint_every_s=0.02
    python -m benchmarks.torture --kills 200 --job small    an LSTM with zoneout and dropout under TBPTT(3, 7), with a
                                                            checkpoint after every second update
    python -m benchmarks.torture --train "throughtime train weather --out {run}" --resume "throughtime resume {run}"

The jobs train in a fork of this process, which has imported what they need but computed nothing, so that a kill costs
no import and falls into the training; commands are started afresh. Checkpoints are dense, so that most kills find one
from the middle of the training; the row counts these resumes apart. It goes to results/torture.jsonl, unless it could
not name its commit: from a tree with changes it is stored with --allow-dirty only.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import torch
import torch._dynamo  # torch.optim imports it at its first step; here it is imported once for all forks
from torch import nn

import throughtime as tt
import throughtime.nn
from benchmarks.rows import ROOT, commit_here, names_its_code, provenance, store
from throughtime import cli
from throughtime.base import model_file
from throughtime.base.errors import ModelFileError
from throughtime.base.run_folder import RunFolder
from throughtime.train import Training, fit

# The training takes about a second, and unless told otherwise a checkpoint comes no sooner than after one.
DENSE = ("--set", "checkpoint_every_s=0.02")
RESULTS = ROOT / "benchmarks" / "results" / "torture.jsonl"
CHECKPOINT = re.compile(r"checkpoints/\d+\.safetensors")


def train_small(folder: Path) -> None:
    """Train a small network in a run folder, from wherever it stands; the result is a function of nothing else."""
    torch.set_num_threads(1)
    made = (folder / "run.toml").exists()
    with RunFolder.open(folder) if made else RunFolder.create(folder, {"job": "small"}) as run:
        torch.manual_seed(0)
        network = tt.Network(None, tt.LSTM(3, 8, zoneout=(0.1, 0.1)), nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 1)))
        training = Training(epochs=2, learning_rate=0.01, warmup_updates=5, seed=7, checkpoint_every_updates=2)
        fit(network, squared, Noise(), tt.TBPTT(3, 7), training, evaluate=bias_size, run=run, progress=False)
        model_file.save(folder / "model.safetensors", network.state_dict(), {"job": "small"})


def train_weather(folder: Path) -> None:
    """What the command line does for the shipped weather table; a run remembers its settings."""
    torch.set_num_threads(1)
    made = (folder / "run.toml").exists()
    cli.main(["resume", str(folder)] if made else ["train", "weather", "--out", str(folder), *DENSE])


class Noise:
    """Four ragged batches an epoch, a pure function of (epoch, index)."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, place: tuple[int, int]) -> tt.Piece:
        epoch, index = place
        generator = torch.Generator().manual_seed(100 * epoch + index)
        x = torch.randn(20, 4, 3, generator=generator)
        lengths = torch.tensor([20, 13, 7, 0]).roll(epoch)
        return tt.Piece(x, x.sum(-1, keepdim=True).cumsum(0), lengths=lengths)


def squared(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (output - target) ** 2


def bias_size(network: nn.Module) -> float:
    return float(network.head[1].bias.abs().sum())


JOBS = {"weather": train_weather, "small": train_small}


class Running(Protocol):
    """A training that was started."""

    def wait(self, seconds: float | None) -> int | None:
        """Its exit code; None when it still runs after `seconds`."""

    def kill(self) -> None:
        """SIGKILL it, and wait until it is gone."""


class Forked:
    """A function of the folder, in a fork of this process."""

    def __init__(self, work: Callable[[Path], None], folder: Path, log: Path) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=_logged, args=(work, folder, log))
        self._process.start()

    def wait(self, seconds: float | None) -> int | None:
        """Its exit code; None when it still runs after `seconds`."""
        self._process.join(seconds)
        return self._process.exitcode

    def kill(self) -> None:
        """SIGKILL it, and wait until it is gone."""
        self._process.kill()
        self._process.join()


class Command:
    """A command line in a session of its own, so that a kill takes all of it."""

    def __init__(self, words: list[str], log: Path) -> None:
        with open(log, "ab") as output:
            self._process = subprocess.Popen(words, stdout=output, stderr=output, start_new_session=True)

    def wait(self, seconds: float | None) -> int | None:
        """Its exit code; None when it still runs after `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """SIGKILL it and what it started, and wait until it is gone."""
        os.killpg(self._process.pid, 9)
        self._process.wait()


def _logged(work: Callable[[Path], None], folder: Path, log: Path) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    work(folder)


def starter(options: argparse.Namespace) -> Callable[[Path, Path], Running]:
    """How a training is started, or started again, in a folder."""
    if options.train is None:
        work = JOBS[options.job]
        if work is train_weather:
            importlib.import_module("throughtime.recipes.run")  # with all that it needs, once for all forks
        return lambda folder, log: Forked(work, folder, log)

    def command(folder: Path, log: Path) -> Running:
        template = options.resume if (folder / "run.toml").exists() else options.train
        return Command([word.format(run=folder) for word in shlex.split(template)], log)

    return command


@dataclass
class Tally:
    """What came of it."""

    kills: int = 0
    resumes: int = 0
    mid_training_resumes: int = 0
    runs: int = 0
    mismatches: int = 0
    unreadable: int = 0
    strays: int = 0
    failed: int = 0
    orphans_left_by_kills: int = 0
    updates_in_checkpoint_at_kill: list[int] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.mismatches or self.unreadable or self.strays or self.failed)


@dataclass(frozen=True)
class Unbroken:
    """What the training gives when nobody kills it."""

    events: list[tuple[object, ...]]
    weights: str
    files: set[str]
    seconds: float


def torture(start: Callable[[Path, Path], Running], folder: Path, kills: int, seed: int) -> tuple[Tally, Unbroken]:
    """Kill, resume and compare until the kills are spent and the last run has ended."""
    expected = run_unbroken(start, folder / "unbroken")
    draw, tally, run = random.Random(seed), Tally(), folder / "run-0"
    reach = expected.seconds / 2  # kills fall within so many seconds; adapted, for other work comes and goes
    while tally.kills < kills or run.exists():
        if not run.exists():
            tally.runs += 1
        elif tally.kills:
            tally.resumes += 1
            tally.mid_training_resumes += 0 < tally.updates_in_checkpoint_at_kill[-1] < len(expected.events)
        training = start(run, folder / f"{run.name}.log")
        code = training.wait(draw.uniform(0, reach) if tally.kills < kills else None)
        if code is None:
            training.kill()
            tally.kills += 1
            reach = min(1.1 * reach, expected.seconds)
            inspect_killed(run, tally)
            run.mkdir(exist_ok=True)  # killed before it made its folder: the next start counts as going on
            continue
        reach *= 0.7  # it ended first: about one start in four is to, then a run has some three kills
        if code != 0:
            tally.failed += 1
            print((folder / f"{run.name}.log").read_text()[-2000:], file=sys.stderr)
        else:
            compare(run, expected, tally)
        run = folder / f"run-{tally.runs}"
    return tally, expected


def run_unbroken(start: Callable[[Path, Path], Running], folder: Path) -> Unbroken:
    """The run that all others must equal."""
    log = folder.with_suffix(".log")
    began = time.perf_counter()
    code = start(folder, log).wait(None)
    seconds = time.perf_counter() - began
    if code != 0:
        raise SystemExit(f"The training fails even when nobody kills it (exit code {code}):\n{log.read_text()[-2000:]}")
    return Unbroken(*contents(folder), files_of(folder), seconds)


def contents(folder: Path) -> tuple[list[tuple[object, ...]], str]:
    """Every event without its time of day, and the digest of the final weights."""
    with RunFolder.read(folder) as run:
        events = [
            tuple(value for name, value in asdict(event).items() if name != "time") for event in run.events.rows()
        ]
        tree = run.newest_checkpoint()
    tensors, _ = model_file.load(folder / "model.safetensors")
    return events, model_file.digest({"last": tree["weights"], "best": tree["best"], "model": tensors})


def files_of(folder: Path) -> set[str]:
    """Everything in the folder; checkpoints count as one, for which updates have one may depend on the clock."""
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return {CHECKPOINT.sub("checkpoints/*.safetensors", name) for name in names}


def inspect_killed(run: Path, tally: Tally) -> None:
    """Look at what a kill left: temp files are allowed until the next start, damaged checkpoints never."""
    tally.orphans_left_by_kills += sum(name.endswith(".tmp") for name in files_of(run)) if run.exists() else 0
    checkpoints = sorted((run / "checkpoints").glob("[0-9]*.safetensors")) if run.exists() else []
    for path in checkpoints:
        try:
            model_file.load_tree(path)
        except ModelFileError as error:
            tally.unreadable += 1
            print(error, file=sys.stderr)
    tally.updates_in_checkpoint_at_kill.append(int(checkpoints[-1].stem) if checkpoints else 0)


def compare(run: Path, expected: Unbroken, tally: Tally) -> None:
    """Count what differs from the unbroken run."""
    events, weights = contents(run)
    tally.mismatches += sum(a != b for a, b in zip(events, expected.events, strict=False))
    tally.mismatches += abs(len(events) - len(expected.events)) + (weights != expected.weights)
    tally.strays += len(files_of(run) ^ expected.files)


def row(options: argparse.Namespace, commit: str, tally: Tally, expected: Unbroken) -> dict[str, object]:
    """What is stored: the question, the circumstances, the answer, the raw samples."""
    return {
        "question": "does a killed training resume bit by bit",
        "job": options.job if options.train is None else options.train,
        **provenance(),
        "commit": commit,
        "threads": 1 if options.train is None else "the command's own",
        "seed": options.seed,
        "updates_per_run": len(expected.events),
        "unbroken_seconds": round(expected.seconds, 3),
        **asdict(tally),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    parser.add_argument(
        "--job", choices=sorted(JOBS), default="weather", help="what to train, where --train is not given"
    )
    parser.add_argument("--train", help="a command that trains in the run folder {run}; needs --resume")
    parser.add_argument("--resume", help="the command that goes on in {run}")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the row is added")
    parser.add_argument("--allow-dirty", action="store_true", help="store the row of a tree with changes too")
    options = parser.parse_args()
    if (options.train is None) != (options.resume is None):
        parser.error("--train and --resume go together")
    torch.set_num_threads(1)
    began, commit = time.perf_counter(), commit_here()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        tally, expected = torture(starter(options), Path(folder), options.kills, options.seed)
    answer = row(options, commit, tally, expected) | {"seconds": round(time.perf_counter() - began, 1)}
    if options.allow_dirty or names_its_code(commit):
        store(options.results, answer)
    else:
        print(
            f"The row is not stored: its commit would be {commit}. Commit first, or pass --allow-dirty.",
            file=sys.stderr,
        )
    print(
        f"{tally.kills} kills, {tally.resumes} resumes ({tally.mid_training_resumes} from the middle of the training), "
        f"{tally.runs} runs of {len(expected.events)} updates: "
        f"{tally.mismatches} mismatches, {tally.unreadable} unreadable checkpoints, {tally.strays} stray files, "
        f"{tally.failed} failed starts; {tally.orphans_left_by_kills} temp files left by kills, all swept; "
        f"{answer['seconds']} s"
    )
    return 0 if tally.clean else 1


if __name__ == "__main__":
    sys.exit(main())
