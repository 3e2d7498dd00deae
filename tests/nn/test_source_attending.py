"""Layers that look at a source: step by step as at once, alone as in a batch, and gradients through the engine."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import throughtime as tt
from throughtime.base.errors import ConfigError, ShapeError
from throughtime.bptt import map_nest, through_time
from throughtime.nn import WindowPerceptron
from throughtime.nn.heads import CategoricalHead, PointerHead
from throughtime.nn.source_attending import SourceAttending

T, B, C, H, D, R, V = 6, 3, 4, 5, 8, 7, 9
LENGTHS = torch.tensor([R, 3, 1])
KINDS = {"plain": {}, "pointing": {"pointing": True}, "covering": {"pointing": True, "coverage": True}}


def core(kind=tt.LSTM, heads=2, **how):
    sizes = [C, H + (D if heads else 0) + C]
    made = [WindowPerceptron(size, 3, H) if kind is WindowPerceptron else kind(size, H) for size in sizes]
    found = SourceAttending(made, H, D, heads, **how).double()
    if found.cover is not None:
        nn.init.normal_(found.cover)
    return found


def begun(layers, memory, lengths=LENGTHS):
    kept = torch.arange(len(memory))[:, None] < lengths
    symbols = torch.arange(len(memory))[:, None] % V + torch.zeros_like(lengths)
    return layers.begin(layers.empty(memory.shape[1], memory), memory, kept, symbols)


def numbers(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("kind", [tt.LSTM, tt.RNN, WindowPerceptron])
def test_step_by_step_is_as_at_once(kind, how):
    torch.manual_seed(1)
    layers = core(kind, **KINDS[how])
    x, state = numbers(T, B, C), begun(layers, numbers(R, B, D))
    whole, end = layers(x, state)
    for t in range(T):
        y, state = layers(x[t : t + 1], state)
        torch.testing.assert_close(y, map_nest(lambda part, t=t: part[t : t + 1], whole))
    torch.testing.assert_close(state, end)


def test_a_step_as_it_is_written_in_is_as_one_of_many():
    torch.manual_seed(1)
    layers = core().eval()
    x, state = numbers(T, B, C), begun(layers, numbers(R, B, D))
    whole, _ = layers(x, state)
    with torch.no_grad():
        for t in range(T):
            y, state = layers(x[t : t + 1], state)
            torch.testing.assert_close(y[0], whole[t])


@pytest.mark.parametrize("how", KINDS)
def test_a_row_alone_is_as_in_a_batch(how):
    torch.manual_seed(2)
    layers = core(**KINDS[how])
    x, memory = numbers(T, B, C), numbers(R, B, D)
    memory[3:, 1] = 1e6  # what stands past an end is of no account
    whole, _ = layers(x, begun(layers, memory))
    for row, length in enumerate(LENGTHS.tolist()):
        alone, _ = layers(x[:, [row]], begun(layers, memory[:length, [row]], LENGTHS[[row]]))
        if how == "plain":
            torch.testing.assert_close(alone, whole[:, [row]])
            continue
        torch.testing.assert_close(alone["features"], whole["features"][:, [row]])
        torch.testing.assert_close(alone["weights"], whole["weights"][:, [row], :length])
        assert not whole["weights"][:, row, length:].any()


def test_a_row_that_ends_covers_nothing_more():
    torch.manual_seed(3)
    layers = core(**KINDS["covering"])
    x, state = numbers(T, B, C), begun(layers, numbers(R, B, D))
    _, end = layers(x, state, lengths=torch.tensor([2, T, 4]))
    _, short = layers(x[:2], state)
    torch.testing.assert_close(end["covered"][:, 0], short["covered"][:, 0])
    torch.testing.assert_close(end["layers"][1][0][:, 0], short["layers"][1][0][:, 0])
    torch.testing.assert_close(end["covered"].sum(0), torch.tensor([2.0, T, 4], dtype=torch.float64))


@pytest.mark.parametrize("how", KINDS)
def test_rows_that_share_a_source_need_no_copies_of_it(how):
    torch.manual_seed(4)
    layers, W = core(**KINDS[how]), 2
    memory = numbers(R, B, D)
    x, once = numbers(1, W * B, C), begun(layers, memory)
    copies = begun(layers, memory.repeat(1, W, 1), LENGTHS.repeat(W))
    own = {name: copies[name] for name in ("layers", "covered") if name in copies}
    shared, end = layers(x, {**once, **own})
    wanted, after = layers(x, copies)
    torch.testing.assert_close(shared, wanted)
    torch.testing.assert_close(layers(x, {**end, "keys": once["keys"]})[0], layers(x, after)[0])


def test_coverage_is_what_was_looked_at_before():
    torch.manual_seed(5)
    layers = core(**KINDS["covering"])
    attention, memory, x = layers.attentions[1], numbers(R, B, D), numbers(T, B, C)
    told, end = layers(x, begun(layers, memory))
    h1, _ = layers.layers[0](x)
    seen, _ = layers.attentions[0](torch.cat([h1, x], -1), memory, torch.arange(R)[:, None] < LENGTHS)
    h2, _ = layers.layers[1](torch.cat([h1, seen, x], -1))
    keys, u = attention.key(memory), layers.cover
    for row, length in enumerate(LENGTHS.tolist()):
        covered = torch.zeros(length, dtype=torch.float64)
        for t in range(T):
            asked = attention.question(torch.cat([h2[t, row], x[t, row]]))
            heads = []
            for part in (slice(0, D // 2), slice(D // 2, D)):
                moved = keys[:length, row, part] + covered[:, None] * u[part]
                heads.append((moved @ asked[part] / math.sqrt(D / 2)).softmax(0))
            mean = torch.stack(heads).mean(0)
            torch.testing.assert_close(told["weights"][t, row, :length], mean)
            torch.testing.assert_close(told["overlap"][t, row], torch.minimum(mean, covered).sum())
            covered = covered + mean
        torch.testing.assert_close(end["covered"][:length, row], covered)


class Begun(nn.Module):
    """An encoder whose places the rows begin with."""

    def __init__(self, encoder, layers, sources):
        super().__init__()
        self.encoder, self._begin, self._sources = encoder, [layers], sources

    def forward(self, rows, step):
        return begun(self._begin[0], self.encoder(self._sources[:, rows]), LENGTHS[rows])


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")  # later windows hold the source constant
@pytest.mark.parametrize("schedule", [tt.TBPTT(), tt.TBPTT(2, 4)])
@pytest.mark.parametrize("how", KINDS)
def test_gradients_reach_the_encoder_as_plain_autograd_has_them(how, schedule):
    torch.manual_seed(6)
    layers = core(**KINDS[how])
    head = CategoricalHead(H + D, V)
    nn.init.normal_(head.linear.weight)
    if how != "plain":
        head = PointerHead(head, C, coverage=1.0 if how == "covering" else 0.0)
    network = tt.Network(nn.Embedding(V, C), layers, head).double()
    encoder, sources = nn.Linear(2, D).double(), numbers(R, B, 2)
    x, y, lengths = torch.randint(V, (T, B)), torch.randint(V, (T, B)), torch.tensor([3, T, 5])
    parameters = [*network.parameters(), *encoder.parameters()]

    state = Begun(encoder, layers, sources)
    for _ in through_time(network, head.loss, x, y, schedule, lengths=lengths, state=state, normalise="sum"):
        pass
    ours = [p.grad.clone() for p in parameters]
    for p in parameters:
        p.grad = None
    loss = torch.zeros((), dtype=torch.float64)
    for row in range(B):
        for stop in range(1, int(lengths[row]) + 1):
            k1, k2 = schedule.k1 or T, schedule.k2 or T
            # The update that this step is new in, and the step its window begins at.
            start = max(0, min(math.ceil(stop / k1) * k1, T) - k2)
            at = begun(layers, encoder(sources[:, [row]]), LENGTHS[[row]])
            if start:
                _, at = network(x[:start, [row]], at)
                at = map_nest(torch.Tensor.detach, at)
            output, _ = network(x[start:stop, [row]], at)
            loss = loss + head.loss(map_nest(lambda part: part[-1], output), y[stop - 1, [row]]).sum()
    loss.backward()
    assert float(encoder.weight.grad.abs().max()) > 1e-3
    for p, found in zip(parameters, ours, strict=True):
        # Only the order of summation differs.
        torch.testing.assert_close(found, p.grad, rtol=1e-9, atol=1e-12)


def test_without_attention_the_state_alone_tells():
    layers = core(heads=0)
    x, states = numbers(T, B, C), layers.empty(B, numbers(1))
    y, end = layers(x, layers.begin(states, numbers(R, B, D), torch.ones(R, B, dtype=torch.bool)))
    assert y.shape == (T, B, H)
    assert set(end) == {"layers"}
    with pytest.raises(ConfigError, match="there is none"):
        layers.weights(x, end)


def test_settings_and_states_are_checked():
    with pytest.raises(ConfigError, match="none came"):
        SourceAttending([], H, D)
    for how in ({"heads": 0, "pointing": True}, {"coverage": True}):
        with pytest.raises(ConfigError, match="pass heads and pointing"):
            core(**how)
    with pytest.raises(ShapeError, match="part of the state: none came"):
        core()(numbers(T, B, C))
