"""Does a training of several processes, one of which is killed at random moments, end as if none had been?

    torchrun --nproc-per-node 2 --max-restarts N -m throughtime train weather --out {run} ...

runs unbroken once. Then it runs again and again while SIGKILL takes one of its ranks, drawn at random, after a random
time: torchrun ends the other rank and starts both anew, and they go on from the newest checkpoint; until all kills are
spent and the last run has ended. What counts as a failure, and what is stored, is as in `torture`.

The table is made here: seven noisy weekly series of unequal length, some shorter than the schedule's longest.

python -m benchmarks.torture_ranks --kills 50
"""

from __future__ import annotations

import argparse
import datetime
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.rows import commit_here, names_its_code, provenance, store
from benchmarks.torture import RESULTS, Tally, Unbroken, compare, contents, files_of

RANKS, SERIES = 2, 7
SETTINGS = ("id=station", "batch_size=4", "hidden_size=16", "checkpoint_every_s=0.02", "patience=100")


def write_table(path: Path) -> None:
    """Load and wind of several stations, a row a day."""
    draw = np.random.default_rng(0)
    lines = ["station,date,load,wind"]
    for k in range(SERIES):
        for day in range(200 + 37 * k):
            load = np.sin(2 * np.pi * day / 7 + k) + 0.1 * draw.normal()
            date = datetime.date(2020, 1, 1) + datetime.timedelta(days=day)
            lines.append(f"s{k},{date},{load:.4f},{draw.normal():.4f}")
    path.write_text("\n".join(lines) + "\n")


class Together:
    """A training under torchrun, in a session of its own.

    Args:
        run: its folder.
        table: the CSV file.
        epochs: of the training.
        restarts: how often torchrun may start its processes anew.
    """

    def __init__(self, run: Path, table: Path, epochs: int, restarts: int) -> None:
        train = ["-m", "throughtime", "train", "weather", "--data", str(table), "--out", str(run), "--tbptt", "20,50"]
        settings = [word for pair in (*SETTINGS, f"epochs={epochs}") for word in ("--set", pair)]
        launch = ["--standalone", "--local-addr=127.0.0.1", f"--nproc-per-node={RANKS}", f"--max-restarts={restarts}"]
        words = [sys.executable, "-m", "torch.distributed.run", *launch, *train, *settings]
        self.log = run.with_suffix(".log")
        environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
        with open(self.log, "ab") as output:
            self._process = subprocess.Popen(
                words, stdout=output, stderr=output, env=environment, start_new_session=True
            )

    def wait(self, seconds: float | None) -> int | None:
        """Its exit code; None when it still runs after `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def ranks(self) -> list[int]:
        """The processes that train now."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        found: list[int] = []
        for task in tasks:
            with suppress(OSError):
                found += [int(word) for word in task.read_text().split()]
        return sorted(found)

    def end(self) -> None:
        """End all of it, whatever state it is in."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for rank in self.ranks():
            with suppress(ProcessLookupError):
                os.kill(rank, signal.SIGKILL)
        self._process.wait()


def kill_one(training: Together, draw: random.Random) -> bool:
    """SIGKILL one of the ranks; whether there was one."""
    ranks = training.ranks()
    if not ranks:
        return False
    with suppress(ProcessLookupError):
        os.kill(draw.choice(ranks), signal.SIGKILL)
        return True
    return False


def newest_checkpoint(run: Path) -> int:
    """Updates in it; 0 where there is none."""
    names = sorted((run / "checkpoints").glob("[0-9]*.safetensors")) if run.exists() else []
    return int(names[-1].stem) if names else 0


def torture(folder: Path, kills: int, seed: int, epochs: int) -> tuple[Tally, Unbroken]:
    """Kill ranks until the kills are spent and the last run has ended; every run must equal the unbroken one."""
    table = folder / "table.csv"
    write_table(table)
    expected = run_unbroken(folder / "unbroken", table, epochs)
    draw, tally = random.Random(seed), Tally()
    while tally.kills < kills:
        run, tally.runs = folder / f"run-{tally.runs}", tally.runs + 1
        training = Together(run, table, epochs, restarts=kills)
        try:
            killed_run(training, run, expected, draw, tally, kills)
        finally:
            training.end()
    return tally, expected


def killed_run(
    training: Together, run: Path, expected: Unbroken, draw: random.Random, tally: Tally, kills: int
) -> None:
    """One training, its ranks killed now and then, until it ends by itself."""
    code, last = None, None
    while code is None:
        # A start and its training take about as long as the unbroken run's: most kills fall into it, some before.
        code = training.wait(draw.uniform(0.2, 1.0) * expected.seconds if tally.kills < kills else None)
        if code is None and kill_one(training, draw):
            tally.kills += 1
            tally.resumes += 1
            last = newest_checkpoint(run)
            tally.updates_in_checkpoint_at_kill.append(last)
            tally.mid_training_resumes += 0 < last < len(expected.events)
    if code != 0:
        tally.failed += 1
        print(training.log.read_text()[-4000:], file=sys.stderr)
    else:
        compare(run, expected, tally)


def run_unbroken(run: Path, table: Path, epochs: int) -> Unbroken:
    """The run that all others must equal."""
    began = time.perf_counter()
    training = Together(run, table, epochs, restarts=0)
    try:
        code = training.wait(None)
    finally:
        training.end()
    if code != 0:
        said = training.log.read_text()
        raise SystemExit(f"The training fails even when nobody kills it (exit code {code}):\n{said}")
    return Unbroken(*contents(run), files_of(run), time.perf_counter() - began)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills, and who is killed")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the row is added")
    parser.add_argument("--allow-dirty", action="store_true", help="store the row of a tree with changes too")
    options = parser.parse_args(words)
    began, commit = time.perf_counter(), commit_here()
    folder = Path(tempfile.mkdtemp(prefix="torture-ranks-"))
    try:
        tally, expected = torture(folder, options.kills, options.seed, options.epochs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = round(time.perf_counter() - began, 1)
    if options.allow_dirty or names_its_code(commit):
        row = {
            "question": f"does a training of {RANKS} ranks, one of them killed, go on bit by bit",
            **provenance(),
            "commit": commit,
            "ranks": RANKS,
            "seed": options.seed,
            "updates_per_run": len(expected.events),
            "unbroken_seconds": round(expected.seconds, 3),
            **asdict(tally),
            "seconds": seconds,
        }
        store(options.results, row)
    else:
        print(f"The row is not stored: its commit would be {commit}. Commit first, or pass --allow-dirty.")
    print(
        f"{tally.kills} kills of a rank, {tally.mid_training_resumes} in the middle of the training, {tally.runs} runs "
        f"of {len(expected.events)} updates: {tally.mismatches} mismatches, {tally.strays} stray files, {tally.failed} "
        f"failed; {seconds} s"
    )
    return 0 if tally.clean else 1


if __name__ == "__main__":
    sys.exit(main())
