"""What a user of Darts or Keras gets, and one of throughtime: metric, seconds and lines of code.

    weather    Seattle's highest temperature tomorrow, all columns read; RMSE over the 365 days of 2015. Rivals: Darts'
               `BlockRNNModel` (LSTM) with its defaults, and made ready with care (`weather_darts_tuned.py` says how)
    italy      ItalyPowerDemand of the UCR archive, its own test part; accuracy. Rival: Keras on torch, an LSTM of 64
               units
    m4         M4's 359 weekly series, 13 weeks ahead; OWA. Rivals: Darts' `BlockRNNModel` (LSTM) over all series, with
               its defaults and made ready with care (`m4_darts.py` and `m4_darts_tuned.py` say how)

The scripts in `benchmarks/rivals` are the users; rivals have an environment apart. Each run is a process of its own;
sides take turns, seed by seed, on each number of threads, and a side's row is the number of threads on which it was
faster. Seconds include the imports a user waits for. Lines are those between a script's markers that are neither blank
nor comments.

python -m benchmarks.rivals_apart [weather | italy | m4 ...] [--env FOLDER]

Data of `italy` and `m4`: THROUGHTIME_DATA, a folder as its SOURCES.md describes it.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import statistics
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import ROOT, commit_here, names_its_code, provenance, store
from throughtime.data import read_ts

# Darts 0.48.1 divides by a day, which pandas 3 no longer does.
PINNED = ("torch==2.13.0", "darts[torch]==0.48.1", "keras==3.15.1", "pandas==2.3.3")
SCRIPTS = ROOT / "benchmarks" / "rivals"
WORK = ROOT / "build" / "rivals"
SAMPLE = ROOT / "src" / "throughtime" / "recipes" / "samples" / "seattle_weather.csv"
LIMIT_S = 900
OURS = "throughtime"


@dataclass(frozen=True)
class Question:
    """One task.

    Args:
        metric: its name.
        sides: scripts `TASK_SIDE.py`, ours among them.
    """

    metric: str
    sides: tuple[str, ...]


FOLDERS = {"italy": Path("ts_classification") / "ItalyPowerDemand", "m4": Path("m4_weekly")}
QUESTIONS = {
    "weather": Question("RMSE", (OURS, "darts", "darts_tuned")),
    "italy": Question("accuracy", (OURS, "keras")),
    "m4": Question("OWA", (OURS, "darts", "darts_tuned")),
}


def environment(folder: Path) -> Path:
    """The Python of the rivals' environment, which is made where it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"Installing {', '.join(PINNED)} in {folder}: some minutes.", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
    return python


def data_of(name: str) -> Path | None:
    """The file a task's scripts read; None where its data is not there."""
    if name == "weather":
        return SAMPLE
    folder = Path(os.environ.get("THROUGHTIME_DATA", "")) / FOLDERS[name]
    if not folder.is_dir():
        return None
    return _italy(folder) if name == "italy" else _m4(folder)


def _italy(folder: Path) -> Path:
    (train, labels), (test, truth) = (
        (np.stack(list(part[0])), np.array(list(part[1]), str))
        for part in (read_ts(folder / f"ItalyPowerDemand_{which}.ts.gz") for which in ("TRAIN", "TEST"))
    )
    file = WORK / "italy.npz"
    # [series, variables, steps], the rivals' order
    first, second = (each.reshape(len(each), each.shape[1], -1).transpose(0, 2, 1) for each in (train, test))
    np.savez(file, train=first, labels=labels, test=second, truth=truth)
    return file


def _m4(folder: Path) -> Path:
    """A long table of what trains, and beside it an .npz of the same and what came."""
    train, test = (_rows(folder / f"Weekly-{which}.csv.gz") for which in ("train", "test"))
    file = WORK / "m4.csv"
    with file.open("w", encoding="utf-8") as table:
        table.write("series,week,value\n")
        for number, values in enumerate(train.values(), 1):  # numbers have one order in all libraries
            table.writelines(f"{number},{week},{value!r}\n" for week, value in enumerate(values))
    histories = list(train.values())
    ends = np.cumsum([len(each) for each in histories])
    future = np.array([test[name] for name in train])
    np.savez(file.with_suffix(".npz"), history=np.concatenate(histories), ends=ends, future=future)
    return file


def _rows(file: Path) -> dict[str, list[float]]:
    """The values of each row by its first cell; empty cells end a row."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        return {name: [float(cell) for cell in cells if cell not in ("", "NA")] for name, *cells in rows}


def lines_of(script: Path) -> int:
    """Lines of the user's code in a script."""
    inside = script.read_text(encoding="utf-8").split("# user's code\n")[1].split("# end of user's code")[0]
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in inside.splitlines())


def once(python: Path | str, script: Path, data: Path, seed: int, threads: int) -> dict[str, Any]:
    """What a script's last line says, of one run in a process of its own."""
    ran = subprocess.run(
        [str(python), str(script), str(data), str(seed), str(threads)],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
        cwd=WORK,
        env={**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"},
    )
    if ran.returncode:
        raise SystemExit(f"{script.name} failed:\n{ran.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


def measure(name: str, python: Path, data: Path, seeds: int, threads: Sequence[int]) -> dict[str, Any]:
    """Every side's runs, taking turns; a side's row is that of its faster number of threads."""
    sides = QUESTIONS[name].sides
    found: dict[tuple[str, int], list[dict[str, Any]]] = {(side, each): [] for side in sides for each in threads}
    for seed in range(seeds):
        for side, each in found:
            which = sys.executable if side == OURS else python
            found[side, each].append(once(which, SCRIPTS / f"{name}_{side}.py", data, seed, each))
    if len({run["rows"] for runs in found.values() for run in runs}) > 1:
        raise SystemExit(f"All sides of {name} forecast the same rows: {found} came.")
    return {side: _row(name, side, {each: found[side, each] for each in threads}) for side in sides}


def _row(name: str, side: str, runs: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    best = min(runs, key=lambda each: statistics.mean(run["seconds"] for run in runs[each]))
    metrics, seconds = ([run[key] for run in runs[best]] for key in ("metric", "seconds"))
    return {
        "metric": statistics.mean(metrics),
        "deviation": statistics.stdev(metrics) if len(metrics) > 1 else None,
        "seconds": statistics.mean(seconds),
        "threads": best,
        "lines": lines_of(SCRIPTS / f"{name}_{side}.py"),
        "raw": runs[best],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(QUESTIONS))
    parser.add_argument("--env", type=Path, default=WORK / "env", help="an environment that has the rivals")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "rivals_apart.jsonl")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    python = environment(options.env.absolute())
    for name in options.names or QUESTIONS:
        data = data_of(name)
        if data is None:
            print(f"{name}: data is read from THROUGHTIME_DATA, and it is not there: not measured.")
            continue
        found = measure(name, python, data, options.seeds, options.threads)
        for side, row in found.items():
            words = f"{QUESTIONS[name].metric} {row['metric']:.3f}  {row['seconds']:.1f} s  {row['lines']} lines"
            print(f"{name:10}{side:14}{words}", flush=True)
        if names_its_code(commit_here()):
            question = f"throughtime beside its rivals, each as a user writes it: {name}"
            row = {"metric": QUESTIONS[name].metric, "seeds": options.seeds, "pinned": PINNED, "sides": found}
            store(options.results, {"question": question, **provenance(), **row})
    return 0


if __name__ == "__main__":
    sys.exit(main())
