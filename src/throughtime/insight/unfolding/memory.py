"""Bytes that truncated backpropagation keeps between a window's forward and its backward pass.

In float32, 4 bytes a number, for each step and each of B rows the recurrent layer keeps

    LSTM   x, i, f, g, o, c, h, tanh(c)       C + 7 H numbers
    RNN    x, h                               C + H numbers

which is what the oracle kernel saves, counted in a test; another kernel may keep another amount, and embedding and
head keep their own. Beside it stand the constant state at w (2 H or H numbers a row, where w > 0), the target of each
step (one number a row), and x and target of new steps that run before the window (k2 < k1).

Dimensions: B rows, C inputs, H hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass

from throughtime.base.errors import ConfigError
from throughtime.insight.unfolding.plan import Plan

FLOAT_BYTES = 4
# Tensors of H numbers that a step keeps, and that a state has.
_KEPT = {"lstm": 7, "rnn": 1}
_STATE = {"lstm": 2, "rnn": 1}
NAMES = {"lstm": "x, i, f, g, o, c, h and tanh c", "rnn": "x and h"}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The network whose bytes are counted.

    Args:
        inputs: C.
        hidden: H.
        batch: B.

    Raises:
        ConfigError: one is less than 1.
    """

    inputs: int = 16
    hidden: int = 128
    batch: int = 32

    def __post_init__(self) -> None:
        wrong = {name: size for name in ("inputs", "hidden", "batch") if (size := getattr(self, name)) < 1}
        if wrong:
            came = ", ".join(f"{name} = {size}" for name, size in wrong.items())
            raise ConfigError(f"Sizes of a network are 1 or more: {came} came. Leave them out for C 16, H 128, B 32.")


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept, in bytes.

    Args:
        sizes: of the network.
        numbers: that a step keeps for one row.
        step_bytes: of one step, all rows.
        largest_update: number of the update that keeps most, the first such.
        window_bytes: kept by that update.
        whole_bytes: of full BPTT over all steps.
    """

    sizes: Sizes
    numbers: int
    step_bytes: int
    largest_update: int
    window_bytes: int
    whole_bytes: int


def memory(plan: Plan, sizes: Sizes) -> Memory:
    """Bytes kept by the updates of `plan` in a network of `sizes`."""
    numbers = sizes.inputs + _KEPT[plan.cell] * sizes.hidden
    row_bytes = FLOAT_BYTES * sizes.batch

    def kept(window: int, before: int, cut: bool) -> int:
        state = _STATE[plan.cell] * sizes.hidden if cut else 0
        return row_bytes * (window * (numbers + 1) + before * (sizes.inputs + 1) + state)

    each = [kept(len(lane.window), len(lane.without_gradient), lane.window_start > 0) for lane in plan.lanes]
    most = max(each)
    whole = kept(plan.steps, 0, cut=False)
    return Memory(sizes, numbers, row_bytes * numbers, each.index(most) + 1, most, whole)
