"""The stream `lab tbptt` learns: numbers, some of them marked; each marked one is asked for LEAST to MOST steps later.

At every step comes a number v_t, uniform in (-1, 1), and a mark m_t, 0 or 1. Marks are LEAST + 1 to MOST + 1 steps
apart, each distance as likely. From LEAST steps after a mark until the next one the marked number is the answer:

    x_t = (v_t, m_t);   y_t = v_(t - lag), m_(t - lag) = 1, no mark after it;   due where lag >= LEAST

So every answer depends on one number, LEAST to MOST steps back, and all others are distraction; a gradient that goes
back over no more than LEAST steps meets no cause of any answer. Nothing is random in the answers: all of their
variance, 1/3, can be explained. Skill is the share that is:

    skill = 1 - mean squared error / (1/3)

Dimensions: T steps, B rows. Source: a synthetic task; the mark is Hochreiter & Schmidhuber's (Neural Computation 9(8),
1997, the adding problem).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from throughtime.bptt import TBPTT
from throughtime.recipes.lab.networks import Batch, mean_loss, squared_error

LEAST, MOST = 10, 20
INPUTS, OUTPUTS = 2, 1
VARIANCE = 1 / 3


def draw(steps: int, rows: int, generator: torch.Generator) -> Batch:
    """Fresh sequences, the first mark within the first LEAST + 1 steps.

    Args:
        steps: T.
        rows: B.
        generator: of numbers and marks.

    Returns:
        x [T, B, 2], y [T, B, 1], and weights [T, B], 1 where an answer is due and 0 elsewhere.
    """
    values = torch.rand(steps, rows, generator=generator) * 2 - 1
    marks = _marks(steps, rows, generator)
    lags = lags_of(marks)
    at = torch.arange(steps)[:, None] - lags.clamp(min=0)
    return Batch(torch.stack([values, marks], -1), values.gather(0, at)[..., None], (lags >= LEAST).float())


def lags_of(marks: Tensor) -> Tensor:
    """[T, B] steps since the last mark, -1 before the first, from [T, B] marks."""
    steps = torch.arange(len(marks))[:, None]
    last = torch.where(marks > 0, steps, -1).cummax(0).values
    return torch.where(last >= 0, steps - last, -1)


def skill(network: nn.Module, test: Batch) -> float:
    """Share of the answers' variance the network explains: 1 is all, 0 is what the constant 0 reaches."""
    return 1 - mean_loss(network, squared_error, test) / VARIANCE


def in_reach(schedule: TBPTT, batch: Batch) -> float:
    """Share of the answers due that an update of `schedule` injects with the marked number inside its window."""
    lags, due = lags_of(batch.x[..., 1]), batch.due
    reached = 0
    for window in schedule.windows(len(lags)):
        for step in schedule.counted(window):
            reached += int((due[step] & (step - lags[step] >= window.window_start)).sum())
    return reached / int(due.sum())


def _marks(steps: int, rows: int, generator: torch.Generator) -> Tensor:
    """[T, B] 1 at marks."""
    first = torch.randint(LEAST + 1, (1, rows), generator=generator)
    apart = torch.randint(LEAST + 1, MOST + 2, (steps // (LEAST + 1), rows), generator=generator)
    at = torch.cat([first, apart]).cumsum(0)
    marks = torch.zeros(int(at.max()) + 1 + steps, rows)  # some lie past the last step
    return marks.scatter_(0, at, 1.0)[:steps]
