"""An LSTM with a window on a text: against a plain loop under autograd, in pieces, with rows that end."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import throughtime as tt
from throughtime.base.errors import ConfigError, KernelError, NetworkError, ShapeError
from throughtime.nn.window import WindowLSTM

T, B, C, H, V, K, U = 7, 3, 4, 5, 6, 2, 5


def layer():
    torch.manual_seed(1)
    made = WindowLSTM(C, H, V, bells=K, pace=0.5, dtype=torch.float64)
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn_like(weight) * 0.3)
    return made


def texts():
    torch.manual_seed(2)
    text = F.one_hot(torch.randint(V, (B, U)), V).double()
    text[1, 3:] = 0  # a shorter one
    return text


def plain(made, x, text, state=None):
    """The equations, step by step: outputs [T, B, H + V], windows and the last state."""
    h, c, w, k = [torch.zeros(B, size, dtype=x.dtype) for size in (H, H, V, K)] if state is None else state
    outputs, windows, states = [], [], []
    u = torch.arange(U, dtype=x.dtype)
    for step in x:
        z = step @ made.weight_ih.T + made.bias + h @ made.weight_hh.T + w @ made.weight_wh.T
        i, f, g, o = z.chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        a, b, s = (h @ made.weight_p.T + made.bias_p).exp().chunk(3, -1)
        k = k + s
        phi = (a[..., None] * torch.exp(-b[..., None] * (k[..., None] - u) ** 2)).sum(1)
        w = torch.einsum("bu,buv->bv", phi, text)
        outputs.append(torch.cat([h, w], -1))
        windows.append(phi * text.any(-1))
        states.append((h, c, w, k))
    return torch.stack(outputs), torch.stack(windows), states


def gradients(loss, *sources):
    return torch.autograd.grad(loss, sources)


def test_it_is_the_equations_forward_and_backward():
    made, text, x = layer(), texts().requires_grad_(), torch.randn(T, B, C, dtype=torch.float64, requires_grad=True)
    y, state = made(x, made.start(text))
    wanted, windows, states = plain(made, x, text)
    torch.testing.assert_close(y, wanted)
    for name, part in zip(("h", "c", "w", "k"), states[-1], strict=True):
        torch.testing.assert_close(state[name][0], part)
    torch.testing.assert_close(made.window(made.start(text), y), windows)
    weights, of_last = torch.randn_like(y), [torch.randn_like(part) for part in states[-1]]
    ours = (y * weights).sum() + sum((state[n][0] * g).sum() for n, g in zip("hcwk", of_last, strict=True))
    theirs = (wanted * weights).sum() + sum((s * g).sum() for s, g in zip(states[-1], of_last, strict=True))
    sources = x, text, *made.parameters()
    for found, right in zip(gradients(ours, *sources), gradients(theirs, *sources), strict=True):
        torch.testing.assert_close(found, right, rtol=1e-9, atol=1e-11)


def test_rows_that_end_hand_on_the_state_of_their_end():
    made, text, lengths = layer(), texts(), [T, 3, 0]
    x = torch.randn(T, B, C, dtype=torch.float64, requires_grad=True)
    y, state = made(x, made.start(text), lengths=lengths)
    wanted, _, states = plain(made, x, text)
    kept = torch.arange(T)[:, None] < torch.tensor(lengths)
    torch.testing.assert_close(y, wanted * kept[..., None])
    ends = [states[T - 1], states[2], tuple(torch.zeros(B, size, dtype=torch.float64) for size in (H, H, V, K))]
    for name, place in zip("hcwk", range(4), strict=True):
        for row in range(B):
            torch.testing.assert_close(state[name][0, row], ends[row][place][row])
    weights = torch.randn_like(y)
    ours = (y * weights).sum() + (state["c"][0] ** 2).sum() + (state["k"][0] ** 2).sum()
    theirs = (wanted * kept[..., None] * weights).sum()
    theirs = theirs + sum((ends[row][1][row] ** 2).sum() + (ends[row][3][row] ** 2).sum() for row in range(B))
    sources = x, *made.parameters()
    for found, right in zip(gradients(ours, *sources), gradients(theirs, *sources), strict=True):
        torch.testing.assert_close(found, right, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("schedule", [tt.TBPTT(), tt.TBPTT(3, 5), tt.TBPTT(2, 2)])
def test_the_engine_trains_it_under_any_schedule(schedule):
    """Against windows cut by hand, the state before each held constant."""
    made, text = layer(), texts()
    network = tt.Network(None, made, None)
    x, y = torch.randn(T, B, C, dtype=torch.float64), torch.randn(T, B, H + V, dtype=torch.float64)
    plan = list(
        tt.through_time(network, lambda o, t: (o - t).pow(2), x, y, schedule, state=made.start(text), normalise="sum")
    )
    found = {name: weight.grad.clone() for name, weight in made.named_parameters()}
    k1, k2 = schedule.k1 or T, schedule.k2 or T
    states = plain(made, x, text)[2]
    wanted = {name: torch.zeros_like(weight) for name, weight in made.named_parameters()}
    ends = sorted({min(j * k1, T) for j in range(1, T // k1 + 2)})
    for before, end in zip([0, *ends], ends, strict=False):
        start = max(0, end - k2)
        state = None if start == 0 else tuple(part.detach() for part in states[start - 1])
        outputs, _, _ = plain(made, x[start:end], text, state)
        new = max(before, start) - start
        loss = ((outputs[new:] - y[start + new : end]) ** 2).mean(-1).sum()
        for (name, weight), gradient in zip(made.named_parameters(), gradients(loss, *made.parameters()), strict=True):
            wanted[name] += gradient
            assert weight.shape == gradient.shape
    assert len(plan) == len(ends)
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-8, atol=1e-10)


def test_pieces_are_the_whole():
    made, text, x = layer(), texts(), torch.randn(T, B, C, dtype=torch.float64)
    whole, last = made(x, made.start(text))
    first, state = made(x[:4], made.start(text))
    rest, end = made(x[4:], state)
    torch.testing.assert_close(torch.cat([first, rest]), whole)
    torch.testing.assert_close(end["k"], last["k"])


def test_a_second_derivative_is_refused():
    made, text, x = layer(), texts(), torch.randn(T, B, C, dtype=torch.float64, requires_grad=True)
    y, _ = made(x, made.start(text))
    (gradient,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    with pytest.raises(KernelError, match="WindowLSTM"):
        gradient.sum().backward()


def test_what_cannot_be_is_refused():
    made = layer()
    with pytest.raises(NetworkError, match="reads a text"):
        made(torch.zeros(T, B, C, dtype=torch.float64))
    with pytest.raises(ShapeError, match=r"\[B, U, 6\]"):
        made.start(torch.zeros(B, U, V + 1))
    with pytest.raises(ConfigError, match="pace"):
        WindowLSTM(C, H, V, pace=0)
