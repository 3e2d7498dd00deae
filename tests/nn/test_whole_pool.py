"""One vector for each whole sequence."""

from __future__ import annotations

import pytest
import torch

import throughtime as tt
from throughtime.base.errors import ConfigError, ShapeError
from throughtime.nn.whole_pool import HOWS, WholePool


def by_hand(pool, row):
    """[H] features of one row [T, H], pool by pool."""
    half = pool.input_size // pool.directions
    parts = {
        "last": torch.cat([row[-1, :half], row[0, half:]]),
        "mean": row.mean(0),
        "max": row.max(0).values,
        "attention": ((row @ pool.weight).softmax(0)[:, None] * row).sum(0) if pool.weight is not None else None,
    }
    return torch.cat([parts[how] for how in pool.hows])


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("lengths", [None, [5, 3, 1]])
def test_every_row_is_pooled_over_its_own_steps(lengths, directions):
    torch.manual_seed(0)
    pool = WholePool(HOWS, 4, directions)
    torch.nn.init.normal_(pool.weight)
    x = torch.randn(5, 3, 4)
    for row, length in enumerate(lengths or [5] * 3):
        x[length:, row] = 0
    y, state = pool(x, lengths=lengths)
    assert state is None
    assert y.shape == (5, 3, pool.output_size)
    assert torch.equal(y, y[:1].expand_as(y))
    for row, length in enumerate(lengths or [5] * 3):
        torch.testing.assert_close(y[0, row], by_hand(pool, x[:length, row]))


def test_the_last_states_of_a_bidirectional_layer_are_pooled():
    torch.manual_seed(0)
    layer, pool = tt.LSTM(2, 3, bidirectional=True), WholePool(["last"], 6)
    lengths = [4, 2]
    y, (h_n, _) = layer(torch.randn(4, 2, 2), lengths=lengths)
    torch.testing.assert_close(pool(y, lengths=lengths)[0][0], torch.cat([h_n[0], h_n[1]], -1))


def test_dropout_is_one_mask_a_row():
    torch.manual_seed(0)
    pool = WholePool(["mean"], 40, dropout=0.5)
    y, _ = pool(torch.ones(3, 2, 40))
    assert torch.equal(y, y[:1].expand_as(y))
    assert set(y.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(pool.eval()(torch.ones(3, 2, 40))[0], torch.ones(3, 2, 40))


def test_gradients_are_those_of_finite_differences():
    pool = WholePool(("last", "mean", "attention"), 4, dtype=torch.float64)
    torch.nn.init.normal_(pool.weight)
    x = torch.randn(4, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: pool(x, lengths=[4, 2, 1])[0], x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: WholePool([], 4), ConfigError, "at least one"),
        (lambda: WholePool(["least"], 4), ConfigError, "`hows`"),
        (lambda: WholePool(["max"], 3), ConfigError, "even"),
        (lambda: WholePool(["max"], 4)(torch.zeros(2, 2, 3)), ShapeError, r"\[T, B, 4\]"),
        (lambda: WholePool(["max"], 4)(torch.zeros(0, 2, 4)), ShapeError, "T >= 1"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
