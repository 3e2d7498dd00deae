"""The likeliest sequences of symbols, by a beam: several beginnings side by side, of which the likeliest go on.

    score = sum_t log p(y_t | y_<t) / ((5 + n) / 6)^a            n symbols; a = 0: the sum alone

Sequences that have ended keep their place among the best; the search is over when no beginning can pass the worst of
them any more, or at the most symbols that were asked for.

Dimensions: R beginnings side by side, V symbols. Rows of a state are on axis 1, as everywhere.

Source of the length's part: Wu et al. 2016, arXiv 1609.08144, equation 14.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from throughtime.base.checks import Checks
from throughtime.bptt.nests import Nest, map_nest

Advance = Callable[[Tensor, Nest], tuple[Tensor, Nest]]


@dataclass(frozen=True)
class Found:
    """A sequence of the beam.

    Args:
        symbols: their numbers, without the end.
        log_probability: of them, and of the end where they have one.
        score: by which the beam orders.
        ended: whether the end came.
    """

    symbols: tuple[int, ...]
    log_probability: float
    score: float
    ended: bool


def beam_search(
    advance: Advance,
    logits: Tensor,
    state: Nest,
    *,
    width: int,
    most: int,
    end: int | None = None,
    length_power: float = 0.0,
) -> list[Found]:
    """The likeliest sequences after a beginning, the best first.

    Args:
        advance: takes symbols [R] int64 and the state of R rows, and gives logits [R, V] and the state after them.
        logits: [V] of the first symbol.
        state: of one row, a nest whose tensors have rows on axis 1.
        width: beginnings side by side, 1 or more.
        most: symbols of a sequence at most, 1 or more.
        end: the symbol that ends a sequence; None: none does.
        length_power: a in 0 .. 1; above 0 longer sequences are less at a disadvantage.

    Returns:
        Up to `width` of them.

    Raises:
        ConfigError: a setting is out of range.
    """
    checks = Checks()
    width, most = checks.whole("width", width), checks.whole("most", most)
    power = checks.number("length_power", length_power, most=1)
    checks.report("Beam search")
    done: list[Found] = []
    prefixes: list[tuple[int, ...]] = [()]
    sums, step = torch.zeros(1, dtype=torch.float64), logits[None]
    for length in range(1, most + 1):
        rows, symbols, sums = _best(sums, step, width + (end is not None))
        going: list[int] = []
        for place, (row, symbol) in enumerate(zip(rows.tolist(), symbols.tolist(), strict=True)):
            if symbol == end:
                done.append(_found(prefixes[row], float(sums[place]), length, power, True))
            elif len(going) < width:
                going.append(place)
        done = sorted(done, key=lambda found: -found.score)[:width]
        if not going:
            break
        prefixes = [(*prefixes[int(rows[place])], int(symbols[place])) for place in going]
        rows, symbols, sums = rows[going], symbols[going], sums[going]
        # Probabilities only fall: what would be a beginning's best end is its sum, over the longest length.
        if len(done) == width and float(sums.max()) / _length(most, power) <= done[-1].score:
            return done
        if length == most:
            break
        step, state = advance(symbols.to(logits.device), _rows(state, rows))
    done += [
        _found(prefix, total, len(prefix), power, False)
        for prefix, total in zip(prefixes, sums.tolist(), strict=True)
        if len(prefix) == most
    ]
    return sorted(done, key=lambda found: -found.score)[:width]


def _best(sums: Tensor, logits: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The likeliest continuations: rows, symbols and sums, falling."""
    totals = sums[:, None] + logits.double().log_softmax(-1).cpu()  # [R, V]
    best, places = totals.flatten().topk(min(count, totals.numel()))
    symbols = totals.shape[1]
    return places // symbols, places % symbols, best


def _rows(state: Nest, rows: Tensor) -> Any:
    return map_nest(lambda part: part.index_select(1, rows.to(part.device)), state)


def _found(symbols: tuple[int, ...], total: float, length: int, power: float, ended: bool) -> Found:
    return Found(symbols, total, total / _length(length, power), ended)


def _length(count: int, power: float) -> float:
    return ((5 + count) / 6) ** power
