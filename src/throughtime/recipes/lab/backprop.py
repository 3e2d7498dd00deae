"""Backpropagation with numbers: present, compare, derive, adjust, repeat, on networks small enough to print.

The gradients are the project's own written-out backward (`kernels.oracle_rnn`, `kernels.oracle_lstm`); autograd through
torch's own layers and finite differences judge them. Weights are written out in `worked`, so nothing is drawn and
nothing depends on a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from matplotlib.figure import Figure
from torch import nn

from throughtime.recipes.figure import as_element, colours, legend_above
from throughtime.recipes.lab.study import Claim, Effort, Findings, Study
from throughtime.recipes.lab.worked import (
    Example,
    Parameters,
    adjust,
    elman,
    forward,
    gradients,
    lstm,
    perceptron,
    repeat,
    step_by_step,
)
from throughtime.recipes.lab.worked_cells import ElmanPage, LSTMPage
from throughtime.recipes.lab.worked_text import Page
from throughtime.recipes.table import Column, Table

# A tenth of a thousandth: what four decimals still show.
SMALL = 1e-4
# None of the three needs more until its loss is SMALL.
UPDATES = 100
SHOWN = (0, 1, 2, 5, 10, 20, 50, 100)
# Central differences are off by about step², and by rounding over step: best at the cube root of 1e-16.
DIFFERENCE = 0.00001
# Rounding of float64 on sums of a dozen terms of order one; and what central differences are good for.
EXACT, CLOSE = 1e-12, 1e-8


def run(effort: Effort) -> Findings:
    """The five stages of all three networks, and their gradients judged.

    Args:
        effort: changes nothing: nothing is drawn, and all of it takes a second.
    """
    examples = [perceptron(), elman(), lstm()]
    losses = [repeat(example, UPDATES) for example in examples]
    prose = "\n\n\n".join([INTRODUCTION, *(page(*each).to_text() for each in zip(examples, losses, strict=True))])
    figure = as_element(lambda sheet: _draw(sheet, examples, losses), 4.5, "backprop")
    return Findings((_table(examples, losses),), _claims(examples, losses), figure, prose)


def page(example: Example, losses: Sequence[float]) -> Page:
    """One network's five stages.

    Args:
        example: the network.
        losses: L before the first update and after each, until it is small and longer.
    """
    went = forward(example, example.start)
    found = gradients(example, example.start, went)
    back = step_by_step(example, example.start, went)
    after = adjust(example.start, found, example.rate)
    kind = LSTMPage if example.cell == "lstm" else ElmanPage
    return kind(example, went, back, found, after, losses[: updates_until_small(losses) + 1], SMALL)


def updates_until_small(losses: Sequence[float]) -> int:
    """How many updates until L is below `SMALL`; all of them, if it never is."""
    return next((k for k, loss in enumerate(losses) if loss < SMALL), len(losses) - 1)


def by_autograd(example: Example) -> Parameters:
    """dL/dw at the start, by autograd through torch's own layer."""
    core = nn.LSTM if example.cell == "lstm" else nn.RNN
    leaves = {name: weight.clone().requires_grad_() for name, weight in example.start.items()}
    layer = core(example.x.shape[-1], leaves["V"].shape[1], dtype=torch.float64)
    given = {"weight_ih_l0": leaves["W_ih"], "weight_hh_l0": leaves["W_hh"], "bias_ih_l0": leaves["b"]}
    given["bias_hh_l0"] = torch.zeros_like(leaves["b"])
    h, _ = torch.func.functional_call(layer, given, (example.x,))
    loss = (h @ leaves["V"].t() + leaves["d"] - example.target).square().sum() / 2
    return dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))


def by_differences(example: Example) -> Parameters:
    """dL/dw at the start, by moving each weight a little to both sides."""
    found = {}
    for name, weight in example.start.items():
        slopes = [_slope(example, name, place) for place in range(weight.numel())]
        found[name] = torch.tensor(slopes, dtype=torch.float64).reshape(weight.shape)
    return found


def _slope(example: Example, name: str, place: int) -> float:
    def loss(move: float) -> float:
        moved = example.start[name].clone()
        moved.view(-1)[place] += move
        return forward(example, {**example.start, name: moved}).loss

    return (loss(DIFFERENCE) - loss(-DIFFERENCE)) / (2 * DIFFERENCE)


def _table(examples: Sequence[Example], losses: Sequence[Sequence[float]]) -> Table:
    columns = Column("updates"), *(Column(example.name, digits=None) for example in examples)
    rows = tuple((k, *(series[k] for series in losses)) for k in SHOWN)
    note = "Nothing is drawn at random: --seeds and --short change nothing here."
    return Table("L after so many updates", columns, rows, (note,))


def _claims(examples: Sequence[Example], losses: Sequence[Sequence[float]]) -> tuple[Claim, ...]:
    wents = [forward(example, example.start) for example in examples]
    written = [gradients(example, example.start, went) for example, went in zip(examples, wents, strict=True)]
    count = sum(len(page(*each).weights()) for each in zip(examples, losses, strict=True))
    autograd = _largest(written, [by_autograd(example) for example in examples])
    differences = _largest(written, [by_differences(example) for example in examples])
    parts = _largest(written, [_added_up(example) for example in examples])
    names = [example.name for example in examples]
    once = [f"{series[0]:.4f} to {series[1]:.4f} ({name})" for series, name in zip(losses, names, strict=True)]
    needed = [f"{updates_until_small(series)} ({name})" for series, name in zip(losses, names, strict=True)]
    return (
        Claim(
            "Backpropagation is the chain rule: the derivatives above are autograd's through torch's own layers.",
            autograd < EXACT,
            f"Of {count} derivatives none differs by more than {autograd:.2g}.",
        ),
        Claim(
            "They are the slopes of the error: moving each weight a little to both sides gives the same.",
            differences < CLOSE,
            f"Central differences with a step of {DIFFERENCE:.5f} differ by at most {differences:.2g}.",
        ),
        Claim(
            "A weight that all steps share has as its gradient the sum of what each step contributes.",
            parts < EXACT,
            f"The backward pass over all steps at once differs from the sum of its steps by at most {parts:.2g}.",
        ),
        Claim(
            "Adjusting the weights against the derivatives lowers the error.",
            all(series[1] < series[0] for series in losses),
            f"One update takes L from {', '.join(once)}.",
        ),
        Claim(
            "Repeating it brings the error to almost nothing.",
            all(min(series) < SMALL for series in losses),
            f"L is below {SMALL:g} after {', '.join(needed)} updates"
            + (", and never rises on the way." if all(map(_falls, losses)) else "."),
        ),
    )


def _falls(losses: Sequence[float]) -> bool:
    """Whether L never rises until it is small."""
    return all(a > b for a, b in pairwise(losses[: updates_until_small(losses) + 1]))


def _added_up(example: Example) -> Parameters:
    back = step_by_step(example, example.start, forward(example, example.start))
    return {name: torch.stack([step.adds[name] for step in back]).sum(0) for name in example.start}


def _largest(some: Sequence[Parameters], others: Sequence[Parameters]) -> float:
    """The largest difference of any two numbers in the same place."""
    pairs = zip(some, others, strict=True)
    return max(float((a[name] - b[name]).abs().max()) for a, b in pairs for name in a)


def _draw(figure: Figure, examples: Sequence[Example], losses: Sequence[Sequence[float]]) -> None:
    axes = figure.subplots()
    for example, series, colour in zip(examples, losses, colours(len(examples)), strict=True):
        shown = series[: updates_until_small(series) + 1]
        axes.plot(range(len(shown)), shown, color=colour, label=example.name)
    axes.axhline(SMALL, color="0.6", linewidth=0.8, linestyle=":")
    axes.set(
        yscale="log",
        xlabel="updates",
        ylabel="L, the sum of all steps' losses",
        title="Repeat: the error after each update",
    )
    legend_above(axes, len(examples))


INTRODUCTION = """\
Backpropagation in five stages: PRESENT a pattern, COMPARE with the expected output, DERIVE the
error with respect to every weight, ADJUST the weights, REPEAT. Three networks, each small enough
to follow by hand: W is W_ih (input weights), U is W_hh (recurrent weights), b the bias; V and d are
the output layer, y = V h + d. All weights are written out, none is drawn. Numbers are rounded."""

STUDY = Study("backprop", "the five stages of backpropagation with every number: perceptron, RNN, LSTM", run)
