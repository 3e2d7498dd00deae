"""Pictures stand in the page itself, and light falls where the weights are."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image

from throughtime.recipes.caption.pictures import address, grid, looking, shaded

IMAGE = np.full((64, 64, 3), 240, np.uint8)


def pixels(uri):
    with Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,")))) as image:
        return np.asarray(image)


def test_light_falls_where_it_looks():
    weights = np.zeros(64)
    weights[8 * 2 + 5] = 0.8
    light = shaded(IMAGE, weights)[..., 0].astype(int)
    assert light[20, 44] > 200
    assert light[60, 4] < 60
    assert np.unravel_index(light.argmax(), light.shape)[0] // 8 == 2
    # Alike everywhere: the image as it is, to its levels of light.
    assert np.abs(shaded(IMAGE, np.full(64, 1 / 64)).astype(int) - IMAGE).max() < 8


def test_each_word_has_its_picture():
    draws = np.random.default_rng(0)
    words = [f"word{place}" for place in range(9)]
    weights = draws.dirichlet(np.ones(16), size=9)
    svg = looking(IMAGE, words, weights, "looks")
    assert re.findall(r'class="word"[^>]*>(\w+)<', svg) == words
    uris = re.findall(r'href="(data:[^"]+)"', svg)
    assert len(uris) == 9
    np.testing.assert_array_equal(pixels(uris[3]), shaded(IMAGE, weights[3]))


def test_a_grid_shows_what_is_said_and_what_was_said():
    page = grid(np.stack([IMAGE, IMAGE]), ["a <b>", "c"], [["true one", "other"], []])
    assert page.count("<img ") == 2
    assert "a &lt;b&gt;" in page
    assert "true one" in page
    assert "other" not in page
    np.testing.assert_array_equal(pixels(address(IMAGE)), IMAGE)
