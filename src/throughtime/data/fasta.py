"""FASTA files of DNA and RNA: records of a name and a sequence of nucleotides.

    >name, anything up to the end of the line
    ACGT...    over any number of lines

Stated rules. A name is the header without ">" and outer blanks, and without "gt;", which is what a broken "&gt;" leaves
of it; names may repeat or be empty. Blanks inside sequences go. Lower case (soft-masked) becomes upper case and RNA's U
becomes T, so that one alphabet serves. Ambiguous letters stay. Anything else, gaps and proteins included, is refused.

Source: the letters are those of the Nomenclature Committee of the IUB, Nucleic Acids Research 13(9), 1985.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from throughtime.base.errors import DataError, say_once
from throughtime.data.files import read_text

NUCLEOTIDES = "ACGT"
# R purine, Y pyrimidine, S strong, W weak, K keto, M amino, B not A, D not C, H not G, V not T, N any.
AMBIGUOUS_NUCLEOTIDES = "RYSWKMBDHVN"

_COMPLEMENT = str.maketrans("ACGTRYKMBVDH", "TGCAYRMKVBHD")  # S, W and N are their own
_FOREIGN = re.compile(f"[^{NUCLEOTIDES}{AMBIGUOUS_NUCLEOTIDES}]")
# Amino acids that no nucleotide's letter stands for, and those a protein file holds beside them.
_AMINO_ACIDS_ALONE = frozenset("EFILPQ")
_PROTEIN = frozenset("ACDEFGHIKLMNPQRSTVWYXBZJUO*")


@dataclass(frozen=True)
class FastaRecord:
    """One record.

    Args:
        name: the header.
        sequence: letters of `NUCLEOTIDES` and `AMBIGUOUS_NUCLEOTIDES`, one at least.
    """

    name: str
    sequence: str


def read_fasta(path: str | os.PathLike[str]) -> list[FastaRecord]:
    """Read a FASTA file of nucleotides.

    Args:
        path: of the file, plain or gzip (its first bytes tell), UTF-8.

    Returns:
        Its records in their order, one at least. That U was read as T is said once.

    Raises:
        FileMissingError: there is no such file.
        DataError: no text, no record, a sequence without header, a record without sequence, or a letter that stands
            for no nucleotide.
    """
    text = read_text(Path(path), "FASTA file")
    records, with_u = [], 0
    for place, (name, letters) in enumerate(_records(text, str(path)), start=1):
        with_u += "U" in letters.upper()
        records.append(FastaRecord(name, nucleotides(letters, f"record {place} ({name!r}) of {str(path)!r}")))
    if with_u:
        message = f"{with_u:,} of {len(records):,} records of {str(path)!r} are RNA: each U is read as T."
        say_once(message, message)
    return records


def nucleotides(sequence: str, name: str = "the sequence") -> str:
    """A sequence in the one alphabet that `read_fasta` gives: upper case, T for U, no blanks.

    Args:
        sequence: letters.
        name: what it is, for the message.

    Raises:
        DataError: there are no letters, or one that stands for no nucleotide.
    """
    letters = "".join(sequence.split()).upper().replace("U", "T")
    if not letters:
        raise DataError(f"A sequence has one nucleotide at least: {name} is empty. Leave it out.")
    foreign = _FOREIGN.search(letters)
    if foreign is not None:
        raise DataError(
            f"A nucleotide is one of {NUCLEOTIDES}, U, or an ambiguous {AMBIGUOUS_NUCLEOTIDES}: {name} has "
            f"{foreign.group()!r} at place {foreign.start() + 1:,}. {_remedy(foreign.group(), letters)}"
        )
    return letters


def reverse_complement(sequence: str) -> str:
    """The other strand, read in its own direction: A and T, C and G, R and Y, K and M, B and V, D and H change places.

    Args:
        sequence: nucleotides, as `nucleotides` takes them.

    Raises:
        DataError: as `nucleotides`.
    """
    return nucleotides(sequence)[::-1].translate(_COMPLEMENT)


def _records(text: str, name: str) -> Iterator[tuple[str, str]]:
    head, *parts = re.split(r"^>", text, flags=re.MULTILINE)
    if head.strip():
        line = text[: len(head) - len(head.lstrip())].count("\n") + 1
        raise DataError(
            f"A FASTA record begins with a header, '>' and a name: line {line} of {name!r} is {_shown(head)}. Put a "
            "header above it, or name a FASTA file."
        )
    if not parts:
        raise DataError(f"A FASTA file holds one record at least: {name!r} holds none. Check how it was written.")
    for part in parts:
        header, _, letters = part.partition("\n")
        yield header.strip().removeprefix("gt;").strip(), letters


def _shown(text: str) -> str:
    line = text.strip().splitlines()[0]
    return repr(line if len(line) <= 40 else f"{line[:40]}...")


def _remedy(letter: str, letters: str) -> str:
    kinds = set(letters)
    if kinds <= _PROTEIN and kinds & _AMINO_ACIDS_ALONE:
        return "It looks like protein; give the DNA or RNA that codes for it."
    if letter in "-.":
        return "It looks like a gap of an alignment; remove the gaps."
    return "Remove it, or write N where the nucleotide is unknown."
