"""Targets written from sources: the likeliest symbol each time, or the likeliest targets by a beam.

A source is encoded once, and so are its keys and values, whatever the beam: beginnings of a target have states of the
layers (and coverage) of their own, and share the rest. Several sources are written to side by side.

Dimensions: B sources side by side, R rows (beginnings of them), V symbols of the targets, S of a source, T steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from throughtime.base.checks import Checks
from throughtime.bptt import map_nest
from throughtime.decode import Found, allowed, beam_searches
from throughtime.nn import Network
from throughtime.nn.heads import PointerHead
from throughtime.tasks.pair_intake import Pair, PairEncoding
from throughtime.tasks.pair_network import PairEncoder, Sources, core_of, first_states, head_of

# Sources written to side by side: enough to fill the products, for each beginning of a beam as for a single one.
ROWS = 64
# What a beginning has for itself; the rest of a state is its source's.
OWN = ("layers", "covered")
# Beginnings of all sources side by side, at most: their logits fit any memory.
MOST_ROWS = 1024


@dataclass(frozen=True)
class Manner:
    """How targets are written.

    Args:
        most: symbols of each, at most.
        least: symbols of each, at least.
        beam: beginnings kept side by side; 1: the likeliest symbol each time.
        length_power: of a beam.
        best: of the found ones, how many are told; None: the best alone.
        no_repeat: as `decode.beam_search` takes it.
    """

    most: int
    least: int = 0
    beam: int = 1
    length_power: float = 0.0
    best: int | None = None
    no_repeat: int | None = None


def manner(beam: Any, length_power: Any, least: Any, most: Any, best: Any, no_repeat: Any, usual: int) -> Manner:
    """The manner that `SequenceToSequence.predict` is asked for.

    Raises:
        ConfigError: settings out of range.
    """
    checks = Checks()
    most = usual if most is None else checks.whole("most", most)
    least = 1 if least is None else checks.whole("least", least, 0)
    beam, power = checks.whole("beam", beam), checks.number("length_power", length_power, most=1)
    best = None if best is None else checks.whole("best", best)
    no_repeat = None if no_repeat is None else checks.whole("no_repeat", no_repeat)
    if least > most:
        checks.add(f"`least` is at most `most`: {least} and {most} came")
    if best is not None and best > beam:
        checks.add(f"`best` are found by a beam as wide: best={best} came with beam={beam}")
    if power and beam == 1:
        checks.add("`length_power` is of a beam: it came with beam=1")
    checks.report("Writing")
    return Manner(most, least, beam, power, best, no_repeat)


class PairWriter:
    """A decoder and its encoder, which write targets, without gradient.

    Args:
        decoder, encoder: of `pair_network.build`.
        encoding: of the symbols.
    """

    def __init__(self, decoder: Network, encoder: PairEncoder, encoding: PairEncoding) -> None:
        self._decoder, self._encoder, self._encoding = decoder, encoder, encoding

    def begun(self, pairs: Sequence[Pair]) -> Begun:
        """Some sources, encoded, and targets that begin."""
        return Begun(self._decoder, self._encoder, self._encoding, pairs)

    def write(self, pairs: Sequence[Pair], how: Manner) -> list[list[Found]]:
        """For each source the targets found, the best first."""
        order = sorted(range(len(pairs)), key=lambda place: len(pairs[place].source))
        found: list[list[Found]] = [[] for _ in pairs]
        rows = max(1, min(ROWS, MOST_ROWS // how.beam))
        for start in range(0, len(order), rows):
            places = order[start : start + rows]
            some = self.begun([pairs[place] for place in places])
            written = some.greedy(how) if how.beam == 1 and how.best is None else some.beam(how)
            for place, each in zip(places, written, strict=True):
                found[place] = each
        return found

    def stream(self, pair: Pair, how: Manner) -> Iterator[int]:
        """The likeliest symbol each time, as it is written, without the end."""
        begun = self.begun([pair])
        for symbols, _ in islice(begun.steps(how), how.most):
            symbol = int(symbols[0])
            if symbol == begun.end:
                return
            yield symbol

    def attention(self, pair: Pair) -> tuple[Tensor, Tensor | None]:
        """As a target is told, and its end: weights of the source's places [T + 1, S], and how much of each symbol's
        probability was copied [T + 1]; None where nothing is.
        """
        begun = self.begun([pair])
        assert pair.target is not None
        numbers = torch.from_numpy(pair.target)[:, None].to(begun.device)
        read = torch.where(numbers < self._encoding.target.size, numbers, 0)[:-1]
        with torch.no_grad():
            x = self._decoder.embed(read)  # type: ignore[misc]
            weights = core_of(self._decoder).weights(x, begun.state)[:, 0].cpu()
            head = head_of(self._decoder)
            if not isinstance(head, PointerHead):
                return weights, None
            output, _ = self._decoder(read, begun.state)
            return weights, head.copied(output, numbers[1:])[:, 0].cpu()


class Begun:
    """Some sources, encoded, and targets that begin.

    Args:
        decoder, encoder, encoding: as `PairWriter` takes them.
        pairs: the sources.

    Attributes:
        state: of the decoder, before the first step.
        end: the symbol that begins and ends targets.
        device: where the state is.
    """

    def __init__(self, decoder: Network, encoder: PairEncoder, encoding: PairEncoding, pairs: Sequence[Pair]) -> None:
        end = encoding.target.end
        assert end is not None
        self.end, self._symbols, self._decoder = end, encoding.target.size, decoder
        self.device = next(decoder.parameters()).device
        sources = Sources.of(pairs, self.device)
        self.state = first_states(decoder, encoder, sources)
        self._shared = {name: part for name, part in self.state.items() if name not in OWN}
        self._chosen: tuple[Tensor, Any] = torch.arange(len(pairs)), self._shared
        self._pairs = len(pairs)
        head = head_of(self._decoder)
        self._pointer = head if isinstance(head, PointerHead) else None
        own = 0 if sources.places is None else int(sources.places.max()) + 1
        self._count = max(self._symbols, own)

    def greedy(self, how: Manner) -> list[list[Found]]:
        """The likeliest symbol each time."""
        said: list[list[int]] = [[] for _ in range(self._pairs)]
        sums, going = torch.zeros(self._pairs, dtype=torch.float64), torch.ones(self._pairs, dtype=torch.bool)
        for symbols, told in self.steps(how):
            sums += torch.where(going, told, 0)
            going = going & (symbols != self.end)
            if not going.any():
                break
            for row in going.nonzero()[:, 0].tolist():
                said[row].append(int(symbols[row]))
        ended = (~going).tolist()
        return [
            [Found(tuple(each[: how.most]), total, total, over)]
            for each, total, over in zip(said, sums.tolist(), ended, strict=True)
        ]

    def steps(self, how: Manner) -> Iterator[tuple[Tensor, Tensor]]:
        """The likeliest symbols [B] and their log probabilities, step by step."""
        state, symbols = self._own(self.state), torch.full((self._pairs,), self.end)
        everyone = torch.arange(self._pairs)
        before: list[list[int]] = [[] for _ in everyone]
        for _ in range(how.most + 1):  # after the last symbol the end may come
            told, state = self._advance(symbols, state, everyone)
            told = allowed(told, before, end=self.end, least=how.least, no_repeat=how.no_repeat)
            best, places = told.max(-1)
            symbols = places.cpu()
            for prefix, symbol in zip(before, symbols.tolist(), strict=True):
                prefix.append(symbol)
            yield symbols, best.double().cpu()

    def beam(self, how: Manner) -> list[list[Found]]:
        """The likeliest targets by a beam."""
        first = torch.full((self._pairs,), self.end)
        told, state = self._advance(first, self._own(self.state), torch.arange(self._pairs))
        found = beam_searches(
            self._advance,
            told,
            state,
            width=how.beam,
            most=how.most + 1,  # after the last symbol the end may come
            least=how.least,
            end=self.end,
            length_power=how.length_power,
            no_repeat=how.no_repeat,
        )
        return [[replace(one, symbols=one.symbols[: how.most]) for one in each] for each in found]

    @staticmethod
    def _own(state: Any) -> Any:
        return {name: part for name, part in state.items() if name in OWN}

    def _advance(self, symbols: Tensor, own: Any, places: Tensor) -> tuple[Tensor, Any]:
        """One more symbol for each row: log probabilities [R, V], of the sources' own symbols, too, and what rows have
        after.
        """
        if len(places) != len(self._chosen[0]):
            self._chosen = places, map_nest(lambda part: part[:, places.to(part.device)], self._shared)
        read = torch.where(symbols < self._symbols, symbols, 0)[None].to(self.device)
        with torch.no_grad():
            output, state = self._decoder(read, {**self._chosen[1], **own})
            if self._pointer is None:
                told = output[0].log_softmax(-1)
            else:
                told = self._pointer.log_probabilities(map_nest(lambda part: part[0], output), self._count)
        told[:, 0] = -torch.inf  # the unknown symbol is never written
        return told, self._own(state)
