"""The numbers on the picture: a tiny network run forward and backward, its weights held still.

One input, one hidden unit, one output, float64, weights and data drawn from a seed. Forward the cell runs step by
step over the whole sequence; each update starts from the constant state at w_j, and

    L_j  the mean of the losses (y(t) - target)^2 it injects      dL_j/dh(t), dL_j/dc(t)   for t in its window

are total derivatives: through the output of step t and through all later steps of the window. The cell runs on the
oracle; the LSTM by `LSTM.trace`, as `tt.inspect` runs it, so that c(t) can be asked before h(t) is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from throughtime.insight.unfolding.plan import Lane, Plan
from throughtime.nn import LSTM, RNN, Network

# Which row of W_hh is printed, and its name; the LSTM's gates come as i f g o.
_WEIGHT = {"lstm": (2, "W_hg"), "rnn": (0, "W_hh")}


@dataclass(frozen=True, slots=True)
class LaneValues:
    """Backward pass of one update.

    Args:
        loss: L_j.
        dh: dL_j/dh(t) for each step of the window, in order of time.
        dc: likewise of c; empty for the RNN.
        weight: gradient of the one recurrent weight that is printed.
        gradients: of every parameter, by name, flattened.
    """

    loss: float
    dh: list[float]
    dc: list[float]
    weight: float
    gradients: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Values:
    """Every number of the picture; lists run from step 1 to n.

    Args:
        x: inputs.
        h: hidden state after each step.
        c: cell state after each step; empty for the RNN.
        y: outputs.
        target: what they are compared with.
        loss: (y - target)^2.
        lanes: one for each update.
        weight: name of the recurrent weight whose gradient is printed.
        weights: every parameter, by name, flattened as the gradients are; the LSTM's gates come as i f g o.
    """

    x: list[float]
    h: list[float]
    c: list[float]
    y: list[float]
    target: list[float]
    loss: list[float]
    lanes: list[LaneValues]
    weight: str
    weights: dict[str, list[float]]


def tiny_network(cell: str, seed: int) -> Network:
    """The network of the numbers: C = H = 1, one output, float64, at torch's initialisation."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        core = {"lstm": LSTM, "rnn": RNN}[cell](1, 1, dtype=torch.float64, kernel="oracle")
        return Network(None, core, nn.Linear(1, 1, dtype=torch.float64))


def tiny_data(steps: int, seed: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets [T, 1, 1], normal."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(2, steps, 1, 1, generator=generator, dtype=torch.float64)
    return drawn[0], drawn[1]


def values(plan: Plan, seed: int) -> Values:
    """Run the tiny network through the plan.

    Args:
        plan: the updates.
        seed: of weights and data.
    """
    network = tiny_network(plan.cell, seed)
    x, target = tiny_data(plan.steps, seed)
    with torch.no_grad():
        run = _run(network, x, target, None)
    row, name = _WEIGHT[plan.cell]
    h, c = _numbers(run.states, 0), _numbers(run.states, 1)
    forward = [[t.item() for t in entry] for entry in (x, run.outputs, target, run.losses)]
    lanes = [_lane(network, lane, x, target, run.states, row) for lane in plan.lanes]
    weights = {key: parameter.flatten().tolist() for key, parameter in network.named_parameters()}
    return Values(forward[0], h, c, forward[1], forward[2], forward[3], lanes, name, weights)


@dataclass(frozen=True, slots=True)
class _Run:
    """Some steps run one by one: their states, outputs and losses."""

    states: list[tuple[Tensor, ...]]
    outputs: list[Tensor]
    losses: list[Tensor]


def _run(network: Network, x: Tensor, target: Tensor, state: tuple[Tensor, ...] | None) -> _Run:
    """Step by step; the head reads h itself, which the layer's output repeats, so that h has one gradient."""
    run = _Run([], [], [])
    for x_t, target_t in zip(x, target, strict=True):
        state = _step(network.core, x_t[None], state)
        assert network.head is not None
        y = network.head(state[0])
        run.states.append(state)
        run.outputs.append(y)
        run.losses.append((y - target_t).square().sum())
    return run


def _step(core: nn.Module, x: Tensor, state: tuple[Tensor, ...] | None) -> tuple[Tensor, ...]:
    """The state after one step, (h, c) or (h,), [1, 1] each: the very tensors that all later ones are made from."""
    given = None if state is None else tuple(part[None] for part in state)  # [1, 1, 1]
    if isinstance(core, LSTM):
        _, _, (tape,) = core.trace(x, given)
        return tape.h[0], tape.c[0]
    _, h = core(x, None if given is None else given[0])
    return (h[0],)


def _lane(
    network: Network, lane: Lane, x: Tensor, target: Tensor, states: list[tuple[Tensor, ...]], row: int
) -> LaneValues:
    w, u = lane.window_start, lane.stop
    run = _run(network, x[w:u], target[w:u], states[w - 1] if w else None)
    loss = torch.stack([run.losses[t - w - 1] for t in lane.injected]).mean()
    leaves = [leaf for state in run.states for leaf in state]
    parameters = dict(network.named_parameters())
    found = torch.autograd.grad(loss, [*leaves, *parameters.values()], allow_unused=True, materialize_grads=True)
    per_leaf = [gradient.item() for gradient in found[: len(leaves)]]
    gradients = dict(zip(parameters, (g.flatten().tolist() for g in found[len(leaves) :]), strict=True))
    parts = len(run.states[0])
    return LaneValues(
        loss=loss.item(),
        dh=per_leaf[::parts],
        dc=per_leaf[1::parts] if parts > 1 else [],
        weight=gradients["core.weight_hh_l0"][row],
        gradients=gradients,
    )


def _numbers(states: list[tuple[Tensor, ...]], part: int) -> list[float]:
    return [state[part].item() for state in states if part < len(state)]
