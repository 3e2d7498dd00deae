import numpy as np
import pytest
import torch

from throughtime.base.errors import DataError
from throughtime.nn.heads import CategoricalHead, GaussianHead, GaussianOutput, MixedHead
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.skill import skill

HEAD = MixedHead({"numbers": GaussianHead(2), "class0": CategoricalHead(2, 2)})


def case(changes, forecast, classes, before, likely):
    column = [np.array(part, float)[:, None] for part in (changes, classes, before)]
    one = np.ones((len(changes), 1))
    encoded = Encoded(one, column[0], column[1], column[2], one, one)
    logits = torch.nn.functional.one_hot(torch.tensor(likely), 2).float()
    location = torch.tensor(forecast, dtype=torch.float32)[:, None]
    return encoded, {"numbers": GaussianOutput(location, torch.ones_like(location)), "class0": logits}, HEAD


def test_skill_is_one_less_the_ratio_of_errors():
    perfect = case([1, -2, 3], [1, -2, 3], [0, 1, 1], [1, 0, 1], [0, 1, 1])
    assert skill([perfect]) == 1
    persistence = case([1, -2, 3], [0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 0, 1])
    assert skill([persistence]) == 0
    half = case([2, -2, np.nan], [1, -1, 50], [0, 1, np.nan], [1, 0, 1], [0, 0, 1])
    assert skill([half]) == pytest.approx(0.5)


def test_a_target_that_stays_is_left_out():
    stays = case([2, -2], [1, -1], [1, 1], [1, 1], [0, 0])
    assert skill([stays]) == pytest.approx(0.5)
    with pytest.raises(DataError, match="no target ever changes"):
        skill([case([0, 0], [1, 1], [1, 1], [1, 1], [0, 0])])


def test_series_are_pooled_not_averaged():
    long, short = (
        case([1.0] * 9, [0.0] * 9, [0] * 9, [0] * 9, [0] * 9),
        case([1.0], [1.0], [0], [0], [0]),
    )
    assert skill([long, short]) == pytest.approx(1 - np.sqrt(0.9))
