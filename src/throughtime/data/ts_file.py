"""The .ts format of the UEA and UCR archives of labelled series, as aeon and sktime write it.

    # any words
    @problemName NAME           @timeStamps false      @missing true|false    @univariate true|false
    @dimensions C               @equalLength true|false    @seriesLength T    @classLabel true LABEL LABEL ...
    @data
    1.0,2.0,?:3.0,4.0,5.0:LABEL

One line is one series: C dimensions of T numbers with ":" between them, "?" or NaN where a number is missing, the label
last. What the header states of the series is held to. Tags in any case; those not named here say nothing about the
numbers and are passed over. Dimensions: T steps, C inputs.

Source: https://www.aeon-toolkit.org/en/stable/api_reference/data_format.html
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from throughtime.base.checks import did_you_mean
from throughtime.base.errors import DataError
from throughtime.data.files import read_text

Lines = Iterator[tuple[str, str]]
_FLAGS = {"true": True, "false": False}
_ABSENT = ("?", "nan")


def read_ts(path: str | os.PathLike[str]) -> tuple[list[NDArray[np.float64]], list[str]]:
    """Read a .ts file.

    Args:
        path: of the file, plain or gzip (its first bytes tell), UTF-8.

    Returns:
        The series, each [T, C] with a T of its own, nan where missing; and a label for each, or an empty list where
        the file states `@classLabel false`.

    Raises:
        FileMissingError: there is no such file.
        DataError: a header without `@classLabel` or `@data`, time stamps, a target that is a number, no series, or a
            line that is no series or not as the header states; says which line.
    """
    lines = _numbered(read_text(Path(path), ".ts file"), str(path))
    header = _header(lines, str(path))
    series, labels = [], []
    for where, line in lines:
        if line.startswith("#"):
            continue
        parts = line.split(":")
        if header.labelled:
            labels.append(_label(parts.pop().strip(), header, where))
        series.append(_matrix(parts, where))
        _check_stated(series, header, where)
    if not series:
        raise DataError(f"A .ts file holds one series at least: {str(path)!r} has none below @data. Add one.")
    return series, labels


@dataclass(frozen=True)
class _Header:
    """What a header states; None where it does not."""

    labelled: bool
    labels: tuple[str, ...]
    missing: bool | None
    dimensions: int | None
    equal_length: bool | None
    steps: int | None


def _numbered(text: str, name: str) -> Lines:
    """Each line that is not blank, and how a message names it."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"line {number} of {name!r}", line.strip()


def _header(lines: Lines, name: str) -> _Header:
    tags: dict[str, tuple[str, list[str]]] = {}
    for where, line in lines:
        if line.startswith("#"):
            continue
        tag, *words = line.split()
        if not tag.startswith("@"):
            raise DataError(
                f"A .ts file begins with tags, @classLabel and @data among them: {where} comes before @data. Put @data "
                "above the first series."
            )
        if tag.lower() == "@data":
            return _stated(tags, where)
        tags[tag.lower()] = where, words
    raise DataError(f"A .ts file has the line @data above its series: {name!r} has none. Name a .ts file.")


def _stated(tags: dict[str, tuple[str, list[str]]], where: str) -> _Header:
    if _flag(tags, "@timestamps"):
        raise DataError(
            f"Series of a .ts file come without time stamps: {tags['@timestamps'][0]} states that they have some. "
            "Bring them to equal steps and leave the stamps out."
        )
    if _flag(tags, "@targetlabel"):
        raise DataError(
            f"A .ts file's labels are classes: {tags['@targetlabel'][0]} states that they are numbers. Give each range "
            "of them a name and state @classLabel true."
        )
    labelled = _flag(tags, "@classlabel")
    if labelled is None:
        raise DataError(f"A .ts file states @classLabel, true or false: it is not above {where}. Add it.")
    dimensions = _count(tags, "@dimensions") or _count(tags, "@dimension")
    return _Header(
        labelled=labelled,
        labels=tuple(tags["@classlabel"][1][1:]),
        missing=_flag(tags, "@missing"),
        dimensions=1 if dimensions is None and _flag(tags, "@univariate") else dimensions,
        equal_length=_flag(tags, "@equallength"),
        steps=_count(tags, "@serieslength"),
    )


def _flag(tags: dict[str, tuple[str, list[str]]], tag: str) -> bool | None:
    if tag not in tags:
        return None
    where, words = tags[tag]
    flag = _FLAGS.get(words[0].lower()) if words else None
    if flag is None:
        raise DataError(f"{tag} is true or false: {where} has {' '.join(words[:1])!r}. Write one of them.")
    return flag


def _count(tags: dict[str, tuple[str, list[str]]], tag: str) -> int | None:
    if tag not in tags:
        return None
    where, words = tags[tag]
    if len(words) != 1 or not (words[0].isascii() and words[0].isdigit()) or int(words[0]) == 0:
        raise DataError(f"{tag} is a whole number above 0: {where} has {' '.join(words)!r}. Write it, or leave it out.")
    return int(words[0])


def _label(label: str, header: _Header, where: str) -> str:
    if not label or (header.labels and label not in header.labels):
        shown = label if len(label) <= 40 else f"{label[:40]}..."
        hint = did_you_mean(shown, header.labels, "the labels are") if header.labels else "put one behind a ':'."
        raise DataError(f"Each series ends in ':' and a label that @classLabel names: {where} has {shown!r}; {hint}")
    return label


def _matrix(parts: list[str], where: str) -> NDArray[np.float64]:
    """The numbers of one line, [T, C]."""
    if not parts:
        raise DataError(f"A series is numbers, then ':' and its label: {where} has only one of them. Add the other.")
    columns = [[_number(cell.strip(), where) for cell in part.split(",")] for part in parts]
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise DataError(
            f"The dimensions of a series have equal numbers of steps: {where} has {', '.join(map(str, lengths))}. "
            "Write '?' where a number is missing."
        )
    return np.array(columns, dtype=np.float64).T.copy()


def _number(cell: str, where: str) -> float:
    if cell.lower() in _ABSENT:
        return math.nan
    try:
        number = float(cell)
    except ValueError:
        number = math.inf
    if not math.isfinite(number) or "_" in cell:
        raise DataError(f"A series is finite numbers, '?' where one is missing: {where} has {cell[:40]!r}. Correct it.")
    return number


def _check_stated(series: list[NDArray[np.float64]], header: _Header, where: str) -> None:
    """Hold the newest of the series to the header, and to the first."""
    first, (steps, dimensions) = series[0].shape, series[-1].shape
    wanted = header.dimensions or first[1]
    if dimensions != wanted:
        raise DataError(
            f"Every series has the dimensions that the header states, or else the first series: {where} has "
            f"{dimensions}, not {wanted}. A ':' comes between dimensions and above all before the label."
        )
    length = first[0] if header.steps is None else header.steps
    if header.equal_length and steps != length:
        raise DataError(
            f"@equalLength true states one length for all: {where} has {steps} steps, not {length}. Correct the series "
            "or the header."
        )
    if header.missing is False and np.isnan(series[-1]).any():
        raise DataError(
            f"@missing false states that no number is missing: {where} lacks {int(np.isnan(series[-1]).sum())}. "
            "Correct the series or the header."
        )
