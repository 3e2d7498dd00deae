"""Does CaptionGenerator, with its default settings, describe combinations of colour and shape it never saw?

Rendered scenes of the recipe `caption`: 10,000 train, none of which holds, or names, one of 8 of the 48 combinations;
500 test, which hold nothing else. The share of attributes right (size, colour and shape of each thing, relation of each
to the next; what is left out or made up is wrong) is to be 0.95 at least, trained within 20 minutes. Beside it the
commonest caption, and n-grams without the image; with --cells also the Elman RNN and the perceptron.

Each training runs one thread; as many run side by side as there are cores.

python -m benchmarks.captions [--seeds N] [--cells LSTM ...]
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.recipes.caption.methods import NETWORKS, Scored, try_commonest, try_network, try_ngrams
from throughtime.recipes.caption.problem import CaptionProblem, sample
from throughtime.recipes.caption.settings import Settings
from throughtime.recipes.trials import run_trials

SEEDS, ASKED, ASKED_SECONDS = 3, 0.95, 1200
CHOSEN = Settings()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--cells", nargs="*", default=["LSTM"], choices=list(NETWORKS), help="networks that are tried")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "captions.jsonl")
    options = parser.parse_args()
    where, problem = provenance(), sample(CHOSEN)
    for method in ("commonest caption", "n-grams without image", *options.cells):
        began = time.perf_counter()
        found = tried(problem, method, options.seeds)
        row = {**summary(method, found), "all_seconds": time.perf_counter() - began}
        print(words(row), flush=True)
        if names_its_code(str(where["commit"])):
            raw = [asdict(each) for each in found]
            store(options.results, {"question": f"captions: {method}", **where, **row, "raw": raw})
    return 0


def tried(problem: CaptionProblem, method: str, seeds: int) -> list[Scored]:
    """A method's trials; those that learn nothing by chance once."""
    if method not in NETWORKS:
        return [try_commonest(problem) if method == "commonest caption" else try_ngrams(problem, CHOSEN.model.symbols)]
    trials = [partial(try_network, problem, CHOSEN.model, CHOSEN.writing, "n,n", method, seed) for seed in range(seeds)]
    return run_trials(trials, sys.stderr.isatty())


def summary(method: str, found: list[Scored]) -> dict[str, Any]:
    figures: dict[str, Any] = {"method": method, "seeds": len(found), "asked": ASKED, "asked_seconds": ASKED_SECONDS}
    for name in ("nats", "attributes", "whole", "bleu", "cider", "seconds"):
        values = [value for value in (getattr(each, name) for each in found) if value is not None]
        figures[name] = float(np.mean(values)) if values else None
        figures[f"{name}_deviation"] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return figures


def words(row: dict[str, Any]) -> str:
    shown = [
        f"{name} {row[name]:.3f}" for name in ("nats", "attributes", "whole", "bleu", "cider") if row[name] is not None
    ]
    return (
        f"{row['method']}: {', '.join(shown)}; {row['seconds']:.0f} s a training, {row['seeds']} seeds; asked {ASKED}"
    )


if __name__ == "__main__":
    sys.exit(main())
