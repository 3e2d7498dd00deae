"""A reach equals autograd over single steps, lag by lag, and what is known exactly; nothing else is moved."""

from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import throughtime as tt
from tests.bptt.networks import Leaky, OfTorch, all_networks, ours
from throughtime.base.errors import ConfigError, DataError, DivergedError, DtypeError, NetworkError, Notice
from throughtime.bptt import Nest, Reach, leaves, map_nest
from throughtime.nn import WindowPerceptron

T, B = 9, 3


def squared(output: Tensor, target: Tensor) -> Tensor:
    return (output - target) ** 2


def case(steps: int = T, seed: int = 0, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    return torch.randn(steps, B, 2, dtype=dtype), torch.randn(steps, B, 2, dtype=dtype)


def brute_force(network: nn.Module, x: Tensor, y: Tensor, lag: int, state: Nest = None) -> list[float]:
    """Norms by definition: single steps, one lag, one call of autograd, one loss."""
    n = len(x)
    for step in range(n - 1 - lag):
        with torch.no_grad():
            _, state = network(x[step : step + 1], state)
    entering = map_nest(lambda leaf: leaf.detach().clone().requires_grad_(), state)
    state = entering
    for step in range(n - 1 - lag, n):
        output, state = network(x[step : step + 1], state)
    loss = ((output[0] - y[-1]) ** 2).mean()
    gradients = torch.autograd.grad(loss, [*leaves(entering)])
    return [float(gradient.pow(2).sum().sqrt()) for gradient in gradients]


@pytest.mark.parametrize("name", all_networks())
def test_norms_equal_brute_force(name):
    network = all_networks()[name].eval()
    x, y = case()
    found = tt.gradient_reach(network, squared, (x, y), range(T - 1))
    assert found.lags == tuple(range(T - 1))
    for place, lag in enumerate(found.lags):
        expected = brute_force(network, x, y, lag)
        norms = [values[place] for values in found.norms.values()]
        # Only the order of summation may differ.
        torch.testing.assert_close(norms, expected, rtol=1e-10, atol=1e-14)
        relative = [values[place] for values in found.relative.values()]
        origin = brute_force(network, x, y, 0)
        torch.testing.assert_close(relative, [a / b for a, b in zip(expected, origin, strict=True)], rtol=1e-10, atol=0)
    with torch.no_grad():
        last = network(x)[0][-1]
    assert found.loss == pytest.approx(float(((last - y[-1]) ** 2).mean()), rel=1e-12)


def test_equals_the_product_of_jacobians_of_an_rnn():
    """d h_t / d h_(t-1) = diag(1 - h_t^2) W_hh, written out."""
    torch.manual_seed(1)
    rnn = nn.RNN(2, 4).double()
    x = torch.randn(7, 1, 2, dtype=torch.float64)
    h, _ = rnn(x)
    back = torch.ones(4, dtype=torch.float64)  # the loss is the sum of h_n
    expected = []
    for t in reversed(range(1, 7)):
        back = (back * (1 - h[t, 0] ** 2)) @ rnn.weight_hh_l0
        expected.append(float(back.detach().norm()))
    found = tt.gradient_reach(rnn, lambda h, _: 4 * h, (x, torch.zeros(7, 1, 1)), range(6))
    torch.testing.assert_close(list(found.norms["h"]), expected, rtol=1e-12, atol=0)


class Diagonal(nn.Module):
    """s_t = a s_(t-1) + x_t: the gradient over L steps is a^L, whatever x."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor, dtype=torch.float64))

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        state = x.new_zeros(x.shape[1:]) if state is None else state
        outputs = []
        for step in x:
            state = self.factor * state + step
            outputs.append(state)
        return torch.stack(outputs), state


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.0, 1.25])
def test_the_norm_of_a_diagonal_recurrence_is_its_power(factor):
    lags = [0, 1, 5, 40]
    found = tt.gradient_reach(Diagonal(factor), squared, case(50), lags)
    torch.testing.assert_close(list(found.relative["state"]), [factor**lag for lag in lags], rtol=1e-10, atol=0)


def test_underflow_is_0_and_overflow_is_inf_as_the_dtype_has_them():
    lags, silent = [0, 100, 800], (torch.zeros(802, 1, 2), torch.ones(802, 1, 2))
    vanished = tt.gradient_reach(Diagonal(0.5).float(), squared, silent, lags)
    # A loss of the mean of two squares (0 - 1)^2 has a gradient of norm sqrt(2) by the state after the step.
    assert vanished.norms["state"][1] == pytest.approx(2**0.5 * 0.5**101, rel=1e-6)
    assert vanished.relative["state"][2] == 0.0
    assert vanished.overflow is None
    exploded = tt.gradient_reach(Diagonal(2.0).float(), squared, silent, lags)
    assert exploded.relative["state"][2] == math.inf
    assert exploded.overflow == 800
    double = tt.gradient_reach(Diagonal(2.0), squared, tuple(t.double() for t in silent), lags)
    assert double.relative["state"][2] == pytest.approx(2.0**800)


class Spiral(nn.Module):
    """Two units that grow as they turn round each other: once both are infinite, their difference is no number."""

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        state = x.new_zeros(x.shape[1:]) if state is None else state
        mix = state.new_tensor([[2.0, -2.0], [2.0, 2.0]])
        outputs = []
        for step in x:
            state = state @ mix + step
            outputs.append(state)
        return torch.stack(outputs), state


def test_inf_minus_inf_is_said():
    silent = (torch.zeros(120, 1, 2), torch.ones(120, 1, 2))
    with pytest.warns(Notice, match=r"gradient by state overflowed before lag \d+: from there on inf - inf makes nan"):
        found = tt.gradient_reach(Spiral(), squared, silent, range(100))
    assert math.isnan(found.norms["state"][-1])
    assert found.overflow is not None
    assert found.steps_to(1e-3) is None


@pytest.mark.parametrize("window", [1, 2, 5])
def test_a_perceptron_reaches_exactly_as_far_as_its_window(window):
    network = tt.Network(None, WindowPerceptron(2, window, 8), nn.Linear(8, 2)).double()
    relative = tt.gradient_reach(network, squared, case(12), range(11)).relative["state"]
    # The state that enters a step holds the window - 1 inputs before it.
    assert all(value > 0 for value in relative[: window - 1])
    assert all(value == 0.0 for value in relative[window - 1 :])


@pytest.mark.parametrize("start", ["nest", "callable"])
def test_the_first_state_is_reached_if_it_is_given(start):
    torch.manual_seed(3)
    network = ours().double().eval()
    x, y = case()
    learned = tuple(nn.Parameter(torch.randn(1, 1, 3, dtype=torch.float64)) for _ in range(2))
    first = tuple(leaf.detach().expand(1, B, 3) for leaf in learned)
    state = first if start == "nest" else (lambda rows, step: tuple(leaf.expand(1, len(rows), 3) for leaf in learned))
    found = tt.gradient_reach(network, squared, (x, y), [T - 1, 2, 2], state=state)
    assert found.lags == (2, T - 1)
    for place, lag in enumerate(found.lags):
        norms = [found.norms[name][place] for name in ("h", "c")]
        torch.testing.assert_close(norms, brute_force(network, x, y, lag, first), rtol=1e-10, atol=1e-14)
    assert all(leaf.grad is None for leaf in learned)


Memory = namedtuple("Memory", ["notes", "count"])


class Scribe(nn.Module):
    """Hands a tensor on untouched, counts its steps, and writes into its own state."""

    def forward(self, x: Tensor, state: Memory | None = None) -> tuple[Tensor, Memory]:
        state = state or Memory({"kept": x.new_ones(x.shape[1:]), "now": x.new_zeros(x.shape[1:])}, torch.tensor(0))
        notes, count = state
        now, outputs = notes["now"], []
        for step in x:
            now.mul_(0.5).add_(step).add_(0.1 * notes["kept"])
            outputs.append(now * notes["kept"])
        return torch.stack(outputs), Memory({"kept": notes["kept"], "now": now}, count + len(x))


def test_a_state_handed_on_or_written_into_counts_only_what_comes_after():
    x, y = case()
    found = tt.gradient_reach(Scribe(), squared, (x, y), range(T - 1))
    assert list(found.norms) == ["notes.kept", "notes.now"]  # a count of steps has no gradient
    torch.testing.assert_close(
        list(found.relative["notes.now"]), [0.5**lag for lag in range(T - 1)], rtol=1e-10, atol=0
    )
    # d l / d kept = dl/do (now_n + 0.1 (1 + .5 + ... + .5^lag)) with kept = 1: the more, the earlier.
    now = torch.zeros(B, 2, dtype=torch.float64)
    for step in x:
        now = 0.5 * now + step + 0.1
    slope = 2 * (now - y[-1]) / now.numel()
    for lag, norm in zip(found.lags, found.norms["notes.kept"], strict=True):
        expected = slope * (now + 0.1 * sum(0.5**k for k in range(lag + 1)))
        assert norm == pytest.approx(float(expected.norm()), rel=1e-10)


@pytest.mark.parametrize(
    ("network", "names"),
    [
        (tt.LSTM(2, 2), ["h", "c"]),
        (tt.RNN(2, 2, num_layers=2), ["h"]),
        (nn.GRU(2, 2), ["h"]),
        (OfTorch(nn.LSTM), ["h", "c"]),
        (tt.Network(None, [tt.RNN(2, 3), tt.LSTM(3, 2)], None), ["0.h", "1.h", "1.c"]),
        (Leaky(), ["slow", "fast.0"]),
        (Diagonal(1.0), ["state"]),
    ],
)
def test_leaves_have_names(network, names):
    assert list(tt.gradient_reach(network, squared, case(dtype=torch.float32), [1]).norms) == names


def test_weights_choose_rows_and_the_loss_is_their_mean():
    network = all_networks()["tt.Network of tt.LSTM"]
    x, y = case()
    weights = torch.ones(T, B)
    weights[-1] = torch.tensor([0.0, 2.0, 0.0])
    some = tt.gradient_reach(network, squared, tt.Piece(x, y, weights), [0, 3])
    alone = tt.gradient_reach(network, squared, (x[:, 1:2], y[:, 1:2]), [0, 3])
    torch.testing.assert_close(some.norms, alone.norms, rtol=1e-10, atol=0)
    even = tt.gradient_reach(network, squared, tt.Piece(x, y, lengths=[T] * B), [0, 3])
    assert even.norms == tt.gradient_reach(network, squared, [x, y], [0, 3]).norms


def test_nothing_else_is_moved():
    network = OfTorch(nn.LSTM, num_layers=2, dropout=0.5)
    network.head.eval()
    x, y = case(dtype=torch.float32)
    modes, random = [m.training for m in network.modules()], torch.get_rng_state()
    given = x.clone()
    with torch.no_grad():  # the caller's own setting is no hindrance
        once = tt.gradient_reach(network, squared, (x, y), [2])
        assert not torch.is_grad_enabled()
    assert tt.gradient_reach(network, squared, (x, y), [2]) == once  # dropout is off
    assert [m.training for m in network.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)
    assert all(p.grad is None for p in network.parameters())
    assert torch.equal(x, given)
    assert not x.requires_grad


def test_modes_are_put_back_after_an_error():
    network = OfTorch(nn.LSTM).train()
    with pytest.raises(ConfigError):
        tt.gradient_reach(network, squared, case(dtype=torch.float32), [99])
    with pytest.raises(ValueError, match="does not match weight dtype"):
        tt.gradient_reach(network, squared, case(), [1])  # float64 into float32
    assert all(m.training for m in network.modules())


def test_frozen_weights_and_batch_norm_in_training_are_no_hindrance():
    network = OfTorch(nn.RNN)
    network.norm = nn.BatchNorm1d(2)  # a reach runs in evaluation mode, where it mixes no rows
    network = network.double().requires_grad_(False)
    assert tt.gradient_reach(network, squared, case(), [1]).norms["h"][0] > 0


@pytest.mark.parametrize(
    ("lags", "message"),
    [
        ([], "`lags` are whole numbers of steps back, 0 or more: none came"),
        ([1, -1], "0 or more: -1 came"),
        ([1.5], "0 or more: 1.5 came"),
        ([True], "0 or more: True came"),
        ("12", "'12' came. Give a list or a range"),
        (3, "3 came. Give a list or a range"),
        ([0, T - 1], "within the data, 0 .. 7 for 9 steps; the state before step 1 is there only if.*: 8 came"),
    ],
)
def test_lags_are_checked(lags, message):
    with pytest.raises(ConfigError, match=message):
        tt.gradient_reach(tt.LSTM(2, 2).double(), squared, case(), lags)


def test_lags_of_any_library_will_do():
    network = tt.LSTM(2, 2).double()
    assert tt.gradient_reach(network, squared, case(), torch.arange(3)).lags == (0, 1, 2)
    with pytest.raises(ConfigError, match="0 .. 8 for 9 steps: 9 came"):
        tt.gradient_reach(network, squared, case(), [9], state=(torch.zeros(1, B, 2).double(),) * 2)
    with pytest.raises(ConfigError, match="2 steps at least: 1 came"):
        tt.gradient_reach(network, squared, case(1), [0])


class Stateless(nn.Linear):
    def forward(self, x: Tensor, state: None = None) -> tuple[Tensor, None]:
        return super().forward(x), None


class Growing(nn.Module):
    """Keeps a list of all it has read."""

    def forward(self, x: Tensor, state: list[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        read = [*(state or []), *x]
        return x + torch.stack(read).mean(0), read


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Stateless(2, 2), "Stateless carries none. Its loss depends on its own step's input alone"),
        (tt.LSTM(2, 1, bidirectional=True), "LSTM. is bidirectional"),
        (OfTorch(nn.GRU, batch_first=True), "batch_first"),
        (nn.Linear(2, 2), "A network is called as network.x, state."),
        (squared, "`network` is a torch.nn.Module"),
        (Growing(), "that of Growing changed before step 9"),
    ],
)
def test_networks_without_a_reach_are_refused(network, message):
    with pytest.raises(NetworkError, match=message):
        tt.gradient_reach(network, squared, case(dtype=torch.float32), [0, 6])


def test_a_loss_that_no_gradient_leaves_is_refused():
    with pytest.raises(NetworkError, match="depends on no state that a gradient could reach"):
        tt.gradient_reach(tt.RNN(2, 2).double(), lambda o, t: squared(o.detach(), t), case(), [1])


def test_data_without_one_last_step_are_refused():
    network, (x, y) = tt.RNN(2, 2).double(), case()
    piece = tt.Piece(x, y)
    with pytest.raises(DataError, match="rows of 4 to 9 steps came, in 9"):
        tt.gradient_reach(network, squared, replace(piece, lengths=[9, 4, 9]), [1])
    with pytest.raises(DataError, match="No gradient crosses a reset"):
        tt.gradient_reach(network, squared, replace(piece, resets=torch.ones(T, B, dtype=torch.bool)), [1])
    weights = torch.ones(T, B)
    weights[-1] = 0
    with pytest.raises(DataError, match="the weights of step 9 are all 0"):
        tt.gradient_reach(network, squared, replace(piece, weights=weights), [1])
    with pytest.raises(DtypeError, match=r"`data` is a pair \(x, y\), or a Piece: Tensor came"):
        tt.gradient_reach(network, squared, x, [1])
    with pytest.raises(DtypeError, match="3 of them came"):
        tt.gradient_reach(network, squared, (x, y, y), [1])


def test_nan_is_refused():
    x, y = case()
    x[4, 0, 0] = math.nan
    with pytest.raises(DivergedError, match=r"the loss \(nan\).*x, y or the weights hold nan or infinity"):
        tt.gradient_reach(tt.RNN(2, 2).double(), squared, (x, y), [1])


def reach(**relative: tuple[float, ...]) -> Reach:
    return Reach((0, 10, 20, 30), relative, relative, 1.0)


def test_steps_to_a_tolerance_is_where_all_further_lags_are_below_it():
    found = reach(h=(1.0, 1e-4, 0.5, 1e-4), c=(1.0, 1e-4, 1e-4, 0.0))
    assert found.steps_to(1e-3) == 30
    assert found.steps_to(1e-3, "c") == 10
    assert found.steps_to(2.0) == 0
    assert found.steps_to(1e-5) is None
    assert reach(h=(1.0, 1e-4, 1e-4, math.nan)).steps_to(1e-3) is None
    assert reach(h=(1.0, 1e-4, 1e-4, math.inf)).overflow == 30
    for tolerance in (0, -1.0, math.nan, "small"):
        with pytest.raises(ConfigError, match="`tolerance` is a number above 0"):
            found.steps_to(tolerance)
    with pytest.raises(ConfigError, match="`leaf` is one of h, c: 'b' came"):
        found.steps_to(0.1, "b")
