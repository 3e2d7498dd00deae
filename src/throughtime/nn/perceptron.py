"""The sliding-window perceptron: what a network without memory sees of a sequence.

    v_t = [x_(t-W+1) .. x_t];   y_t = relu(... relu(V_1 v_t + b_1) ...)

Before a sequence's first step the window holds zeros. Its "state" is the last W - 1 inputs, so that the engine which
trains recurrent networks trains this one too, and reading in pieces changes nothing.

Dimensions: T steps, B rows, C inputs, W window steps, H hidden units. Time is axis 0.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import Checks
from throughtime.kernels import Rows
from throughtime.nn.checks import check_input, check_rows, check_state

# Of so many inputs and more a convolution is faster than windows laid out side by side; of fewer it is not.
WIDE = 16


class WindowPerceptron(nn.Module):
    """Perceptron on the last `window_steps` inputs, to be used as the core of a `Network`.

    Args:
        input_size: C, numbers an input step holds.
        window_steps: W, steps it sees, this one included.
        hidden_size: H, units of each hidden layer.
        num_layers: hidden layers, each followed by relu.

    Raises:
        ConfigError: an argument is no positive whole number.
    """

    state_axis = 1

    def __init__(self, input_size: int, window_steps: int, hidden_size: int, num_layers: int = 1) -> None:
        super().__init__()
        checks = Checks()
        self.input_size = checks.whole("input_size", input_size)
        self.window_steps = checks.whole("window_steps", window_steps)
        self.hidden_size = checks.whole("hidden_size", hidden_size)
        self.num_layers = checks.whole("num_layers", num_layers)
        checks.report("WindowPerceptron cannot be built")
        widths = [self.input_size * self.window_steps] + [self.hidden_size] * self.num_layers
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

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
            state: [W - 1, B, C] the inputs before it, or None for zeros.
            lengths: [B] steps each row has, 0 .. T. The output past a row's end is 0.
            resets: [T, B] bool; where true a new sequence begins, and the window holds zeros before it.

        Returns:
            The output [T, B, H], and the last W - 1 inputs of each row's last sequence.

        Raises:
            ShapeError, DtypeError, DeviceError: as `LSTM.forward`.
        """
        like = next(self.hidden.parameters())
        x = check_input(x, like, self.input_size, batch_first=False)
        if x.dim() == 2:
            y, last = self.forward(
                x[:, None], None if state is None else state[:, None], lengths=lengths, resets=resets
            )
            return y[:, 0], last[:, 0]
        steps, count, C = x.shape
        before = (self.window_steps - 1, count, C)
        earlier = x.new_zeros(before) if state is None else check_state(state, ("inputs",), [before], like)[0]
        rows = check_rows(lengths, resets, steps, count, x.device, unbatched=False)
        if rows.kept is not None:
            x = torch.where(rows.kept[..., None], x, 0)
        seen = torch.cat([earlier, x])  # [W - 1 + T, B, C]
        y = self._lowest(seen, rows).relu()
        for layer in self.hidden[1:]:
            y = layer(y).relu()
        if rows.kept is not None:
            y = torch.where(rows.kept[..., None], y, 0)
        return y, self._last(seen, rows)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.input_size}, window_steps={self.window_steps}, {self.hidden_size}, num_layers={self.num_layers}"

    def _lowest(self, seen: Tensor, rows: Rows) -> Tensor:
        """[T, B, H]: the lowest layer's sums."""
        lowest: nn.Linear = self.hidden[0]  # type: ignore[assignment]
        if self.input_size < WIDE or rows.starts is not None or not rows.steps:
            return lowest(self._windows(seen, rows))
        kernel = lowest.weight.unflatten(1, (self.input_size, self.window_steps))
        return nn.functional.conv1d(seen.permute(1, 2, 0), kernel, lowest.bias).permute(2, 0, 1)

    def _windows(self, seen: Tensor, rows: Rows) -> Tensor:
        """[T, B, C W]: what each step sees, zeros where it belongs to an earlier sequence."""
        if rows.steps == 0:
            return seen.new_zeros(0, rows.count, self.input_size * self.window_steps)
        windows = seen.unfold(0, self.window_steps, 1)  # [T, B, C, W]
        if rows.starts is not None:
            sequence = self._sequence(rows.starts)  # [W - 1 + T, B]
            same = sequence.unfold(0, self.window_steps, 1) == sequence[self.window_steps - 1 :, :, None]
            windows = torch.where(same[:, :, None], windows, 0)
        return windows.flatten(2)

    def _last(self, seen: Tensor, rows: Rows) -> Tensor:
        """[W - 1, B, C]: the inputs before each row's end, zeros where they belong to an earlier sequence."""
        W = self.window_steps
        if rows.plain:
            return seen[rows.steps :]
        ends = torch.tensor(rows.lengths or (rows.steps,) * rows.count, device=seen.device)
        at = ends + torch.arange(W - 1, device=seen.device)[:, None]  # [W - 1, B]
        last = seen.gather(0, at[..., None].expand(-1, -1, self.input_size))
        if rows.starts is not None:
            sequence = self._sequence(rows.starts)
            last = torch.where((sequence.gather(0, at) == sequence[-1])[..., None], last, 0)
        return last

    def _sequence(self, starts: Tensor) -> Tensor:
        """[W - 1 + T, B]: how many resets came before or at each input; those of the state are 0."""
        return torch.cat([starts.new_zeros(self.window_steps - 1, starts.shape[1]), starts]).cumsum(0)
