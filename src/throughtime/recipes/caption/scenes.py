"""Rendered scenes: two to four things of a shape, a colour and a size, before a background with clutter.

    scene     the things and where they are; no two overlap, and of any two it is clear how they lie to each other
    pixels    drawn with 4 x 4 samples a pixel; colours and sizes vary a little, and there is noise

Lines and dots of the background are paler than any thing, so that nobody would name them. Everything is a pure function
of a seed.

Dimensions: S pixels a side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Inside = Callable[[Floats, Floats], Bools]
Box = tuple[float, float, float, float]  # left, top, right, bottom

SIDE = 64  # S
COLOURS = {
    "red": (214, 39, 40),
    "orange": (255, 140, 20),
    "yellow": (240, 215, 30),
    "green": (40, 160, 60),
    "blue": (40, 90, 210),
    "purple": (140, 60, 180),
    "pink": (255, 130, 190),
    "brown": (120, 75, 40),
}
# Pixels from a thing's middle to its outermost point.
SIZES = {"small": 5.0, "medium": 8.0, "large": 11.5}
FEWEST, MOST = 2, 4
# How far things keep from each other, and from the border; how much farther apart two are on one axis than the other.
GAP, MARGIN, CLEARLY = 2.0, 1.0, 1.3
# How much a size, and a colour's parts, vary; and each pixel's.
SIZE_VARIES, COLOUR_VARIES, NOISE = 0.05, 14, 6
SAMPLES = 4
# Places that are tried for each thing before a scene is begun anew.
TRIES = 60
POINTS, INNER = 5, 0.42  # of a star
ARM = 0.36  # half the width of a cross's


def _star(x: Floats, y: Floats) -> Bools:
    turn = np.pi / POINTS
    angle = np.abs((np.arctan2(x, -y) + turn) % (2 * turn) - turn)  # 0 at a point, `turn` between two
    radius = np.hypot(x, y)
    across, along = radius * np.sin(angle), radius * np.cos(angle)
    dent = INNER * np.sin(turn), INNER * np.cos(turn)
    return across * (1 - dent[1]) + (along - 1) * dent[0] <= 0


# What is inside a shape that reaches to 1; y grows downwards.
SHAPES: dict[str, Inside] = {
    "circle": lambda x, y: x**2 + y**2 <= 0.92**2,
    "square": lambda x, y: np.maximum(np.abs(x), np.abs(y)) <= 0.86,
    "triangle": lambda x, y: (y <= 0.8) & (np.abs(x) <= (y + 1) * 0.95 / 1.8),
    "diamond": lambda x, y: np.abs(x) / 0.75 + np.abs(y) <= 1,
    "cross": lambda x, y: (np.minimum(np.abs(x), np.abs(y)) <= ARM) & (np.maximum(np.abs(x), np.abs(y)) <= 1),
    "star": _star,
}
Kind = tuple[str, str]  # colour and shape
KINDS: tuple[Kind, ...] = tuple((colour, shape) for colour in COLOURS for shape in SHAPES)
# One shape of each colour is never shown in training; 5 and 6 have no common divisor, so that every shape is in it.
UNSEEN: tuple[Kind, ...] = tuple(
    (colour, tuple(SHAPES)[(5 * place + 2) % len(SHAPES)]) for place, colour in enumerate(COLOURS)
)
SEEN: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind not in UNSEEN)


@dataclass(frozen=True)
class Thing:
    """A thing of a scene.

    Args:
        size: out of `SIZES`.
        colour: out of `COLOURS`.
        shape: out of `SHAPES`.
        x, y: its middle in pixels, from the left and from the top.
    """

    size: str
    colour: str
    shape: str
    x: float
    y: float

    @property
    def looks(self) -> tuple[str, str, str]:
        """Size, colour and shape."""
        return self.size, self.colour, self.shape


Scene = tuple[Thing, ...]


def relation(thing: Thing, other: Thing) -> str:
    """How a thing lies to another one, along the axis on which they are farther apart."""
    across, down = other.x - thing.x, other.y - thing.y
    if abs(across) > abs(down):
        return "left of" if across > 0 else "right of"
    return "above" if down > 0 else "below"


def make_scene(draws: np.random.Generator, kinds: Sequence[Kind]) -> Scene:
    """A scene of things of these kinds, no two of which look alike."""
    count = int(draws.integers(FEWEST, MOST + 1))
    while True:
        things: list[Thing] = []
        for _ in range(TRIES):
            thing = _thing(draws, kinds)
            if all(_goes_with(thing, other) for other in things):
                things.append(thing)
            if len(things) == count:
                return tuple(things)


def render(scene: Scene, draws: np.random.Generator) -> Pixels:
    """The pixels of a scene, [S, S, 3]."""
    ground = draws.integers(190, 256, 3)
    image = np.tile(ground.astype(np.float64), (SIDE, SIDE, 1))
    for _ in range(int(draws.integers(3, 9))):
        colour = (ground + draws.integers(-60, 20, 3)).clip(0, 255)
        _paint(image, colour, *_clutter(draws))
    for thing in scene:
        radius = SIZES[thing.size] * draws.uniform(1 - SIZE_VARIES, 1 + SIZE_VARIES)
        colour = np.array(COLOURS[thing.colour]) + draws.integers(-COLOUR_VARIES, COLOUR_VARIES + 1, 3)
        inside, box = _placed(thing, radius), (thing.x - radius, thing.y - radius, thing.x + radius, thing.y + radius)
        _paint(image, colour.clip(0, 255), inside, box)
    image += draws.integers(-NOISE, NOISE + 1, image.shape)
    return image.round().clip(0, 255).astype(np.uint8)


def made(count: int, seed: int, kinds: Sequence[Kind]) -> tuple[Pixels, list[Scene]]:
    """Images [N, S, S, 3] and their scenes.

    Args:
        count: N.
        seed: 0 or more.
        kinds: of the things.
    """
    draws = np.random.default_rng(seed)
    scenes = [make_scene(draws, kinds) for _ in range(count)]
    return np.stack([render(scene, draws) for scene in scenes]), scenes


def _thing(draws: np.random.Generator, kinds: Sequence[Kind]) -> Thing:
    colour, shape = kinds[int(draws.integers(len(kinds)))]
    size = tuple(SIZES)[int(draws.integers(len(SIZES)))]
    room = SIZES[size] + MARGIN
    x, y = draws.uniform(room, SIDE - room, 2)
    return Thing(size, colour, shape, float(x), float(y))


def _goes_with(thing: Thing, other: Thing) -> bool:
    across, down = abs(thing.x - other.x), abs(thing.y - other.y)
    apart = np.hypot(across, down) >= SIZES[thing.size] + SIZES[other.size] + GAP
    clear = max(across, down) >= CLEARLY * min(across, down)
    return bool(apart and clear and thing.looks != other.looks)


def _placed(thing: Thing, radius: float) -> Inside:
    shape = SHAPES[thing.shape]
    return lambda x, y: shape((x - thing.x) / radius, (y - thing.y) / radius)


def _clutter(draws: np.random.Generator) -> tuple[Inside, Box]:
    """A line or a dot, and the box it is in."""
    a, b, c, d = draws.uniform(0, SIDE, 4)
    if draws.random() < 0.5:
        radius = draws.uniform(0.8, 2.5)
        return lambda x, y: np.hypot(x - a, y - b) <= radius, (a - radius, b - radius, a + radius, b + radius)
    width, length = draws.uniform(0.25, 0.75), max(float(np.hypot(c - a, d - b)), 1.0)

    def line(x: Floats, y: Floats) -> Bools:
        along = (((x - a) * (c - a) + (y - b) * (d - b)) / length**2).clip(0, 1)
        return np.hypot(x - a - along * (c - a), y - b - along * (d - b)) <= width

    return line, (min(a, c) - width, min(b, d) - width, max(a, c) + width, max(b, d) + width)


def _paint(image: Floats, colour: NDArray[np.int64], inside: Inside, box: Box) -> None:
    """Lay a colour over the pixels of a box, as much of it as of each pixel is inside."""
    left, top = (max(0, int(edge)) for edge in box[:2])
    right, bottom = (min(SIDE, int(edge) + 1) for edge in box[2:])
    x, y = np.meshgrid(_samples(left, right), _samples(top, bottom), sparse=True)
    share = inside(x, y).reshape(bottom - top, SAMPLES, right - left, SAMPLES).mean((1, 3))[..., None]
    part = image[top:bottom, left:right]
    part += share * (colour - part)


def _samples(start: int, stop: int) -> Floats:
    """Middles of the samples of some pixels along one axis."""
    return start + (np.arange((stop - start) * SAMPLES) + 0.5) / SAMPLES
