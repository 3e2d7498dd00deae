"""Images of every mode and size become squares; broken ones are counted and named."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image

from throughtime.base.errors import ConfigError, DataError, FileMissingError
from throughtime.data.images import (
    as_pixels,
    as_png,
    as_square,
    image_files,
    read_image,
    squares,
    squares_and_problems,
)

GRADIENT = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    ("image", "pixel"),
    [
        (Image.new("RGB", (3, 2), (10, 20, 30)), (10, 20, 30)),
        (Image.new("RGBA", (3, 2), (10, 20, 30, 0)), (255, 255, 255)),
        (Image.new("RGBA", (3, 2), (0, 0, 0, 51)), (204, 204, 204)),
        (Image.new("LA", (3, 2), (40, 255)), (40, 40, 40)),
        (Image.new("L", (3, 2), 77), (77, 77, 77)),
        (Image.new("1", (3, 2), 1), (255, 255, 255)),
        (Image.new("RGB", (3, 2), (200, 100, 0)).quantize(4), (200, 100, 0)),
        (Image.fromarray(np.full((2, 3), 0x8034, np.uint16)), (0x80, 0x80, 0x80)),
        (Image.fromarray(np.full((2, 3), 0x8034, np.int32)), (0x80, 0x80, 0x80)),
        (Image.fromarray(np.full((2, 3), 0xFF, np.uint16)), (0, 0, 0)),
        (Image.fromarray(np.full((2, 3), 0xFF, np.int32)), (255, 255, 255)),
        (Image.fromarray(np.full((2, 3), 99.6, np.float32)), (99, 99, 99)),
        (Image.fromarray(np.full((2, 3), 0.6, np.float32)), (153, 153, 153)),
        (Image.new("CMYK", (3, 2), (0, 0, 0, 255)), (0, 0, 0)),
    ],
    ids=["RGB", "transparent", "half", "LA", "L", "1", "P", "I;16", "I", "dark I;16", "dark I", "F", "share F", "CMYK"],
)
def test_every_mode_is_read(image, pixel):
    pixels = as_pixels(image)
    assert (pixels.shape, pixels.dtype) == ((2, 3, 3), np.uint8)
    np.testing.assert_allclose(pixels, np.broadcast_to(pixel, (2, 3, 3)), atol=1)


def test_an_image_without_numbers_is_refused(tmp_path):
    with pytest.raises(DataError, match="finite"):
        as_pixels(Image.fromarray(np.full((2, 3), np.nan, np.float32)))


def test_a_cameras_turn_is_undone(tmp_path):
    image = Image.new("RGB", (4, 2))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").shape == (4, 2, 3)


def test_arrays_need_no_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert as_pixels(GRADIENT).shape == (16, 16, 3)
    with pytest.raises(ConfigError, match=r"throughtime\[images\]"):
        read_image("any.png")


@pytest.mark.parametrize(
    ("shape", "filled"),
    [((16, 16), (8, 8)), ((16, 8), (8, 4)), ((1, 50), (1, 8)), ((50, 1), (8, 1)), ((1, 1), (8, 8)), ((3, 5), (5, 8))],
)
def test_proportions_are_kept_and_the_rest_is_grey(shape, filled):
    square = as_square(np.full((*shape, 3), 250, np.uint8), 8)
    rows, columns = ((square[..., 0] == 250).any(axis) for axis in (1, 0))
    assert (rows.sum(), columns.sum()) == filled
    assert ((square == 250).all(-1) | (square == 127).all(-1)).all()
    margin = int(rows.argmax()), int(rows[::-1].argmax())
    assert abs(margin[0] - margin[1]) <= 1


def test_a_square_of_the_right_size_stays_as_it_is():
    image = as_pixels(GRADIENT)
    np.testing.assert_array_equal(as_square(image, 16), image)
    # Made smaller it is averaged, not sampled.
    stripes = np.tile(np.array([0, 255], np.uint8), (16, 8))
    assert abs(as_square(as_pixels(stripes), 4).astype(int) - 127).max() < 30


@pytest.mark.parametrize(
    "image", [GRADIENT.astype(float), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), 7, [1, 2]]
)
def test_what_is_no_image_is_refused(image):
    with pytest.raises(DataError, match="An image is a path"):
        as_pixels(image)


@pytest.fixture
def folder(tmp_path):
    for name in ("b.png", "a.jpg"):
        Image.new("RGB", (5, 4), (9, 9, 9)).save(tmp_path / name)
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(256, size=(40, 40, 3), dtype=np.uint8)).save(buffer, "PNG")
    (tmp_path / "c.png").write_bytes(buffer.getvalue()[:300])
    (tmp_path / "d.gif").write_text("no image at all")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    Image.new("RGB", (5, 4)).save(tmp_path / ".hidden" / "e.png")
    return tmp_path


def test_broken_images_are_counted_and_named(folder):
    files = image_files(folder)
    assert [each.name for each in files] == ["a.jpg", "b.png", "c.png", "d.gif"]
    found, problems = squares_and_problems(files, 8)
    assert found.shape == (2, 8, 8, 3)
    assert sorted(problems) == [2, 3]
    assert "c.png" in problems[2]
    with pytest.raises(DataError, match="2 of 4 images cannot be read, the first is number 2"):
        squares(files, 8)
    with pytest.raises(FileMissingError, match="there is no file"):
        read_image(folder / "none.png")


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(DataError, match="has none"):
        image_files(tmp_path)


def test_what_is_written_is_read_again():
    pixels = np.random.default_rng(1).integers(256, size=(5, 7, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(as_png(pixels))) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
