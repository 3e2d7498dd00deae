"""Layers that read stretches of steps."""

from __future__ import annotations

import pytest
import torch

import throughtime as tt
from throughtime.base.errors import ConfigError
from throughtime.nn.strided import Strided
from throughtime.nn.whole_pool import WholePool


def test_layers_read_the_means_of_stretches():
    torch.manual_seed(0)
    layer, x = tt.LSTM(3, 4, bidirectional=True), torch.randn(7, 2, 3)
    y, state = Strided([layer], 3)(x)
    means = torch.stack([x[:3].mean(0), x[3:6].mean(0), x[6]])
    wanted, _ = layer(means)
    torch.testing.assert_close(y, wanted[[0, 0, 0, 1, 1, 1, 2]])
    assert state is None


@pytest.mark.parametrize("stride", [1, 2, 3, 9])
def test_a_row_gives_what_it_gives_alone(stride):
    torch.manual_seed(0)
    strided = Strided([tt.LSTM(3, 4, bidirectional=True), WholePool(["last", "max", "mean"], 8)], stride)
    x, lengths = torch.randn(7, 4, 3), torch.tensor([7, 3, 4, 1])
    y, _ = strided(x, lengths=lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, _ = strided(x[:length, row : row + 1])
        torch.testing.assert_close(y[:length, row], alone[:, 0])


def test_one_vector_for_all_steps_stays_one_in_memory():
    y, _ = Strided([WholePool(["mean"], 4)], 5)(torch.randn(1000, 2, 4))
    assert y.shape == (1000, 2, 4)
    assert y.untyped_storage().nbytes() == 2 * 4 * 4


@pytest.mark.parametrize(("layers", "settings"), [([], (2,)), ([tt.LSTM(2, 2)], (0,)), ([tt.LSTM(2, 2)], (2, 1.0))])
def test_what_cannot_be_built_is_refused(layers, settings):
    with pytest.raises(ConfigError, match="Strided cannot be built"):
        Strided(layers, *settings)


def test_stretches_are_dropped_in_training_alone():
    torch.manual_seed(0)
    strided, x = Strided([WholePool(["mean"], 1, directions=1)], 2, dropout=0.5), torch.ones(4002, 1, 1)
    y, _ = strided(x)
    assert 0.9 < float(y[0]) < 1.1
    assert float(y[0]) != 1  # of 2,001 stretches, each counts 0 or 2
    assert float(strided.eval()(x)[0][0]) == 1
