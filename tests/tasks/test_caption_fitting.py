"""Batches are a pure function of their place, and show the images whose sentences they hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from throughtime.base.errors import DataError
from throughtime.tasks.caption_fitting import CaptionBatches, Shown, design_of, parts_of
from throughtime.tasks.caption_network import ImageStates, build, sides
from throughtime.tasks.caption_options import check_caption_options
from throughtime.tasks.captions import CaptionGenerator

END = 9
# Image n is all n, and its sentences are n, and n followed by 8.
SHOWN = Shown(
    torch.arange(7).to(torch.uint8)[:, None, None, None].expand(7, 16, 16, 3).contiguous(),
    [[np.array([END, n, END]), np.array([END, n, 8, END])] for n in range(7)],
)


@pytest.fixture
def states():
    options = check_caption_options(CaptionGenerator(image_size=16, channels=8, region_size=16, hidden_size=4))
    decoder, encoder = build(design_of(options, 10, SHOWN.images))
    return ImageStates(encoder, decoder)


def batches(states, seed=0):
    return CaptionBatches(SHOWN, states, 3, seed, torch.device("cpu"))


def test_images_are_those_of_the_sentences(states):
    made, seen, lengths = batches(states), [], set()
    assert len(made) == 3
    for index in range(3):
        piece = made[0, index]
        shown = states._shown[:, 0, 0, 0]
        assert piece.x[0].tolist() == [END] * len(shown)
        assert piece.y[0].tolist() == shown.tolist()
        seen += shown.tolist()
        lengths |= set(piece.lengths.tolist())
    assert sorted(seen) == list(range(7))
    assert lengths == {2, 3}


def test_the_same_place_gives_the_same_batch(states):
    one = batches(states)[2, 1]
    batches(states)[0, 0]
    again, other, seeded = batches(states)[2, 1], batches(states)[3, 1], batches(states, seed=1)[2, 1]
    assert torch.equal(one.y, again.y)
    assert not torch.equal(one.y[0], other.y[0])
    assert not torch.equal(one.y[0], seeded.y[0])


def test_states_begin_with_the_rows_asked_for(states):
    made = batches(states)
    made[0, 0]
    whole = states(torch.arange(3), 0)["memory"]
    part = states(torch.tensor([2]), 5)["memory"]
    # A convolution of one image adds up in another order.
    torch.testing.assert_close(part[:, 0], whole[:, 2], rtol=1e-4, atol=1e-5)
    assert whole.requires_grad


def test_a_share_of_the_images_validates():
    options = check_caption_options(CaptionGenerator(validation=0.3))
    train, valid = parts_of(SHOWN, None, options)
    assert (len(train), len(valid)) == (5, 2)
    numbers = [int(part.images[place, 0, 0, 0]) for part in (train, valid) for place in range(len(part))]
    assert sorted(numbers) == list(range(7))
    assert [int(said[0][1]) for part in (train, valid) for said in part.sentences] == numbers
    assert parts_of(SHOWN, None, check_caption_options(CaptionGenerator(validation=None))) == (SHOWN, None)
    with pytest.raises(DataError, match="one came"):
        parts_of(SHOWN.part([0]), None, options)


def test_every_sentence_is_paired_with_its_image():
    places, documents = SHOWN.pairs()
    assert places == [n for n in range(7) for _ in range(2)]
    assert [int(each[1]) for each in documents] == places


def test_sides():
    x, y, lengths = sides(SHOWN.sentences[3])
    assert x.T.tolist() == [[END, 3, 0], [END, 3, 8]]
    assert y.T.tolist() == [[3, END, 0], [3, 8, END]]
    assert lengths.tolist() == [2, 3]
