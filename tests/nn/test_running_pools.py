"""Pools of the steps so far, beside each other."""

from __future__ import annotations

import pytest
import torch

from throughtime.base.errors import ConfigError
from throughtime.nn.running_pools import RunningPools
from throughtime.nn.whole_pool import HOWS, WholePool


def filled(hows=HOWS):
    pools = RunningPools(hows, 4)
    for parameter in pools.parameters():
        torch.nn.init.normal_(parameter)
    return pools


def test_the_pools_at_a_sequences_end_are_those_of_the_whole():
    torch.manual_seed(0)
    running, whole = filled(), WholePool(HOWS, 4, directions=1)
    with torch.no_grad():
        whole.weight.copy_(running.pools[-1].weight[0])
    x = torch.randn(6, 3, 4)
    for steps in (1, 4, 6):
        torch.testing.assert_close(running(x[:steps])[0][-1], whole(x[:steps])[0][-1])


def test_pieces_give_what_one_piece_gives():
    torch.manual_seed(0)
    pools, x = filled(), torch.randn(6, 3, 4)
    y, end = pools(x)
    first, state = pools(x[:2])
    second, last = pools(x[2:], state)
    torch.testing.assert_close(torch.cat([first, second]), y)
    assert [sorted(each) for each in last] == [sorted(each) for each in end]


def test_features_are_dropped_in_training_alone():
    torch.manual_seed(0)
    pools = RunningPools(["last"], 40, dropout=0.5)
    x = torch.ones(3, 2, 40)
    assert set(pools(x)[0].unique().tolist()) == {0.0, 2.0}
    assert torch.equal(pools.eval()(x)[0], x)


@pytest.mark.parametrize(("hows", "message"), [([], "at least one"), (["first"], "`hows`")])
def test_what_does_not_fit_is_refused(hows, message):
    with pytest.raises(ConfigError, match=message):
        RunningPools(hows, 4)
