"""What comes before the first update: nothing is kept, and the network is the one that training begins with."""

import numpy as np
import pytest
import torch

from throughtime.base.errors import ConfigError
from throughtime.tasks import SequencePredictor
from throughtime.tasks.options import check_options, check_window
from throughtime.tasks.preparing import prepare

ROLES = dict.fromkeys(("id", "time", "target", "known"))


def series(steps: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=steps)


def test_the_estimator_and_the_generator_stay_as_they_are():
    model, before = SequencePredictor(hidden_size=4, seed=3), torch.get_rng_state()
    settings = dict(vars(model))
    networks = [prepare(model, series(30), **ROLES).network for _ in range(2)]
    assert vars(model) == settings
    assert torch.equal(torch.get_rng_state(), before)
    first, second = (torch.cat([each.flatten() for each in network.parameters()]) for network in networks)
    assert torch.equal(first, second)


def test_rows_that_train_and_rows_that_validate():
    ready = prepare(SequencePredictor(hidden_size=4, validation=0.25), [series(40), series(8)], **ROLES)
    assert [(each.train_rows, each.score_from, len(each.values)) for each in ready.stretches] == [
        (30, 30, 40),
        (6, 6, 8),
    ]
    assert [len(each.inputs) for each in ready.encoded] == [39, 7]


@pytest.mark.parametrize(
    ("cell", "window", "refused"), [("perceptron", 9, True), ("perceptron", 8, False), ("rnn", 9, False)]
)
def test_only_a_perceptron_has_a_window_that_may_be_too_long(cell, window, refused):
    options = check_options(SequencePredictor(cell=cell, window_steps=window))
    if not refused:
        return check_window(options, 8)
    with pytest.raises(ConfigError, match="window_steps=9 came for at most 8 training rows"):
        check_window(options, 8)
