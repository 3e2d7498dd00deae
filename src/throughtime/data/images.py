"""Images of any size and mode as squares of one size, red, green and blue.

    a file or a PIL image    palette, grey, 1 bit, CMYK: as colours; what is transparent lies on white; 16 bit, and 32
                             bit where a number is above 255: the upper 8 of 16 bits; floats: 0 .. 255 as they are;
                             turned as its camera says
    an array [H, W, 3]       uint8 as it is; [H, W] is grey

An image keeps its proportions: its longer side becomes S, and the rest of the square is filled up in grey, half on each
side. A side is a pixel at least. Files are read by Pillow, an extra; arrays need none.

Dimensions: H rows and W columns of an image, S pixels a side of the square.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from throughtime.base.errors import ConfigError, DataError
from throughtime.data.files import check_file

Pixels = NDArray[np.uint8]
ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
# What fills a square up: between black and white, so that it looks like neither.
GREY, WHITE = 127, 255
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_UPPER = 256  # of 16 bits


def image_files(folder: str | os.PathLike[str]) -> list[Path]:
    """The images of a folder and of the folders in it by their endings, in the order of their names.

    Args:
        folder: names that begin with a point are passed over.

    Raises:
        DataError: there are none.
    """
    place = Path(folder)
    found = sorted(
        each
        for each in place.rglob("*")
        if each.suffix.lower() in ENDINGS and not any(p.startswith(".") for p in each.relative_to(place).parts)
    )
    if not found:
        raise DataError(f"A folder of images holds one at least ({', '.join(ENDINGS)}): {str(place)!r} has none.")
    return found


def read_image(path: str | os.PathLike[str]) -> Pixels:
    """The pixels of a file, [H, W, 3].

    Raises:
        ConfigError: Pillow is not installed.
        DataError: it is no image that Pillow reads, or a damaged one.
        FileMissingError: there is no such file.
    """
    library = _pillow()
    check_file(Path(path), "image")
    try:
        with library.open(path) as image:
            return _colours(image)
    # Decoders answer damaged files with whatever comes up.
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, zlib.error, MemoryError) as error:
        raise _broken(str(path), error) from error
    except library.DecompressionBombError as error:
        raise _broken(str(path), error) from error


def as_pixels(image: Any) -> Pixels:
    """An image as pixels [H, W, 3].

    Args:
        image: a path, a PIL image, or an array or tensor of uint8 [H, W, 3] or [H, W].

    Raises:
        ConfigError, FileMissingError: as `read_image`.
        DataError: it is none of these, or has no pixel.
    """
    if isinstance(image, str | os.PathLike):
        return read_image(image)
    if hasattr(image, "getbands"):
        return _colours(image)
    array = np.asarray(image)
    if array.dtype == np.uint8 and array.ndim == 2:
        array = np.repeat(array[..., None], 3, -1)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise DataError(
            f"An image is a path, a PIL image, or uint8 numbers [H, W, 3] or [H, W]: {array.dtype} {array.shape} came. "
            "Convert it."
        )
    return array


def as_square(pixels: Pixels, size: int) -> Pixels:
    """Pixels [H, W, 3] as a square [S, S, 3], its proportions kept.

    Args:
        pixels: at least one.
        size: S.
    """
    rows, columns = pixels.shape[:2]
    if (rows, columns) == (size, size):
        return pixels
    scale = size / max(rows, columns)
    inside = max(1, round(rows * scale)), max(1, round(columns * scale))
    found = torch.tensor(pixels).permute(2, 0, 1)[None].float()
    found = torch.nn.functional.interpolate(found, inside, mode="bilinear", antialias=True)
    square = np.full((size, size, 3), GREY, np.uint8)
    top, left = (size - inside[0]) // 2, (size - inside[1]) // 2
    resized = found[0].permute(1, 2, 0).round().clamp(0, WHITE).byte().numpy()
    square[top : top + inside[0], left : left + inside[1]] = resized
    return square


def squares(images: Sequence[Any], size: int) -> Pixels:
    """Images as one array [N, S, S, 3].

    Args:
        images: as `as_pixels` takes them.
        size: S.

    Raises:
        ConfigError: Pillow is not installed.
        DataError: some are not there, no images, or damaged; all are counted, the first named.
    """
    found, problems = squares_and_problems(images, size)
    if problems:
        place, first = next(iter(problems.items()))
        raise DataError(f"{len(problems)} of {len(images)} images cannot be read, the first is number {place}: {first}")
    return found


def squares_and_problems(images: Sequence[Any], size: int) -> tuple[Pixels, dict[int, str]]:
    """Those images that can be read, [N, S, S, 3], and of each other one its place and what is wrong with it.

    Args:
        images, size: as `squares` takes them.

    Raises:
        ConfigError: Pillow is not installed.
    """
    found, problems = [], {}
    for place, image in enumerate(images):
        try:
            found.append(as_square(as_pixels(image), size))
        except (DataError, FileNotFoundError) as error:
            problems[place] = str(error)
    return (np.stack(found) if found else np.zeros((0, size, size, 3), np.uint8)), problems


def as_png(pixels: Pixels) -> bytes:
    """Pixels [H, W, 3] as the bytes of a PNG file.

    Source of the format: W3C, Portable Network Graphics (second edition), 2003.
    """
    rows, columns = pixels.shape[:2]
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)  # no filter
    head = b"".join(number.to_bytes(4, "big") for number in (columns, rows)) + bytes([8, 2, 0, 0, 0])  # 8 bits, colours
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def _colours(image: Any) -> Pixels:
    """A PIL image's pixels, [H, W, 3]."""
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode in _DEEP:
        deep = np.asarray(image).astype(np.int64)
        return _grey(deep // _UPPER if image.mode != "I" or deep.max(initial=0) > WHITE else deep)
    if image.mode == "F":
        return _grey(_as_bytes(np.asarray(image)))
    image = image.convert("RGBA")
    pixels = np.asarray(image).astype(np.float32)
    alpha = pixels[..., 3:] / WHITE
    found = pixels[..., :3] * alpha + WHITE * (1 - alpha)
    if not found.size:
        raise DataError(f"An image holds a pixel at least: one of {found.shape[1]} x {found.shape[0]} came.")
    return found.round().astype(np.uint8)


def _as_bytes(numbers: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Numbers of an image from 0 to 255: those of one that has none above 1 are shares of white."""
    if not np.isfinite(numbers).all():
        raise DataError("An image's numbers are finite: nan or infinity came.")
    return numbers if numbers.max(initial=0) > 1 else numbers * WHITE


def _grey(numbers: NDArray[Any]) -> Pixels:
    return np.repeat(numbers.clip(0, WHITE).astype(np.uint8)[..., None], 3, -1)


def _broken(name: str, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return DataError(f"An image is a whole file that Pillow reads: {name!r} is not ({reason}). Replace it.")


def _pillow() -> Any:
    try:
        import PIL.Image
    except ImportError:
        raise ConfigError(
            "Images are read by the package pillow, which is not installed here. Install it: pip install "
            "'throughtime[images]'"
        ) from None
    return PIL.Image
