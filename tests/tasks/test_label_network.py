"""The network that labels whole sequences, its batches, and what it says of rows that run side by side."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import throughtime as tt
from throughtime.nn.side_by_side import SideBySide
from throughtime.nn.whole_pool import HOWS
from throughtime.tasks.label_batches import LabelBatches, label_piece
from throughtime.tasks.label_network import LabelDesign, build, ensemble, head_of, logits, probabilities

CPU = torch.device("cpu")
DESIGN = LabelDesign(
    cell="lstm",
    symbols=5,
    words=True,
    input_size=4,
    positions=6,
    front_steps=3,
    hidden_size=3,
    num_layers=1,
    window_steps=4,
    bidirectional=True,
    pools=HOWS,
    dropout=0.3,
    embedding_dropout=0.2,
    word_dropout=0.1,
    classes=3,
    smoothing=0.0,
    class_weights=None,
)
VARIANTS = {
    "whole": DESIGN,
    "forward": replace(DESIGN, bidirectional=False),
    "rnn": replace(DESIGN, cell="rnn", num_layers=2),
    "perceptron": replace(DESIGN, cell="perceptron"),
    "numbers": replace(DESIGN, symbols=0, positions=0, front_steps=0),
    "6-mers": replace(DESIGN, positions=0, front_steps=0, stride=6),
    "6-mers forward": replace(DESIGN, positions=0, front_steps=0, stride=6, bidirectional=False),
}


def sequences(design, lengths=(7, 2, 5, 1)):
    torch.manual_seed(1)
    if design.symbols:
        return [torch.randint(design.symbols, (length,)) for length in lengths]
    return [torch.randn(length, design.input_size) for length in lengths]


def trained(design):
    """A network whose head tells classes apart."""
    torch.manual_seed(0)
    network = build(design)
    torch.nn.init.normal_(head_of(network).linear.weight)
    return network


@pytest.mark.parametrize("design", VARIANTS.values(), ids=VARIANTS)
def test_a_row_is_labelled_as_it_is_alone(design):
    network, rows = trained(design), sequences(design)
    together = logits(network, rows)
    for row, found in zip(rows, together, strict=True):
        torch.testing.assert_close(logits(network, [row])[0], found)


@pytest.mark.parametrize("design", VARIANTS.values(), ids=VARIANTS)
def test_the_engines_gradient_is_that_of_autograd(design):
    design = replace(design, dropout=0.0, embedding_dropout=0.0, word_dropout=0.0)
    network, rows, labels = trained(design).double(), sequences(design), torch.tensor([0, 2, 1, 1])
    rows = [row.double() if row.is_floating_point() else row for row in rows]
    piece = label_piece(rows, labels, CPU)
    if not design.symbols:
        piece = replace(piece, x=piece.x.double())
    masks = {"weights": piece.weights, "lengths": piece.lengths}
    (update,) = tt.through_time(network, head_of(network).loss, piece.x, piece.y, tt.TBPTT(), **masks)
    found = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    outputs = [network(row[:, None], None)[0][-1] for row in rows]
    loss = torch.nn.functional.cross_entropy(torch.cat(outputs), labels)
    loss.backward()
    torch.testing.assert_close(update.loss, loss.detach())
    for mine, parameter in zip(found, network.parameters(), strict=True):
        torch.testing.assert_close(mine, parameter.grad)


def test_a_loss_stands_at_each_last_step():
    piece = label_piece(sequences(DESIGN), torch.tensor([0, 1, 2, 0]), CPU)
    assert piece.weights.sum(0).tolist() == [1, 1, 1, 1]
    assert piece.weights.argmax(0).tolist() == [6, 1, 4, 0]
    assert label_piece(sequences(DESIGN, (3, 3)), torch.tensor([0, 1]), CPU).lengths is None


def test_an_epoch_holds_every_sequence_once():
    rows = sequences(DESIGN, range(1, 11))
    batches = LabelBatches(rows, torch.arange(10), 4, seed=3, device=CPU)
    assert len(batches) == 3
    for epoch in range(2):
        pieces = [batches[epoch, index] for index in range(3)]
        assert sorted(int(label) for piece in pieces for label in piece.y[0]) == list(range(10))
    assert not torch.equal(batches[0, 0].y[0], batches[1, 0].y[0])
    assert torch.equal(batches[1, 0].x, batches[1, 0].x)


def test_a_design_comes_back_from_json():
    for design in (DESIGN, replace(DESIGN, class_weights=(1.0, 2.0, 0.5))):
        assert LabelDesign.from_dict(json.loads(json.dumps(design.to_dict()))) == design


def test_a_temperature_keeps_the_order():
    found = torch.tensor([[1.0, 3.0, 2.0]])
    hot, cold = probabilities(found, 10.0)[0], probabilities(found, 0.1)[0]
    assert np.argsort(hot).tolist() == np.argsort(cold).tolist() == [0, 2, 1]
    assert hot.max() < 0.4 < 0.99 < cold.max()


@pytest.mark.parametrize("name", VARIANTS)
def test_an_ensemble_says_the_mean_of_what_its_members_say(name):
    design = VARIANTS[name]
    torch.manual_seed(0)
    members = [build(design) for _ in range(3)]
    for member in members:
        torch.nn.init.normal_(head_of(member).linear.weight)
        torch.nn.init.normal_(head_of(member).linear.bias)
    encoded = sequences(design)
    wanted = torch.stack([logits(member, encoded) for member in members]).mean(0)
    network = ensemble(members)
    torch.testing.assert_close(logits(network, encoded), wanted)
    again = build(replace(design, members=3))
    again.load_state_dict(network.state_dict())
    assert torch.equal(logits(again, encoded), logits(network, encoded))


def test_an_ensemble_of_one_is_its_member():
    member = build(DESIGN)
    assert ensemble([member]) is member


def test_a_design_stored_before_there_were_ensembles_is_of_one_network():
    stored = DESIGN.to_dict()
    del stored["members"]
    assert LabelDesign.from_dict(stored) == DESIGN


def test_beside_the_layer_above_a_window_its_output_is_pooled_too():
    network, (x,) = trained(DESIGN).eval(), sequences(DESIGN, (7,))
    with torch.no_grad():
        features = network.embed(x[:, None])
        for layer in network.layers[:-1]:
            features, _ = layer(features, None)
        inside, _ = network.layers[-1](features, None)
    wanted = torch.cat([features.amax(0), features.mean(0)], -1)
    torch.testing.assert_close(inside[0, :, -wanted.shape[-1] :], wanted)
    assert not any(isinstance(layer, SideBySide) for layer in build(replace(DESIGN, front_steps=0)).layers)
