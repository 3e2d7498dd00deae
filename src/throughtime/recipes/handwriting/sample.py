"""The sample: phrases that a generator makes up, of words in the documentation that every Python carries.

Words that test are none that train: a network that writes them has learned letters, not words.
"""

from __future__ import annotations

import pydoc_data.topics
import re
import string
import sys
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from throughtime.base.errors import ConfigError, DataError
from throughtime.data import drawn_share
from throughtime.recipes.handwriting.drawing import Drawing
from throughtime.recipes.handwriting.hershey import Variation, glyph, write
from throughtime.recipes.handwriting.settings import Collection

TITLE = "Made-up phrases"
SEED = 0
# Words of so many letters, and phrases of so many with the blank: long enough to be read, short enough to be learned in
# minutes.
WORDS, LONGEST = (2, 7), 10
# Half of the phrases have a second word, where it fits.
SECOND = 0.5


def words() -> list[str]:
    """Words of the letters a to z in `pydoc_data`, each once, in alphabetical order."""
    found = {word.lower() for text in pydoc_data.topics.topics.values() for word in re.findall(r"\b[A-Za-z]+\b", text)}
    return sorted(word for word in found if WORDS[0] <= len(word) <= WORDS[1])


def sample(collection: Collection, share: float) -> tuple[list[Drawing], list[Drawing], tuple[str, ...]]:
    """Drawings that train, drawings that test, and what there is to say of them.

    Args:
        collection: how many phrases, and how they are written.
        share: of phrases, and of words, that test.

    Raises:
        ConfigError: the package Hershey-Fonts is missing, has no such font, or the font lacks letters; so few phrases
            that none would test.
    """
    _check_font(collection.font)
    count = round(share * collection.phrases)
    if not 0 < count < collection.phrases:
        raise ConfigError(
            f"Of the sample's phrases some train and some test: phrases={collection.phrases} and "
            f"test={collection.test} came. Write for example phrases={Collection.phrases}."
        )
    known, new = drawn_share(words(), share, SEED)
    draws, hand = np.random.default_rng(SEED), _varied(collection.variation)

    def drawings(count: int, of: Sequence[str]) -> list[Drawing]:
        phrases = [_phrase(of, draws) for _ in range(count)]
        written = [write(phrase, collection.font, draws, hand) for phrase in phrases]
        return [Drawing(made.points, phrase, made.owners) for made, phrase in zip(written, phrases, strict=True)]

    train, test = drawings(collection.phrases - count, known), drawings(count, new)
    version = ".".join(map(str, sys.version_info[:3]))
    return (
        train,
        test,
        (
            f"Phrases: made up by a generator of words in pydoc_data of Python {version}, written in the Hershey font "
            f"{collection.font} by a hand that varies ({collection.variation:g} times the usual; seed {SEED} of "
            "throughtime.recipes.handwriting.sample). Another version of Python carries other words.",
            f"Words: {len(known):,} train, {len(new):,} others test.",
        ),
    )


def _phrase(of: Sequence[str], draws: np.random.Generator) -> str:
    first, second = (of[int(place)] for place in draws.integers(len(of), size=2))
    both = f"{first} {second}"
    return both if draws.random() < SECOND and len(both) <= LONGEST else first


def _varied(times: float) -> Variation:
    """The usual variation, so many times; a share of letters that are joined is one at most."""
    usual = Variation()
    found = {each.name: times * getattr(usual, each.name) for each in fields(usual)}
    return Variation(**{**found, "joined": min(1.0, found["joined"])})


def _check_font(font: str) -> None:
    lacking = []
    for letter in string.ascii_lowercase:
        try:
            glyph(font, letter)
        except DataError:
            lacking.append(letter)
    if lacking:
        raise ConfigError(
            f"The sample's font has the letters a to z: {font} lacks {', '.join(lacking)}. Write for example "
            f"font={Collection.font}."
        )
