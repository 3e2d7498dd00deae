import numpy as np
import pytest
import torch

from throughtime.base.errors import ConfigError
from throughtime.nn.heads import GaussianHead, GaussianOutput, MixedHead
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.forecasts import Forecasts, as_arrays, as_levels, decode


def encoded(base, unit):
    steps = len(base)
    none = np.empty((steps, 0))
    return Encoded(none, np.zeros((steps, 1)), none, none, np.array(base)[:, None], np.array(unit)[:, None])


def test_a_forecast_comes_back_to_the_units_of_its_series():
    head = MixedHead({"numbers": GaussianHead(2)})
    output = {"numbers": GaussianOutput(torch.tensor([[0.5], [-1.0]]), torch.tensor([[1.0], [2.0]]))}
    forecast = decode(head, output, encoded([10.0, 20.0], [2.0, 4.0]), [80])
    np.testing.assert_allclose(forecast.value[:, 0], [11, 16])
    low, high = forecast.intervals[80]
    np.testing.assert_allclose((high - low)[:, 0], 2 * 1.2815516 * np.array([2, 8]), rtol=1e-6)
    np.testing.assert_allclose((high + low)[:, 0] / 2, [11, 16], rtol=1e-6)
    values, ends = as_arrays(forecast, [80])
    assert values.shape == (2, 1)
    assert ends.shape == (2, 1, 1, 2)
    assert as_arrays(forecast, [])[1].shape == (2, 1, 0, 2)


def test_rows_move_by_one_from_steps():
    forecast = Forecasts(np.ones((3, 1)), {80: (np.zeros((3, 1)), np.ones((3, 1)))}, (np.full((3, 2), 0.5),))
    shifted = forecast.after_a_blank()
    assert np.isnan(shifted.value[0, 0])
    assert shifted.value.shape == (4, 1)
    assert shifted.intervals[80][0].shape == (4, 1)
    assert np.isnan(shifted.probabilities[0][0]).all()
    assert forecast.last().value.shape == (1, 1)


@pytest.mark.parametrize(
    ("level", "expected"), [(None, ()), (80, (80,)), ([80, 95.5], (80, 95.5)), (np.array([50]), (50,))]
)
def test_levels(level, expected):
    assert as_levels(level) == expected


@pytest.mark.parametrize("level", [0.0, 100, "80", [80, -1], True])
def test_levels_are_percentages(level):
    with pytest.raises(ConfigError, match="in percent"):
        as_levels(level)
