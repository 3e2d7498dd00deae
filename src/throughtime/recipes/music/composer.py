"""Chorales that nobody wrote: four voices composed by rules, with what a sequence model could find in real ones.

    piece      2 .. 5 phrases of two bars of 4/4 in one key, major or minor; the last one ends on the tonic
    phrase     six chords of a quarter note each, and one of a half; the last three are a cadence: authentic (V I), half
               (ii V) or deceptive (V vi); before it functions follow each other as a Markov chain
    voices     the bass takes root or third near where it was; tenor, alto and soprano take all of the chord's tones so
               that they cross nowhere and cost least: moves, parallel fifths and octaves, a doubled third, wide chords
    between    where a voice moves by a third, a passing note may fill it for an eighth

What comes next depends on the key, on the place in the bar and in the phrase, and on the chord before: more than one
frame tells. Every piece is a pure function of the seed and its number.

Dimensions: N ways to set a chord for three voices.

Source: the rules are those of common-practice harmony, as in Piston, Harmony (1941), ch. 2-5.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from throughtime.base.checks import Checks
from throughtime.data.midi import Music, Note, ordered

Ints = NDArray[np.int64]
# Few enough keys for a small sample to show each often: C, G, F and D major, A, D and E minor.
KEYS = ((0, False), (7, False), (5, False), (2, False), (9, True), (2, True), (4, True))
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)  # the minor one is harmonic: its V leads to I
# What follows a chord inside a phrase, by degree (0 is I), and how often.
NEXT = {
    0: {3: 3, 4: 3, 5: 2, 1: 2},
    1: {4: 4, 6: 1},
    2: {5: 2, 3: 1},
    3: {4: 3, 1: 2, 0: 2},
    4: {0: 3, 5: 2, 4: 1},
    5: {3: 2, 1: 3, 2: 1},
    6: {0: 1},
}
AUTHENTIC, HALF, DECEPTIVE = (1, 4, 0), (0, 1, 4), (3, 4, 5)
CADENCES = (AUTHENTIC, HALF, DECEPTIVE)
HOW_OFTEN = (0.5, 0.35, 0.15)
OPEN_CHORDS = 4  # of a phrase, before its cadence
PHRASES = (2, 5)
INVERTED, PASSING = 0.25, 0.5
# Lowest and highest tone of bass, tenor, alto and soprano.
BASS = (41, 60)
RANGES = ((48, 67), (55, 74), (60, 81))
# A voice a semitone further costs 1; these cost more than any likely move.
PARALLEL, DOUBLED, WIDE = 12.0, 6.0, 4.0
# Of the best settings one is drawn whose cost is this near the least: voices that never vary are no music.
TOLERATED = 1.5
TEMPO = 84.0


def compose(pieces: int, seed: int = 0) -> list[Music]:
    """Chorales in four voices.

    Args:
        pieces: how many, 1 or more.
        seed: of all draws; 0 .. 2**63 - 1.

    Raises:
        ConfigError: a number is out of range.
    """
    checks = Checks()
    pieces, seed = checks.whole("pieces", pieces), checks.whole("seed", seed, 0)
    checks.report("compose")
    return [compose_one(np.random.default_rng([seed, place])) for place in range(pieces)]


def compose_one(draws: np.random.Generator) -> Music:
    """One chorale."""
    tonic, minor = KEYS[draws.integers(len(KEYS))]
    scale = tuple((tonic + step) % 12 for step in (MINOR if minor else MAJOR))
    phrases = int(draws.integers(PHRASES[0], PHRASES[1] + 1))
    degrees = [degree for place in range(phrases) for degree in _phrase(place, phrases, draws)]
    chords = [tuple(scale[(degree + third) % 7] for third in (0, 2, 4)) for degree in degrees]
    settings = _settings(chords, draws)
    starts, lengths = _rhythm(phrases)
    notes = [note for voice in range(4) for note in _voice(settings[:, voice], starts, lengths, scale, draws)]
    return Music(ordered(notes), float(starts[-1] + lengths[-1]), TEMPO)


def _phrase(place: int, phrases: int, draws: np.random.Generator) -> list[int]:
    """Degrees of a phrase's seven chords."""
    degrees = [0 if place == 0 else int(draws.choice([0, 5, 3]))]
    while len(degrees) < OPEN_CHORDS:
        after = NEXT[degrees[-1]]
        weights = np.array(list(after.values()), dtype=np.float64)
        degrees.append(int(draws.choice(list(after), p=weights / weights.sum())))
    last = place == phrases - 1
    return [*degrees, *(AUTHENTIC if last else CADENCES[draws.choice(len(CADENCES), p=HOW_OFTEN)])]


def _rhythm(phrases: int) -> tuple[list[float], list[float]]:
    """Start and length of each chord, in quarter notes."""
    lengths = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0] * phrases
    return [float(start) for start in np.cumsum([0.0, *lengths[:-1]])], lengths


def _settings(chords: list[tuple[int, ...]], draws: np.random.Generator) -> Ints:
    """[chords, 4] tones of bass, tenor, alto and soprano."""
    found: list[list[int]] = []
    before: list[int] | None = None
    for place, chord in enumerate(chords):
        # A cadence's last chord stands on its root.
        firm = place % 7 >= 5 or draws.random() >= INVERTED
        bass = _nearest(chord[0] if firm else chord[1], before[0] if before else 48)
        before = [bass, *_upper(chord, bass, before, draws)]
        found.append(before)
    return np.array(found)


def _nearest(pitch_class: int, to: int) -> int:
    tones = [tone for tone in range(BASS[0], BASS[1] + 1) if tone % 12 == pitch_class]
    return min(tones, key=lambda tone: (abs(tone - to), tone))


def _upper(chord: tuple[int, ...], bass: int, before: list[int] | None, draws: np.random.Generator) -> list[int]:
    """Tenor, alto and soprano: one of the settings that cost least."""
    ways, doubled = _ways(chord, bass % 12)
    kept = ways[:, 0] > bass
    ways, cost = ways[kept], DOUBLED * doubled[kept] + WIDE * (ways[kept][:, 2] - ways[kept][:, 0] > 16)
    if before is not None:
        cost = cost + np.abs(ways - before[1:]).sum(1) + PARALLEL * _parallels(ways, bass, before)
    near = np.flatnonzero(cost <= cost.min() + TOLERATED)
    return [int(tone) for tone in ways[draws.choice(near)]]


@cache
def _ways(chord: tuple[int, ...], bass: int) -> tuple[Ints, NDArray[np.bool_]]:
    """[N, 3] settings that have every tone of the chord and cross no voices, and whether they double the third."""
    tones = [[tone for tone in range(low, high + 1) if tone % 12 in chord] for low, high in RANGES]
    ways = [
        way
        for way in product(*tones)
        if way[0] < way[1] < way[2] and {bass, *(tone % 12 for tone in way)} == set(chord)
    ]
    doubled = [[bass, *(tone % 12 for tone in way)].count(chord[1]) > 1 for way in ways]
    return np.array(ways), np.array(doubled)


def _parallels(ways: Ints, bass: int, before: list[int]) -> Ints:
    """[N] pairs of voices that move and keep a fifth or an octave."""
    now = np.concatenate([np.full((len(ways), 1), bass), ways], 1)
    found = np.zeros(len(ways), np.int64)
    for low, high in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        interval = (before[high] - before[low]) % 12
        if interval in (0, 7):
            found += ((now[:, high] - now[:, low]) % 12 == interval) & (now[:, low] != before[low])
    return found


def _voice(
    tones: Ints, starts: list[float], lengths: list[float], scale: tuple[int, ...], draws: np.random.Generator
) -> list[Note]:
    """A voice's notes, some of its thirds filled."""
    notes = []
    for place, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        tone = int(tones[place])
        passing = _passing(tone, int(tones[place + 1]), scale) if place + 1 < len(tones) and length == 1 else None
        if passing is None or draws.random() >= PASSING:
            notes.append(Note(start, length, tone))
        else:
            notes += [Note(start, length / 2, tone), Note(start + length / 2, length / 2, passing)]
    return _tied(notes)


def _passing(tone: int, goal: int, scale: tuple[int, ...]) -> int | None:
    """The scale's tone in the middle of a third; None where the voice moves otherwise."""
    if abs(goal - tone) not in (3, 4):
        return None
    between = [each for each in range(min(tone, goal) + 1, max(tone, goal)) if each % 12 in scale]
    return between[0] if between else None


def _tied(notes: list[Note]) -> list[Note]:
    """A tone that comes again within a bar is held, as singers would; at the bar's beginning it is sung anew."""
    found = notes[:1]
    for before, note in pairwise(notes):
        if note.pitch == before.pitch and note.start % 4:
            found[-1] = Note(found[-1].start, found[-1].duration + note.duration, note.pitch)
        else:
            found.append(note)
    return found
