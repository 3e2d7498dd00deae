"""Bytes against those the oracle kernel really saves for its backward pass."""

from __future__ import annotations

import pytest
import torch

import throughtime as tt
from throughtime.base.errors import ConfigError
from throughtime.insight.unfolding.memory import Sizes, memory
from throughtime.insight.unfolding.plan import plan


def saved_bytes(layer, x, state) -> int:
    """Bytes of the distinct storages saved for the backward pass, without weights and initial state."""
    apart = {tensor.untyped_storage().data_ptr() for tensor in (*layer.parameters(), *state)}
    seen = {}

    def pack(tensor):
        seen[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = layer(x, state if len(state) > 1 else state[0])
    assert result[0].requires_grad
    return sum(tensor.untyped_storage().nbytes() for at, tensor in seen.items() if at not in apart)


@pytest.mark.parametrize(("cell", "layer", "parts"), [("lstm", tt.LSTM, 2), ("rnn", tt.RNN, 1)])
@pytest.mark.parametrize("sizes", [Sizes(5, 3, 2), Sizes(1, 8, 4)])
def test_a_step_keeps_what_the_oracle_saves(cell, layer, parts, sizes):
    core = layer(sizes.inputs, sizes.hidden, kernel="oracle")
    state = tuple(torch.zeros(1, sizes.batch, sizes.hidden) for _ in range(parts))
    saved = {T: saved_bytes(core, torch.randn(T, sizes.batch, sizes.inputs), state) for T in (3, 7)}
    assert memory(plan(cell, 7, tt.TBPTT()), sizes).step_bytes == (saved[7] - saved[3]) / 4 == saved[7] / 7


def test_a_window_counts_its_state_and_targets_too():
    kept = memory(plan("lstm", 12, tt.TBPTT(3, 5)), Sizes(2, 10, 4))
    assert kept.step_bytes == 4 * 4 * (2 + 70)
    assert kept.window_bytes == 4 * 4 * (5 * (2 + 70 + 1) + 20)
    assert kept.whole_bytes == 4 * 4 * 12 * (2 + 70 + 1)
    assert kept.largest_update == 2  # the first of those that look back over 5 steps


def test_new_steps_before_the_window_keep_their_data():
    kept = memory(plan("rnn", 12, tt.TBPTT(6, 2)), Sizes(2, 10, 1))
    assert kept.window_bytes == 4 * (2 * (2 + 10 + 1) + 4 * (2 + 1) + 10)


def test_the_whole_sequence_in_one_window_is_full_bptt():
    kept = memory(plan("rnn", 12, tt.TBPTT(1, 12)), Sizes())
    assert kept.window_bytes == kept.whole_bytes


def test_sizes_below_1_are_refused_together():
    with pytest.raises(ConfigError, match=r"1 or more: inputs = 0, batch = -1 came"):
        Sizes(0, 4, -1)
