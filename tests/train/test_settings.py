from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import ConfigError
from throughtime.train import Training


def make(**changes):
    return Training(**({"epochs": 1, "learning_rate": 0.1} | changes))


def test_the_least_and_the_odd_are_fine():
    make(weight_decay=0, momentum=0.5, optimizer="rmsprop", clip_norm=None, patience=1, seed=2**63 - 1)
    make(checkpoint_every_s=0, checkpoint_every_updates=1, decay="constant", learning_rate=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "`epochs` is a whole number, at least 1: 0 came"),
        ({"epochs": 1.5}, "1.5 came"),
        ({"epochs": True}, "True came"),
        ({"learning_rate": 0}, "`learning_rate` is a number above 0: 0 came"),
        ({"learning_rate": float("nan")}, "nan came"),
        ({"learning_rate": "0.1"}, "'0.1' came"),
        (
            {"optimizer": "rmsprob"},
            r"adam, sgd, rmsprop, nt-asgd: 'rmsprob' came \(did you mean 'rmsprop'\?\)",
        ),
        ({"optimizer": "Adam"}, "did you mean 'adam'"),
        ({"optimizer": "LBFGS"}, "evaluates the loss several times in one step.*one gradient, once"),
        ({"weight_decay": -1}, "`weight_decay` is a number of 0 or more"),
        ({"momentum": 1, "optimizer": "sgd"}, "0 or more and below 1: 1 came"),
        ({"momentum": 0.9}, "`momentum` belongs to sgd and rmsprop, adamw has its own"),
        ({"clip_norm": 0}, "`clip_norm` is a number above 0"),
        ({"decay": "cosin"}, r"`decay` is one of cosine, constant: 'cosin' came \(did you mean 'cosine'\?\)"),
        ({"warmup_updates": -1}, "`warmup_updates`"),
        ({"patience": 0}, "`patience` is a whole number, at least 1"),
        ({"until": 0}, "`until` is a whole number, at least 1"),
        ({"epochs": 3, "until": 4}, "`until` is one of the epochs: 4 came for 3"),
        ({"seed": 2**63}, "`seed`"),
        ({"seed": -1}, "`seed`"),
        ({"checkpoint_every_s": -1}, "`checkpoint_every_s`"),
        ({"checkpoint_every_updates": 0}, "`checkpoint_every_updates`"),
    ],
)
def test_bad_settings(change, message):
    with pytest.raises(ConfigError, match=message):
        make(**change)


def test_numbers_of_numpy_become_pythons_own():
    training = make(epochs=np.int64(3), learning_rate=np.float32(0.5), patience=np.int32(2), clip_norm=np.float64(1))
    assert training == make(epochs=3, learning_rate=0.5, patience=2, clip_norm=1.0)
    for name in ("epochs", "learning_rate", "patience", "clip_norm"):
        assert type(getattr(training, name)) in (int, float)


def test_all_problems_are_said_at_once():
    with pytest.raises(ConfigError, match=r"`epochs`.*`learning_rate`.*`patience`.*Change them\."):
        make(epochs=0, learning_rate=-1, patience=0)
