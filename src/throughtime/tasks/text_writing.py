"""Text written symbol by symbol, and told as soon as it is certain how it reads.

Words are joined by blanks, jamo become syllables, bytes characters: what stands last may still change with the symbol
after it, and is held back until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.decode import Sampling, beam_search
from throughtime.decode.sampling import LOOK_BACK
from throughtime.tasks.corpus import CHARACTERS, Numbers, TextEncoding
from throughtime.tasks.text_network import Writer

# Symbols that are read again to see how new ones join them: more than the bytes of a letter, or its jamo.
JOINED = 8
NEWLINE = "\n"


def beginning(encoding: TextEncoding, prompt: Numbers) -> Tensor:
    """What the network reads first: the prompt, behind an end where there are documents; without one, what a new line
    begins with, else the commonest symbol.
    """
    if encoding.end is not None:
        return torch.from_numpy(np.concatenate([[encoding.end], prompt]).astype(np.int64))
    if len(prompt):
        return torch.from_numpy(prompt)
    known = encoding.vocabulary.symbols
    return torch.tensor([known.index(NEWLINE) + 1 if NEWLINE in known else 1])


def drawn(
    writer: Writer, encoding: TextEncoding, prompt: Numbers, steps: int, sampling: Sampling, seed: int
) -> Iterator[int]:
    """Symbols drawn one after the other, until so many are there or a document ends.

    Args:
        writer: of the network.
        encoding: of its symbols.
        prompt: numbers to go on from.
        steps: symbols at most.
        sampling: how they are drawn.
        seed: of the draws.
    """
    draws = np.random.default_rng(seed)
    logits, last = writer.read(beginning(encoding, prompt)), list(prompt)
    for count in range(steps):
        logits[0] = -np.inf  # the unknown symbol is never written
        symbol = int(sampling.draw(logits[None], draws, [last])[0])
        if symbol == encoding.end:
            return
        yield symbol
        last = [*last, symbol][-LOOK_BACK:]
        if count + 1 < steps:
            logits = writer.step(symbol)


def likeliest(
    writer: Writer, encoding: TextEncoding, prompt: Numbers, steps: int, width: int, power: float
) -> tuple[int, ...]:
    """The likeliest symbols to follow, by a beam of `width`; arguments as `drawn` and `beam_search`."""
    logits = torch.from_numpy(writer.read(beginning(encoding, prompt)))

    def advance(symbols: Tensor, state: Any) -> tuple[Tensor, Any]:
        found, state = writer.advance(symbols, state)
        return _known(found), state

    found = beam_search(
        advance, _known(logits), writer.state, width=width, most=steps, end=encoding.end, length_power=power
    )
    return found[0].symbols


def told(encoding: TextEncoding, prompt: Numbers, symbols: Iterator[int], stop: str | None) -> Iterator[Any]:
    """The texts, one after the other, that symbols make behind a prompt: joined they are the whole; of lists of symbols
    the symbols themselves.

    Args:
        encoding: of the symbols.
        prompt: what they follow; it is not told again.
        symbols: numbers.
        stop: a text, or a symbol of a list, after which no more is told; None: all is.
    """
    if encoding.splitter is None:
        for symbol in symbols:
            (name,) = encoding.decode([symbol])
            yield name
            if name == stop:
                return
        return
    letters = encoding.splitter.kind == CHARACTERS
    pieces = _letters(encoding, symbols) if letters else _Joining(encoding, prompt).pieces(symbols)
    tail = ""
    for piece in pieces:
        tail += piece
        if stop and stop in tail:
            over = len(tail) - tail.index(stop) - len(stop)
            if over < len(piece):
                yield piece[: len(piece) - over]
            return
        if piece:
            yield piece
        tail = tail[-len(stop) :] if stop else ""


def _letters(encoding: TextEncoding, symbols: Iterator[int]) -> Iterator[str]:
    """Letters are their own texts."""
    known = encoding.vocabulary.symbols
    return (str(known[symbol - 1]) for symbol in symbols)


class _Joining:
    """What symbols add to a text, as far as it is certain.

    Args:
        encoding: of the symbols.
        prompt: what is told already.
    """

    def __init__(self, encoding: TextEncoding, prompt: Numbers) -> None:
        assert encoding.splitter is not None
        self._encoding = encoding
        self._held = 1 if encoding.splitter.kind in ("jamo", "bytes", "subwords") else 0
        self._recent: list[int] = [int(number) for number in prompt[-JOINED:]]
        self._said = len(self._text())

    def pieces(self, symbols: Iterator[int]) -> Iterator[str]:
        """What each symbol adds; at the end what was held back."""
        for symbol in symbols:
            self._forget()
            self._recent.append(symbol)
            text = self._text()
            yield self._new(text, max(len(text) - self._held, self._said))
        text = self._text()
        yield self._new(text, len(text))

    def _new(self, text: str, until: int) -> str:
        piece, self._said = text[self._said : until], until
        return piece

    def _forget(self) -> None:
        """Only the last symbols are joined anew."""
        if len(self._recent) < 2 * JOINED:
            return
        unsaid = len(self._text()) - self._said
        self._recent = self._recent[-JOINED:]
        self._said = len(self._text()) - unsaid

    def _text(self) -> str:
        return str(self._encoding.decode(self._recent))


def _known(logits: Tensor) -> Tensor:
    """Without the unknown symbol."""
    found = logits.clone()
    found[..., 0] = -torch.inf
    return found


def joined(encoding: TextEncoding, prompt: Any, pieces: Sequence[Any]) -> Any:
    """The prompt and what follows it, as one text or one tuple of symbols."""
    if encoding.splitter is None:
        return (*prompt, *pieces)
    return prompt + "".join(pieces)
