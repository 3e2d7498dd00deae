"""Captions say what is there, and are read again."""

from __future__ import annotations

from itertools import pairwise

from throughtime.recipes.caption.language import caption, in_order, parse
from throughtime.recipes.caption.scenes import KINDS, Thing, made, relation

SCENE = (
    Thing("small", "red", "circle", 50.0, 10.0),
    Thing("large", "blue", "square", 40.0, 40.0),
    Thing("large", "green", "star", 12.0, 30.0),
)


def test_larger_things_come_first_and_of_equal_ones_the_left():
    assert [thing.colour for thing in in_order(SCENE)] == ["green", "blue", "red"]
    assert caption(SCENE) == "a large green star left of a large blue square below a small red circle"


def test_every_caption_is_read_as_it_was_meant():
    for scene in made(100, 0, KINDS)[1]:
        said, things = parse(caption(scene)), in_order(scene)
        assert said.things == tuple(thing.looks for thing in things)
        assert said.relations == tuple(relation(a, b) for a, b in pairwise(things))


def test_what_is_not_quite_a_sentence_is_read_as_far_as_it_goes():
    assert parse("").things == ()
    assert parse("large green star").things == ()
    assert parse("a large green a small red circle") == (
        type(parse(""))((("large", "green", ""), ("small", "red", "circle")), ("",))
    )
    assert parse("a large green star beside a small red circle").relations == ("",)
    assert parse("a large green star below").relations == ()
