import numpy as np
import pytest
import torch

from throughtime.base.errors import DataError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import TBPTT
from throughtime.tasks import SequencePredictor
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.fitting import train_network
from throughtime.tasks.intake import Stretch
from throughtime.tasks.network import Design, build
from throughtime.tasks.options import check_options
from throughtime.tasks.preparing import Prepared


def made(length, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(length, 2))
    none = np.empty((length, 0))
    numbers = x[:, :1] * 0.5
    return Encoded(x, numbers, none, none, np.zeros((length, 1)), np.ones((length, 1)))


def network():
    torch.manual_seed(0)
    return build(Design("lstm", 2, 4, 1, 1, 0.0, "gaussian", 1, ()))


def options(**settings):
    return check_options(SequencePredictor(**{"hidden_size": 4, "epochs": 3, "progress": False} | settings))


def ready(network, encoded, stretches, options):
    return Prepared(options, None, None, network, encoded, stretches)


def test_only_training_rows_train_and_only_later_ones_validate():
    def losses(change_from):
        encoded = made(60)
        encoded.numbers[change_from:] += 100
        stretch = Stretch(np.zeros((61, 1)), None, 41, 41)
        history, schedule = train_network(ready(network(), [encoded], [stretch], options(tbptt="10,10")), None)
        assert schedule == TBPTT(10, 10)
        return history.losses, [epoch.validation for epoch in history.epochs]

    plain, changed = losses(60), losses(40)
    assert changed[0] == plain[0]
    assert changed[1] != plain[1]
    assert losses(39)[0] != plain[0]
    earlier = made(60)
    earlier.numbers[:40] += 100
    assert len(plain[0]) == 3 * 4


def test_a_schedule_is_chosen_where_none_is_named():
    stretch = Stretch(np.zeros((502, 1)), None, 502, 502)
    history, schedule = train_network(ready(network(), [made(501)], [stretch], options()), None)
    assert schedule == TBPTT(25, 25)
    assert history.best_epoch is None


def test_validation_without_a_target_is_refused():
    encoded = made(20)
    encoded.numbers[10:] = np.nan
    with pytest.raises(DataError, match="Validation needs targets"):
        train_network(ready(network(), [encoded], [Stretch(np.zeros((21, 1)), None, 11, 11)], options()), None)


def test_the_network_is_left_in_evaluation_mode():
    trained = network()
    train_network(ready(trained, [made(20)], [Stretch(np.zeros((21, 1)), None, 21, 21)], options()), None)
    assert not any(module.training for module in trained.modules())


def test_checkpoints_come_as_often_as_the_options_say(tmp_path):
    with RunFolder.create(tmp_path, {}) as run:
        steps = []
        save = run.save_checkpoint
        run.save_checkpoint = lambda tree, step: steps.append(step) or save(tree, step)
        stretch, every = Stretch(np.zeros((21, 1)), None, 21, 21), options(tbptt="5,5", checkpoint_every_s=0)
        train_network(ready(network(), [made(20)], [stretch], every), run)
    assert set(range(12)) < set(steps)
