from __future__ import annotations

import pytest
import torch
from torch import nn

import throughtime as tt
from throughtime.base.errors import ConfigError, NetworkError, ShapeError
from throughtime.nn import WindowPerceptron


def test_it_is_embed_core_head_in_a_row():
    embed, core, head = nn.Embedding(7, 3), tt.LSTM(3, 4), nn.Linear(4, 2)
    symbols = torch.randint(7, (6, 2))
    output, state = tt.Network(embed, core, head)(symbols)
    y, last = core(embed(symbols))
    assert torch.equal(output, head(y))
    torch.testing.assert_close(state, last, rtol=0, atol=0)


def test_absent_parts_pass_on():
    core, x = tt.RNN(3, 4), torch.randn(5, 2, 3)
    assert torch.equal(tt.Network(None, core, None)(x)[0], core(x)[0])


CORES = {
    "list": lambda: [tt.LSTM(3, 4), nn.GRU(4, 5), tt.RNN(5, 4), WindowPerceptron(4, 3, 4)],
    "tt": lambda: tt.LSTM(3, 4, 2),
    "torch": lambda: nn.LSTM(3, 4),
    "perceptron": lambda: WindowPerceptron(3, 4, 4, num_layers=2),
    "modules": lambda: nn.ModuleList([tt.LSTM(3, 4)]),
}


@pytest.mark.parametrize("core", CORES.values(), ids=CORES)
def test_splitting_changes_nothing(core):
    network = tt.Network(None, core(), nn.Linear(4, 1)).double()
    x = torch.randn(7, 2, 3, dtype=torch.float64)
    whole, _ = network(x)
    first, state = network(x[:3])
    second, _ = network(x[3:], state)
    # float64, rounding
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=1e-10, atol=1e-12)


def test_lengths_and_resets_reach_every_layer():
    layers = [tt.LSTM(3, 4), tt.RNN(4, 4)]
    network, x = tt.Network(None, layers, None), torch.randn(5, 2, 3)
    rows = {"lengths": [5, 2], "resets": torch.rand(5, 2) < 0.5}
    y, first = layers[0](x, **rows)
    y, second = layers[1](y, **rows)
    output, state = network(x, **rows)
    assert torch.equal(output, y)
    torch.testing.assert_close(state, (first, second), rtol=0, atol=0)


def test_it_handles_what_every_layer_handles():
    assert tt.Network(None, [tt.LSTM(3, 4), WindowPerceptron(4, 2, 4)], None).handles == {"lengths", "resets"}
    mixed = tt.Network(None, [tt.LSTM(3, 4), nn.GRU(4, 4)], None)
    assert mixed.handles == frozenset()
    for name, value in (("lengths", [5, 5]), ("resets", torch.zeros(5, 2, dtype=torch.bool))):
        with pytest.raises(NetworkError, match=f"`{name}` needs .*GRU does not"):
            mixed(torch.randn(5, 2, 3), **{name: value})
    assert mixed.state_axis == 1


@pytest.mark.parametrize("state", [(None,), torch.zeros(1, 2, 4), [None] * 3])
def test_a_state_of_another_core_is_refused(state):
    network = tt.Network(None, [tt.LSTM(3, 4), tt.RNN(4, 4)], None)
    with pytest.raises(ShapeError, match="tuple of as many states"):
        network(torch.randn(5, 2, 3), state)


@pytest.mark.parametrize(
    ("parts", "error", "match"),
    [
        ((None, [], None), ConfigError, "empty list"),
        ((None, None, None), ConfigError, "must be a torch module"),
        ((3, tt.RNN(3, 4), None), ConfigError, "`embed` must be a torch module: got 3"),
        ((None, [tt.RNN(3, 4), None], None), ConfigError, "`core` must be a torch module: got None"),
        ((None, tt.RNN(3, 4), torch.sin), ConfigError, "`head` must be a torch module"),
        ((None, nn.LSTM(3, 4, batch_first=True), None), NetworkError, "LSTM has batch_first=True"),
        ((None, nn.Linear(3, 4), None), NetworkError, "Linear.forward takes no state"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, error, match):
    with pytest.raises(error, match=match):
        tt.Network(*parts)


def test_names_of_its_weights():
    network = tt.Network(nn.Linear(2, 3), [tt.RNN(3, 4)], nn.Linear(4, 1))
    assert {name.split(".")[0] for name in network.state_dict()} == {"embed", "core", "head"}
    assert "core.0.weight_ih_l0" in network.state_dict()
    assert "core.weight_ih_l0" in tt.Network(None, tt.RNN(3, 4), None).state_dict()
