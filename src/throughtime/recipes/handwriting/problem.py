"""Handwriting with a part that trains and one that tests: made-up phrases, or one's own drawings.

Parts of their own are used where the data have them. Else a share of the drawings tests, drawn by a seed; lines of one
form stay together, since one hand wrote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from throughtime.base.errors import ConfigError, DataError
from throughtime.data import drawn_share
from throughtime.recipes.handwriting import sample as made_up
from throughtime.recipes.handwriting.drawing import Drawing, letters_in
from throughtime.recipes.handwriting.reading import TEST, TRAIN, VALID, Found
from throughtime.recipes.handwriting.settings import Collection
from throughtime.recipes.settings import own_share

EXAMPLE = "other.npz"  # of a test part of its own


@dataclass(frozen=True)
class HandwritingProblem:
    """What trains and what tests.

    Args:
        title: what the drawings are.
        phrased: whether each has the phrase that it writes, which the network reads.
        train: drawings; none where others are scored by a network that is trained already.
        valid: drawings that validate, where the data have such; else a share of those that train does.
        test: drawings.
        notes: one line for each rule and guess.
    """

    title: str
    phrased: bool
    train: tuple[Drawing, ...]
    valid: tuple[Drawing, ...]
    test: tuple[Drawing, ...]
    notes: tuple[str, ...]

    @property
    def points(self) -> int:
        """Of the test part."""
        return sum(map(len, self.test))

    def readable(self, letters: str | set[str]) -> HandwritingProblem:
        """Without test drawings that write letters a network does not know, which a note names.

        Args:
            letters: that it knows.

        Raises:
            DataError: no drawing would be left.
        """
        kept, unknown = _known(self.test, letters)
        if len(kept) == len(self.test):
            return self
        if not kept:
            raise DataError(
                f"What is scored writes letters that training showed: every test phrase has others, {_names(unknown)}. "
                "Give other drawings, or train on ones that have these."
            )
        return replace(self, test=kept, notes=(*self.notes, _left_out(len(self.test) - len(kept), TEST, unknown)))


def sample(collection: Collection) -> HandwritingProblem:
    """The made-up phrases, and that they are.

    Raises:
        ConfigError: as `sample.sample`, or the test part is no share.
    """
    share = own_share(collection.test, EXAMPLE)
    if share is None:
        raise ConfigError(
            f"Of the sample's phrases a share tests: test={collection.test} came. Write for example test=0.2, or name "
            "data of your own with --data."
        )
    train, test, notes = made_up.sample(collection, share)
    phrased = collection.conditioned != "false"
    said = (*notes, _parts(train, (), test, f"{share:.3g} of them"), _reads(phrased))
    problem = HandwritingProblem(made_up.TITLE, phrased, tuple(train), (), tuple(test), said)
    return problem.readable(letters_in(train)) if phrased else problem


def make_problem(
    title: str, found: Found, collection: Collection, seed: int, test: Found | None = None
) -> HandwritingProblem:
    """Tell the parts apart.

    Args:
        title: what the drawings are.
        found: all of them.
        collection: which part tests, and whether phrases are read.
        seed: of the drawings that do.
        test: a test part of its own; None: that of the data, or a share.

    Raises:
        ConfigError: the share is none, or phrases are to be read and there are none.
        DataError: a part would be empty.
    """
    parts, how = _parted(found, collection, seed, test)
    phrased = _is_phrased(collection.conditioned, parts[TRAIN], parts[TEST])
    notes = [*found.notes, *(test.notes if test else ())]
    if phrased:
        for name, drawings in parts.items():
            parts[name] = tuple(each for each in drawings if each.phrase)
            if lost := len(drawings) - len(parts[name]):
                notes.append(f"Left out: {lost:,} drawings of the {name} part whose phrase nobody wrote down.")
        # A network learns the letters of the part that trains; what validates is to be read by it.
        kept, unknown = _known(parts[VALID], letters_in(parts[TRAIN]))
        if unknown:
            notes.append(_left_out(len(parts[VALID]) - len(kept), VALID, unknown))
        parts[VALID] = kept
    if found.parts and not found.parts.get(TRAIN):
        raise DataError(
            f"What trains is the part {TRAIN!r} of data that have parts: {title} has {', '.join(found.parts)}. Name "
            "data with that part, or without any."
        )
    if not parts[TRAIN] or not parts[TEST]:
        raise DataError(
            f"Each part needs a drawing: {_size(parts[TRAIN])} train and {_size(parts[TEST])} test. Give more drawings."
        )
    said = (*notes, _parts(parts[TRAIN], parts[VALID], parts[TEST], how), _reads(phrased))
    problem = HandwritingProblem(title, phrased, parts[TRAIN], parts[VALID], parts[TEST], said)
    return problem.readable(letters_in(problem.train)) if phrased else problem


def others(path: str | Path, found: Found, phrased: bool) -> HandwritingProblem:
    """Other drawings to be scored: the test part of data that have one, else all of them.

    Args:
        path: of them.
        found: what was read there.
        phrased: whether the network reads phrases.

    Raises:
        DataError: phrases are to be read and there are none.
    """
    drawings, notes = found.parts.get(TEST) or found.everything, found.notes
    if len(drawings) < len(found.everything):
        notes = (*notes, f"Of the parts of {path} the test part is scored.")
    there = len(drawings)
    if phrased:
        drawings = tuple(each for each in drawings if each.phrase)
        if not drawings:
            raise DataError(
                f"This network reads the phrase that it writes: {path} has no phrases. Put them beside the strokes, as "
                "X.txt beside X.xml, or train with conditioned=false."
            )
        if lost := there - len(drawings):
            notes = (*notes, f"Left out: {lost:,} drawings whose phrase nobody wrote down.")
    return HandwritingProblem(Path(path).name, phrased, (), (), drawings, notes)


def _parted(
    found: Found, collection: Collection, seed: int, test: Found | None
) -> tuple[dict[str, tuple[Drawing, ...]], str]:
    """The drawings of each part, and how the test part was chosen."""
    parts = {name: found.parts.get(name, ()) for name in (TRAIN, VALID, TEST)}
    if test is not None:
        return parts | {TEST: test.everything}, f"of {collection.test}"
    if parts[TEST]:
        return parts, "the data's own parts"
    share = own_share(collection.test, EXAMPLE)
    assert share is not None  # drawings in files of their own come as `test`
    forms = found.forms or tuple(map(str, range(len(parts[TRAIN]))))
    _, drawn = drawn_share(sorted(set(forms)), share, seed)
    tests = set(drawn)
    first, second = (
        tuple(each for each, form in zip(parts[TRAIN], forms, strict=True) if (form in tests) is wanted)
        for wanted in (False, True)
    )
    whole = len(set(forms)) == len(forms)
    return parts | {TRAIN: first, TEST: second}, (
        f"{share:.3g} of {'them' if whole else f'{len(set(forms)):,} forms'}, drawn by seed {seed}"
    )


def _is_phrased(conditioned: str, *parts: Sequence[Drawing]) -> bool:
    has = [any(each.phrase for each in drawings) for drawings in parts]
    if conditioned == "true" and not all(has):
        raise ConfigError(
            "A network that reads phrases learns from drawings whose phrases are known: conditioned=true came, and a "
            "part has none. Put them beside the strokes, as X.txt beside X.xml, or write conditioned=false."
        )
    return conditioned != "false" and all(has)


def _known(drawings: Sequence[Drawing], letters: str | set[str]) -> tuple[tuple[Drawing, ...], list[str]]:
    """The drawings all of whose letters are among some, and the letters of the others that are not."""
    known = set(letters)
    kept = tuple(each for each in drawings if known.issuperset(each.phrase))
    return kept, sorted(letters_in(drawings) - known)


def _left_out(count: int, part: str, unknown: Sequence[str]) -> str:
    return (
        f"Left out: {count:,} drawings of the {part} part with letters that no training phrase has, {_names(unknown)}."
    )


def _names(letters: Sequence[str]) -> str:
    return ", ".join(map(repr, letters[:10])) + (" and others" if len(letters) > 10 else "")


def _reads(phrased: bool) -> str:
    if phrased:
        return "The network reads the phrase that it writes (conditioned=false: points alone)."
    return "The network reads no phrases: each point is told from those before it."


def _parts(train: Sequence[Drawing], valid: Sequence[Drawing], test: Sequence[Drawing], how: str) -> str:
    return f"Parts: {_size(train)} train, {_size(test)} test ({how}); " + (
        f"{_size(valid)} validate." if valid else "validation is taken from the training part."
    )


def _size(drawings: Sequence[Drawing]) -> str:
    return f"{len(drawings):,} drawings of {sum(map(len, drawings)):,} points"
