"""A collection of music with a part that trains and one that tests: made-up chorales, or one's own files.

Parts of their own are used where the data have them. Else a share of the pieces tests, drawn by a seed; of a piece that
is alone, cut into stretches, the last ones do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from throughtime.base.errors import DataError
from throughtime.data import drawn_share
from throughtime.data.midi import Music, Note
from throughtime.recipes.music.composer import compose
from throughtime.recipes.music.kinds import Kind
from throughtime.recipes.music.reading import TEST, TRAIN, VALID, Found
from throughtime.recipes.music.settings import Collection
from throughtime.recipes.settings import own_share

TITLE = "Made-up chorales"
EXAMPLE = "other/"  # of a test part of its own
# Enough that a network of seconds learns their rules, and that a tenth of them tests.
PIECES, SEED = 240, 0
# Quarter notes of a stretch that a piece alone is cut into.
STRETCH = 32


@dataclass(frozen=True)
class MusicProblem:
    """What trains and what tests.

    Args:
        title: what the pieces are.
        kind: what is read of a piece.
        train: pieces; none where others are scored by a network that is trained already.
        valid: pieces that validate, where the data have such; else a share of those that train does.
        test: pieces.
        notes: one line for each rule and guess.
    """

    title: str
    kind: Kind
    train: tuple[Music, ...]
    valid: tuple[Music, ...]
    test: tuple[Music, ...]
    notes: tuple[str, ...]

    @cached_property
    def read(self) -> dict[str, list[Any]]:
        """By part what the network reads of each piece."""
        parts = {TRAIN: self.train, VALID: self.valid, TEST: self.test}
        return {name: [self.kind.encode(piece) for piece in pieces] for name, pieces in parts.items()}

    @property
    def steps(self) -> int:
        """Frames, or symbols, of the test part."""
        return sum(map(len, self.read[TEST]))


def sample() -> Found:
    """The made-up chorales, and that they are."""
    note = (
        f"Pieces: {PIECES} chorales in four voices that nobody wrote, composed by rules (seed {SEED} of "
        "throughtime.recipes.music.composer)."
    )
    return Found({TRAIN: tuple(compose(PIECES, SEED))}, (note,))


def make_problem(
    title: str, kind: Kind, found: Found, collection: Collection, seed: int, test: Found | None = None
) -> MusicProblem:
    """Tell the parts apart.

    Args:
        title: what the pieces are.
        kind: what is read of them.
        found: all of them.
        collection: which part tests.
        seed: of the pieces that do.
        test: a test part of its own; None: that of the data, or a share.

    Raises:
        ConfigError: the share is none.
        DataError: a part would be empty.
    """
    train: Sequence[Music] = found.parts.get(TRAIN, ())
    tests: Sequence[Music]
    valid = found.parts.get(VALID, ())
    if test is not None:
        tests, how = test.everything, f"of {collection.test}"
    elif found.parts.get(TEST):
        tests, how = found.parts[TEST], "the data's own parts"
    else:
        share = own_share(collection.test, EXAMPLE)
        assert share is not None  # pieces in files of their own come as `test`
        train, tests, how = _shared(train, share, seed)
    if not train or not tests:
        raise DataError(f"Each part needs a piece: {_size(train)} train and {_size(tests)} test. Give more music.")
    said = f"Parts: {_size(train)} train, {_size(tests)} test ({how}); " + (
        f"{_size(valid)} validate." if valid else "validation is taken from the training part."
    )
    notes = (*found.notes, *(test.notes if test else ()), said)
    return MusicProblem(title, kind, tuple(train), tuple(valid), tuple(tests), notes)


def _shared(pieces: Sequence[Music], share: float, seed: int) -> tuple[Sequence[Music], Sequence[Music], str]:
    """What trains, what tests, and how it was chosen."""
    if len(pieces) != 1:
        first, second = drawn_share(pieces, share, seed)
        return first, second, f"{share:.3g} of them, drawn by seed {seed}"
    parts = stretches(pieces[0], STRETCH)
    cut = len(parts) - max(1, round(share * len(parts)))
    return parts[:cut], parts[cut:], f"the last {share:.3g} of one piece, cut into stretches of {STRETCH} quarter notes"


def stretches(music: Music, quarters: int) -> list[Music]:
    """A piece cut into shorter ones; a note that goes on over a cut is in both.

    Args:
        music: the piece.
        quarters: quarter notes of each, the last one shorter.
    """
    found = []
    for start in range(0, max(1, round(music.quarters)), quarters):
        end = min(float(start + quarters), music.quarters)
        inside = [note for note in music.notes if note.start < end and note.end > start]
        if inside:
            notes = tuple(_within(note, start, end) for note in inside)
            found.append(replace(music, notes=notes, quarters=end - start))
    return found


def _within(note: Note, start: float, end: float) -> Note:
    begun = max(note.start, start)
    return Note(begun - start, min(note.end, end) - begun, note.pitch)


def _size(pieces: Sequence[Music]) -> str:
    return f"{len(pieces):,} pieces of {sum(piece.quarters for piece in pieces):,.0f} quarter notes"
