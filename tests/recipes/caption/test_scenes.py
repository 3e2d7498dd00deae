"""Scenes are clear, repeatable, and show what they are made of."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.recipes.caption.scenes import (
    COLOURS,
    KINDS,
    SEEN,
    SHAPES,
    SIDE,
    SIZES,
    UNSEEN,
    Thing,
    made,
    make_scene,
    relation,
    render,
)


def drawn(scene, seed=0):
    return render(scene, np.random.default_rng(seed))


def test_a_seed_makes_the_same_scenes():
    images, scenes = made(5, 3, KINDS)
    again, others = made(5, 3, KINDS)
    assert scenes == others
    np.testing.assert_array_equal(images, again)
    assert made(5, 4, KINDS)[1] != scenes
    assert (images.shape, images.dtype) == ((5, SIDE, SIDE, 3), np.uint8)


def test_what_is_unseen_is_never_seen():
    assert not set(SEEN) & set(UNSEEN)
    assert set(SEEN) | set(UNSEEN) == set(KINDS)
    # Each colour and each shape is seen with others, and is in an unseen kind.
    assert {colour for colour, _ in UNSEEN} == set(COLOURS)
    assert {shape for _, shape in UNSEEN} == set(SHAPES)
    assert all({shape for name, shape in SEEN if name == colour} for colour in COLOURS)
    _, scenes = made(50, 0, SEEN)
    assert not {(thing.colour, thing.shape) for scene in scenes for thing in scene} & set(UNSEEN)


def test_things_are_apart_and_lie_clearly():
    counts = set()
    for seed in range(100):
        scene = make_scene(np.random.default_rng(seed), KINDS)
        counts.add(len(scene))
        for place, thing in enumerate(scene):
            assert SIZES[thing.size] < min(thing.x, thing.y, SIDE - thing.x, SIDE - thing.y)
            for other in scene[:place]:
                across, down = abs(thing.x - other.x), abs(thing.y - other.y)
                assert np.hypot(across, down) > SIZES[thing.size] + SIZES[other.size]
                assert max(across, down) >= 1.3 * min(across, down)
                assert thing.looks != other.looks
    assert counts == {2, 3, 4}


@pytest.mark.parametrize(
    ("other", "wanted"), [((40, 12), "left of"), ((2, 12), "right of"), ((12, 40), "above"), ((12, 2), "below")]
)
def test_relations(other, wanted):
    assert relation(Thing("small", "red", "star", 10, 10), Thing("small", "red", "star", *other)) == wanted


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_thing_has_its_colour_in_its_middle(shape, colour):
    image = drawn((Thing("large", colour, shape, 32.0, 32.0),))
    # Colours and pixels vary, by 14 and 6.
    assert np.abs(image[30:34, 30:34].mean((0, 1)) - COLOURS[colour]).max() < 20


def test_sizes_and_shapes_differ():
    areas = {
        (shape, size): (
            np.abs(drawn((Thing(size, "blue", shape, 32.0, 32.0),)).astype(int) - (40, 90, 210)).sum(-1) < 90
        ).sum()
        for shape in SHAPES
        for size in SIZES
    }
    for shape in SHAPES:
        assert areas[shape, "small"] < areas[shape, "medium"] < areas[shape, "large"]
    # A circle of radius 0.92 r has 2.66 r^2, a square of side 1.72 r 2.96 r^2, a diamond 1.5 r^2.
    assert areas["square", "large"] / areas["circle", "large"] == pytest.approx(2.96 / 2.66, rel=0.12)
    assert areas["diamond", "large"] / areas["circle", "large"] == pytest.approx(1.5 / 2.66, rel=0.12)
    assert areas["star", "large"] < areas["triangle", "large"] < areas["square", "large"]


def test_stars_and_triangles_point_upwards():
    x, y = np.array([0.0, 0.0, 0.3]), np.array([-0.95, 0.95, -0.6])
    assert SHAPES["star"](x, y).tolist() == [True, False, False]
    assert SHAPES["triangle"](x, y).tolist() == [True, False, False]
