"""Layers that look at a memory: what they see, step by step as at once, and gradients through the engine."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import throughtime as tt
from throughtime.base.errors import ConfigError, ShapeError
from throughtime.bptt import through_time
from throughtime.nn import WindowPerceptron
from throughtime.nn.attending import Attending, Attention
from throughtime.nn.heads import CategoricalHead

T, B, C, H, D, R, V = 6, 3, 4, 5, 8, 7, 9


def core(kind=tt.LSTM, layers=2):
    sizes = [C] + [H + D + C] * (layers - 1)
    made = [WindowPerceptron(size, 3, H) if kind is WindowPerceptron else kind(size, H) for size in sizes]
    return Attending(made, H, D, heads=2)


def test_what_is_seen_is_the_weighted_mean_of_values_head_by_head():
    torch.manual_seed(0)
    attention = Attention(H, D, heads=2).double()
    h, memory = torch.randn(T, B, H, dtype=torch.float64), torch.randn(R, B, D, dtype=torch.float64)
    seen, weights = attention(h, memory)
    asked, keys, values = attention.question(h), attention.key(memory), attention.value(memory)
    for t in range(T):
        for row in range(B):
            for head in range(2):
                part = slice(head * D // 2, (head + 1) * D // 2)
                logits = torch.stack([asked[t, row, part] @ keys[r, row, part] for r in range(R)]) / math.sqrt(D / 2)
                shares = logits.softmax(0)
                torch.testing.assert_close(weights[t, row, head], shares)
                torch.testing.assert_close(seen[t, row, part], shares @ values[:, row, part])


@pytest.mark.parametrize("kind", [tt.LSTM, tt.RNN, WindowPerceptron])
def test_step_by_step_is_as_at_once(kind):
    torch.manual_seed(1)
    layers = core(kind).eval()
    x, state = torch.randn(T, B, C), layers.begin(torch.randn(R, B, D))
    whole, end = layers(x, state)
    assert whole.shape == (T, B, H + D)
    for t in range(T):
        y, state = layers(x[t : t + 1], state)
        # Products of one step add up in another order.
        torch.testing.assert_close(y[0], whole[t], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(state, end, rtol=1e-5, atol=1e-6)


def test_the_second_layer_sees_what_the_first_saw():
    torch.manual_seed(2)
    layers = core().eval()
    x, memory = torch.randn(T, B, C), torch.randn(R, B, D)
    y, _ = layers(x, layers.begin(memory))
    h1, _ = layers.layers[0](x)
    v1, _ = layers.attentions[0](torch.cat([h1, x], -1), memory)
    h2, _ = layers.layers[1](torch.cat([h1, v1, x], -1))
    v2, weights = layers.attentions[1](torch.cat([h2, x], -1), memory)
    torch.testing.assert_close(y, torch.cat([h2, v2], -1))
    torch.testing.assert_close(layers.weights(x, layers.begin(memory)), weights.mean(2))


def test_a_row_that_ends_keeps_its_state():
    torch.manual_seed(3)
    layers = core().eval()
    x, state = torch.randn(T, B, C), layers.begin(torch.randn(R, B, D))
    _, end = layers(x, state, lengths=torch.tensor([2, T, 4]))
    _, short = layers(x[:2], state)
    torch.testing.assert_close(end["layers"][1][0][:, 0], short["layers"][1][0][:, 0])
    assert end["memory"] is state["memory"]


class Begun(nn.Module):
    """An encoder whose regions the rows begin with."""

    def __init__(self, encoder, layers, images):
        super().__init__()
        self.encoder, self._begin, self._images = encoder, layers.begin, images

    def forward(self, rows, step):
        return self._begin(self.encoder(self._images[rows]).transpose(0, 1))


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")  # later windows hold the memory constant
@pytest.mark.parametrize("schedule", [tt.TBPTT(), tt.TBPTT(2, 4)])
def test_gradients_reach_the_encoder_as_plain_autograd_has_them(schedule):
    torch.manual_seed(4)
    layers = core().double()
    network = tt.Network(nn.Embedding(V, C), layers, CategoricalHead(H + D, V)).double()
    nn.init.normal_(network.head.linear.weight)
    encoder, images = nn.Linear(2, D).double(), torch.randn(B, R, 2, dtype=torch.float64)
    x, y, lengths = torch.randint(V, (T, B)), torch.randint(V, (T, B)), torch.tensor([3, T, 5])
    parameters = [*network.parameters(), *encoder.parameters()]

    state = Begun(encoder, layers, images)
    for _ in through_time(network, network.head.loss, x, y, schedule, lengths=lengths, state=state, normalise="sum"):
        pass
    ours = [p.grad.clone() for p in parameters]

    for p in parameters:
        p.grad = None
    loss = torch.zeros((), dtype=torch.float64)
    for row in range(B):
        for stop in range(1, int(lengths[row]) + 1):
            begun = layers.begin(encoder(images[row : row + 1]).transpose(0, 1))
            k1, k2 = schedule.k1 or T, schedule.k2 or T
            # The update that this step is new in, and the step its window begins at.
            update = min(math.ceil(stop / k1) * k1, T)
            start = max(0, update - k2)
            if start:
                _, begun = network(x[:start, row : row + 1], begun)
                begun = {
                    "layers": [tuple(s.detach() for s in each) for each in begun["layers"]],
                    "memory": begun["memory"].detach(),
                }
            output, _ = network(x[start:stop, row : row + 1], begun)
            loss = loss + network.head.loss(output[-1], y[stop - 1, row : row + 1]).sum()
    loss.backward()
    assert float(encoder.weight.grad.abs().max()) > 1e-3
    for p, found in zip(parameters, ours, strict=True):
        # Only the order of summation differs.
        torch.testing.assert_close(found, p.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Attention(5, 8, heads=3), "share the features evenly: 3"),
        (lambda: Attention(0, 8), "input_size"),
        (lambda: Attending([], 5, 8), "none came"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_a_memory_is_asked_for():
    layers, x = core(), torch.randn(T, B, C)
    with pytest.raises(ShapeError, match="part of the state: none came"):
        layers(x)
    with pytest.raises(ShapeError, match=r"\(7, 2, 8\) came for 3 rows"):
        layers(x, layers.begin(torch.randn(R, B - 1, D)))
