"""Encoder and decoder of pairs: rows alone as side by side, costs by hand, first states, shared vectors."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from tests.tasks.reversing import reversed_pairs, small
from throughtime.tasks.pair_fitting import design_of
from throughtime.tasks.pair_intake import PairEncoding
from throughtime.tasks.pair_network import (
    Sources,
    SourceStates,
    build,
    first_states,
    head_of,
    nats_by_pair,
    nats_of,
    sides,
)
from throughtime.tasks.pair_options import check_pair_options

KINDS = {
    "plain": {},
    "tied": {"tied": True},
    "copying": {"copy": True},
    "covering": {"copy": True, "coverage": 1.0, "tied": True},
    "two layers": {"num_layers": 2, "cell": "rnn"},
    "one direction": {"bidirectional": False, "heads": 0, "num_layers": 2},
    "perceptron": {"cell": "perceptron"},
}


def case(kind):
    torch.manual_seed(0)
    options = check_pair_options(small(**KINDS[kind]))
    sources, targets = reversed_pairs(9, letters="abcd")
    encoding = PairEncoding.fit(
        sources, targets, ("characters", "characters"), copying=options.copy, reverse=False, limit=None
    )
    # z is none of the vocabulary's.
    pairs = [encoding.encode(*pair) for pair in zip([*sources, "azb"], [*targets, "bza"], strict=True)]
    return (*build(design_of(options, encoding)), pairs, encoding)


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_side_by_side_cost_what_they_cost_alone(kind):
    decoder, encoder, pairs, _ = case(kind)
    together = nats_by_pair(decoder, encoder, pairs)
    for pair, nats in zip(pairs, together, strict=True):
        assert len(nats) == len(pair.target) - 1
        # Products of more rows add up in another order.
        torch.testing.assert_close(nats_by_pair(decoder, encoder, [pair])[0], nats, rtol=1e-4, atol=1e-5)
    assert nats_of(decoder, encoder, pairs) == pytest.approx(float(torch.cat(together).mean()), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cost_is_that_of_one_step_after_the_other(kind):
    decoder, encoder, pairs, encoding = case(kind)
    pair, costs = pairs[-1], []
    state = first_states(decoder, encoder, Sources.of([pair], "cpu"))
    for before, symbol in zip(pair.target[:-1].tolist(), pair.target[1:].tolist(), strict=True):
        read = before if before < encoding.target.size else 0
        with torch.no_grad():
            output, state = decoder(torch.tensor([[read]]), state)
            if kind in ("copying", "covering"):
                shares = head_of(decoder).log_probabilities({k: v[0] for k, v in output.items()}, 99)
                costs.append(-float(shares[0, symbol]))
            else:
                costs.append(float(F.cross_entropy(output[0], torch.tensor([symbol]))))
    assert costs == pytest.approx(nats_by_pair(decoder, encoder, [pair])[0].tolist(), abs=1e-5)


def test_numbers_of_ones_own_are_read_as_the_unknown_one():
    *_, pairs, encoding = case("copying")
    x, y, lengths = sides(pairs[-1:], encoding.target.size)
    assert x[:, 0].tolist() == [encoding.target.end, pairs[-1].target[1], 0, pairs[-1].target[3]]
    assert y[1, 0] == encoding.target.size
    assert lengths.tolist() == [4]


def test_one_direction_gives_its_last_states_on():
    decoder, encoder, pairs, _ = case("one direction")
    assert not encoder.bridges
    state = first_states(decoder, encoder, Sources.of(pairs[:1], "cpu"))
    x = F.embedding(torch.from_numpy(pairs[0].source)[:, None], encoder.embed.weight)
    with torch.no_grad():
        _, (h, c) = encoder.layer(x)
    for layer, (own_h, own_c) in enumerate(state["layers"]):
        torch.testing.assert_close(own_h[0], h[layer])
        torch.testing.assert_close(own_c[0], c[layer])


def test_states_are_those_of_the_rows_asked_for():
    decoder, encoder, pairs, _ = case("copying")
    states = SourceStates(encoder, decoder)
    states.show(Sources.of(pairs, "cpu"))
    encoder.eval()
    every, some = states(torch.arange(len(pairs)), 0), states(torch.tensor([2, 5]), 0)
    torch.testing.assert_close(some["keys"][0], every["keys"][0][:, [2, 5]])
    torch.testing.assert_close(some["symbols"], every["symbols"][:, [2, 5]])
    assert not {id(p) for p in states.parameters()} & {id(p) for p in decoder.core.parameters()}


def test_vectors_are_shared_where_symbols_are_copied():
    decoder, encoder, *_ = case("copying")
    assert encoder.embed.weight is decoder.embed.weight
    decoder, encoder, *_ = case("tied")
    assert encoder.embed.weight is not decoder.embed.weight
    assert decoder.head.embedding.weight is decoder.embed.weight
