"""The network begins at its line, reads what it is shown, and is trained through its encoder."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from throughtime.bptt import TBPTT, through_time
from throughtime.tasks.ahead_network import AheadDesign, AheadNetwork, Shown

DESIGN = AheadDesign(
    strategy="direct",
    cell="lstm",
    emission="student",
    steps=3,
    window=10,
    segment=4,
    hidden_size=5,
    num_layers=1,
    dropout=0.0,
    members=2,
    beside=1,
    known=1,
    calendar=2,
    lines=1,
    season=0,
    rows=0,
)
B = 6


def shown(design=DESIGN):
    width = design.beside + design.known + design.calendar
    return Shown(
        torch.randn(B, design.window),
        torch.randn(B, design.window, width),
        torch.arange(B) % 2,
        torch.zeros(B, dtype=torch.int64),
        torch.full((B,), design.window),
        torch.ones(B),
    )


def known(design=DESIGN):
    if design.strategy == "decoder":
        step = torch.arange(design.steps)[:, None, None].expand(-1, B, 1).float()
        return torch.cat([torch.randn(design.steps, B, design.known + design.calendar), step], -1)
    return torch.randn(1, B, design.calendar + design.steps * design.known)


STRATEGIES = ["direct", "decoder"]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("cell", ["lstm", "rnn", "perceptron"])
def test_it_begins_at_the_line(strategy, cell):
    design = replace(DESIGN, strategy=strategy, cell=cell)
    network, window, line = AheadNetwork(design), shown(design), torch.randn(1, 3, 10)
    network.begin_at(line)
    location, scale = network.tell(window, known(design))
    torch.testing.assert_close(location, window.x @ line[0].T)
    assert scale.shape == (B, 3)
    torch.testing.assert_close(scale, torch.full((B, 3), 1.001))


def test_targets_have_lines_of_their_own():
    design = replace(DESIGN, lines=2)
    network, window, lines = AheadNetwork(design), shown(design), torch.randn(2, 3, 10)
    network.begin_at(lines)
    location, _ = network.tell(window, known(design))
    for row in range(B):
        torch.testing.assert_close(location[row], lines[row % 2] @ window.x[row])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_everything_is_read(strategy):
    torch.manual_seed(0)
    design = replace(DESIGN, strategy=strategy, hidden_size=16)
    network, window, told = AheadNetwork(design), shown(design), known(design).requires_grad_()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    window = window._replace(x=window.x.requires_grad_(), context=window.context.requires_grad_())
    states = tuple(encoder(window) for encoder in network.states.encoders)
    outputs, _ = network.members(told, states)
    sum(each.location.sum() for each in outputs).backward()
    assert (window.x.grad != 0).all()
    beside, ends = window.context.grad[..., :1], window.context.grad[..., 1:]
    # A relu may be closed for one window; in all of them none is.
    assert (beside != 0).any(dim=0).all()
    assert (ends[:, [1, 5, 9]] != 0).any(dim=0).all()  # segments end there
    assert not ends[:, [0, 2, 3, 4, 6, 7, 8]].any()
    read = told.grad[..., :-1] if strategy == "decoder" else told.grad
    assert (read != 0).any(dim=1).all()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_training_through_time_reaches_every_encoder(strategy):
    torch.manual_seed(0)
    design = replace(DESIGN, strategy=strategy)
    network = AheadNetwork(design)
    for head in network.members.heads:
        torch.nn.init.normal_(head.head.linear.weight)
    network.states.show(shown(design))
    y = torch.randn(3, B, 1) if strategy == "decoder" else torch.randn(1, B, 3)
    y[0, 2] = float("nan")
    updates = through_time(network.members, network.members.loss, known(design), y, TBPTT(), state=network.states)
    (update,) = list(updates)
    assert torch.isfinite(update.loss)
    for encoder in network.states.encoders:
        for name, parameter in encoder.named_parameters():
            assert parameter.grad.abs().sum() > 0, name


def test_members_differ_and_are_averaged():
    network, window, told = AheadNetwork(DESIGN), shown(), known()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    location, _ = network.tell(window, told)
    with torch.no_grad():
        states = tuple(encoder(window) for encoder in network.states.encoders)
        first, second = network.members(told, states)[0]
    assert not torch.allclose(first.location, second.location)
    torch.testing.assert_close(location, ((first.location + second.location) / 2)[0])


def test_one_step_and_no_context():
    design = replace(DESIGN, steps=1, beside=0, known=0, calendar=0, window=7, segment=7)
    location, _ = AheadNetwork(design).tell(shown(design), known(design))
    assert location.shape == (B, 1)
