"""Symbols as vectors, and features of a step's place: what stands below a recurrent layer that reads symbols.

    symbols      y_t = m * E[x_t] / (1 - p),  0 where the word is dropped       m one mask a sequence
    positions    y_t = [x_t, P[min(t, N - 1)]]                                 t steps since the sequence began

Masks are keyed as those of the recurrent layers (`masks`): overlapping windows see the same ones.

Dimensions: T steps, B rows, V symbols, E features, N positions. Time is axis 0.

Source: Gal & Ghahramani 2016, arXiv 1512.05287 (one mask a sequence); Iyyer et al. 2015, ACL (dropped words).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import Checks
from throughtime.base.errors import DtypeError, ShapeError
from throughtime.nn.checks import check_rows
from throughtime.nn.masks import EMBEDDING_DROPOUT, WORD_DROPOUT, LayerMasks, current_key, fresh_key


class SymbolEmbedding(nn.Module):
    """A vector for each symbol, to be the `embed` of a `Network`.

    Args:
        symbols: V, 1 or more.
        size: E, features of a vector.
        dropout: share of the features dropped in training, the same at all steps of a row, in [0, 1).
        word_dropout: share of the steps whose vector is 0 in training, in [0, 1).
        spread: standard deviation of the first vectors' numbers, above 0.
        device, dtype: of the vectors.

    Raises:
        ConfigError: an argument is out of range.
    """

    # It takes neither lengths nor resets; that it is named here gives it a place in the masks' key.
    handles: frozenset[str] = frozenset()

    def __init__(
        self,
        symbols: int,
        size: int,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        spread: float = 1.0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        checks = Checks()
        self.symbols = checks.whole("symbols", symbols)
        self.size = checks.whole("size", size)
        self.dropout = checks.number("dropout", dropout, below=1)
        self.word_dropout = checks.number("word_dropout", word_dropout, below=1)
        spread = checks.number("spread", spread, above=0)
        checks.report("SymbolEmbedding cannot be built")
        self.weight = nn.Parameter(torch.empty(self.symbols, self.size, device=device, dtype=dtype))
        nn.init.normal_(self.weight, std=spread)

    def forward(self, x: Tensor) -> Tensor:
        """Symbols [T, B] int64, each in 0 .. V - 1, to vectors [T, B, E].

        Raises:
            DtypeError: not int64.
            ShapeError: not [T, B].
        """
        y = nn.functional.embedding(self.checked(x), self.weight)
        if not self.training or not (self.dropout or self.word_dropout):
            return y
        key = current_key() or fresh_key(x.shape[1], x.device)
        masks = LayerMasks(key, key.ordinals.get(self, 0), None, len(x))
        if self.dropout:
            gone = masks.per_sequence(self.dropout, EMBEDDING_DROPOUT, 0, self.size)
            y = y.masked_fill(gone, 0) / (1 - self.dropout)
        if self.word_dropout:
            y = y.masked_fill(masks.per_step(self.word_dropout, WORD_DROPOUT, 0, 1), 0)
        return y

    def checked(self, x: Tensor) -> Tensor:
        """Symbols as `forward` takes them; it says what is raised."""
        if x.dtype != torch.int64:
            raise DtypeError(f"Symbols are int64 numbers: {x.dtype} came. Encode them.")
        if x.dim() != 2:
            raise ShapeError(f"Symbols are [T, B]: {tuple(x.shape)} came. Time is axis 0.")
        return x

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.symbols}, {self.size}, dropout={self.dropout}, word_dropout={self.word_dropout}"


class Positions(nn.Module):
    """The input, and beside it learned features of the step's number in its sequence; a layer for a `Network`'s core.

    Args:
        count: N, numbers that are told apart; later steps share the last one's features.
        size: E, features.
        device, dtype: of the features.

    Raises:
        ConfigError: an argument is no positive whole number.
    """

    state_axis = 1

    def __init__(self, count: int, size: int, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        checks = Checks()
        self.count = checks.whole("count", count)
        self.size = checks.whole("size", size)
        checks.report("Positions cannot be built")
        self.weight = nn.Parameter(torch.empty(self.count, self.size, device=device, dtype=dtype))
        nn.init.normal_(self.weight)

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state."""
        return frozenset({"lengths", "resets"})

    def forward(
        self, x: Tensor, state: Tensor | None = None, *, lengths: Any = None, resets: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run over T steps.

        Args:
            x: [T, B, C] input.
            state: [1, B] steps each row's sequence had before, int64; None for none.
            lengths: [B] steps each row has, 0 .. T.
            resets: [T, B] bool; where true a new sequence begins.

        Returns:
            The output [T, B, C + E], and the steps each row's sequence has had.

        Raises:
            ShapeError, DtypeError: lengths, resets or state do not fit.
        """
        steps, count = x.shape[:2]
        rows = check_rows(lengths, resets, steps, count, x.device, unbatched=False)
        if state is None:
            state = torch.zeros(1, count, dtype=torch.int64, device=x.device)
        elif state.shape != (1, count):
            raise ShapeError(f"The state of positions is [1, B], B = {count}: {tuple(state.shape)} came.")
        at = torch.arange(steps, device=x.device)[:, None]
        number = state + at  # [T, B]
        if rows.starts is not None:
            last = torch.where(rows.starts, at, -1).cummax(0).values  # the step at which the sequence began
            number = torch.where(last >= 0, at - last, number)
        features = nn.functional.embedding(number.clamp(max=self.count - 1), self.weight)
        return torch.cat([x, features.to(x.dtype)], -1), self._after(state, number, rows)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.count}, {self.size}"

    def _after(self, state: Tensor, number: Tensor, rows: Any) -> Tensor:
        if not len(number):
            return state
        if rows.kept is None:
            return number[-1:] + 1
        ends = rows.kept.sum(0)[None]  # [1, B]
        return torch.where(ends > 0, number.gather(0, (ends - 1).clamp(min=0)) + 1, state)
