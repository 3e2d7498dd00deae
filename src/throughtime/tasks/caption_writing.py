"""Sentences on images: the likeliest word each time, the likeliest sentence by a beam, or words drawn.

Dimensions: B images, V symbols, T steps, R regions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError
from throughtime.bptt import map_nest
from throughtime.decode import Sampling, beam_search
from throughtime.nn import Network
from throughtime.tasks.caption_network import ROWS, core_of, first_states
from throughtime.tasks.corpus import Numbers, TextEncoding

# The likeliest word each time.
LIKELIEST = Sampling(top_k=1)


@dataclass(frozen=True)
class Manner:
    """How sentences are written.

    Args:
        most: symbols of each, at most.
        sampling: how each symbol is drawn.
        beam: beginnings kept side by side; None: it is drawn.
        length_power: of a beam.
        seed: of the draws.
    """

    most: int
    sampling: Sampling = LIKELIEST
    beam: int | None = None
    length_power: float = 0.0
    seed: int = 0


def manner(
    most: Any, beam: Any, temperature: Any, top_k: Any, top_p: Any, length_power: Any, seed: Any, usual: int
) -> Manner:
    """The manner that `CaptionGenerator.describe` is asked for.

    Raises:
        ConfigError: settings out of range, or draws asked for beside a beam.
    """
    checks = Checks()
    most = usual if most is None else checks.whole("most", most)
    beam = None if beam is None else checks.whole("beam", beam)
    power = checks.number("length_power", length_power, most=1)
    seed = checks.whole("seed", seed, 0)
    checks.report("Describing")
    drawn = temperature is not None or top_k is not None or top_p != 1
    if beam is not None and drawn:
        raise ConfigError("A beam finds the likeliest, and draws nothing: leave temperature and its like out.")
    if not drawn:
        return Manner(most, LIKELIEST, beam, power, seed)
    sampling = Sampling(temperature=1.0 if temperature is None else temperature, top_k=top_k, top_p=top_p)
    return Manner(most, sampling, None, power, seed)


class Describer:
    """A decoder and its encoder, which write on images, without gradient.

    Args:
        decoder, encoder: of `caption_network.build`.
        encoding: of the symbols.
    """

    def __init__(self, decoder: Network, encoder: nn.Module, encoding: TextEncoding) -> None:
        self._decoder, self._encoder = decoder, encoder
        assert encoding.end is not None
        self._encoding, self._end = encoding, encoding.end

    def write(self, images: Tensor, how: Manner) -> Iterator[Numbers]:
        """The numbers of a sentence for each image [N, ...], without ends."""
        draws = np.random.default_rng(how.seed)
        for part in images.split(ROWS):
            state = first_states(self._decoder, self._encoder, part)
            if how.beam is None:
                yield from self._drawn(state, len(part), how, draws)
            else:
                yield from (self._likeliest(_row(state, row), how) for row in range(len(part)))

    def attention(self, image: Tensor, numbers: Numbers) -> Tensor:
        """Where it looks as it tells each symbol of a sentence on an image [1, ...], and its end: weights [T, R]."""
        state = first_states(self._decoder, self._encoder, image)
        read = torch.tensor([self._end, *numbers.tolist()], device=state["memory"].device)[:, None]
        with torch.no_grad():
            x = self._decoder.embed(read)  # type: ignore[misc]
            return core_of(self._decoder).weights(x, state)[:, 0].cpu()

    def _advance(self, symbols: Tensor, state: Any) -> tuple[Tensor, Any]:
        with torch.no_grad():
            output, state = self._decoder(symbols[None].to(state["memory"].device), state)
        logits = output[0]
        logits[:, 0] = -torch.inf  # the unknown symbol is never written
        return logits, state

    def _drawn(self, state: Any, rows: int, how: Manner, draws: np.random.Generator) -> list[Numbers]:
        said: list[list[int]] = [[] for _ in range(rows)]
        symbols, going = np.full(rows, self._end), np.ones(rows, dtype=bool)
        for _ in range(how.most):
            logits, state = self._advance(torch.from_numpy(symbols), state)
            symbols = how.sampling.draw(logits, draws)
            going &= symbols != self._end
            if not going.any():
                break
            for row in going.nonzero()[0].tolist():
                said[row].append(int(symbols[row]))
        return [np.array(each, dtype=np.int64) for each in said]

    def _likeliest(self, state: Any, how: Manner) -> Numbers:
        assert how.beam is not None
        logits, state = self._advance(torch.tensor([self._end]), state)
        found = beam_search(
            self._advance,
            logits[0],
            state,
            width=how.beam,
            most=how.most,
            end=self._end,
            length_power=how.length_power,
        )
        return np.array(found[0].symbols, dtype=np.int64)


def _row(state: Any, row: int) -> Any:
    return map_nest(lambda part: part[:, row : row + 1], state)
