"""Long streams of tokens as rows side by side, some steps at a time; each token is to be told from those before it.

    contiguous_rows    tokens cut into B parts of equal length, each read from its beginning
    document_rows      B rows; where a document ends, its row goes on with the next one there is

    stretch: x[t, b] a token, y[t, b] the one after it, counted[t, b] whether there is one, resets[t, b] whether x[t, b]
    begins a sequence, lengths[b] steps of a row that has run out, document[t, b] the number of x[t, b]'s document

Nothing but the steps of one stretch is in memory. Dimensions: T steps, B rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.base.errors import ConfigError, DataError
from throughtime.data.tokens import Tokens, TokenSource


@dataclass(frozen=True)
class TokenStretch:
    """Some steps of B rows.

    Args:
        x: [T, B] int64 tokens.
        y: [T, B] int64, the token after each; 0 where there is none.
        counted: [T, B] bool, whether y is there.
        resets: [T, B] bool, true at the first token of a sequence.
        lengths: [B] int64, steps that a row really has.
        document: [T, B] int64, which document each token is of, numbered from 0 as they were read; -1 past a row's
            end. None where rows are no documents.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    counted: NDArray[np.bool_]
    resets: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    document: NDArray[np.int64] | None = None


def contiguous_rows(
    file: TokenSource,
    rows: int,
    steps: int,
    *,
    epochs: int = 1,
    carried: bool = False,
    fresh: bool = True,
    end: int | None = None,
) -> Iterator[TokenStretch]:
    """Tokens cut into B parts of equal length, read side by side; up to B - 1 last tokens are left out.

    Args:
        file: of tokens, or any other source of them.
        rows: B.
        steps: T of a stretch; the last of an epoch may be shorter.
        epochs: passes over the file.
        carried: whether the state is carried from one epoch to the next; else each begins anew.
        fresh: whether the first step of all begins a sequence; else it goes on from what the caller has read before.
        end: token after which a new sequence begins; None: there is none inside.

    Raises:
        ConfigError: rows or steps below 1.
        DataError: the file has not 2 tokens a row.
    """
    _check(rows, steps)
    told = contiguous_steps(len(file), rows)
    if told < 1:
        raise DataError(
            f"A row needs two tokens, one to read and one to tell: {len(file)} tokens came for {rows} rows. Take fewer."
        )
    firsts = np.arange(rows) * (told + 1)
    before = np.zeros(rows, dtype=np.int64)  # the last token of the stretch before
    for epoch in range(epochs):
        for start in range(0, told, steps):
            count = min(steps, told - start)
            read = file.side_by_side(firsts + start, count + 1)
            x, first = read[:-1], start == 0
            resets = np.zeros((count, rows), dtype=bool)
            if end is not None:
                resets[1:] = x[:-1] == end
                resets[0] = False if first else before == end
            if first and (not carried if epoch else fresh):
                resets[0] = True
            before = x[-1]
            yield TokenStretch(x, read[1:], np.ones((count, rows), dtype=bool), resets, np.full(rows, count))


def contiguous_steps(tokens: int, rows: int) -> int:
    """T of an epoch that `contiguous_rows` cuts from so many tokens; below 1: it cannot."""
    return tokens // rows - 1


def document_rows(documents: Iterable[Tokens], rows: int, steps: int) -> Iterator[TokenStretch]:
    """Documents of any length, B at a time; a row whose document has ended goes on with the next.

    Where no document is left, a row ends; the last stretch ends with the last row. The last token of a document has
    none to tell.

    Args:
        documents: one-dimensional arrays of tokens, read as rows need them.
        rows: B.
        steps: T of a stretch.

    Raises:
        ConfigError: rows or steps below 1.
    """
    _check(rows, steps)
    queue = enumerate(documents)
    lanes = [_Lane(queue) for _ in range(rows)]
    while True:
        stretch = [lane.take(steps) for lane in lanes]
        lengths = np.array([len(x) for x, *_ in stretch], dtype=np.int64)
        count = int(lengths.max())
        if count == 0:
            return
        x, y, counted, resets, after = (_side_by_side(list(columns), count) for columns in zip(*stretch, strict=True))
        yield TokenStretch(x, y, counted, resets, lengths, after - 1)


class _Lane:
    """One row: the rest of its document, and where the next comes from."""

    def __init__(self, queue: Iterator[tuple[int, Tokens]]) -> None:
        self._queue, self._rest = queue, np.zeros(0, dtype=np.int64)
        self._begins, self._number = False, -1

    def take(self, steps: int) -> tuple[NDArray[Any], ...]:
        """Up to so many steps: tokens, those after them, whether there are, where documents begin, and which + 1."""
        empty = np.zeros(0, dtype=np.int64)
        parts: list[tuple[NDArray[Any], ...]] = [(empty, empty, empty.astype(bool), empty.astype(bool), empty)]
        left = steps
        while left and self._more():
            x = self._rest[:left]
            after = self._rest[1 : len(x) + 1]
            counted = np.arange(len(x)) < len(after)
            begins = np.zeros(len(x), dtype=bool)
            begins[0] = self._begins
            after = np.append(after, np.zeros(len(x) - len(after), dtype=np.int64))
            parts.append((x, after, counted, begins, np.full(len(x), self._number + 1)))
            self._rest, self._begins, left = self._rest[len(x) :], False, left - len(x)
        return tuple(np.concatenate(each) for each in zip(*parts, strict=True))

    def _more(self) -> bool:
        while not len(self._rest):
            found = next(self._queue, None)
            if found is None:
                return False
            self._number, document = found
            self._rest, self._begins = np.asarray(document).astype(np.int64), True
        return True


def _side_by_side(columns: list[NDArray[Any]], count: int) -> NDArray[Any]:
    """Columns of unequal length as [count, B], zeros past their ends."""
    found = np.zeros((count, len(columns)), dtype=columns[0].dtype)
    for row, column in enumerate(columns):
        found[: len(column), row] = column
    return found


def _check(rows: int, steps: int) -> None:
    if rows < 1 or steps < 1:
        raise ConfigError(f"A stream has at least one row and one step at a time: {rows} rows and {steps} steps came.")
