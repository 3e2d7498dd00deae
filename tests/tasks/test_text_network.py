"""The network of a text: what is worked out once for each symbol is what its vectors would give."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from throughtime.nn import Network
from throughtime.tasks.text_network import TextDesign, build, head_of

DESIGN = TextDesign("lstm", 7, 5, 9, 1, 3, 0.0, 0.0, 0.0, False)
DESIGNS = {
    "letters": DESIGN,
    "tied": replace(DESIGN, tied=True),
    "two layers": replace(DESIGN, num_layers=2),
    "rnn": replace(DESIGN, cell="rnn"),
    "perceptron": replace(DESIGN, cell="perceptron"),
    "dropped vectors": replace(DESIGN, embedding_dropout=0.5),
}


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("training", [True, False])
def test_it_is_the_network_of_its_parts(name, training):
    torch.manual_seed(1)
    network = build(DESIGNS[name]).double().train(training)
    symbols, found = torch.randint(7, (11, 4)), []
    for forward in (type(network).forward, Network.forward):
        network.zero_grad()
        torch.manual_seed(2)
        output, _ = forward(network, symbols, None)
        (output * torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view(output.shape)).sum().backward()
        found.append([output.detach(), *(weight.grad.clone() for weight in network.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("tied", [True, False])
def test_the_head_begins_with_weights(tied):
    head = head_of(build(replace(DESIGN, tied=tied)))
    assert head.linear.weight.abs().max() > 0
