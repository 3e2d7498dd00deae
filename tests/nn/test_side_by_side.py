"""Stacks of layers side by side say what each says alone."""

from __future__ import annotations

import pytest
import torch

import throughtime as tt
from throughtime.base.errors import ConfigError, ShapeError
from throughtime.nn.running_pools import RunningPools
from throughtime.nn.side_by_side import SideBySide
from throughtime.nn.whole_pool import WholePool


def stacks(width, count=2):
    torch.manual_seed(0)
    return [[tt.LSTM(width, 3), RunningPools(["last", "mean"], 3)] for _ in range(count)]


def alone(stack, x, **rows):
    for layer in stack:
        x, _ = layer(x, None, **rows)
    return x


@pytest.mark.parametrize("shared", [True, False])
def test_each_stack_says_what_it_says_alone(shared):
    made, x = stacks(4 if shared else 2), torch.randn(5, 3, 4)
    rows = {"lengths": torch.tensor([5, 2, 4])}
    y, _ = SideBySide(made, shared)(x, **rows)
    parts = [x, x] if shared else [x[..., :2], x[..., 2:]]
    wanted = torch.cat([alone(stack, part, **rows) for stack, part in zip(made, parts, strict=True)], -1)
    assert torch.equal(y, wanted)


def test_pieces_give_what_one_piece_gives():
    layer, x = SideBySide(stacks(4), True), torch.randn(6, 2, 4)
    y, _ = layer(x)
    first, state = layer(x[:2])
    torch.testing.assert_close(torch.cat([first, layer(x[2:], state)[0]]), y)


def test_what_one_layer_does_not_honour_none_does():
    assert SideBySide(stacks(4), True).handles == {"lengths", "resets"}
    assert SideBySide([[tt.LSTM(4, 3)], [WholePool(["mean"], 4)]], True).handles == {"lengths"}


@pytest.mark.parametrize("made", [[], [[]]])
def test_there_is_a_layer_in_every_stack(made):
    with pytest.raises(ConfigError, match="at least one"):
        SideBySide(made, True)


def test_features_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ShapeError, match="equal part of the features each: 5 came"):
        SideBySide(stacks(2), False)(torch.randn(3, 2, 5))


def test_one_vector_for_all_steps_stays_one_in_memory():
    layer = SideBySide([[WholePool(["mean"], 4)], [WholePool(["max"], 4)]], True)
    x = torch.randn(1000, 2, 4)
    y, _ = layer(x)
    assert y.shape == (1000, 2, 8)
    assert y.untyped_storage().nbytes() == 2 * 8 * 4
    torch.testing.assert_close(y[-1], torch.cat([x.mean(0), x.amax(0)], -1))
