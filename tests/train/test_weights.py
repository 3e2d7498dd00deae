"""Weights move by an update, and their averages follow."""

from __future__ import annotations

import pytest
import torch

from tests.train.jobs import Net, Random, Stopping, head_size, same_weights, squared, state_of
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT, through_time
from throughtime.train import Training, fit
from throughtime.train.weights import Weights


def training(**changes):
    values = {"epochs": 2, "learning_rate": 0.01, "decay": "constant", "averaging": 0.9, "checkpoint_every_updates": 1}
    return Training(**(values | changes))


def test_the_average_is_that_of_the_formula():
    network = Net(dropout=0.0)
    weights, settings = Weights({"network": network}, training()), training()
    by_hand = [p.detach().double().clone() for p in network.parameters()]
    piece = Random()[0, 0]
    for update in range(1, 40):
        next(iter(through_time(network, squared, piece.x, piece.y, TBPTT())))
        weights.move(1.0, update - 1, 0.0)
        decay = min(settings.averaging, (1 + update) / (10 + update))
        by_hand = [decay * a + (1 - decay) * p.detach() for a, p in zip(by_hand, network.parameters(), strict=True)]
    moved = state_of(network)
    with weights.averaged():
        for mine, expected in zip(network.parameters(), by_hand, strict=True):
            torch.testing.assert_close(mine.detach().double(), expected, rtol=1e-5, atol=1e-7)
        assert not same_weights(state_of(network), moved)
    assert same_weights(state_of(network), moved)
    weights.take_average()
    assert not same_weights(state_of(network), moved)


def test_nothing_moves_by_a_loss_that_is_not_finite():
    network = Net()
    weights, before = Weights({"network": network}, training()), state_of(network)
    weights.move(float("nan"), 0, 0.0)
    assert same_weights(state_of(network), before)


@pytest.mark.parametrize("evaluate", [None, head_size])
def test_a_training_leaves_the_averages_it_validated(evaluate):
    plain, averaged, seen = Net(), Net(), []

    def looked(network):
        seen.append(state_of(network))
        return -float(len(seen))  # the last epoch is best

    fit(plain, squared, Random(), TBPTT(5, 5), training(averaging=0.0), progress=False)
    fit(averaged, squared, Random(), TBPTT(5, 5), training(), evaluate=evaluate and looked, progress=False)
    assert not same_weights(state_of(averaged), state_of(plain))
    if evaluate:
        assert same_weights(state_of(averaged), seen[-1])


def test_averages_go_on_bit_by_bit(tmp_path):
    unbroken = Net()
    expected = fit(unbroken, squared, Random(), TBPTT(5, 5), training(), evaluate=head_size, progress=False)
    RunFolder.create(tmp_path, {}).close()
    for stop in (5, 9, 10**9):
        network = Net(0 if stop == 5 else 99)
        with RunFolder.open(tmp_path) as run:
            loss = Stopping(stop, lambda: 1 / 0)
            try:
                found = fit(
                    network, loss, Random(), TBPTT(5, 5), training(), evaluate=head_size, run=run, progress=False
                )
            except ZeroDivisionError:
                continue
    assert found.losses == expected.losses
    assert found.epochs == expected.epochs
    assert same_weights(state_of(network), state_of(unbroken))


def test_a_checkpoint_without_averages_is_where_they_begin():
    network = Net()
    weights = Weights({"network": network}, training())
    tree = Weights({"network": network}, training(averaging=0.0)).to_tree()
    with torch.no_grad():
        network.head.bias.fill_(5)
    weights.from_tree(tree)
    with weights.averaged():
        assert network.head.bias.tolist() == [5.0]
