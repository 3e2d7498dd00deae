from dataclasses import asdict

import numpy as np
import pytest
import sklearn.exceptions

from throughtime.base.errors import ConfigError, DeviceError, ThroughtimeError
from throughtime.bptt import TBPTT
from throughtime.tasks import NotFittedError, SequencePredictor
from throughtime.tasks.options import check_device, check_fitted, check_options


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "gru"}, "`cell` is one of lstm, rnn, perceptron: 'gru' came"),
        ({"emission": "poisson"}, "`emission` is one of gaussian, student"),
        ({"hidden_size": 0}, "`hidden_size` is a whole number, at least 1 and at most 65536: 0 came"),
        ({"hidden_size": 10**9}, "`hidden_size` is .* at most 65536: 1000000000 came"),
        ({"window_steps": 10**6}, "`window_steps` is .* at most 100000"),
        ({"num_layers": 10**6}, "`num_layers` is .* at most 1000"),
        ({"learning_rate": 1e300}, r"`learning_rate` is .* at most 10: 1e\+300 came"),
        ({"num_layers": 1.5}, "`num_layers` is a whole number"),
        ({"window_steps": True}, "`window_steps` is a whole number"),
        ({"epochs": -1}, "`epochs`"),
        ({"batch_size": None}, "`batch_size`"),
        ({"patience": 0}, "`patience`"),
        ({"seed": -1}, "`seed` is a whole number, at least 0"),
        ({"learning_rate": 0}, "`learning_rate` is a number above 0 and at most 10: 0 came"),
        ({"weight_decay": -0.1}, "`weight_decay` is a number of 0 or more and at most 100: -0.1"),
        ({"dropout": 1.0}, "`dropout` is a number of 0 or more and below 1: 1.0 came"),
        ({"learning_rate": float("nan")}, "`learning_rate`"),
        ({"cell": "lsmt"}, r"`cell` is one of lstm, rnn, perceptron: 'lsmt' came \(did you mean 'lstm'\?\)"),
        ({"checkpoint_every_s": -1}, "`checkpoint_every_s` is a number of 0 or more"),
        ({"progress": "yes"}, "`progress` is True or False: 'yes' came"),
        ({"calendar": 5}, "`calendar` is 'auto' or a list out of year, week, day: 5 came"),
        ({"calendar": [["year"]]}, "`calendar` is 'auto' or a list"),
        ({"device": "meta"}, "`device` is one torch can use here: 'meta' came"),
        ({"calendar": "monthly"}, "`calendar` is 'auto' or a list"),
        ({"tbptt": 50}, "`tbptt` is a TBPTT, text such as '50,50' or 'auto', or None: 50 came"),
        ({"tbptt": "0,5"}, "`tbptt`: .*k1"),
        ({"device": "abacus"}, "`device` is one torch can use here: 'abacus' came"),
    ],
)
def test_each_wrong_setting_is_named(settings, message):
    with pytest.raises(ConfigError, match=message):
        check_options(SequencePredictor(**settings))


def test_all_wrong_settings_come_at_once():
    with pytest.raises(ConfigError, match="`hidden_size`.*`dropout`.*`cell`.*Change them"):
        check_options(SequencePredictor(hidden_size=0, cell="x", dropout=2))


def test_schedules_are_read():
    assert check_options(SequencePredictor()).schedule is None
    assert check_options(SequencePredictor(tbptt="20,100")).schedule == TBPTT(20, 100)
    assert check_options(SequencePredictor(tbptt=TBPTT(3, 4))).schedule == TBPTT(3, 4)


def test_numbers_of_numpy_become_pythons_own():
    given = {"hidden_size": np.int64(8), "epochs": np.int32(2), "learning_rate": np.float32(0.5), "seed": np.uint8(3)}
    options = check_options(SequencePredictor(**given, patience=np.int64(4), calendar=np.array(["year"])))
    assert asdict(options) == asdict(options) | given | {"patience": 4, "calendar": ("year",)}
    for name in (*given, "patience"):
        assert type(getattr(options, name)) in (int, float)


def test_a_device_alone_can_be_checked():
    check_device(None)
    check_device("cpu")
    with pytest.raises(DeviceError, match="'abacus' came .*Leave `device` out for the CPU"):
        check_device("abacus")


def test_use_before_fit_is_refused_in_both_families():
    with pytest.raises(NotFittedError, match="not fitted. Call fit") as caught:
        check_fitted(SequencePredictor())
    assert isinstance(caught.value, ThroughtimeError)
    assert isinstance(caught.value, sklearn.exceptions.NotFittedError)
