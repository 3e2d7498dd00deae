"""Does SequenceToSequence tell a docstring's first line better than the document's first words, of modules never seen?

Docstrings of the standard library of the Python that runs, all that the recipe `summarize` has: whole modules train,
others validate, others test. ROUGE-L on the test part is to be 3 points above that of lead words at least, trained
within 20 minutes. Lead words are as many as training summaries have in the median; the better of the document's and the
body's counts. Beside it the lead sentence, the summary of the nearest training document, and, with --networks, the LSTM
without copying, the Elman RNN and the perceptron.

Each training runs one thread; as many run side by side as there are cores.

python -m benchmarks.summaries [--seeds N] [--networks LSTM ...]
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
from throughtime.recipes.summarize.methods import BODY, LEAD, NETWORKS, OURS, Scored, try_network, try_rules
from throughtime.recipes.summarize.problem import SummaryProblem, sample
from throughtime.recipes.summarize.settings import Model, Settings
from throughtime.recipes.trials import run_trials

SEEDS, ASKED, ASKED_SECONDS = 3, 3.0, 1200
# Validation is best near the sixth epoch, and worse by then of a longer cosine schedule.
CHOSEN = Settings(model=Model(epochs=6))
FIGURES = ("one", "two", "longest", "copied", "nats", "seconds")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--networks", nargs="*", default=[OURS], choices=list(NETWORKS), help="networks that are tried")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "summaries.jsonl")
    options = parser.parse_args()
    where, problem = provenance(), sample(CHOSEN)
    print(*problem.notes, sep="\n", flush=True)
    rules = try_rules(problem)
    lead = max(each.longest or 0.0 for each in rules if each.method in (LEAD, BODY))
    for method in (*(each.method for each in rules), *options.networks):
        began = time.perf_counter()
        found = [each for each in rules if each.method == method] or tried(problem, method, options.seeds)
        row = {**summary(method, found, lead), "all_seconds": time.perf_counter() - began}
        print(words(row), flush=True)
        if names_its_code(str(where["commit"])):
            raw = [asdict(each) for each in found]
            data = {"notes": list(problem.notes)}
            store(options.results, {"question": f"summaries: {method}", **where, **data, **row, "raw": raw})
    return 0


def tried(problem: SummaryProblem, method: str, seeds: int) -> list[Scored]:
    """A network's trials."""
    trials = [partial(try_network, problem, CHOSEN.model, CHOSEN.writing, "n,n", method, seed) for seed in range(seeds)]
    return run_trials(trials, sys.stderr.isatty())


def summary(method: str, found: list[Scored], lead: float) -> dict[str, Any]:
    figures: dict[str, Any] = {"method": method, "seeds": len(found), "asked": ASKED, "asked_seconds": ASKED_SECONDS}
    for name in FIGURES:
        values = [value for value in (getattr(each, name) for each in found) if value is not None]
        figures[name] = float(np.mean(values)) if values else None
        figures[f"{name}_deviation"] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    figures["above_lead"] = None if figures["longest"] is None else figures["longest"] - lead
    return figures


def words(row: dict[str, Any]) -> str:
    shown = [f"{name} {row[name]:.3f}" for name in FIGURES if row[name] is not None]
    return (
        f"{row['method']}: {', '.join(shown)}; ROUGE-L ±{row['longest_deviation']:.1f}, {row['above_lead']:+.1f} to "
        f"lead words; {row['seeds']} seeds; asked {ASKED:+.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
