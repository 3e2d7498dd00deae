"""Which images train and which test, and what is left out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.caption.problem import described, is_described, own, sample, undescribed
from throughtime.recipes.caption.scenes import SEEN, UNSEEN
from throughtime.recipes.caption.settings import Images, Model, Settings


def chosen(**images):
    return Settings(images=Images(**images), model=Model(image_size=16))


@pytest.fixture
def folder(tmp_path):
    draws = np.random.default_rng(0)
    for place in range(10):
        pixels = draws.integers(256, size=(12, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{place}.png")
    (tmp_path / "3.png").write_bytes(b"\x89PNG broken")
    lines = [f"{place}.png#{number}\tsentence {number} of {place}" for place in range(10) for number in range(2)]
    (tmp_path / "tokens.txt").write_text("\n".join([*lines, "gone.png#0\tof nothing"]))
    return tmp_path


def test_test_scenes_hold_what_training_never_shows():
    problem = sample(chosen(scenes=30, test_scenes=20))
    kinds = [
        {(thing.colour, thing.shape) for scene in part.scenes for thing in scene}
        for part in (problem.train, problem.test)
    ]
    assert kinds[0] <= set(SEEN)
    assert kinds[1] <= set(UNSEEN)
    assert problem.train.images.shape == (30, 16, 16, 3)
    assert (len(problem.test), len(problem.test.sentences)) == (20, 20)
    assert "30 scenes train, 20 test" in problem.notes[1]
    other = sample(Settings(images=Images(scenes=30, test_scenes=20), model=Model(image_size=16, seed=1)))
    assert other.train.scenes != problem.train.scenes


def test_broken_and_missing_images_are_left_out_and_named(folder):
    part, notes = described(folder, 16)
    assert part.names == [f"{place}.png" for place in range(10) if place != 3]
    assert part.images.shape == (9, 16, 16, 3)
    assert part.sentences[3] == ["sentence 0 of 4", "sentence 1 of 4"]
    assert notes == (
        "Left out: 1 images that are not there: 'gone.png'.",
        "Left out: 1 of 10 images that cannot be read: 3.png.",
    )


def test_a_share_tests_or_a_part_of_its_own(folder, tmp_path_factory):
    problem = own(folder, chosen(test="0.33"))
    assert (len(problem.train), len(problem.test)) == (6, 3)
    assert sorted([*problem.train.names, *problem.test.names]) == sorted(described(folder, 16)[0].names)
    for part in (problem.train, problem.test):
        assert all(f"of {name[0]}" in said[0] for name, said in zip(part.names, part.sentences, strict=True))
    other = tmp_path_factory.mktemp("other")
    Image.new("RGB", (4, 4)).save(other / "x.png")
    (other / "captions.json").write_text(
        json.dumps({"images": [{"id": 1, "file_name": "x.png"}], "annotations": [{"image_id": 1, "caption": "black"}]})
    )
    problem = own(folder, chosen(test=str(other / "captions.json")))
    assert (len(problem.train), problem.test.names, problem.test.sentences) == (9, ["x.png"], [["black"]])
    with pytest.raises(ConfigError, match=r"test=1.5 came"):
        own(folder, chosen(test="1.5"))
    with pytest.raises(DataError, match="9 train and 0 test"):
        own(folder, chosen(test="0.01"))


def test_images_alone(folder):
    assert is_described(folder)
    assert is_described(folder / "tokens.txt")
    assert not is_described(folder / "1.png")
    (folder / "tokens.txt").unlink()
    assert not is_described(folder)
    part, notes = undescribed(folder, 16)
    assert len(part) == 9
    assert "cannot be read: 3.png" in notes[0]
    assert undescribed(folder / "1.png", 16)[0].names == ["1.png"]
    with pytest.raises(DataError, match="of 1 none could"):
        undescribed(folder / "3.png", 16)
