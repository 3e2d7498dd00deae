"""What is kept of each step is written whole: no number of it is what memory held before."""

from __future__ import annotations

import pytest
import torch

import throughtime as tt
from tests.kernels.cpu.layer_cases import needs_library
from throughtime.nn import replay

pytestmark = needs_library
T, B, C = 5, 3, 2
CASES = [
    pytest.param(layer, units, id=f"{name}-{units}")
    for units in (1, 3, 8, 11, 37)
    for name, layer in {
        "lstm": tt.LSTM,
        "rnn": tt.RNN,
        "normalised lstm": lambda *sizes: tt.LSTM(*sizes, layer_norm=True),
        "normalised rnn": lambda *sizes: tt.RNN(*sizes, layer_norm=True),
        "projected": lambda *sizes: tt.LSTM(*sizes, proj_size=1) if sizes[1] > 1 else tt.LSTM(*sizes),
    }.items()
]


@pytest.fixture
def memory_of_nan():
    """Memory that torch hands out holds nan until it is written."""
    torch.use_deterministic_algorithms(True, warn_only=True)  # which fills it
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("lengths", [None, [5, 0, 3]])
@pytest.mark.parametrize(("make", "units"), CASES)
def test_every_number_kept_was_written(memory_of_nan, make, units, lengths):
    layer = make(C, units)
    assert torch.empty(1).isnan().all()
    counts = None if lengths is None else torch.tensor(lengths)
    _, _, kept = replay.record(layer, torch.randn(T, B, C), None, [{}], counts)
    for found in kept:
        assert found["h"].shape == (T, B, layer.state_sizes[0])
        for name, array in found.items():
            assert not array.isnan().any(), name
