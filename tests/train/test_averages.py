"""Averages of weights: the exponential one (with `Weights`, in test_weights), and the one that validation triggers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.train.jobs import Net, Random, Stopping, same_weights, squared, state_of
from throughtime.base.errors import ConfigError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.train import Training, fit
from throughtime.train.averages import Triggered
from throughtime.train.settings import TRIGGERED

# The seventh value is worse than the best of those more than five epochs before it.
FALLS, RISES = [5.0, 4.0, 4.5, 4.5, 4.5, 4.5], [4.6, 4.6, 4.6]


def training(**changes):
    values = {"epochs": 9, "learning_rate": 0.05, "decay": "constant", "optimizer": TRIGGERED}
    return Training(**(values | changes))


class Told:
    """A validation that says what it was told to, and remembers the weights it was shown."""

    def __init__(self, *values):
        self.values, self.shown = list(values), []

    def __call__(self, network):
        self.shown.append(state_of(network))
        return self.values[len(self.shown) - 1]


def test_averaging_begins_where_validation_is_worse_than_long_before():
    average = Triggered([nn.Parameter(torch.zeros(2))])
    for k in range(1, 7):
        average.note(FALLS[:k])
        assert average.values is None
    average.note([5.0, 4.0, 3.0, 3.0, 3.0, 3.0, 4.9])  # better than the only one that counts yet
    assert average.values is None
    average.note([*FALLS, 5.1])
    assert average.values is not None


def test_it_is_the_mean_of_what_followed():
    parameter = nn.Parameter(torch.zeros(2))
    average = Triggered([parameter])
    average.note([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0])
    for update, value in enumerate([3.0, 6.0, 12.0]):
        with torch.no_grad():
            parameter.fill_(value)
        average.follow(update)
    torch.testing.assert_close(average.values[0], torch.full((2,), 7.0))


def test_weights_are_shown_as_they_are_until_averages_are_there():
    plain, averaged, seen, told = Net(), Net(), Told(*range(9)), Told(1.0, *range(2, 10))
    fit(plain, squared, Random(), TBPTT(5, 5), training(optimizer="sgd"), evaluate=seen, progress=False)
    fit(averaged, squared, Random(), TBPTT(5, 5), training(), evaluate=told, progress=False)
    same = [same_weights(one, other) for one, other in zip(seen.shown, told.shown, strict=True)]
    assert same == [True] * 7 + [False] * 2


def test_patience_waits_for_averages():
    told = Told(1.0, *range(2, 30))
    history = fit(Net(), squared, Random(), TBPTT(5, 5), training(epochs=29, patience=2), evaluate=told, progress=False)
    assert len(history.epochs) == 9  # seven until averages began, and two without a better one
    assert history.stopped_early


def test_a_training_goes_on_bit_by_bit(tmp_path):
    unbroken, values = Net(), (*FALLS, 5.1, *RISES)
    settings = training(epochs=10, checkpoint_every_updates=1)
    expected = fit(unbroken, squared, Random(), TBPTT(5, 5), settings, evaluate=Told(*values), progress=False)
    RunFolder.create(tmp_path, {}).close()
    done = 0
    for stop in (50, 73, 10**9):
        network, told = Net(0 if stop == 50 else 99), Told(*values[done:])
        with RunFolder.open(tmp_path) as run:
            loss = Stopping(stop, lambda: 1 / 0)
            try:
                found = fit(network, loss, Random(), TBPTT(5, 5), settings, evaluate=told, run=run, progress=False)
            except ZeroDivisionError:
                done += len(told.shown)
                continue
    assert found.losses == expected.losses
    assert found.epochs == expected.epochs
    assert same_weights(state_of(network), state_of(unbroken))


def test_what_contradicts_itself_is_refused():
    with pytest.raises(ConfigError, match="`averaging` goes with other optimizers"):
        training(averaging=0.9)
    with pytest.raises(ConfigError, match="nt-asgd waits for a validation value"):
        fit(Net(), squared, Random(), TBPTT(5, 5), training(), progress=False)
