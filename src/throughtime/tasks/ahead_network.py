"""The network that reads a window and tells the steps after it: encoder, heads, and several of them side by side.

    x          window in its own units, cut into segments of S steps, the last one at its end
    h, s       layer(relu(E [segment, beside]))            one step of the layer for each segment
    line       A x                                         a straight line, of all or of each target, beside the layer
    direct     y[1..H] ~ D(line + B [dropout(h), calendar, known ahead])
    decoder    g[k], s = layer'([known, calendar at k] + position k, s);    y[k] ~ D(line[k] + B [dropout(g[k]), known])

D is a distribution with a scale of its own at each step. B is 0 at first, so training begins at the line, and the layer
learns what the line leaves. A segment is a step of the layer, so that a window of hundreds of steps is a sequence of a
dozen. The encoder is the `state` of the sequence that is trained through time: what is told is the sequence.

Dimensions: B windows, W steps of a window, S of a segment, H steps ahead, A numbers ahead, F units of the layer.

Source: Lin et al. 2023, arXiv 2308.11200 (segments, and forecasts from the last state); Salinas et al. 2020, arXiv
1704.04110 (distributions); Sutskever et al. 2014, arXiv 1409.3215 (encoder and decoder).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.tasks.ahead_options import DECODER
from throughtime.tasks.ahead_smoothing import Smoothing
from throughtime.tasks.network import EMISSIONS, layer_of


@dataclass(frozen=True)
class AheadDesign:
    """Everything the network's shape depends on.

    Args:
        strategy: "direct", "recursive" (direct, a step at a time) or "decoder".
        cell: "lstm", "rnn" or "perceptron".
        emission: "student" or "gaussian".
        steps: told at once, H; of "recursive" 1.
        window: W.
        segment: S.
        hidden_size: F.
        num_layers: of the layer.
        dropout: in training, of what the layer gives.
        members: networks side by side.
        beside: numbers beside the window at each step.
        known: numbers known ahead, of columns.
        calendar: numbers known ahead, of the calendar.
        lines: 1, or one for each target.
        season: steps in a learned season; 0: no level and season are learned.
        rows: rows that have learned ones.
    """

    strategy: str
    cell: str
    emission: str
    steps: int
    window: int
    segment: int
    hidden_size: int
    num_layers: int
    dropout: float
    members: int
    beside: int
    known: int
    calendar: int
    lines: int
    season: int
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """In plain numbers; the constructor takes it."""
        return asdict(self)


class Shown(NamedTuple):
    """Windows as the encoder reads them.

    Args:
        x: [B, W] in their own units.
        context: [B, W, beside + known + calendar].
        target: [B] which target each is.
        row: [B] which row of the training table each is of; the number of rows for others.
        end: [B] steps before the origin.
        unit: [B] spread of the row as it trained, in the window's units.
    """

    x: Tensor
    context: Tensor
    target: Tensor
    row: Tensor
    end: Tensor
    unit: Tensor

    def some(self, rows: Tensor) -> Shown:
        """Those of some rows."""
        return Shown(*(part[rows] for part in self))


class AheadEncoder(nn.Module):
    """A window to the state in which what follows it is told; see the module's head."""

    def __init__(self, design: AheadDesign) -> None:
        super().__init__()
        self.design = design
        size, segments = design.hidden_size, -(-design.window // design.segment)
        ahead = design.known + design.calendar
        self.embed = nn.Linear(design.segment * (1 + design.beside) + ahead, size)
        self.layer = layer_of(
            design.cell, (size, size, design.num_layers), window_steps=segments, dropout=design.dropout
        )
        self.line = nn.Parameter(torch.zeros(design.lines, design.steps, design.window))
        self.smoothing = Smoothing(design.rows, design.season) if design.season else None

    def forward(self, shown: Shown) -> dict[str, Any]:
        """The state: `h` [1, B, F] and `line` [1, B, H]; of a decoder the layer's own `layer` too."""
        x, base = shown.x, None
        if self.smoothing is not None:
            x, base = self.smoothing(x, shown.row, shown.end, shown.unit, self.design.steps)
        y, state = self.layer(F.relu(self.embed(self._segments(x, shown.context))))
        line = self._line(x, shown.target)
        found = {"h": y[-1:], "line": (line if base is None else line + base)[None]}
        return found | {"layer": state} if self.design.strategy == DECODER else found

    def _line(self, x: Tensor, target: Tensor) -> Tensor:
        """[B, H] what the lines tell of windows [B, W]."""
        if len(self.line) == 1:
            return x @ self.line[0].T
        told = x.new_zeros(len(x), self.line.shape[1])
        for place, line in enumerate(self.line):
            rows = (target == place).nonzero()[:, 0]
            told = told.index_copy(0, rows, x[rows] @ line.T)
        return told

    def _segments(self, x: Tensor, context: Tensor) -> Tensor:
        """[segments, B, numbers]; a first segment that begins before the window is filled with its first values."""
        size, beside = self.design.segment, self.design.beside
        missing = -x.shape[1] % size
        own = torch.cat([x[..., None], context[..., :beside]], -1)
        own = torch.cat([own[:, :1].expand(-1, missing, -1), own], 1)
        own = own.unflatten(1, (-1, size)).flatten(2)  # [B, segments, S (1 + beside)]
        ends = context[:, size - 1 - missing :: size, beside:]
        return torch.cat([own, ends], -1).transpose(0, 1)


class DirectHead(nn.Module):
    """All steps at once: a sequence of one step, whose input is what is known ahead."""

    state_axis = 1
    handles = frozenset({"lengths"})

    def __init__(self, design: AheadDesign) -> None:
        super().__init__()
        moved = design.steps * design.known
        features = design.hidden_size + design.calendar + moved
        self.dropout = nn.Dropout(design.dropout)
        self.head = EMISSIONS[design.emission](features, design.steps, location_only=moved)

    def forward(self, x: Tensor, state: Any = None, *, lengths: Any = None) -> tuple[Any, Any]:
        """[1, B, calendar and known ahead] to the distribution [1, B, H], and the state as it came."""
        output = self.head(torch.cat([self.dropout(state["h"]), x], -1))
        return output._replace(location=output.location + state["line"]), state


class DecoderHead(nn.Module):
    """Step after step: the input of each is what is known of it, and its number."""

    state_axis = 1
    handles = frozenset({"lengths"})

    def __init__(self, design: AheadDesign) -> None:
        super().__init__()
        size, self.known = design.hidden_size, design.known
        self.embed = nn.Linear(design.known + design.calendar, size) if design.known + design.calendar else None
        self.position = nn.Embedding(design.steps, size)
        self.layer = layer_of(
            design.cell, (size, size, design.num_layers), window_steps=design.steps, dropout=design.dropout
        )
        self.dropout = nn.Dropout(design.dropout)
        self.head = EMISSIONS[design.emission](size + design.known, 1, location_only=design.known)

    def forward(self, x: Tensor, state: Any = None, *, lengths: Any = None) -> tuple[Any, Any]:
        """[K, B, known, calendar and number of the step] to the distribution [K, B, 1] and the state after it."""
        step = x[..., -1].long()
        told = self.position(step)
        if self.embed is not None:
            told = told + self.embed(x[..., :-1])
        y, after = self.layer(told, state["layer"])
        output = self.head(torch.cat([self.dropout(y), x[..., : self.known]], -1))
        line = state["line"][0].gather(1, step.T).T[..., None]
        return output._replace(location=output.location + line), state | {"layer": after}


class Members(nn.Module):
    """Heads side by side, each with the state of its own encoder; their losses are averaged."""

    state_axis = 1
    handles = frozenset({"lengths"})

    def __init__(self, heads: Sequence[DirectHead | DecoderHead]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def forward(self, x: Tensor, state: Any = None, *, lengths: Any = None) -> tuple[Any, Any]:
        """What each makes of the same input, as tuples."""
        pairs = [head(x, each) for head, each in zip(self.heads, state, strict=True)]
        return tuple(output for output, _ in pairs), tuple(after for _, after in pairs)

    def loss(self, output: Any, target: Tensor) -> Tensor:
        """Mean over members of the negative log-likelihood [N, K]."""
        losses = [head.head.loss(each, target) for head, each in zip(self.heads, output, strict=True)]  # type: ignore
        return torch.stack(losses).mean(0)


class States(nn.Module):
    """`state=` of a training: each member's encoder on the windows that were shown last.

    Batches show their windows as they are asked for, and the engine asks for states in every stretch that begins at
    step 0, so that gradient reaches the encoders with today's weights.
    """

    def __init__(self, encoders: Sequence[AheadEncoder]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self._shown: Shown | None = None

    def show(self, shown: Shown) -> None:
        """The windows of the rows to come."""
        self._shown = shown

    def forward(self, rows: Tensor, step: int) -> tuple[dict[str, Any], ...]:
        """The states of some rows."""
        assert self._shown is not None  # batches show before a piece is run
        some = self._shown.some(rows.to(self._shown.x.device))
        return tuple(encoder(some) for encoder in self.encoders)


class AheadNetwork(nn.Module):
    """Encoders and heads of a design, with first weights from torch's generator."""

    def __init__(self, design: AheadDesign) -> None:
        super().__init__()
        head = DecoderHead if design.strategy == DECODER else DirectHead
        self.design = design
        self.states = States([AheadEncoder(design) for _ in range(design.members)])
        self.members = Members([head(design) for _ in range(design.members)])

    def begin_at(self, line: Tensor) -> None:
        """Put lines [G, H, W] into every member, where training begins."""
        with torch.no_grad():
            for encoder in self.states.encoders:
                encoder.line.copy_(line)  # type: ignore[operator]

    def tell(self, shown: Shown, known: Tensor) -> tuple[Tensor, Tensor]:
        """Location and scale of the steps after windows, means over members, [B, H] each; without gradient.

        Args:
            shown: B windows.
            known: what is known ahead, as `ahead_batches.known_of` lays it out.
        """
        self.eval()
        with torch.no_grad():
            state = tuple(encoder(shown) for encoder in self.states.encoders)
            outputs, _ = self.members(known, state)
        location, scale = (torch.stack([getattr(each, name) for each in outputs]) for name in ("location", "scale"))
        return by_window(location.mean(0)), by_window(scale.mean(0))


def by_window(told: Tensor) -> Tensor:
    """[1, B, H] or [H, B, 1] to [B, H]."""
    return told[0] if told.shape[0] == 1 and told.shape[2] != 1 else told.permute(1, 0, 2).flatten(1)
