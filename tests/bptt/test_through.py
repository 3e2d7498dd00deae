"""Arguments of `through_time`, what it refuses, and what it tells its user."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from tests.bptt.networks import Leaky, OfTorch, ours
from throughtime.base.errors import ConfigError, NetworkError, Notice, ScheduleError, ShapeError
from throughtime.bptt import TBPTT, check_splittable, through_stream, through_time

X, Y = torch.linspace(-1, 1, 36).reshape(6, 3, 2), torch.linspace(0, 1, 36).reshape(6, 3, 2)


def squared(output, target):
    return (output - target).pow(2)


def updates(network, schedule, x=X, y=Y, loss=squared, **kwargs):
    return list(through_time(network, loss, x, y, schedule, **kwargs))


def gradient(network):
    found = torch.cat([p.grad.flatten() for p in network.parameters()])
    network.zero_grad()
    return found


def test_normalise():
    network = OfTorch()
    found = {}
    for rule in ("mean", "sum", lambda counted: 2 * counted):
        (update,) = updates(network, TBPTT(), normalise=rule)
        found[rule if isinstance(rule, str) else "half"] = (update.loss, gradient(network))
        assert update.counted == 18
    torch.testing.assert_close(18 * found["mean"][1], found["sum"][1])
    torch.testing.assert_close(2 * found["half"][1], found["mean"][1])
    torch.testing.assert_close(2 * found["half"][0], found["mean"][0])


def test_weights_are_counted():
    network = OfTorch()
    weights = torch.zeros(6, 3)
    weights[2, 1], weights[4, 0] = 0.5, 2.0
    (update,) = updates(network, TBPTT(), weights=weights)
    assert update.counted == 2.5
    assert int((update.losses != 0).sum()) == 2
    expected = (0.5 * update.losses[2, 1] + 2 * update.losses[4, 0]) / 2.5
    torch.testing.assert_close(update.loss, expected)


def test_a_window_without_a_loss_is_not_yielded_and_told_once():
    weights = torch.zeros(6, 3)
    weights[-1] = 1
    with pytest.warns(Notice, match="a label reaches back 2 steps"):
        found = updates(OfTorch(), TBPTT(2, 2), weights=weights)
    assert [(u.start, u.stop) for u in found] == [(4, 6)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        updates(OfTorch(), TBPTT(2, 2), weights=weights)


def test_the_last_state_and_carry_reach_past_windows_without_a_loss():
    weights = torch.ones(6, 3)
    weights[2:] = 0
    network = OfTorch()
    with torch.no_grad():
        made = through_time(network, squared, X, Y, TBPTT(2, 2), weights=weights)
        assert len(list(made)) == 1
        assert made.carry.position == 6
        torch.testing.assert_close(made.state, network(X, None)[1])


def test_losses_before_a_short_window_are_reported():
    network = OfTorch()
    with pytest.warns(Notice, match="trains on 33 % of the steps"):
        found = updates(network, TBPTT(3, 1))
    expected = squared(network(X, None)[0], Y).mean(2).detach()
    torch.testing.assert_close(torch.cat([u.losses for u in found]), expected)
    assert [u.counted for u in found] == [3, 3]


def test_backward_and_accumulation():
    network = OfTorch()
    scaled = updates(network, TBPTT(3, 3), backward=lambda loss: (8 * loss).backward())
    accumulated = gradient(network)
    updates(network, TBPTT(3, 3))
    torch.testing.assert_close(accumulated, 8 * gradient(network))
    assert len(scaled) == 2


def test_autocast_is_opened_for_each_forward_and_never_across_a_yield():
    network = ours(hidden=8)
    for update in through_time(
        network, squared, X, Y, TBPTT(2, 4), autocast=lambda: torch.autocast("cpu", dtype=torch.bfloat16)
    ):
        assert not torch.is_autocast_enabled("cpu")
        assert torch.isfinite(update.loss)
    plain = updates(ours(hidden=8), TBPTT())
    assert plain[0].loss.dtype == torch.float32


def test_grad_mode_of_the_caller_is_left_alone():
    for update in through_time(OfTorch(), squared, X, Y, TBPTT(3, 3)):
        assert torch.is_grad_enabled()
        assert not update.losses.requires_grad
    with torch.no_grad():
        for _ in through_time(OfTorch(), squared, X, Y, TBPTT(3, 3)):
            assert not torch.is_grad_enabled()


def test_a_loss_that_owns_parameters_is_trained():
    class Output(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, output, target):
            return squared(self.layer(output), target)

    loss = Output()
    updates(OfTorch(), TBPTT(3, 3), loss=loss)
    assert loss.layer.weight.grad is not None


def test_nests_of_inputs_and_targets():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = OfTorch()

        def forward(self, x, state):
            output, state = self.inner(x["a"] + x["b"], state)
            return (output, -output), state

    def loss(output, target):
        return squared(output[0], target[0]) + squared(output[1], target[0])

    found = updates(Two(), TBPTT(2, 4), x={"a": X, "b": X}, y=[Y], loss=loss)
    assert [u.stop for u in found] == [2, 4, 6]


def test_only_kept_entries_reach_the_loss():
    seen = []

    def loss(output, target):
        seen.append(target)
        return squared(output, target)

    y = Y.clone()
    y[4:, 0] = float("nan")
    weights = torch.ones(6, 3)
    weights[1, 2] = 0
    updates(OfTorch(), TBPTT(), y=y, lengths=[4, 6, 6], weights=weights, loss=loss)
    assert seen[0].shape == (15, 2)
    assert bool(torch.isfinite(seen[0]).all())


@pytest.mark.parametrize(
    ("loss", "match"),
    [
        (lambda o, t: squared(o, t).mean(), r"shape \(\) came"),
        (lambda o, t: squared(o, t)[:1], r"\[18\] or \[18, ...\] is due"),
        (lambda o, t: 0.0, "float came"),
    ],
)
def test_a_loss_that_averages_is_refused(loss, match):
    with pytest.raises(ShapeError, match=match):
        updates(OfTorch(), TBPTT(), loss=loss)


def test_a_loss_that_broadcasts_is_refused():
    # The commonest slip: output [N, 1] and target [N] make [N, N], each prediction trained towards every target.
    network = OfTorch(outputs=1)
    with pytest.raises(ShapeError, match=r"from \(18, 1\) and \(18,\) it made \(18, 18\). Give y the output's shape"):
        updates(network, TBPTT(), y=Y[..., 0])
    assert updates(network, TBPTT(), y=Y[..., :1])


def test_cross_entropy_of_symbols():
    symbols = Y[..., 0].round().long()
    (update,) = updates(OfTorch(), TBPTT(), y=symbols, loss=nn.CrossEntropyLoss(reduction="none"))
    assert update.losses.shape == (6, 3)


class Stateless(nn.Module):
    def forward(self, x, state=None):
        return x


def test_a_network_without_a_state_is_refused_with_the_remedy():
    with pytest.raises(NetworkError, match=r"Put layers together with tt.Network\(embed, core, head\)"):
        updates(nn.Sequential(nn.LSTM(2, 3), nn.Linear(3, 2)), TBPTT())
    with pytest.raises(NetworkError, match=r"returns \(output, state\), .* Tensor came"):
        updates(Stateless(), TBPTT())


class Seq(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, state):
        return self.layer(x, state)


@pytest.mark.parametrize(
    ("network", "match"),
    [
        (nn.LSTM(2, 2, batch_first=True), "made with batch_first=True"),
        (Seq(nn.Sequential(nn.LSTM(2, 2, batch_first=True))), r"layer\.0 \(LSTM\) was made with batch_first=True"),
        (Seq(nn.Sequential(nn.BatchNorm1d(2))), "normalises over the batch in training"),
        (nn.DataParallel(OfTorch()), "DataParallel averages gradients"),
        (lambda x, state: (x, state), "is a torch.nn.Module"),
    ],
)
def test_networks_that_cannot_be_unrolled_are_refused(network, match):
    with pytest.raises(NetworkError, match=match):
        through_time(network, squared, X, Y, TBPTT())


@pytest.mark.parametrize("layer", ["torch", "ours"])
def test_bidirectional_layers_run_under_full_bptt_only(layer):
    network = OfTorch(hidden=3, bidirectional=True) if layer == "torch" else ours(bidirectional=True)
    head = nn.Linear(6, 2)
    if layer == "torch":
        network.head = head
    else:
        network.head = head
    assert len(updates(network, TBPTT())) == 1
    assert len(updates(network, TBPTT(6, 6))) == 1
    for schedule in (TBPTT(3, 3), TBPTT(6, 3), TBPTT(2, None)):
        with pytest.raises(NetworkError, match="cannot be split in time"):
            through_time(network, squared, X, Y, schedule)
        with pytest.raises(NetworkError, match="cannot be split in time"):
            list(through_stream(network, squared, [_piece()], schedule))
    if layer == "torch":
        with pytest.raises(NetworkError, match="rows that end or restart"):
            through_time(network, squared, X, Y, TBPTT(), lengths=[6, 5, 4])
    else:
        assert len(updates(network, TBPTT(), lengths=[6, 5, 4])) == 1


def _piece():
    from throughtime.bptt import Piece

    return Piece(X, Y)


def test_state_axis_is_asked_for_only_where_rows_end_or_restart():
    network = OfTorch()
    OfTorch.state_axis, axis = None, OfTorch.state_axis
    try:
        assert updates(network, TBPTT(2, 3))
        with pytest.raises(NetworkError, match="Give it an attribute `state_axis`"):
            updates(network, TBPTT(2, 3), lengths=[6, 5, 4])
    finally:
        OfTorch.state_axis = axis


def test_an_output_without_rows_is_refused():
    class Last(OfTorch):
        def forward(self, x, state=None):
            output, state = super().forward(x, state)
            return output[-1], state

    with pytest.raises(ShapeError, match="keeps the steps and rows of x"):
        updates(Last(), TBPTT())


def test_arguments_with_unknown_values():
    with pytest.raises(ConfigError, match="`normalise` is 'mean'"):
        updates(OfTorch(), TBPTT(), normalise="median")
    with pytest.raises(ConfigError, match="pass a callable"):
        updates(OfTorch(), TBPTT(), state=(torch.zeros(1, 3, 3, requires_grad=True), torch.zeros(1, 3, 3)))


def test_a_schedule_as_text_is_refused_with_the_remedy():
    with pytest.raises(ScheduleError, match=r"Write TBPTT\(20, 100\), or TBPTT.parse"):
        updates(OfTorch(), "3,6")


def test_nothing_to_train_is_said():
    network = OfTorch()
    network.requires_grad_(False)
    with pytest.raises(NetworkError, match="nothing to train"):
        updates(network, TBPTT())


def test_an_initial_state_given_as_tensors():
    network = OfTorch()
    state = (torch.ones(1, 3, 3), torch.ones(1, 3, 3))
    (update,) = updates(network, TBPTT(), state=state)
    torch.testing.assert_close(update.losses, squared(network(X, state)[0], Y).mean(2).detach())


def test_a_carry_needs_its_own_schedule():
    network = OfTorch()
    carry = updates(network, TBPTT(2, 2))[0].carry
    with pytest.raises(ScheduleError, match="Continue a carry with the schedule it was made for"):
        updates(network, TBPTT(3, 4), x=X[2:], y=Y[2:], carry=carry)


def test_a_callable_state_under_truncation_is_told_once():
    network = OfTorch()
    learned = nn.Parameter(torch.zeros(2, 1, 3, 3))
    with pytest.warns(Notice, match="it is constant"):
        updates(network, TBPTT(2, 2), state=lambda rows, step: tuple(learned[:, :, rows]))


def test_no_steps_make_no_update():
    assert updates(OfTorch(), TBPTT(2, 2), x=X[:0], y=Y[:0]) == []
    assert list(through_stream(OfTorch(), squared, [], TBPTT(2, 2))) == []


def test_an_exception_leaves_the_last_carry_valid():
    network, calls = OfTorch(), []

    def loss(output, target):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("lost power")
        return squared(output, target)

    made = through_time(network, loss, X, Y, TBPTT(2, 3))
    first = next(made)
    with pytest.raises(RuntimeError, match="lost power"):
        next(made)
    assert made.carry is first.carry
    rest = updates(network, TBPTT(2, 3), x=X[2:], y=Y[2:], carry=first.carry)
    assert [(u.start, u.stop, u.window_start) for u in rest] == [(2, 4, 1), (4, 6, 3)]


@pytest.mark.parametrize("network", [nn.GRU(2, 3), Leaky(), ours(layers=2)])
def test_check_splittable_passes(network):
    check_splittable(network, X)


class Reversing(OfTorch):
    def forward(self, x, state=None):
        return super().forward(x.flip(0), state)


class Forgetful(OfTorch):
    def forward(self, x, state=None):
        return super().forward(x, None)


@pytest.mark.parametrize("network", [Reversing(), Forgetful(), nn.LSTM(2, 2, bidirectional=True)])
def test_check_splittable_finds_what_cannot_be_split(network):
    network.train()
    with pytest.raises(NetworkError, match="must give what x gives"):
        check_splittable(network, X)
    assert network.training
