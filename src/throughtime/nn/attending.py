"""Recurrent layers that look at a memory: regions of an image, of which each step sees what it asks for.

    h_k = layer_k([h_(k-1), v_(k-1), x], s_k);      h_0, v_0 are nothing
    a_k = softmax_r((W_q [h_k, x]) . (W_K m_r) / sqrt(D / A))      of each of A heads, over regions r
    v_k = sum_r a_kr (W_V m_r)
    y   = [dropout(h_K), v_K]

The question asked at a step comes from the layer's own output and from the step's input, and what is seen goes upwards,
to the next layer and to the head, not back into the layer that asked. So each layer runs over all steps in one call,
fused, and the attention of all steps is two products; were what is seen fed back, every step would be a call of its
own. With two layers what was seen is remembered all the same: by the second one, whose question then depends on it.

The input asks by itself ("red": where is something red?), but does not reach the head by itself: which words never
follow upon which is learned long before what the image shows, and would be said against it.

The memory is a part of the state, so that the engine which trains recurrent networks trains the encoder behind it too,
and a beam's rows take theirs along.

Dimensions: T steps, B rows, C inputs, H hidden units, R regions, D features of a region, A heads, K layers.

Source: Bahdanau et al. 2015, arXiv 1409.0473 (attention); Xu et al. 2015, arXiv 1502.03044 (over an image); Luong et
al. 2015, arXiv 1508.04025 (asked by the step's own output); Vaswani et al. 2017, arXiv 1706.03762 (heads).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, ShapeError


class Attention(nn.Module):
    """What steps see of a memory.

    Args:
        input_size: Q, numbers that a question is made from.
        memory_size: D, features of a region; a multiple of `heads`.
        heads: A, questions that a step asks side by side.
        device, dtype: of the weights.

    Raises:
        ConfigError: an argument is no positive whole number, or the heads do not share the features evenly.
    """

    def __init__(
        self, input_size: int, memory_size: int, heads: int = 4, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        checks = Checks()
        self.input_size = checks.whole("input_size", input_size)
        self.memory_size = checks.whole("memory_size", memory_size)
        self.heads = checks.whole("heads", heads)
        if not checks.problems and self.memory_size % self.heads:
            checks.add(f"`heads` share the features evenly: {heads} came for memory_size={memory_size}")
        checks.report("Attention cannot be built")
        self.question = nn.Linear(self.input_size, self.memory_size, device=device, dtype=dtype)
        self.key = nn.Linear(self.memory_size, self.memory_size, bias=False, device=device, dtype=dtype)
        self.value = nn.Linear(self.memory_size, self.memory_size, device=device, dtype=dtype)

    def forward(self, h: Tensor, memory: Tensor, kept: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Look at a memory.

        Args:
            h: [T, B, Q].
            memory: [R, B, D].
            kept: [R, B] bool, false where a row has no such region; each row has one at least. None: all are there.

        Returns:
            What is seen [T, B, D], and with which weights [T, B, A, R], which sum to 1 over the regions that are there.
        """
        keys, values = self.prepared(memory)
        weights = self.shares(self.scores(h, keys), kept)
        return self.seen(weights, values), weights.permute(2, 0, 1, 3)

    def prepared(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values [R, B, D] of a memory, which are the same at all steps."""
        return self.key(memory), self.value(memory)

    def scores(self, h: Tensor, keys: Tensor) -> Tensor:
        """How well each region answers the questions of [T, B, Q]: [B, A, T, R]."""
        asked = self._by_head(self.question(h))  # [B, A, T, D / A]
        keys = self._by_head(keys)  # [B, A, R, D / A]
        return asked @ keys.transpose(-1, -2) / math.sqrt(keys.shape[-1])

    @staticmethod
    def shares(scores: Tensor, kept: Tensor | None = None) -> Tensor:
        """Weights [B, A, T, R] of scores."""
        if kept is not None:
            scores = scores.masked_fill(~kept.t()[:, None, None], -torch.inf)
        return scores.softmax(-1)

    def seen(self, weights: Tensor, values: Tensor) -> Tensor:
        """What is seen [T, B, D] with weights [B, A, T, R]."""
        return (weights @ self._by_head(values)).permute(2, 0, 1, 3).flatten(2)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.input_size}, {self.memory_size}, heads={self.heads}"

    def _by_head(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).permute(1, 2, 0, 3)


class Attending(nn.Module):
    """Recurrent layers one above the other, each of which looks at a memory; the core of a `Network`.

    A row's state is a dict: `memory` [R, B, D] and `layers`, a tuple of the layers' own states. `begin` makes it; there
    is no state without a memory. A reset begins with another memory, which `state=` of `through_time` gives as a
    callable, so that `forward` takes lengths and no resets.

    Args:
        layers: each maps [T, B, ...] to [T, B, H] and speaks the protocol `layer(x, state) -> (y, state)`; the first
            takes C numbers a step, those above it H + D + C.
        hidden_size: H.
        memory_size: D.
        heads: of each attention.
        dropout: share of the last layer's output that is dropped in training, in [0, 1).

    Raises:
        ConfigError: there are no layers, or a setting is out of range.
    """

    state_axis = 1
    handles = frozenset({"lengths"})

    def __init__(
        self, layers: Sequence[nn.Module], hidden_size: int, memory_size: int, heads: int = 4, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if not layers:
            raise ConfigError("Attending needs a layer at least: none came. Pass [throughtime.LSTM(...)].")
        self.layers = nn.ModuleList(layers)
        self.input_size = int(layers[0].input_size)  # type: ignore[arg-type]
        asking = hidden_size + self.input_size
        self.attentions = nn.ModuleList(Attention(asking, memory_size, heads) for _ in layers)
        self.dropout = nn.Dropout(dropout)

    def begin(self, memory: Tensor) -> dict[str, Any]:
        """The state in which rows begin that see a memory [R, B, D]: the layers' own states are zeros."""
        x = memory.new_zeros(0, memory.shape[1], self.input_size)
        states, h = [], x
        for layer, attention in zip(self.layers, self.attentions, strict=True):
            y, state = layer(h)
            states.append(state)
            h = torch.cat([y, y.new_zeros(0, memory.shape[1], attention.memory_size), x], -1)
        return {"layers": tuple(states), "memory": memory}

    def forward(self, x: Tensor, state: Any = None, *, lengths: Any = None) -> tuple[Tensor, dict[str, Any]]:
        """Run over T steps.

        Args:
            x: [T, B, C].
            state: as `begin` or this method gives it.
            lengths: [B] steps each row has, 0 .. T.

        Returns:
            [T, B, H + D] and the state after the last step.

        Raises:
            ShapeError: there is no memory, or it has other rows than `x`.
        """
        y, state, _ = self._run(x, state, lengths)
        return y, state

    def weights(self, x: Tensor, state: Any) -> Tensor:
        """Where the last layer looks at each step: [T, B, R], the mean over its heads; arguments as `forward`."""
        return self._run(x, state, None)[2].mean(2)

    def _run(self, x: Tensor, state: Any, lengths: Any) -> tuple[Tensor, dict[str, Any], Tensor]:
        memory = _memory_of(state, x)
        asked = {} if lengths is None else {"lengths": lengths}
        ends, weights, y = [], x.new_empty(0), x
        for layer, attention, start in zip(self.layers, self.attentions, state["layers"], strict=True):
            h, end = layer(y, start, **asked)
            seen, weights = attention(torch.cat([h, x], -1), memory)
            ends.append(end)
            y = torch.cat([h, seen, x], -1)
        return torch.cat([self.dropout(h), seen], -1), {"layers": tuple(ends), "memory": memory}, weights


def _memory_of(state: Any, x: Tensor) -> Tensor:
    memory = state.get("memory") if isinstance(state, dict) else None
    if memory is None:
        raise ShapeError(
            "Attention looks at a memory, which is a part of the state: none came. Begin with `begin(memory)`, or give "
            "through_time a callable state."
        )
    if memory.dim() != 3 or memory.shape[1] != x.shape[1]:
        raise ShapeError(
            f"A memory is [R, B, D] with a row for each of x: {tuple(memory.shape)} came for {x.shape[1]} rows. "
            "Encode as many images as there are rows."
        )
    return memory
