"""How much of what captions say is there, and how much of what is there they say.

Each thing that is named is matched to a thing of the scene, one to one, so that most of their attributes agree.
Attributes are size, colour and shape of each thing, and how each named thing lies to the next, which is right where it
is so between the two that they are matched to. What is there and not said counts as wrong, and so does what is said of
nothing:

    share right = attributes right / (3 max(named, there) + max(named, there) - 1),      summed over scenes
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from throughtime.recipes.caption.language import Said, parse
from throughtime.recipes.caption.scenes import Scene, relation

PARTS = ("size", "colour", "shape", "relation")


@dataclass(frozen=True)
class Verdict:
    """What captions say rightly.

    Args:
        sizes, colours, shapes, relations: the share of each that is right, 0 .. 1.
        attributes: of all of them together.
        whole: the share of captions with everything right.
    """

    sizes: float
    colours: float
    shapes: float
    relations: float
    attributes: float
    whole: float


def judge(captions: Sequence[str], scenes: Sequence[Scene]) -> Verdict:
    """Judge captions by the scenes they describe, as many of one as of the other."""
    counted = np.array([_counted(parse(text), scene) for text, scene in zip(captions, scenes, strict=True)])
    right, asked = counted[:, 0].sum(0), counted[:, 1].sum(0)
    whole = (counted[:, 0].sum(1) == counted[:, 1].sum(1)).mean()
    sizes, colours, shapes, relations = (right / asked).tolist()
    return Verdict(sizes, colours, shapes, relations, float(right.sum() / asked.sum()), float(whole))


def _counted(said: Said, scene: Scene) -> list[list[int]]:
    """Of each part how many are right, and how many are asked for."""
    most = max(len(said.things), len(scene))
    asked = [most, most, most, most - 1]
    if not said.things:
        return [[0, 0, 0, 0], asked]
    agree = np.array([[_agree(looks, thing.looks) for thing in scene] for looks in said.things])  # [named, there, 3]
    rows, columns = linear_sum_assignment(-agree.sum(2))
    matched = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    related = 0
    for place, words in enumerate(said.relations):
        if place in matched and place + 1 in matched:
            related += words == relation(scene[matched[place]], scene[matched[place + 1]])
    return [[*agree[rows, columns].sum(0).tolist(), int(related)], asked]


def _agree(looks: Sequence[str], others: Sequence[str]) -> list[bool]:
    return [one == other for one, other in zip(looks, others, strict=True)]
