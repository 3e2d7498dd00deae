"""Described images with a part that trains and one that tests: rendered scenes, or one's own.

    rendered    the scenes that test hold only combinations of colour and shape that training never shows
    one's own   a share of the images tests, drawn by a seed; or files of their own

Images that cannot be read are left out, counted and named.

Dimensions: N images, S pixels a side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from throughtime.base.errors import DataError
from throughtime.data import epoch_order, image_files, read_captions
from throughtime.data.captions import caption_file
from throughtime.data.images import ENDINGS, as_square, squares_and_problems
from throughtime.recipes.caption.language import caption
from throughtime.recipes.caption.scenes import SEEN, UNSEEN, Pixels, Scene, made
from throughtime.recipes.caption.settings import Settings
from throughtime.recipes.settings import own_share

TITLE = "Rendered scenes"
EXAMPLE = "other/captions.json"  # of a test part of its own
SHOWN = 3  # of those left out are named


@dataclass(frozen=True)
class Part:
    """Images and what is said of them.

    Args:
        images: [N, S, S, 3].
        sentences: of each image; empty lists where nothing is known.
        names: of each image.
        scenes: what is there, where the images are rendered; else empty.
        folders: in which the images lie as files.
    """

    images: Pixels
    sentences: Sequence[Sequence[str]]
    names: Sequence[str]
    scenes: Sequence[Scene] = ()
    folders: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @property
    def texts(self) -> list[str]:
        """Every sentence."""
        return [text for each in self.sentences for text in each]

    def some(self, places: Sequence[int]) -> Part:
        """Some of them."""
        scenes = [self.scenes[place] for place in places] if self.scenes else ()
        said, names = [self.sentences[place] for place in places], [self.names[place] for place in places]
        return Part(self.images[list(places)], said, names, scenes, self.folders)


@dataclass(frozen=True)
class CaptionProblem:
    """What trains and what tests.

    Args:
        title: what the images are.
        train: None where other images are described by a network that is trained already.
        test: others.
        notes: one line for each rule and guess.
    """

    title: str
    train: Part | None
    test: Part
    notes: tuple[str, ...]


def sample(chosen: Settings) -> CaptionProblem:
    """Rendered scenes."""
    images, seed, side = chosen.images, chosen.model.seed, chosen.model.image_size
    train = _rendered(images.scenes, 2 * seed, SEEN, side)
    test = _rendered(images.test_scenes, 2 * seed + 1, UNSEEN, side)
    unseen = ", ".join(" ".join(kind) for kind in UNSEEN)
    notes = (
        "Scenes are rendered: 2 to 4 things of 6 shapes, 8 colours and 3 sizes before clutter, and sentences made by a "
        f"rule. Training never shows, or names, {unseen}; the test scenes hold nothing else.",
        f"Parts: {len(train):,} scenes train, {len(test):,} test; validation is taken from the training part.",
    )
    return CaptionProblem(TITLE, train, test, notes)


def own(data: str | Path, chosen: Settings) -> CaptionProblem:
    """A user's described images.

    Raises:
        ConfigError: the share is none, or Pillow is not installed.
        DataError, FileMissingError: whatever is wrong with them.
    """
    share = own_share(chosen.images.test, EXAMPLE)
    part, notes = described(data, chosen.model.image_size)
    if share is None:
        test, said = described(chosen.images.test, chosen.model.image_size)
        sizes = f"Parts: {len(part):,} images train, {len(test):,} of {chosen.images.test} test."
        return CaptionProblem(Path(data).name, part, test, (*notes, *said, sizes))
    order, count = epoch_order(len(part), chosen.model.seed, 0), round(share * len(part))
    if not 0 < count < len(part):
        raise DataError(f"Each part needs an image: {len(part) - count} train and {count} test. Give more images.")
    train, test = part.some(sorted(order[count:].tolist())), part.some(sorted(order[:count].tolist()))
    sizes = (
        f"Parts: {len(train):,} images train, {len(test):,} test ({share:.3g} of them, drawn by seed "
        f"{chosen.model.seed}); validation is taken from the training part."
    )
    return CaptionProblem(Path(data).name, train, test, (*notes, sizes))


def described(data: str | Path, size: int) -> tuple[Part, tuple[str, ...]]:
    """Images with sentences, and what there is to say of them.

    Args:
        data: as `read_captions` takes it.
        size: S.

    Raises:
        ConfigError: Pillow is not installed.
        DataError, FileMissingError: whatever is wrong with them.
    """
    found = read_captions(data)
    images, kept, notes = _read(found.images, size)
    sentences = [found.sentences[place] for place in kept]
    folders = tuple(sorted({file.parent for file in found.images}))
    return Part(images, sentences, [found.images[at].name for at in kept], folders=folders), (*found.notes, *notes)


def undescribed(data: str | Path, size: int) -> tuple[Part, tuple[str, ...]]:
    """Images alone: a file, or those of a folder; arguments and errors as `described`."""
    place = Path(data)
    files = image_files(place) if place.is_dir() else [place]
    images, kept, notes = _read(files, size)
    return Part(images, [()] * len(kept), [files[at].name for at in kept]), notes


def is_described(data: str | Path) -> bool:
    """Whether there are sentences beside the images."""
    place = Path(data)
    return caption_file(place) is not None if place.is_dir() else place.suffix.lower() not in ENDINGS


def _rendered(count: int, seed: int, kinds: Sequence[tuple[str, str]], side: int) -> Part:
    images, scenes = made(count, seed, kinds)
    shown = np.stack([as_square(each, side) for each in images])
    return Part(shown, [[caption(scene)] for scene in scenes], [f"scene {n}" for n in range(1, count + 1)], scenes)


def _read(files: Sequence[Path], size: int) -> tuple[Pixels, list[int], tuple[str, ...]]:
    """The images that can be read, their places among the files, and a note on the others."""
    images, problems = squares_and_problems(files, size)
    if not len(images):
        raise DataError(f"An image can be read at least: of {len(files)} none could. The first: {problems[0]}")
    kept = [place for place in range(len(files)) if place not in problems]
    if not problems:
        return images, kept, ()
    names = ", ".join(files[place].name for place in list(problems)[:SHOWN]) + (", .." if len(problems) > SHOWN else "")
    return images, kept, (f"Left out: {len(problems):,} of {len(files):,} images that cannot be read: {names}.",)
