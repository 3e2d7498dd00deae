"""Images a network learns in seconds: one bright square on dark ground, whose colour and corner a sentence tells."""

from __future__ import annotations

import numpy as np

COLOURS = {"red": (255, 30, 30), "green": (30, 255, 30), "blue": (60, 60, 255)}
CORNERS = {"left above": (0, 0), "right above": (0, 1), "left below": (1, 0), "right below": (1, 1)}


def squares(count: int, seed: int = 0, side: int = 16) -> tuple[list[np.ndarray], list[str]]:
    """Images [side, side, 3] and a sentence on each."""
    draws = np.random.default_rng(seed)
    images, sentences = [], []
    for _ in range(count):
        colour, corner = draws.choice(list(COLOURS)), draws.choice(list(CORNERS))
        image = draws.integers(0, 40, (side, side, 3)).astype(np.uint8)
        row, column = (int(half * side // 2 + draws.integers(1, side // 4)) for half in CORNERS[corner])
        image[row : row + side // 4, column : column + side // 4] = COLOURS[colour]
        images.append(image)
        sentences.append(f"a {colour} square {corner}")
    return images, sentences
