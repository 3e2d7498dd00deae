"""How well does SequenceClassifier, with its default settings, tell sequences apart beside published results?

Every part that tests is drawn before training and used once; validation parts lie inside the training part.

    dna_splice                     10 folds, accuracy
    promoter_arabidopsis, _mouse   5 draws of 80 / 20, Matthews correlation
    rna_coding                     windows of 600 nt, as many of each class, 5 draws of transcripts 80 / 20; area under
                                   the ROC curve, a logistic regression on counts of 6-mers beside it
    cr, mpqa, subj                 10 folds, accuracy;  trec: its own test part, 5 seeds
    basic_motions, gun_point, italy_power_demand, pen_digits, arrow_head, osu_leaf
                                   their own test parts, accuracy, 5 seeds

Data: THROUGHTIME_DATA, a folder as `throughtime data get` leaves it. Trials run one thread each, as many at once as
there are cores. `throughtime reproduce` runs the same; rows are stored here.

python -m benchmarks.classification [NAME ...]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.recipes.reproduce.trials import TASKS, run_task
from throughtime.recipes.reproduce.values import value_of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TASKS))
    parser.add_argument("--trials", type=int, help="fewer of them than the table has")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings other than the defaults")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "classification.jsonl")
    options = parser.parse_args()
    folder = os.environ.get("THROUGHTIME_DATA")
    if not folder or not Path(folder).is_dir():
        print("Data is read from THROUGHTIME_DATA, and it is not there: nothing was measured.")
        return 1
    settings = {key: value_of(text) for key, _, text in (each.partition("=") for each in options.set)}
    where = provenance()
    for name in options.names or TASKS:
        task = TASKS[name]
        count = min(options.trials or task.trials, task.trials)
        began = time.perf_counter()
        found = run_task(name, Path(folder), count, settings, sys.stderr.isatty())
        row = {**_summary(name, found), "seconds": time.perf_counter() - began}
        print(f"{_words(row)}", flush=True)
        if names_its_code(str(where["commit"])) and count == task.trials and not settings:
            store(options.results, {"question": f"classification: {name}", **where, **row, "raw": found})
    return 0


def _summary(name: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    task, scores = TASKS[name], [each["score"] for each in found]
    rival = {"rival": float(np.mean([each["rival"] for each in found]))} if "rival" in found[0] else {}
    return {
        "name": name,
        "metric": task.metric,
        "trials": len(scores),
        "mean": float(np.mean(scores)),
        "deviation": float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0,
        **rival,
        "asked": task.least,
        "published": task.published,
    }


def _words(row: dict[str, Any]) -> str:
    beside = f", beside it {row['rival']:.4f}" if "rival" in row else ""
    return (
        f"{row['name']}: {row['metric']} {row['mean']:.4f} ± {row['deviation']:.4f} of {row['trials']}{beside}; asked "
        f"{row['asked']}, published {row['published'] or '-'}; {row['seconds']:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
