"""What a describer is given, checked and brought to numbers: images or features of regions, and their sentences.

Dimensions: N images, S pixels a side, R regions, F features of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.errors import DataError, ShapeError
from throughtime.data import squares
from throughtime.tasks.caption_options import PIXELS
from throughtime.tasks.corpus import as_corpus

Sentences = list[list[str]]


def as_images(given: Any, encoder: str, image_size: int) -> Tensor:
    """Images as the encoder takes them: uint8 [N, S, S, 3], or float32 [N, R, F].

    Args:
        given: a list of paths, PIL images or arrays; of "features" an array [N, R, F], or a list of arrays [R, F].
        encoder: "images" or "features".
        image_size: S.

    Raises:
        ConfigError: Pillow is not installed.
        DataError: there are none, or some that are not there or cannot be read.
        ShapeError: features of several shapes.
    """
    if isinstance(given, str | bytes) or not hasattr(given, "__len__") or not len(given):
        came = "none came" if hasattr(given, "__len__") and not len(given) else f"{type(given).__name__} came"
        raise DataError(f"Images are a list of one at least: {came}. Put a single one into a list.")
    if encoder == PIXELS:
        return torch.from_numpy(squares(list(given), image_size))
    rows = [np.asarray(each) for each in given]
    shapes = {each.shape for each in rows}
    if len(shapes) > 1 or rows[0].ndim != 2 or not rows[0].size or rows[0].dtype.kind not in "fiu":
        shown = ", ".join(map(str, sorted(shapes, key=str)[:3]))
        raise ShapeError(
            f"Features of images are [regions, numbers], equally many of each: {shown} came. Without features of your "
            'own, leave encoder="images".'
        )
    found = torch.from_numpy(np.stack(rows).astype(np.float32))
    if not bool(torch.isfinite(found).all()):
        raise DataError("Features are finite numbers: nan or infinity came. Fill them, or leave the images out.")
    return found


def as_sentences(given: Any, images: int) -> Sentences:
    """The sentences of each image.

    Args:
        given: of each image a text, or a list of texts.
        images: N.

    Raises:
        DataError: an image without a sentence, or something that is no text.
        ShapeError: not as many as there are images.
    """
    if given is None or isinstance(given, str) or not hasattr(given, "__len__"):
        raise DataError(f"Sentences are a list, a text or several of each image: {type(given).__name__} came.")
    rows = list(given.to_list() if hasattr(given, "to_list") else given)
    if len(rows) != images:
        raise ShapeError(
            f"Each image has its sentence: {images} images and {len(rows)} sentences came. Several of one image stand "
            "in a list of their own."
        )
    found = [[each] if isinstance(each, str) else list(each) if _is_list(each) else [] for each in rows]
    lacking = [place for place, each in enumerate(found) if not each]
    if lacking:
        raise DataError(
            f"Each image has a sentence at least: {len(lacking)} of {images} have none, the first is number "
            f"{lacking[0]} (from 0). Leave them out."
        )
    as_corpus([text for each in found for text in each])
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, bytes)
