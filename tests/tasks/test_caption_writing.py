"""Sentences are what the network's probabilities say: greedy, by a beam, and drawn."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from throughtime.base.errors import ConfigError
from throughtime.decode import Sampling
from throughtime.tasks.caption_network import CaptionDesign, build, first_states
from throughtime.tasks.caption_writing import LIKELIEST, Describer, Manner, manner
from throughtime.tasks.corpus import TextEncoding

ENCODING = TextEncoding.fit(["a b c"], "words")  # unknown 0, a, b, c, end 4
MOST = 4


@pytest.fixture(scope="module")
def parts():
    torch.manual_seed(0)
    shape = {"embedding_size": 4, "hidden_size": 6, "num_layers": 2, "window_steps": 2}
    design = CaptionDesign(
        "lstm",
        ENCODING.size,
        **shape,
        dropout=0.5,
        word_dropout=0.5,
        heads=2,
        region_size=16,
        encoder="images",
        image_size=16,
        channels=8,
        regions=0,
        features=0,
    )
    decoder, encoder = build(design)
    torch.nn.init.normal_(decoder.head.linear.weight, std=2.0)
    return decoder.eval(), encoder.eval(), torch.randint(256, (3, 16, 16, 3), dtype=torch.uint8)


def log_p(parts, image, numbers):
    """Of a sentence of known words, and of its end unless it has the most symbols."""
    decoder, encoder, images = parts
    state, total = first_states(decoder, encoder, images[image : image + 1]), 0.0
    told = [*numbers, 4][:MOST]
    for before, number in zip([4, *told[:-1]], told, strict=True):
        with torch.no_grad():
            logits, state = decoder(torch.tensor([[before]]), state)
        logits[0, 0, 0] = -torch.inf
        total += float(logits[0, 0].log_softmax(-1)[number])
    return total


def every_sentence():
    for length in range(MOST + 1):
        yield from product((1, 2, 3), repeat=length)


@pytest.mark.parametrize("image", [0, 1, 2])
def test_a_wide_beam_finds_the_likeliest_of_all(parts, image):
    best = max(every_sentence(), key=lambda numbers: log_p(parts, image, numbers))
    (found,) = Describer(*parts[:2], ENCODING).write(parts[2][image : image + 1], Manner(MOST, beam=100))
    assert tuple(found.tolist()) == best


def test_greedy_takes_the_likeliest_each_time_row_by_row(parts):
    describer = Describer(*parts[:2], ENCODING)
    together = [each.tolist() for each in describer.write(parts[2], Manner(MOST))]
    assert together == [next(describer.write(parts[2][i : i + 1], Manner(MOST))).tolist() for i in range(3)]
    assert together == [each.tolist() for each in describer.write(parts[2], Manner(MOST, beam=1))]
    for image, numbers in enumerate(together):
        for place, taken in enumerate([*numbers, 4][:MOST]):
            begun = numbers[:place]
            others = [log_p_of_next(parts, image, begun, other) for other in (1, 2, 3, 4)]
            assert log_p_of_next(parts, image, begun, taken) == max(others)


def log_p_of_next(parts, image, begun, number):
    decoder, encoder, images = parts
    with torch.no_grad():
        state = first_states(decoder, encoder, images[image : image + 1])
        logits, _ = decoder(torch.tensor([[4], *([each] for each in begun)]), state)
    return float(logits[-1, 0].log_softmax(-1)[number])


def test_draws_have_the_networks_probabilities(parts):
    describer, how = Describer(*parts[:2], ENCODING), Manner(1, Sampling(temperature=1.0), seed=3)
    drawn = [tuple(each.tolist()) for each in describer.write(parts[2][:1].expand(2000, -1, -1, -1), how)]
    chances = np.exp([log_p_of_next(parts, 0, [], number) for number in (1, 2, 3, 4)])
    chances /= chances.sum()  # the unknown word is never written
    for words, chance in zip([(1,), (2,), (3,), ()], chances, strict=True):
        # Four standard deviations of a share of 2,000.
        assert abs(drawn.count(words) / 2000 - chance) < 4 * (0.25 / 2000) ** 0.5


def test_the_manner_follows_what_is_asked_for():
    assert manner(None, None, None, None, 1.0, 0.0, 0, 7) == Manner(7, LIKELIEST)
    assert manner(3, 2, None, None, 1.0, 0.5, 1, 7) == Manner(3, LIKELIEST, 2, 0.5, 1)
    assert manner(3, None, None, 5, 1.0, 0.0, 0, 7).sampling == Sampling(top_k=5)
    with pytest.raises(ConfigError, match="draws nothing"):
        manner(3, 2, None, 5, 1.0, 0.0, 0, 7)
