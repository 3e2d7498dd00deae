"""How well does SequenceGenerator, with its default settings, tell the next frame of polyphonic music?

    jsb, piano_midi, musedata    piano rolls in the parts that Boulanger-Lewandowski, Bengio & Vincent (2012) made

Negative log-likelihood of a frame in nats, summed over 88 keys, the mean over all test frames but a sequence's first;
the part that validates chooses the epoch. Beside it, fitted on the same part that trains: each key at its own rate, and
each key told from whether it was down a frame before (Markov). Keys that are told from those below them ("keys") are a
joint model, and are compared with such alone.

Data: THROUGHTIME_DATA, a folder as `throughtime data get` leaves it. Trainings run one thread each.

python -m benchmarks.music [NAME ...] [--emissions bernoulli keys] [--seeds N]
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
from scipy.io import loadmat

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.recipes.music.rivals import key_by_key
from throughtime.recipes.trials import run_trials
from throughtime.tasks import SequenceGenerator

KEYS, SEEDS = 88, 3
PARTS = ("train", "valid", "test")
FILES = {"jsb": "JSB_Chorales.npz", "piano_midi": "Piano_midi.npz", "musedata": "MuseData.mat"}
EMISSIONS = ("bernoulli", "keys")
# What others reached; who says so.
PUBLISHED = {
    ("jsb", "bernoulli"): "LSTM 8.45, TCN 8.10 (Bai et al. 2018)",
    ("jsb", "keys"): "RNN-NADE 5.56 (Boulanger-Lewandowski et al. 2012, recalled)",
    ("piano_midi", "keys"): "RNN-NADE 7.05 (the same, recalled)",
    ("musedata", "keys"): "RNN-NADE 5.60 (the same, recalled)",
}
ASKED = {("jsb", "bernoulli"): 8.45, ("jsb", "keys"): 7.0}

Rolls = list[NDArray[np.bool_]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FILES))
    parser.add_argument("--emissions", nargs="+", default=EMISSIONS, choices=EMISSIONS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "music.jsonl")
    options = parser.parse_args()
    folder = os.environ.get("THROUGHTIME_DATA")
    if not folder or not Path(folder).is_dir():
        print("Data is read from THROUGHTIME_DATA, and it is not there: nothing was measured.")
        return 1
    where = provenance()
    for name in options.names or FILES:
        for emission in options.emissions:
            began = time.perf_counter()
            trials = [partial(trial, name, Path(folder), emission, seed) for seed in range(options.seeds)]
            found = run_trials(trials, sys.stderr.isatty())
            row = {**summary(name, emission, Path(folder), found), "seconds": time.perf_counter() - began}
            print(words(row), flush=True)
            if names_its_code(str(where["commit"])):
                store(options.results, {"question": f"music: {name}, {emission}", **where, **row, "raw": found})
    return 0


def read(name: str, folder: Path) -> dict[str, Rolls]:
    """Sequences of frames [T, 88] by part."""
    path = folder / "music_polyphonic" / FILES[name]
    if path.suffix == ".mat":
        found = loadmat(str(path))
        return {part: [roll.astype(bool) for roll in found[f"{part}data"][0]] for part in PARTS}
    with np.load(path) as packed:
        return {
            part: np.split(
                np.unpackbits(packed[f"{part}_bits"], axis=1)[:, :KEYS].astype(bool),
                np.cumsum(packed[f"{part}_len"])[:-1],
            )
            for part in PARTS
        }


def trial(name: str, folder: Path, emission: str, seed: int) -> dict[str, Any]:
    """One training: what it makes of the test part."""
    rolls, began = read(name, folder), time.perf_counter()
    model = SequenceGenerator(emission=emission, validation=rolls["valid"], seed=seed, progress=False)
    model.fit(rolls["train"])
    seconds = time.perf_counter() - began
    return {"nats": model.score(rolls["test"]), "seconds": seconds, "epoch": model.best_epoch_}


def summary(name: str, emission: str, folder: Path, found: list[dict[str, Any]]) -> dict[str, Any]:
    rolls, nats = read(name, folder), [each["nats"] for each in found]
    return {
        "name": name,
        "emission": emission,
        "seeds": len(found),
        "nats": float(np.mean(nats)),
        "deviation": float(np.std(nats, ddof=1)) if len(nats) > 1 else 0.0,
        "rates": key_by_key(rolls["train"], rolls["test"], False),
        "markov": key_by_key(rolls["train"], rolls["test"], True),
        "asked": ASKED.get((name, emission)),
        "published": PUBLISHED.get((name, emission), ""),
    }


def words(row: dict[str, Any]) -> str:
    return (
        f"{row['name']}, {row['emission']}: {row['nats']:.3f} ± {row['deviation']:.3f} nats a frame; rates "
        f"{row['rates']:.3f}, Markov {row['markov']:.3f}; asked {row['asked'] or '-'}, published "
        f"{row['published'] or '-'}; {row['seconds']:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
