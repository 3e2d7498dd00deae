"""Labelled DNA and RNA from the files their users have.

    a folder             one FASTA file for each class, named after it (.fa .fasta .fna .fas .ffn, each also .gz)
    a FASTA file         a label in each header: label=... (or another key), else the last field behind "|"
    .csv .tsv .jsonl     a column of sequences and a column of labels

Stated rules. Letters are those of `data.fasta`: U is read as T, lower case (soft masks) as upper case, ambiguous
letters stay letters of their own, and anything else, protein above all, is refused. With a window each sequence gives one of so
many letters, at a place drawn by a seed, and shorter ones are left out; with `balance` as many sequences of each class
are kept as the rarest has, drawn by the same seed.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from throughtime.base.errors import DataError
from throughtime.data import AMBIGUOUS_NUCLEOTIDES, nucleotides, read_fasta
from throughtime.data.files import read_text
from throughtime.recipes.labelling.problem import Reading
from throughtime.recipes.labelling.settings import Columns, Split
from throughtime.recipes.labelling.tabular import read_rows
from throughtime.recipes.settings import Flag, Seed

ENDINGS = (".fa", ".fasta", ".fna", ".fas", ".ffn")
_AMBIGUOUS = re.compile(f"[{AMBIGUOUS_NUCLEOTIDES}]")


@dataclass(frozen=True)
class Letters:
    """How sequences are taken from their files.

    Args:
        window: letters of each sequence, cut out at a place drawn at random; 0: whole sequences. Where classes differ
            in length, length alone would tell them apart.
        balance: whether as many sequences of each class are kept as the rarest has.
        reverse_complement: "augment": the other strand is read too, in training and prediction; "none": the strand
            given matters, as it does for coding and splice sites.
        window_seed: of both draws.
    """

    window: Annotated[int, Field(ge=0, lt=2**63, description="a whole number, 0 for whole sequences")] = 0
    balance: Flag = False
    reverse_complement: Literal["none", "augment"] = "none"
    window_seed: Seed = 0


def read_dna(data: Any, columns: Columns, split: Split, letters: Letters, labelled: bool) -> Reading:
    """Read sequences of nucleotides.

    Args:
        data: a file or a folder, as the module says.
        columns: of a table; `label` is also the key in FASTA headers.
        split: `group` is a column, or a key in FASTA headers.
        letters: what is done with them.
        labelled: whether labels are needed; without them nothing is balanced.

    Raises:
        DataError, FileMissingError: whatever is wrong with the data.
    """
    if not isinstance(data, str | os.PathLike):
        raise DataError(f"DNA is read from a file or a folder: {type(data).__name__} came. Save it as FASTA or .csv.")
    path = Path(data)
    if path.is_dir():
        reading = _folder(path, split, labelled)
    elif is_fasta(path):
        reading = _fasta(path, columns, split, labelled)
    else:
        reading = _table(path, columns, split, labelled)
    reading = _described(reading)
    reading = _windows(reading, letters) if letters.window else reading
    return _balanced(reading, letters.window_seed) if letters.balance and labelled else reading


def is_fasta(path: Path) -> bool:
    """Whether a file's name is one of FASTA's."""
    return _ending(path.name) in ENDINGS


def _ending(name: str) -> str:
    return Path(name.lower().removesuffix(".gz")).suffix


def _folder(path: Path, split: Split, labelled: bool) -> Reading:
    files = sorted(file for file in path.iterdir() if file.is_file() and is_fasta(file))
    if not files:
        raise DataError(
            f"A folder of DNA has a FASTA file for each class: {str(path)!r} has none ({', '.join(ENDINGS)}, or .gz). "
            "Put them there."
        )
    if labelled and len(files) < 2:
        raise DataError(
            f"A folder of DNA has a FASTA file for each of at least 2 classes: {str(path)!r} has {files[0].name} only. "
            "Name that file itself if its headers hold the labels, or add the other class."
        )
    parts = [_records(file, split.group if labelled else "") for file in files]
    labels = [label for file, part in zip(files, parts, strict=True) for label in [_class(file)] * len(part)]
    return Reading(
        path.name,
        [sequence for part in parts for sequence in part.sequences],
        labels if labelled else None,
        [name for part in parts for name in part.names],
        [group for part in parts for group in part.groups or []] or None,
        None,
        ("Label: the file a sequence came from.",) if labelled else (),
    )


def _class(file: Path) -> str:
    name = file.name[:-3] if file.name.lower().endswith(".gz") else file.name
    return Path(name).stem


def _fasta(path: Path, columns: Columns, split: Split, labelled: bool) -> Reading:
    reading = _records(path, split.group if labelled else "")
    if not labelled:
        return reading
    key = columns.label or "label"
    labels = [_in_header(name, key) for name in reading.names]
    how = f"{key}=... of a sequence's header"
    if not any(labels) and not columns.label:
        labels = [name.rsplit("|", 1)[1].strip() if "|" in name else "" for name in reading.names]
        how = "the last field, behind '|', of a sequence's header"
    if not all(labels):
        place = labels.index(next(label for label in labels if not label))
        raise DataError(
            f"Each FASTA header holds a label, {key}=... or behind its last '|': record {place + 1} of {str(path)!r} "
            f"({reading.names[place]!r}) has none. Add it, or give a folder with one FASTA file for each class."
        )
    return replace(reading, labels=labels, notes=(f"Label: {how}.",))


def _records(path: Path, group: str) -> Reading:
    records = read_fasta(path)
    names = [record.name or str(place) for place, record in enumerate(records, 1)]
    groups = [_in_header(record.name, group) for record in records] if group else None
    if groups is not None and not all(groups):
        place = groups.index("")
        raise DataError(
            f"Each FASTA header holds its group as {group}=...: record {place + 1} of {str(path)!r} ({names[place]!r}) "
            "has none. Add it, or leave group= out."
        )
    masked = any(line != line.upper() for line in read_text(path, "FASTA file").split("\n") if line[:1] != ">")
    notes = (_MASKED,) if masked else ()
    return Reading(path.name, [record.sequence for record in records], None, names, groups, None, notes)


_MASKED = "Lower-case letters (soft masks) are read as upper case."


def _in_header(header: str, key: str) -> str:
    found = re.search(rf"(?:^|[\s|;]){re.escape(key)}=([^\s|;]+)", header)
    return found.group(1) if found else ""


def _table(path: Path, columns: Columns, split: Split, labelled: bool) -> Reading:
    reading = read_rows(path, columns, split, labelled)
    named = [f"row {place} of {str(path)!r}" for place in range(1, len(reading) + 1)]
    masked = any(text != text.upper() for text in reading.sequences)
    sequences = [nucleotides(text, name) for text, name in zip(reading.sequences, named, strict=True)]
    notes = ("Label: the column beside a sequence.",) if labelled else ()
    return replace(reading, sequences=sequences, notes=(*notes, *((_MASKED,) if masked else ())))


def _described(reading: Reading) -> Reading:
    """With a note on letters that stand for several."""
    count = sum(_AMBIGUOUS.search(sequence) is not None for sequence in reading.sequences)
    if not count:
        return reading
    said = f"Ambiguous letters stay letters of their own: {count:,} of {len(reading):,} sequences hold some."
    return replace(reading, notes=(*reading.notes, said))


def _windows(reading: Reading, letters: Letters) -> Reading:
    """One window of each sequence that is long enough."""
    long = [place for place, sequence in enumerate(reading.sequences) if len(sequence) >= letters.window]
    if not long:
        raise DataError(
            f"A window lies inside a sequence: all {len(reading)} are shorter than window={letters.window}. Take a "
            "smaller one."
        )
    kept, draws = reading.taken(long), random.Random(letters.window_seed)
    cut = [_cut(sequence, letters.window, draws) for sequence in kept.sequences]
    said = f"Windows: {letters.window:,} letters of each sequence, at a place drawn by seed {letters.window_seed}."
    gone = len(reading) - len(long)
    left = (f"Left out: {gone:,} of {len(reading):,} sequences, shorter than the window.",) if gone else ()
    return replace(kept, sequences=cut, notes=(*reading.notes, said, *left))


def _cut(sequence: str, window: int, draws: random.Random) -> str:
    start = draws.randrange(len(sequence) - window + 1)
    return sequence[start : start + window]


def _balanced(reading: Reading, seed: int) -> Reading:
    """As many of each class as of the rarest, in the order they came."""
    labels: Sequence[Any] = reading.labels or []
    counts = Counter(labels)
    least, draws = min(counts.values()), random.Random(seed)
    kept: list[int] = []
    for label in counts:
        kept += draws.sample([place for place, each in enumerate(labels) if each == label], least)
    said = f"Balanced: {least:,} sequences of each class, of {len(reading):,} in all, drawn by seed {seed}."
    return replace(reading.taken(sorted(kept)), notes=(*reading.notes, said))
