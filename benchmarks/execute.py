"""Does an LSTM learn what programs print, and what does a curriculum do for it?

    addition    two numbers of 9 digits, combined curriculum: 0.99 of the characters of unseen sums are to be right,
                each told after the right ones, ends of outputs among them, after at most an hour
    programs    length 1 .. 4, nesting 1 .. 3: the same share at each level, the curriculum `baseline` beside `combined`
    copying     20 digits: 0.99 of the outputs are to be right as a whole, written freely

Test programs are of the test part, which no training can draw. Each training runs one thread; as many run side by side
as there are cores.

python -m benchmarks.execute addition|programs|copying [--seeds N] [--curricula NAME ...]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import ROOT, names_its_code, provenance, store
from throughtime.recipes.execute.curricula import BASELINE, COMBINED, CURRICULA
from throughtime.recipes.execute.judging import by_level
from throughtime.recipes.execute.methods import fit_network, marks_of, try_commonest
from throughtime.recipes.execute.problem import sample
from throughtime.recipes.execute.settings import Model, Programs, Settings
from throughtime.recipes.trials import run_trials

ASKED, ASKED_SECONDS = 0.99, 3600


@dataclass(frozen=True)
class Question:
    """What is trained, and what is asked of it.

    Args:
        programs, model: settings.
        curricula: that are tried beside each other.
        seeds: of each.
        asked: the figure of the hardest level, and what it is to be; None: a table is.
    """

    programs: Programs
    model: Model
    curricula: tuple[str, ...] = (COMBINED,)
    seeds: int = 1
    asked: tuple[str, float] | None = None


QUESTIONS = {
    "addition": Question(
        Programs(kind="addition", length=9, programs=20_000, test_programs=1000),
        Model(epochs=30),
        asked=("accuracy", ASKED),
    ),
    "programs": Question(
        Programs(kind="programs", length=4, nesting=3, programs=20_000, test_programs=500),
        Model(epochs=20),
        curricula=(BASELINE, COMBINED),
    ),
    "copying": Question(
        Programs(kind="copying", length=20, programs=10_000, test_programs=500),
        Model(epochs=16),
        asked=("exact", ASKED),
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", choices=list(QUESTIONS))
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--curricula", nargs="*", choices=CURRICULA)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "execute.jsonl")
    options = parser.parse_args()
    question, where = QUESTIONS[options.question], provenance()
    curricula, seeds = options.curricula or question.curricula, options.seeds or question.seeds
    trials = [partial(tried, question, name, seed) for name in curricula for seed in range(seeds)]
    began = time.perf_counter()
    found = run_trials(trials, sys.stderr.isatty())
    seconds = time.perf_counter() - began
    rule = asdict(try_commonest(sample(settings_of(question, COMBINED, 0))))
    for place, name in enumerate(curricula):
        raw = found[place * seeds : (place + 1) * seeds]
        row = {**summary(question, name, raw), "all_seconds": seconds, "commonest_by_place": rule}
        print(words(row), flush=True)
        if names_its_code(str(where["commit"])):
            store(options.results, {"question": f"execute: {options.question}", **where, **row, "raw": raw})
    return 0


def settings_of(question: Question, curriculum: str, seed: int) -> Settings:
    programs = Programs(**{**vars(question.programs), "curriculum": curriculum})
    return Settings(programs, Model(**{**vars(question.model), "seed": seed}))


def tried(question: Question, curriculum: str, seed: int) -> dict[str, Any]:
    """One training, and its figures at each level."""
    chosen = settings_of(question, curriculum, seed)
    problem = sample(chosen)
    began = time.perf_counter()
    model = fit_network(problem, chosen.model, "n,n")
    seconds = time.perf_counter() - began
    marks = marks_of(problem, model, chosen.model.beam)
    levels = [
        {**vars(level), "accuracy": m.accuracy, "without_ends": m.accuracy_without_ends, "exact": m.exact}
        for level, m in by_level(marks, problem.test.levels).items()
    ]
    whole = {"accuracy": marks.accuracy, "without_ends": marks.accuracy_without_ends, "exact": marks.exact}
    best, parameters = model.best_epoch_, model.parameters_count_
    return {"seed": seed, "seconds": seconds, "best_epoch": best, "parameters": parameters, **whole, "levels": levels}


def summary(question: Question, curriculum: str, raw: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over seeds, at each level."""
    chosen = settings_of(question, curriculum, 0)
    trained = chosen.programs.programs * (chosen.model.epochs or 1)
    levels = [
        {
            **{key: each[0][key] for key in ("length", "nesting")},
            **{key: float(np.mean([one[key] for one in each])) for key in ("accuracy", "without_ends", "exact")},
        }
        for each in zip(*(one["levels"] for one in raw), strict=True)
    ]
    return {
        "curriculum": curriculum,
        "seeds": len(raw),
        "programs_trained": trained,
        "test_programs_a_level": chosen.programs.test_programs,
        "asked": question.asked,
        "asked_seconds": ASKED_SECONDS,
        "seconds": float(np.mean([each["seconds"] for each in raw])),
        "levels": levels,
        "settings": chosen.to_flat(),
    }


def words(row: dict[str, Any]) -> str:
    """What a row says, for the one who waits."""
    lines = [
        f"{row['curriculum']}: {row['programs_trained']:,} programs, {row['seconds']:.0f} s a training, "
        f"{row['seeds']} seeds; characters right, without ends, outputs right:"
    ]
    lines += [
        f"  length {each['length']} nesting {each['nesting']}: {each['accuracy']:.4f} {each['without_ends']:.4f} "
        f"{each['exact']:.4f}"
        for each in row["levels"]
    ]
    if row["asked"]:
        name, least = row["asked"]
        lines.append(f"  asked at the last level: {name} {least}; measured {row['levels'][-1][name]:.4f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
