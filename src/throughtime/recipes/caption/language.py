"""What is said of a scene, and how it is read again.

    a large blue square left of a medium green star below a small red circle

Larger things come first, of equal ones the one further left; between two stands how the one before lies to the other.

    caption = thing { relation thing }        thing = "a" size colour shape
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from throughtime.recipes.caption.scenes import SIZES, Scene, relation

ARTICLE = "a"
RELATIONS = ("left of", "right of", "above", "below")


@dataclass(frozen=True)
class Said:
    """What a caption says.

    Args:
        things: size, colour and shape of each, in its order; words that are missing are empty.
        relations: how each thing but the last lies to the next; empty where that is not said.
    """

    things: tuple[tuple[str, str, str], ...]
    relations: tuple[str, ...]


def in_order(scene: Scene) -> Scene:
    """The things as a caption names them."""
    sizes = tuple(SIZES)
    return tuple(sorted(scene, key=lambda thing: (-sizes.index(thing.size), thing.x)))


def caption(scene: Scene) -> str:
    """The sentence on a scene."""
    things = in_order(scene)
    words = [" ".join((ARTICLE, *things[0].looks))]
    for before, thing in pairwise(things):
        words += [relation(before, thing), " ".join((ARTICLE, *thing.looks))]
    return " ".join(words)


def parse(text: str) -> Said:
    """Read a caption, also one that is not quite a sentence."""
    parts = f" {text} ".split(f" {ARTICLE} ")
    things, relations = [], []
    for part in parts[1:]:
        words = [*part.split(), "", "", ""]
        rest = " ".join(words[3:]).strip()
        things.append((words[0], words[1], words[2]))
        relations.append(rest if rest in RELATIONS else "")
    return Said(tuple(things), tuple(relations[:-1]))
