"""How well does SequenceGenerator tell the next point of a pen, and can what it writes be read?

    omniglot, short_kanji    characters as strokes, in the parts that Ha & Eck (2017) made, by default settings
    phrases                  words that training did not show, by the recipe `handwriting` as it stands: its sample of
                             Hershey phrases, its settings

Negative log-likelihood of a point in nats, a density in the data's own units, the mean over all test points but each
sequence's first; the part that validates chooses the epoch. Beside it the rules of the recipe: a mixture of as many
normals without memory, and one that knows the move before, fitted to the points that train.

Of 50 words that network writes from a seed each, and a hand of the sample's beside it, a `Reader` that has seen six
other fonts reads letter by letter; 85 % right are asked for.

Data: THROUGHTIME_DATA, a folder as `throughtime data get` leaves it; phrases need none. Trainings run one thread each.

python -m benchmarks.handwriting [NAME ...] [--seeds N]
"""

from __future__ import annotations

import argparse
import os
import string
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.data.strokes import Strokes, read_strokes
from throughtime.recipes.handwriting.case import SAMPLE
from throughtime.recipes.handwriting.drawing import Drawing
from throughtime.recipes.handwriting.hershey import write
from throughtime.recipes.handwriting.judging import measured_lag, share_read, written
from throughtime.recipes.handwriting.methods import fit_network, scored
from throughtime.recipes.handwriting.problem import sample
from throughtime.recipes.handwriting.reader import Reader
from throughtime.recipes.handwriting.rivals import first_order, without_memory
from throughtime.recipes.handwriting.settings import bias_of
from throughtime.recipes.trials import run_trials
from throughtime.tasks import SequenceGenerator

PHRASES = "phrases"
NAMES, SEEDS = ("omniglot", "short_kanji", PHRASES), 3
WORDS, ASKED = 50, 0.85


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


def characters(name: str, folder: Path, seeds: int) -> dict[str, Any]:
    """A set's trainings, and rules beside them."""
    parts = read(name, folder)
    found = run_trials([partial(trial, name, folder, seed) for seed in range(seeds)], sys.stderr.isatty())
    return {
        **spread("nats", [each["nats"] for each in found]),
        "mixture": without_memory(parts["train"], parts["test"])[0],
        "first_order": first_order(parts["train"], parts["test"])[0],
        "raw": found,
    }


def phrase_trial(seed: int) -> dict[str, Any]:
    """One training of the recipe: what is read of new words as it writes them, and as the sample's hand does."""
    began = time.perf_counter()
    problem = sample(SAMPLE.collection)
    model = fit_network(problem, replace(SAMPLE.model, seed=seed), "n,n")
    seconds, lag = time.perf_counter() - began, measured_lag(problem, model)
    words = sorted({word for each in problem.test for word in each.phrase.split()})
    draws = np.random.default_rng(seed)
    asked = [words[place] for place in draws.permutation(len(words))[:WORDS]]
    reader = Reader.learn(string.ascii_lowercase, seed=seed)
    bias = bias_of(SAMPLE.writing, problem.phrased)
    ours = [written(model, word, bias, None, draw, lag) for draw, word in enumerate(asked)]
    theirs = [
        Drawing(made.points, word, made.owners)
        for word in asked
        for made in [write(word, SAMPLE.collection.font, draws)]
    ]
    return {
        "read": share_read(reader, ours),
        "true": share_read(reader, theirs),
        "words": asked,
        "lag": lag,
        "seconds": seconds,
        "nats": scored(problem, model, "").nats,
        "epoch": model.best_epoch_,
    }


def phrases(seeds: int) -> dict[str, Any]:
    """Trainings of the recipe on its sample."""
    found = run_trials([partial(phrase_trial, seed) for seed in range(seeds)], sys.stderr.isatty())
    read, true = (spread(name, [each[name] for each in found]) for name in ("read", "true"))
    return {**read, "true": true["true"], "true_deviation": true["deviation"], "asked": ASKED, "raw": found}


def spread(name: str, values: list[float]) -> dict[str, float]:
    """Mean and standard deviation."""
    return {name: float(np.mean(values)), "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0}


def words_of(row: dict[str, Any]) -> str:
    """A row on a line."""
    if row["name"] == PHRASES:
        return (
            f"{PHRASES}: {row['read']:.3f} ± {row['deviation']:.3f} of letters read back; of the sample's own hand "
            f"{row['true']:.3f}; asked {row['asked']}; {row['seconds']:.0f} s"
        )
    return (
        f"{row['name']}: {row['nats']:.3f} ± {row['deviation']:.3f} nats a point, a mixture without memory "
        f"{row['mixture']:.3f}, after a move {row['first_order']:.3f}; {row['seconds']:.0f} s"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "handwriting.jsonl")
    options = parser.parse_args()
    folder, where = os.environ.get("THROUGHTIME_DATA"), provenance()
    for name in options.names or NAMES:
        if name != PHRASES and (not folder or not Path(folder).is_dir()):
            print(f"{name} is read from THROUGHTIME_DATA, and it is not there: not measured.")
            continue
        began = time.perf_counter()
        found = phrases(options.seeds) if name == PHRASES else characters(name, Path(str(folder)), options.seeds)
        row = {"name": name, "seeds": options.seeds, **found, "seconds": time.perf_counter() - began}
        print(words_of(row), flush=True)
        if names_its_code(str(where["commit"])):
            store(options.results, {"question": f"handwriting: {name}", **where, **row})
    return 0


if __name__ == "__main__":
    sys.exit(main())
