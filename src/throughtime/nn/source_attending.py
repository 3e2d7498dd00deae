"""Recurrent layers that look at a source of unequal length, and say which of its places they take symbols from.

    h_k = layer_k([d(h_(k-1), v_(k-1)), x], s_k);      h_0, v_0 are nothing, d is dropout
    e   = (W_q [h_k, x]) . (W_K m_r) / sqrt(D / A)                      of each of A heads, over places r that are there
    e_c = e + (W_q [h_K, x]) . u / sqrt(D / A) c_r                      the last layer's, with coverage
    a_k = softmax_r(e);   v_k = sum_r a_kr (W_V m_r);   y = d(h_K, v_K)
    c_r = sum over the steps before of the mean of a_K over the heads;   overlap = sum_r min(a_r, c_r)

It is `attending.Attending` for rows whose memories have different lengths: places past a row's end have no weight, so
that a row's result does not depend on which rows share its batch. Keys and values are made once, when a row begins, and
are parts of its state. As there, what is seen goes upwards and not back into the layer that asked, so that layers run
over all steps in one call; only what coverage adds to the last attention goes step by step.

Rows that share a source (beginnings of a beam) need no copies of it: R = W B rows, the W rows of a source B apart, look
at keys and values of B rows, and their questions are asked as if they were W steps.

Dimensions: T steps, B rows, C inputs, H hidden units, R places of the source, D numbers of each, A heads, K layers.

Source: Bahdanau et al. 2015, arXiv 1409.0473; Luong et al. 2015, arXiv 1508.04025; Vaswani et al. 2017, arXiv
1706.03762; coverage: See, Liu & Manning 2017, arXiv 1704.04368, equations 10 to 12. Their score is additive (v . tanh
of a sum), the one here is Luong's product: coverage moves the key by u c_r, as it moves the sum there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.errors import ConfigError, ShapeError
from throughtime.nn.attending import Attention
from throughtime.nn.recurrent import Recurrent

# Up to so many rows a single step takes a layer's weights as they are; for more it pays to pack them first.
STEPPED_ROWS = 64
FEATURES, INPUT, WEIGHTS, SYMBOLS, OVERLAP = "features", "input", "weights", "symbols", "overlap"


class SourceAttending(nn.Module):
    """Recurrent layers one above the other, each of which looks at a source; the core of a `Network`.

    A row's state is a dict: `layers`, a tuple of the layers' own states; `keys` and `values`, of each attention [R, B,
    D]; `kept` [R, B], where the source has places; where symbols are taken from it, `symbols` [R, B], their numbers;
    with coverage `covered` [R, B]. `begin` makes it.

    Args:
        layers: each maps [T, B, ...] to [T, B, H] and speaks the protocol `layer(x, state) -> (y, state)`; the first
            takes C numbers a step, those above it H + D + C, without attention H + C.
        hidden_size: H.
        memory_size: D.
        heads: of each attention; 0: there is none, the first states are all that tells of the source.
        dropout: share of each layer's output, and of what it sees, that is dropped in training, in [0, 1).
        pointing: whether the output is a dict that also says where it looks: what `heads.PointerHead` reads.
        coverage: whether the last attention knows where it looked before; needs `pointing`.

    Raises:
        ConfigError: there are no layers, or settings do not fit together.
    """

    state_axis = 1
    handles = frozenset({"lengths"})

    def __init__(
        self,
        layers: Sequence[nn.Module],
        hidden_size: int,
        memory_size: int,
        heads: int = 4,
        dropout: float = 0.0,
        pointing: bool = False,
        coverage: bool = False,
    ) -> None:
        super().__init__()
        if not layers:
            raise ConfigError("Layers need one at least: none came. Pass [throughtime.LSTM(...)].")
        if (pointing and not heads) or (coverage and not pointing):
            raise ConfigError("Symbols are taken by attention, coverage is of those taken: pass heads and pointing.")
        self.layers = nn.ModuleList(layers)
        self.input_size = int(layers[0].input_size)  # type: ignore[arg-type]
        asking = hidden_size + self.input_size
        self.attentions = nn.ModuleList(Attention(asking, memory_size, heads) for _ in layers if heads)
        self.output_size = hidden_size + (memory_size if heads else 0)
        self.dropout = nn.Dropout(dropout)
        self.pointing = pointing
        # At first coverage changes nothing; what it does is learned.
        self.cover = nn.Parameter(torch.zeros(memory_size)) if coverage else None

    def begin(
        self, states: Sequence[Any], memory: Tensor, kept: Tensor, symbols: Tensor | None = None
    ) -> dict[str, Any]:
        """The state in which rows begin.

        Args:
            states: of each layer.
            memory: [R, B, D].
            kept: [R, B] bool; each row has a place at least.
            symbols: [R, B] int64 numbers of what stands at each place; needed where symbols are taken.
        """
        state: dict[str, Any] = {"layers": tuple(states)}
        if self.attentions:
            made = [attention.prepared(memory) for attention in self.attentions]  # type: ignore[operator]
            state |= {"keys": tuple(k for k, _ in made), "values": tuple(v for _, v in made), "kept": kept}
        if self.pointing:
            state["symbols"] = symbols
        if self.cover is not None:
            state["covered"] = memory.new_zeros(memory.shape[:2])
        return state

    def empty(self, rows: int, like: Tensor) -> tuple[Any, ...]:
        """The layers' own first states, zeros, of so many rows."""
        states, h = [], like.new_zeros(0, rows, self.input_size)
        x = h
        for layer in self.layers:
            y, state = layer(h)
            states.append(state)
            h = torch.cat([y, y.new_zeros(0, rows, self.output_size - y.shape[-1]), x], -1)
        return tuple(states)

    def forward(self, x: Tensor, state: Any = None, *, lengths: Any = None) -> tuple[Any, dict[str, Any]]:
        """Run over T steps.

        Args:
            x: [T, B, C].
            state: as `begin` or this method gives it.
            lengths: [B] steps each row has, 0 .. T.

        Returns:
            [T, B, H + D], or where it points a dict of it (`features`), `input` [T, B, C], `weights` [T, B, R],
            `symbols` [T, B, R] and, with coverage, `overlap` [T, B]; and the state after the last step.

        Raises:
            ShapeError: there is no state.
        """
        features, after, weights, overlap = self._run(x, state, lengths)
        if not self.pointing:
            return features, after
        symbols = state["symbols"].t()
        spread = symbols.repeat(x.shape[1] // len(symbols), 1).expand(len(x), -1, -1)
        told = {} if overlap is None else {OVERLAP: overlap}
        return {FEATURES: features, INPUT: x, WEIGHTS: weights.mean(2), SYMBOLS: spread, **told}, after

    def weights(self, x: Tensor, state: Any) -> Tensor:
        """Where the last layer looks at each step: [T, B, R], the mean over its heads; arguments as `forward`.

        Raises:
            ConfigError: there is no attention.
        """
        if not self.attentions:
            raise ConfigError("Weights are of attention, and there is none: build with heads.")
        return self._run(x, state, None)[2].mean(2)

    def _run(self, x: Tensor, state: Any, lengths: Any) -> tuple[Tensor, dict[str, Any], Tensor, Tensor | None]:
        """Features, the state after the last step, and of the last attention weights [T, B, A, R] and overlaps."""
        if not isinstance(state, dict) or "layers" not in state:
            raise ShapeError(
                "A source is a part of the state: none came. Begin with `begin(...)`, or give through_time a callable "
                "state."
            )
        asked = {} if lengths is None else {"lengths": lengths}
        ends, y, weights, covered = [], x, x.new_empty(0), None
        features = x
        for place, layer in enumerate(self.layers):
            h, end = _ran(layer, y, state["layers"][place], asked)
            ends.append(end)
            if self.attentions:
                seen, weights, covered = self._look(place, torch.cat([h, x], -1), state, lengths)
                h = torch.cat([h, seen], -1)
            features = self.dropout(h)
            y = torch.cat([features, x], -1)
        after = {**state, "layers": tuple(ends)}
        if covered is None:
            return features, after, weights, None
        return features, {**after, "covered": covered[1]}, weights, covered[0]

    def _look(self, place: int, question: Tensor, state: Any, lengths: Any) -> tuple[Tensor, Tensor, Any]:
        """What the attention at `place` sees [T, B, D], its weights [T, B, A, R], and of the last one coverage."""
        attention: Attention = self.attentions[place]  # type: ignore[assignment]
        keys, values, kept = state["keys"][place], state["values"][place], state["kept"]
        T, rows = question.shape[:2]
        B = keys.shape[1]
        asked = question.reshape(-1, B, question.shape[-1])  # W rows of a source as W steps
        scores = attention.scores(asked, keys)  # [B, A, T W, R]
        covered = None
        if self.cover is None or place + 1 < len(self.attentions):
            weights = attention.shares(scores, kept)
        else:
            weights, covered = self._cover(attention, asked, scores, state, (T, rows, B), lengths)
        seen = attention.seen(weights, values).reshape(T, rows, -1)
        by_step = weights.permute(2, 0, 1, 3).reshape(T, rows, *weights.shape[1::2])
        return seen, by_step, covered

    def _cover(
        self,
        attention: Attention,
        asked: Tensor,
        scores: Tensor,
        state: Any,
        sizes: tuple[int, int, int],
        lengths: Any,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Weights [B, A, T W, R] that know where the steps before looked; overlaps [T, B], and coverage after them."""
        T, rows, B = sizes
        W, R = rows // B, scores.shape[-1]
        assert self.cover is not None
        by_head = attention.question(asked).unflatten(-1, (attention.heads, -1))  # [T W, B, A, D / A]
        slopes = (by_head * self.cover.view(attention.heads, -1)).sum(-1) / math.sqrt(by_head.shape[-1])
        slopes = slopes.view(T, W, B, -1).permute(0, 2, 3, 1)  # [T, B, A, W]
        scores = scores.view(B, -1, T, W, R)
        covered = state["covered"].t().view(W, B, R).transpose(0, 1)  # [B, W, R]
        goes_on = _goes_on(lengths, T, rows, scores).view(T, W, B).transpose(1, 2)  # [T, B, W]
        found, overlaps = [], []
        for t in range(T):
            weights = attention.shares(scores[:, :, t] + slopes[t][..., None] * covered[:, None], state["kept"])
            mean = weights.mean(1)  # [B, W, R]
            overlaps.append(torch.minimum(mean, covered).sum(-1).t().reshape(-1))
            covered = covered + mean * goes_on[t][..., None]
            found.append(weights)
        after = covered.transpose(0, 1).reshape(rows, R).t()
        return torch.stack(found, 2).flatten(2, 3), (torch.stack(overlaps), after)


def _ran(layer: nn.Module, y: Tensor, start: Any, asked: dict[str, Any]) -> tuple[Tensor, Any]:
    """A layer over all steps; a single one of a few rows, as they are written in, without what many steps need."""
    alone = len(y) == 1 and y.shape[1] <= STEPPED_ROWS and not asked
    if not alone or layer.training or torch.is_grad_enabled() or not isinstance(layer, Recurrent):
        return layer(y, start, **asked)
    h, end = layer.step(y[0], start)
    return h[None], end


def _goes_on(lengths: Any, T: int, rows: int, like: Tensor) -> Tensor:
    """[T, rows]: 1 at a row's steps, 0 past its end."""
    if lengths is None:
        return like.new_ones(T, rows)
    return (torch.arange(T)[:, None] < torch.as_tensor(lengths)).to(like)
