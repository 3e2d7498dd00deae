"""BPTT against truncated BPTT: skill, spread, seconds and bytes against n, k1 and k2.

One small LSTM learns one stream, whose causes lie a known number of steps back, under every schedule the lecture
names: (n, n) for n of 50 to 800; (k, k), (1, n), (k1, 1), k1 < k2, k1 = k2 and k1 > k2 on sequences of 800 steps.

    tbptt_task      the stream, and how skill is measured
    tbptt_runs      the schedules, and one training of each
    tbptt_cost      steps run and bytes kept, counted
    tbptt_rows      what was found, and its tables
    tbptt_claims    statements 34 to 47 of the lecture
    tbptt_figure    the figure

Source: Williams & Peng, Neural Computation 2(4), 1990; Sutskever, thesis, 2.8.6.
"""

from __future__ import annotations

import warnings
from functools import partial

import torch

from throughtime.base.errors import Notice
from throughtime.insight.unfolding.memory import Sizes, memory
from throughtime.insight.unfolding.plan import plan
from throughtime.recipes.figure import as_element
from throughtime.recipes.lab.study import Effort, Findings, Study
from throughtime.recipes.lab.tbptt_claims import claims
from throughtime.recipes.lab.tbptt_cost import Cost, cost
from throughtime.recipes.lab.tbptt_figure import HEIGHT, WIDTH, picture
from throughtime.recipes.lab.tbptt_rows import Found, Row, cost_table, noise_table, skill_table
from throughtime.recipes.lab.tbptt_runs import (
    FAR,
    FULL,
    HIDDEN,
    ROWS,
    SHORT,
    STEPS_APART,
    Outcome,
    Setting,
    Size,
    gradient_noise,
    network,
    settings,
    trial,
)
from throughtime.recipes.lab.tbptt_task import INPUTS, draw, in_reach
from throughtime.recipes.trials import run_trials

# The same sequences for every count.
COUNT_SEED = 0


def study(effort: Effort) -> Findings:
    """Train under every schedule with every seed, and count what each costs."""
    size = SHORT if effort.short else FULL
    found = measure(size, range(effort.seeds), effort.progress)
    tables = skill_table(found, size), cost_table(found), noise_table(found)
    return Findings(tables, claims(found), as_element(partial(picture, found), HEIGHT, "tbptt", WIDTH))


def measure(size: Size, seeds: range, progress: bool) -> Found:
    """All trainings, counts and gradients, as independent trials."""
    trained = settings(size)
    counted = list(dict.fromkeys([*trained, *_counted_only(size)]))
    jobs = [(setting, seed) for setting in trained for seed in seeds]
    run = partial(run_trials, progress=progress, here=size is SHORT)
    outcomes = dict(zip(jobs, run([partial(_trained, *job, size) for job in jobs]), strict=True))
    costs = dict(zip(counted, run([partial(_count, setting) for setting in counted]), strict=True))
    noise = run([partial(gradient_noise, seed, size) for seed in seeds])
    return Found(
        tuple(_row(setting, costs[setting], [outcomes[setting, seed] for seed in seeds]) for setting in trained),
        {setting: made[0].kept_bytes for setting, made in costs.items()},
        {n: tuple(values[place] for values in noise) for place, n in enumerate(size.lengths)},
    )


def _counted_only(size: Size) -> list[Setting]:
    """Schedules whose bytes are drawn against n."""
    pairs = (50, 50), (STEPS_APART, FAR)
    return [Setting(n, min(k1, n), min(k2, n)) for n in size.lengths for k1, k2 in pairs]


def _row(setting: Setting, made: tuple[Cost, float], outcomes: list[Outcome]) -> Row:
    sizes = Sizes(INPUTS, HIDDEN, ROWS)
    formula = memory(plan("lstm", setting.n, setting.schedule), sizes).window_bytes
    return Row(setting, made[0], formula, made[1], tuple(outcomes))


def _trained(setting: Setting, seed: int, size: Size) -> Outcome:
    with _without_notices():
        return trial(setting, seed, size)


def _count(setting: Setting) -> tuple[Cost, float]:
    batch = draw(setting.n, ROWS, torch.Generator().manual_seed(COUNT_SEED))
    with _without_notices():
        return cost(network(COUNT_SEED), batch, setting.schedule), in_reach(setting.schedule, batch)


def _without_notices() -> warnings.catch_warnings[None]:
    """What truncation leaves out is what this study shows: no notice is needed."""
    return warnings.catch_warnings(action="ignore", category=Notice)


STUDY = Study("tbptt", "BPTT against TBPTT(k1, k2): skill, seconds and bytes against n, k1 and k2", study)
