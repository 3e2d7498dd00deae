"""The likeliest sequences of symbols, by a beam: several beginnings side by side, of which the likeliest go on.

    score = sum_t log p(y_t | y_<t) / ((5 + n) / 6)^a            n symbols; a = 0: the sum alone

An end counts where it is among the W likeliest continuations of all, so that a beam of one takes the likeliest symbol
each time. Sequences that have ended keep their place among the best; the search is over when no beginning can pass the
worst of them any more, or at the most symbols that were asked for.

Several searches run side by side, one for each source: W beginnings of each of B sources are W B rows, the beginnings
of a source B rows apart. What all beginnings of a source share (an encoded source) is no part of the state that is
searched with, and so is neither copied nor reordered; `advance` hears which sources are still searched for.

Dimensions: B sources, W beginnings of each, R = W B rows, V symbols. Rows of a state are on axis 1, as everywhere.

Source of the length's part: Wu et al. 2016, arXiv 1609.08144, equation 14.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from throughtime.base.checks import Checks
from throughtime.bptt.nests import Nest, map_nest

Advance = Callable[[Tensor, Nest], tuple[Tensor, Nest]]
AdvanceSome = Callable[[Tensor, Nest, Tensor], tuple[Tensor, Nest]]


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


@dataclass(frozen=True)
class _Wanted:
    """What is searched for; `beam_searches` says what each means."""

    width: int
    most: int
    least: int
    end: int | None
    power: float
    no_repeat: int | None


def beam_search(
    advance: Advance,
    logits: Tensor,
    state: Nest,
    *,
    width: int,
    most: int,
    least: int = 0,
    end: int | None = None,
    length_power: float = 0.0,
    no_repeat: int | None = None,
) -> list[Found]:
    """The likeliest sequences after a beginning, the best first.

    Args:
        advance: takes symbols [R] int64 and the state of R rows, and gives logits [R, V] and the state after them.
        logits: [V] of the first symbol.
        state: of one row, a nest whose tensors have rows on axis 1.
        width: beginnings side by side, 1 or more.
        most: symbols of a sequence at most, 1 or more.
        least: symbols before which there is no end.
        end: the symbol that ends a sequence; None: none does.
        length_power: a in 0 .. 1; above 0 longer sequences are less at a disadvantage.
        no_repeat: so many symbols in a row stand in a sequence once at most, 1 or more; None: as often as they come.

    Returns:
        Up to `width` of them.

    Raises:
        ConfigError: a setting is out of range.
    """

    def told(symbols: Tensor, rows: Nest, _: Tensor) -> tuple[Tensor, Nest]:
        step, after = advance(symbols, rows)
        return step.double().log_softmax(-1), after

    (found,) = beam_searches(
        told,
        logits[None].double().log_softmax(-1),
        state,
        width=width,
        most=most,
        least=least,
        end=end,
        length_power=length_power,
        no_repeat=no_repeat,
    )
    return found


def beam_searches(
    advance: AdvanceSome,
    told: Tensor,
    state: Nest,
    *,
    width: int,
    most: int,
    least: int = 0,
    end: int | None = None,
    length_power: float = 0.0,
    no_repeat: int | None = None,
) -> list[list[Found]]:
    """As `beam_search`, for several sources side by side, each as if it were alone.

    Args:
        advance: takes symbols [R], the state of R rows, and the places [B'] of the sources that are still searched for;
            of each there are R / B' rows. It gives log probabilities [R, V], minus infinity of what is never written,
            and the state after them.
        told: [B, V] log probabilities of each source's first symbol.
        state: of B rows.
        width, most, least, end, length_power, no_repeat: as `beam_search` takes them.

    Returns:
        For each source what `beam_search` returns.

    Raises:
        ConfigError: a setting is out of range.
    """
    checks = Checks()
    wanted = _Wanted(
        checks.whole("width", width),
        checks.whole("most", most),
        checks.whole("least", least, 0),
        end,
        checks.number("length_power", length_power, most=1),
        None if no_repeat is None else checks.whole("no_repeat", no_repeat),
    )
    checks.report("Beam search")
    searches = [_Search(wanted) for _ in range(len(told))]
    going = torch.arange(len(told))
    for length in range(1, wanted.most + 1):
        ways = [searches[place] for place in going.tolist()]
        taken = [way.take(*some, length) for way, some in zip(ways, _best(ways, told, wanted, length), strict=True)]
        on = [place for place, way in enumerate(ways) if not way.is_over(length)]
        if not on or length == wanted.most:
            break
        rows, symbols = _rows([taken[place] for place in on], on, len(ways))
        going = going[on]
        told, state = advance(symbols.to(told.device), _chosen(state, rows), going)
    return [search.best() for search in searches]


def allowed(
    told: Tensor, prefixes: Sequence[Sequence[int]], *, end: int | None, least: int, no_repeat: int | None
) -> Tensor:
    """Log probabilities of what may come next: minus infinity of an end that is too early, and of symbols that would
    repeat a row of them. Where nothing is left, the sequence ends, however early.

    Args:
        told: [R, V] of the next symbols.
        prefixes: R sequences of equal length, what stands before.
        end, least, no_repeat: as `beam_search` takes them.

    Returns:
        [R, V]; `told` itself where everything may come.
    """
    early = end is not None and len(prefixes[0]) < least
    if not early and no_repeat is None:
        return told
    left = told.clone()
    if early:
        left[:, end] = -torch.inf
    if no_repeat is not None:
        for row, prefix in enumerate(prefixes):
            left[row, _repeating(prefix, no_repeat)] = -torch.inf
        if end is not None:
            stuck = left.isneginf().all(-1)
            left[stuck, end] = told[stuck, end]
    return left


def _repeating(prefix: Sequence[int], count: int) -> list[int]:
    """Symbols after which the last `count` of a sequence would stand in it twice."""
    last = len(prefix) - count + 1  # where the row that is about to end begins
    if last < 0:
        return []
    begun = prefix[last:]
    return [prefix[at + count - 1] for at in range(last) if prefix[at : at + count - 1] == begun]


class _Search:
    """The search for one source."""

    def __init__(self, wanted: _Wanted) -> None:
        self._wanted = wanted
        self._done: list[Found] = []
        self.prefixes: list[tuple[int, ...]] = [()]
        self.sums: list[float] = [0.0]

    def take(self, rows: list[int], symbols: list[int], sums: list[float], length: int) -> tuple[list[int], list[int]]:
        """Take the likeliest continuations, falling; which beginnings go on, and with which symbols."""
        wanted = self._wanted
        going: list[tuple[int, int, float]] = []
        for place, (row, symbol, total) in enumerate(zip(rows, symbols, sums, strict=True)):
            if total == -torch.inf:
                continue  # no beginning, or a symbol that may not come
            if symbol == wanted.end:
                if place < wanted.width:
                    self._done.append(_found(self.prefixes[row], total, length, wanted.power, True))
            elif len(going) < wanted.width:
                going.append((row, symbol, total))
        self._done = sorted(self._done, key=lambda found: -found.score)[: wanted.width]
        self.prefixes = [(*self.prefixes[row], symbol) for row, symbol, _ in going]
        self.sums = [total for *_, total in going]
        return [row for row, *_ in going], [symbol for _, symbol, _ in going]

    def is_over(self, length: int) -> bool:
        """Whether nothing can change the best any more: probabilities only fall, so that what would be a beginning's
        best end is its sum, over the longest length.
        """
        if not self.sums:
            return True
        wanted = self._wanted
        full = len(self._done) == wanted.width
        over = full and max(self.sums) / _length(wanted.most, wanted.power) <= self._done[-1].score
        if over:
            self.prefixes, self.sums = [], []
        return over or length == wanted.most

    def best(self) -> list[Found]:
        """The best of all."""
        wanted = self._wanted
        cut = [
            _found(prefix, total, len(prefix), wanted.power, False)
            for prefix, total in zip(self.prefixes, self.sums, strict=True)
        ]
        return sorted(self._done + cut, key=lambda found: -found.score)[: wanted.width]


def _best(
    ways: list[_Search], told: Tensor, wanted: _Wanted, length: int
) -> list[tuple[list[int], list[int], list[float]]]:
    """The likeliest continuations of each search, falling: rows among its own, symbols and sums."""
    B, V = len(ways), told.shape[-1]
    W = len(told) // B
    # A row without a beginning has no chance, whatever may come.
    prefixes = [way.prefixes[w] if w < len(way.prefixes) else way.prefixes[0] for w in range(W) for way in ways]
    told = allowed(told, prefixes, end=wanted.end, least=wanted.least, no_repeat=wanted.no_repeat)
    # No row has more among the best of its source than there are of these.
    count = wanted.width + (wanted.end is not None)
    top, symbols = (part.cpu() for part in told.topk(min(count, V)))  # [R, K]
    before = torch.full((W, B), -torch.inf, dtype=torch.float64)
    for place, way in enumerate(ways):
        before[: len(way.sums), place] = torch.tensor(way.sums, dtype=torch.float64)
    totals = (top.view(W, B, -1) + before[..., None]).transpose(0, 1).flatten(1)  # [B, W K]
    sums, places = totals.topk(min(count, totals.shape[1]))
    chosen = symbols.view(W, B, -1).transpose(0, 1).flatten(1).gather(1, places)
    rows = places // top.shape[-1]
    return list(zip(rows.tolist(), chosen.tolist(), sums.tolist(), strict=True))


def _rows(taken: list[tuple[list[int], list[int]]], on: list[int], before: int) -> tuple[Tensor, Tensor]:
    """Rows of the state, and symbols, of the beginnings that go on, [W B'] each.

    Where a source has fewer than another its first one stands again, without a chance.

    Args:
        taken: of each source that goes on, rows among its own and symbols.
        on: its place among the sources before.
        before: how many those were.
    """
    width = max(len(rows) for rows, _ in taken)
    rows = [[own[w] if w < len(own) else own[0] for own, _ in taken] for w in range(width)]
    symbols = [[own[w] if w < len(own) else own[0] for _, own in taken] for w in range(width)]
    return (torch.tensor(rows) * before + torch.tensor(on)).flatten(), torch.tensor(symbols).flatten()


def _chosen(state: Nest, rows: Tensor) -> Any:
    return map_nest(lambda part: part.index_select(1, rows.to(part.device)), state)


def _found(symbols: tuple[int, ...], total: float, length: int, power: float, ended: bool) -> Found:
    return Found(symbols, total, total / _length(length, power), ended)


def _length(count: int, power: float) -> float:
    return ((5 + count) / 6) ** power
