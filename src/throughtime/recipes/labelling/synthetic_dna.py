"""DNA that no organism has: windows of coding and of non-coding sequences, made up so that composition tells nothing.

    coding       codons one after another, drawn by a table of codon usage without the stops TAA, TAG and TGA, read from
                 the first, second or third place of a codon on
    non-coding   letters one after another, each drawn by the `CONTEXT` letters before it

The usage of codons is made up too: amino acids are those of the standard genetic code, each codon's share is drawn
anew from the seed. The chain's chances are counted in coding sequences of the same usage over all places, so that
letters and pairs of them are equally frequent in both classes: what differs is that coding sequences repeat a rhythm of
three, in one frame of which no stop ever comes. In a non-coding window stops come in every frame.

Dimensions: N sequences of each class, T letters.

Source of the rhythm as a sign of coding: Fickett, Nucleic Acids Research 10(17), 1982.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from throughtime.base.checks import Checks
from throughtime.data.fasta import NUCLEOTIDES

STOPS = ("TAA", "TAG", "TGA")
CODONS = tuple(codon for codon in map("".join, itertools.product(NUCLEOTIDES, repeat=3)) if codon not in STOPS)
# Letters before it that a non-coding letter depends on: with 1, pairs are as frequent as in coding sequences.
CONTEXT = 1
# Of the codons' shares, drawn from a Dirichlet distribution: the smaller, the more they differ.
EVENNESS = 1.0
# Codons in which the chain's chances are counted: 16 pairs of letters are then known to a few parts in a thousand.
COUNTED = 200_000
CODING, NON_CODING = "coding", "non-coding"


def synthetic_dna(count: int = 500, length: int = 120, seed: int = 0) -> tuple[list[str], list[str]]:
    """Make windows of DNA up.

    Args:
        count: of each class, at least 1.
        length: letters of each, at least 3.
        seed: 0 or more; the same one gives the same windows.

    Returns:
        The 2 N windows, classes taking turns, and their labels, "coding" or "non-coding".

    Raises:
        ConfigError: an argument is out of range.
    """
    checks = Checks()
    count, length = checks.whole("count", count), checks.whole("length", length, 3)
    seed = checks.whole("seed", seed, 0)
    checks.report("synthetic_dna")
    rng = np.random.default_rng(seed)
    usage = rng.dirichlet(np.full(len(CODONS), EVENNESS))
    coding = _coding(count, length, usage, rng)
    other = _chained(count, length, _chances(_letters(COUNTED, usage, rng)), rng)
    sequences = [
        "".join(NUCLEOTIDES[place] for place in row) for pair in zip(coding, other, strict=True) for row in pair
    ]
    return sequences, [CODING, NON_CODING] * count


def _letters(codons: int, usage: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """[3 codons] letters as places in `NUCLEOTIDES`."""
    table = np.array([[NUCLEOTIDES.index(letter) for letter in codon] for codon in CODONS])
    return table[rng.choice(len(CODONS), size=codons, p=usage)].ravel()


def _coding(count: int, length: int, usage: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """[N, T], each from a frame of its own."""
    codons = length // 3 + 2
    rows = _letters(count * codons, usage, rng).reshape(count, 3 * codons)
    frames = rng.integers(3, size=count)
    return np.stack([row[frame : frame + length] for row, frame in zip(rows, frames, strict=True)])


def _chances(letters: NDArray[np.int64]) -> NDArray[np.float64]:
    """[4 ** CONTEXT, 4] chance of each letter by the letters before it."""
    context = np.zeros(len(letters) - CONTEXT, np.int64)
    for back in range(CONTEXT, 0, -1):
        context = 4 * context + letters[CONTEXT - back : len(letters) - back]
    pairs = np.bincount(4 * context + letters[CONTEXT:], minlength=4 ** (CONTEXT + 1)).reshape(-1, 4) + 1e-9
    return pairs / pairs.sum(1, keepdims=True)


def _chained(count: int, length: int, chances: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """[N, T]; the first letters are drawn long before, so that they are as frequent as later ones."""
    ends = chances.cumsum(1)
    before = 50
    rows = np.zeros((count, before + length), np.int64)
    rows[:, :CONTEXT] = rng.integers(4, size=(count, CONTEXT))
    for step in range(CONTEXT, before + length):
        context = np.zeros(count, np.int64)
        for back in range(CONTEXT, 0, -1):
            context = 4 * context + rows[:, step - back]
        drawn = (rng.random(count)[:, None] > ends[context]).sum(1)
        rows[:, step] = np.minimum(drawn, 3)
    return rows[:, before:]
