"""Test images beside their captions, and where the network looks in an image as it tells each word.

Dimensions: T words, R regions, S pixels a side.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
import torch
from numpy.typing import NDArray

from throughtime.data import as_png
from throughtime.insight.svg import QUIET, Sheet
from throughtime.recipes.caption.scenes import Pixels

# Pixels of a page: an image in the grid, one of a row of words, how many stand in a row, and lines between.
SHOWN, LOOK, ACROSS, LINE, GAP = 160, 112, 7, 20.0, 8.0
# What is left of an image's light where it does not look at all.
SHADE = 0.2
# Levels of light in a picture that is shaded: nobody sees more, and the file is a third as long.
LEVELS = 32


def grid(images: Pixels, captions: Sequence[str], said: Sequence[Sequence[str]]) -> str:
    """Images with what the network says, and what was said of them, as HTML.

    Args:
        images: [N, S, S, 3].
        captions: the network's.
        said: of each image; may be empty.
    """
    figures = (_figure(*each) for each in zip(images, captions, said, strict=True))
    return f'<div style="display: flex; flex-wrap: wrap; gap: 1rem">{"".join(figures)}</div>'


def looking(image: Pixels, words: Sequence[str], weights: NDArray[np.float64], title: str) -> str:
    """The image once for each word, light where the network looks as it tells it; SVG.

    Args:
        image: [S, S, 3].
        words: T of them.
        weights: [T, R] of a square grid of regions.
        title: of the drawing.
    """
    down = -(-len(words) // ACROSS)
    columns = min(ACROSS, len(words))
    sheet = Sheet(title, columns * (LOOK + GAP) - GAP, down * (LOOK + LINE + GAP) - GAP, page=True)
    for place, (word, row) in enumerate(zip(words, weights, strict=True)):
        x, y = place % ACROSS * (LOOK + GAP), place // ACROSS * (LOOK + LINE + GAP)
        sheet.text(x + LOOK / 2, y + LINE - 6, word, anchor="middle", kind="word")
        sheet.image(x, y + LINE, LOOK, LOOK, address(shaded(image, row)), kind="look")
    return sheet.to_svg()


def shaded(image: Pixels, weights: NDArray[np.float64]) -> Pixels:
    """An image whose light is that of its regions' weights [R], the largest one's as it is."""
    side = round(len(weights) ** 0.5)
    share = torch.from_numpy(weights.reshape(1, 1, side, side) / weights.max())
    smooth = torch.nn.functional.interpolate(share, image.shape[:2], mode="bilinear", align_corners=False)
    light = SHADE + (1 - SHADE) * smooth[0, 0, :, :, None].numpy()
    step = 256 // LEVELS
    return (image * light / step).round().clip(0, LEVELS - 1).astype(np.uint8) * step


def address(image: Pixels) -> str:
    """An image as a data URI."""
    return "data:image/png;base64," + base64.b64encode(as_png(image)).decode()


def _figure(image: Pixels, caption: str, said: Sequence[str]) -> str:
    known = f'<br><span style="color: {QUIET}">{escape(said[0])}</span>' if said else ""
    picture = f'<img src="{address(image)}" width="{SHOWN}" height="{SHOWN}" alt="{escape(caption)}">'
    return (
        f'<figure style="margin: 0; width: {SHOWN}px; font-size: 0.85rem">{picture}'
        f"<figcaption>{escape(caption)}{known}</figcaption></figure>"
    )
