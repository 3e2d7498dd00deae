"""Three networks small enough to follow by hand: forward, backward and update, every number kept.

    y(t) = V h(t) + d        loss(t) = (y(t) - target(t))² / 2        L = loss(1) + .. + loss(T)

h comes from the oracle's forward pass, and everything before h from its written-out backward; the output layer is
written out here:

    dL/dy(t) = y(t) - target(t)       dL/dV = sum of dL/dy(t) h(t)       dL/dd = sum of dL/dy(t)
    dL/dh(t) = V dL/dy(t) + what comes back from step t + 1

The written backward of one step alone, given what comes back from the next one, says what this step contributes to
each weight's gradient, and what it hands to the step before it.

Dimensions: T steps, one row, C inputs, H hidden units, one output.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from throughtime.kernels import LSTMTape, LSTMWeights, Masks, RNNTape, RNNWeights, Steps, oracle_lstm, oracle_rnn

Parameters = dict[str, Tensor]
Tape = RNNTape | LSTMTape
Numbers = list[float] | list[list[float]]


@dataclass(frozen=True)
class Example:
    """A network with its weights, and the one pattern it is to learn.

    Args:
        name: of the network.
        cell: "tanh" (Elman) or "lstm".
        x: [T, 1, C] input.
        target: [T, 1, 1] expected output.
        start: W_ih [G, C], W_hh [G, H], b [G] (G = H, or 4H in the order i f g o), V [1, H], d [1].
        rate: learning rate.
    """

    name: str
    cell: str
    x: Tensor
    target: Tensor
    start: Parameters
    rate: float

    @property
    def recurs(self) -> bool:
        """Whether there is a step before another, so that W_hh has something to do."""
        return len(self.x) > 1


@dataclass(frozen=True)
class Forward:
    """What went forward.

    Args:
        tape: of the cell.
        h: [T, 1, H].
        y: [T, 1, 1].
        losses: [T].
    """

    tape: Tape
    h: Tensor
    y: Tensor
    losses: Tensor

    @property
    def loss(self) -> float:
        """L."""
        return float(self.losses.sum())


@dataclass(frozen=True)
class Back:
    """What came back at one step.

    Args:
        dy: [1, 1].
        dh_output: [1, H] what of dL/dh(t) comes through y(t).
        dh_later: [1, H] what comes from step t + 1.
        dc_later: [1, H] what of dL/dc(t) comes from step t + 1; zeros for an Elman cell.
        da: [G] gradient of the summed inputs.
        adds: what this step contributes to the gradient of each weight.
    """

    dy: Tensor
    dh_output: Tensor
    dh_later: Tensor
    dc_later: Tensor
    da: Tensor
    adds: Parameters


def perceptron() -> Example:
    """One hidden layer of two units: the Elman cell run for one step from a zero state."""
    start: dict[str, Numbers] = {
        "W_ih": [[0.4, -0.6], [-0.3, 0.5]],
        "W_hh": [[0.0, 0.0], [0.0, 0.0]],
        "b": [0.1, -0.1],
        "V": [[0.7, -0.4]],
        "d": [0.2],
    }
    return _example("perceptron", "tanh", [[0.5, -1.0]], start, [-0.5], 0.2)


def elman() -> Example:
    """Two recurrent units over three steps."""
    start: dict[str, Numbers] = {
        "W_ih": [[0.6], [-0.4]],
        "W_hh": [[0.5, -0.3], [0.2, 0.4]],
        "b": [0.1, -0.2],
        "V": [[0.3, 0.8]],
        "d": [0.1],
    }
    return _example("RNN", "tanh", [[0.5], [-1.0], [1.0]], start, [0.5, -0.5, 0.5], 0.2)


def lstm() -> Example:
    """One memory cell over three steps."""
    start: dict[str, Numbers] = {
        "W_ih": [[0.4], [-0.2], [0.9], [0.3]],
        "W_hh": [[0.2], [0.1], [-0.5], [0.4]],
        "b": [0.5, 1.0, 0.0, 0.5],
        "V": [[1.2]],
        "d": [0.1],
    }
    return _example("LSTM", "lstm", [[0.5], [-1.0], [1.0]], start, [0.5, -0.5, 0.5], 0.2)


def forward(example: Example, parameters: Parameters) -> Forward:
    """Present the pattern and compare.

    Args:
        example: the network and its pattern.
        parameters: as `Example.start`.
    """
    h, tape = _present(example, parameters)
    y = h @ parameters["V"].t() + parameters["d"]
    return Forward(tape, h, y, (y - example.target).square().flatten() / 2)


def gradients(example: Example, parameters: Parameters, went: Forward) -> Parameters:
    """dL/dw of every weight, by the written backward over all steps at once."""
    dy = went.y - example.target
    zero = torch.zeros_like(went.h[0])
    core, _, _ = _core(example, parameters, dy @ parameters["V"], zero, zero, example.x, went.tape)
    return core | {"V": (dy * went.h).sum(0), "d": dy.sum((0, 1))}


def step_by_step(example: Example, parameters: Parameters, went: Forward) -> list[Back]:
    """The same, one step at a time from the last to the first; listed in order of time."""
    dy = went.y - example.target
    dh, dc = torch.zeros_like(went.h[0]), torch.zeros_like(went.h[0])
    found = []
    for t in reversed(range(len(dy))):
        dh_output = dy[t] @ parameters["V"]
        tape = type(went.tape)(*(entry[t : t + 1] for entry in vars(went.tape).values()))
        core, *before = _core(example, parameters, dh_output[None], dh, dc, example.x[t : t + 1], tape)
        adds = core | {"V": dy[t] * went.h[t], "d": dy[t, 0]}
        found.append(Back(dy[t], dh_output, dh, dc, core["b"], adds))
        dh, dc = before
    return found[::-1]


def adjust(parameters: Parameters, found: Parameters, rate: float) -> Parameters:
    """w - rate dL/dw for every weight."""
    return {name: weight - rate * found[name] for name, weight in parameters.items()}


def repeat(example: Example, updates: int) -> list[float]:
    """L before the first of so many updates, and after each."""
    parameters, losses = example.start, []
    for _ in range(updates + 1):
        went = forward(example, parameters)
        losses.append(went.loss)
        parameters = adjust(parameters, gradients(example, parameters, went), example.rate)
    return losses


def _core(
    example: Example, parameters: Parameters, dh_output: Tensor, dh: Tensor, dc: Tensor, x: Tensor, tape: Tape
) -> tuple[Parameters, Tensor, Tensor]:
    """The written backward over the steps of x: gradients of the cell's weights, of the h and of the c before them."""
    steps, masks = Steps(), Masks()
    if isinstance(tape, LSTMTape):
        found = oracle_lstm.backward(dh_output, dh, dc, x, tape, _lstm(parameters), steps, masks)
        return _named(found.weights), found.h0, found.c0
    gone = oracle_rnn.backward(dh_output, dh, x, tape, _rnn(parameters), "tanh", steps, masks)
    return _named(gone.weights), gone.h0, dc


def _present(example: Example, parameters: Parameters) -> tuple[Tensor, Tape]:
    """h [T, 1, H] from a zero state, and the tape."""
    zero = example.x.new_zeros(1, parameters["V"].shape[1])
    if example.cell == "lstm":
        h, _, _, tape = oracle_lstm.forward(example.x, zero, zero, _lstm(parameters), Steps(), Masks())
        return h, tape
    h, _, seen = oracle_rnn.forward(example.x, zero, _rnn(parameters), "tanh", Steps(), Masks())
    return h, seen


def _named(weights: RNNWeights | LSTMWeights) -> Parameters:
    return {"W_ih": weights.W_ih, "W_hh": weights.W_hh} | ({} if weights.b_ih is None else {"b": weights.b_ih})


def _rnn(parameters: Parameters) -> RNNWeights:
    return RNNWeights(parameters["W_ih"], parameters["W_hh"], parameters["b"])


def _lstm(parameters: Parameters) -> LSTMWeights:
    return LSTMWeights(parameters["W_ih"], parameters["W_hh"], parameters["b"])


def _example(
    name: str, cell: str, x: list[list[float]], start: dict[str, Numbers], target: list[float], rate: float
) -> Example:
    """In float64, so that the printed decimals are those of the exact numbers."""
    numbers = {key: torch.tensor(value, dtype=torch.float64) for key, value in start.items()}
    inputs, outputs = torch.tensor(x, dtype=torch.float64), torch.tensor(target, dtype=torch.float64)
    return Example(name, cell, inputs[:, None], outputs[:, None, None], numbers, rate)
