"""How well does SequenceGenerator, with its default settings, tell the next point of a pen?

    omniglot, short_kanji    characters as strokes, in the parts that Ha & Eck (2017) made

Negative log-likelihood of a point in nats, a density in the data's own units, the mean over all test points but each
sequence's first; the part that validates chooses the epoch. Beside it a mixture of as many normals without memory, each
with its own chances for the pen, fitted to the points that train.

Data: THROUGHTIME_DATA, a folder as `throughtime data get` leaves it. Trainings run one thread each.

python -m benchmarks.handwriting [NAME ...]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.data.strokes import Strokes, read_strokes
from throughtime.nn.heads.strokes import ENDS, LEAST_SPREAD, PEN_STATES
from throughtime.recipes.trials import run_trials
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.stroke_medium import COMPONENTS
from throughtime.tasks.strokes import scale_of

NAMES, SEEDS = ("omniglot", "short_kanji"), 3


def read(name: str, folder: Path) -> dict[str, list[Strokes]]:
    """Sequences by part."""
    return read_strokes(folder / "handwriting_strokes" / f"{name}.npz")[0]


def trial(name: str, folder: Path, seed: int) -> dict[str, Any]:
    """One training: what it makes of the test part."""
    parts, began = read(name, folder), time.perf_counter()
    model = SequenceGenerator(emission="strokes", validation=parts["valid"], seed=seed, progress=False)
    model.fit(parts["train"])
    seconds = time.perf_counter() - began
    return {"nats": model.score(parts["test"]), "seconds": seconds, "epoch": model.best_epoch_}


def points(strokes: list[Strokes]) -> NDArray[np.float64]:
    """All points but each sequence's first, [N, 3], the pen's state with the end."""
    ended = [np.concatenate([each[:-1], [[*each[-1, :2], ENDS]]]) for each in strokes]
    return np.concatenate([each[1:] for each in ended])


def mixture(train: list[Strokes], test: list[Strokes]) -> float:
    """Nats a point where nothing is remembered."""
    known, asked = points(train), points(test)
    least = (LEAST_SPREAD * scale_of(train)) ** 2
    model = GaussianMixture(COMPONENTS, reg_covar=least, random_state=0).fit(known[:, :2])
    pen = np.eye(PEN_STATES)[known[:, 2].astype(int)]
    chances = model.predict_proba(known[:, :2]).T @ pen + 1
    chances /= chances.sum(1, keepdims=True)
    shares = model.predict_proba(asked[:, :2])
    of_pen = np.log((shares @ chances)[np.arange(len(asked)), asked[:, 2].astype(int)])
    return -float(np.mean(model.score_samples(asked[:, :2]) + of_pen))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "handwriting.jsonl")
    options = parser.parse_args()
    folder = os.environ.get("THROUGHTIME_DATA")
    if not folder or not Path(folder).is_dir():
        print("Data is read from THROUGHTIME_DATA, and it is not there: nothing was measured.")
        return 1
    where = provenance()
    for name in options.names or NAMES:
        began, parts = time.perf_counter(), read(name, Path(folder))
        trials = [partial(trial, name, Path(folder), seed) for seed in range(options.seeds)]
        found = run_trials(trials, sys.stderr.isatty())
        nats = [each["nats"] for each in found]
        row = {
            "name": name,
            "nats": float(np.mean(nats)),
            "deviation": float(np.std(nats, ddof=1)) if len(nats) > 1 else 0.0,
            "mixture": mixture(parts["train"], parts["test"]),
            "raw": found,
            "seconds": time.perf_counter() - began,
        }
        print(
            f"{name}: {row['nats']:.3f} ± {row['deviation']:.3f} nats a point, a mixture without memory "
            f"{row['mixture']:.3f}; {row['seconds']:.0f} s",
            flush=True,
        )
        if names_its_code(str(where["commit"])):
            store(options.results, {"question": f"handwriting: {name}", **where, **row})
    return 0


if __name__ == "__main__":
    sys.exit(main())
