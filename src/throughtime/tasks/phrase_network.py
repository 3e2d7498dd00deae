"""The network that writes a phrase: a reader with a window on the letters, and a layer above it that sees all.

    y[t] = (h, w)[t] of a WindowLSTM on x[t];   z[t] = LSTM of (x, y)[t];   point t+1 ~ head([dropout(y, z)[t], x[t]])

Dimensions: T points, B rows, U letters of a phrase and an end behind them, V kinds of letters with the end, H hidden
units.

Source: Graves 2013, arXiv 1308.0850, section 5.1 (two layers instead of three).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.errors import DataError
from throughtime.nn import LSTM, Network
from throughtime.nn.heads.strokes import StrokeHead
from throughtime.nn.window import WindowLSTM
from throughtime.tasks.strokes import INPUTS


@dataclass(frozen=True)
class PhraseDesign:
    """Everything the network's shape depends on.

    Args:
        scale: what moves are divided by.
        letters: every letter of the phrases that train, in order; the last of the V kinds is the end of a phrase.
        pace: letters a point, on average.
        components: of the mixture.
        bells: of the window.
        hidden_size: H.
        dropout: in training, of both layers' outputs.
    """

    scale: float
    letters: str
    pace: float
    components: int
    bells: int
    hidden_size: int
    dropout: float

    def to_dict(self) -> dict[str, Any]:
        """In plain numbers and text; the constructor takes it."""
        return asdict(self)

    @property
    def kinds(self) -> int:
        """V."""
        return len(self.letters) + 1


class Scribe(nn.Module):
    """Both layers, and the input beside them.

    Args:
        design: their shape.
    """

    state_axis = 1

    def __init__(self, design: PhraseDesign) -> None:
        super().__init__()
        H, V = design.hidden_size, design.kinds
        self.reader = WindowLSTM(INPUTS, H, V, bells=design.bells, pace=design.pace)
        self.upper = LSTM(INPUTS + H + V, H)
        self.dropout = nn.Dropout(design.dropout)

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state."""
        return frozenset({"lengths"})

    def start(self, letters: Tensor) -> dict[str, Any]:
        """The state before phrases [B, U, V] are written."""
        zeros = letters.new_zeros(1, len(letters), self.upper.hidden_size)
        return {"reader": self.reader.start(letters), "upper": (zeros, zeros.clone())}

    def forward(self, x: Tensor, state: Any, *, lengths: Any = None) -> tuple[Tensor, dict[str, Any]]:
        """Run over T steps: [T, B, 4] to [T, B, 2 H + V + 4] and the state after them."""
        y, reader = self.reader(x, state and state["reader"], lengths=lengths)
        z, upper = self.upper(torch.cat([x, y], -1), state["upper"], lengths=lengths)
        return torch.cat([self.dropout(torch.cat([y, z], -1)), x], -1), {"reader": reader, "upper": upper}


def build(design: PhraseDesign) -> Network:
    """The network of a design, with first weights from torch's generator."""
    features = 2 * design.hidden_size + design.kinds + INPUTS
    return Network(None, Scribe(design), StrokeHead(features, design.components))


def scribe_of(network: nn.Module) -> Scribe:
    """The layers of a network that `build` made."""
    core = network.core
    assert isinstance(core, Scribe)
    return core


def as_phrases(given: Any, count: int, name: str = "y") -> list[str]:
    """Phrases, one for each of `count` drawings.

    Raises:
        DataError: they are no texts, one is empty, or there are other numbers of them.
    """
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise DataError(f"`{name}` of strokes is a list of phrases: {type(given).__name__} came.")
    phrases = list(given)
    for place, each in enumerate(phrases):
        if not isinstance(each, str) or not each:
            raise DataError(f"A phrase is a text of a letter at least: `{name}` number {place} (from 0) is {each!r}.")
    if len(phrases) != count:
        raise DataError(f"There is a phrase for each drawing: {len(phrases)} phrases came with {count} drawings.")
    return phrases


def as_letters(phrases: Sequence[str], letters: str) -> Tensor:
    """Phrases as the window reads them, [B, U, V]: 1 at each letter's kind, at the end behind them, 0 past it.

    Raises:
        DataError: a letter that no phrase of the training had.
    """
    unknown = sorted({letter for phrase in phrases for letter in phrase} - set(letters))
    if unknown:
        raise DataError(
            f"A phrase is of letters that training showed, {letters!r}: {', '.join(map(repr, unknown[:5]))} came. "
            "Write it without them, or train on phrases that have them."
        )
    kinds, longest = {letter: kind for kind, letter in enumerate(letters)}, max(map(len, phrases)) + 1
    numbers = torch.full((len(phrases), longest), len(letters) + 1)
    for row, phrase in enumerate(phrases):
        numbers[row, : len(phrase) + 1] = torch.tensor([*(kinds[letter] for letter in phrase), len(letters)])
    return F.one_hot(numbers, len(letters) + 2)[..., :-1].float()


class PhraseStates:
    """`state=` of a training: rows begin with the phrases that were shown last.

    Batches show their phrases as they are asked for, and the engine asks for states in every window that begins at
    step 0.

    Args:
        network: of `build`.
    """

    def __init__(self, network: nn.Module) -> None:
        self._scribe = scribe_of(network)
        self._shown = torch.empty(0)

    def show(self, letters: Tensor) -> None:
        """The phrases [B, U, V] of the rows to come."""
        self._shown = letters

    def __call__(self, rows: Tensor, step: int) -> dict[str, Any]:
        """The states of some rows."""
        return self._scribe.start(self._shown[rows.to(self._shown.device)])
