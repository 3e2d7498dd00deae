"""What `LSTM` and `RNN` share: parameters as torch names them, checked calls, layers run one above the other.

    y_0 = x;   y_k = layer_k(y_(k-1)), both directions side by side;   dropout between layers

Dimensions: T steps, B rows, C inputs, H hidden units, P outputs of a direction, L stacked layers, D directions.
Time is axis 0; a state's part is [L D, B, units], layer by layer, forward before backward.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from throughtime.base.errors import ConfigError, DtypeError, KernelError, NetworkError, ShapeError
from throughtime.kernels import LSTMWeights, Masks, RNNWeights, Rows, torch_layers
from throughtime.kernels.cpu import layers as cpu_layers
from throughtime.nn.by_kernel import ByKernel
from throughtime.nn.checks import Lengths, check_input, check_numbers, check_packed, check_rows, check_state
from throughtime.nn.masks import DROPOUT, LayerMasks, current_key, fresh_key
from throughtime.nn.parameters import check_parameters, named, reference
from throughtime.nn.settings import Shared, notice_idle_dropout
from throughtime.nn.stepper import Stepper
from throughtime.nn.steps import Steps
from throughtime.nn.symbols import Symbols

State = tuple[Tensor, ...]
Shapes = list[tuple[str, tuple[int, ...]]]
Weights = LSTMWeights | RNNWeights


class Recurrent(ByKernel, ABC):
    """A stack of recurrent layers; `LSTM` and `RNN` are its two kinds.

    Subclasses set `cell` and `state_names` and say which parameters a direction has and how it runs.
    """

    state_axis = 1
    cell: str
    state_names: tuple[str, ...]
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    recurrent_dropout: float
    weight_drop: float
    weight_ih_l0: Tensor
    weight_hh_l0: Tensor

    def _build(self, shared: Shared, kernel: str, device: Any, dtype: Any) -> None:
        """Keep the shared settings, choose the kernel, and register the parameters: torch's in its order, then ours."""
        for setting, value in shared._asdict().items():
            setattr(self, setting, value)
        notice_idle_dropout(type(self).__name__, self.dropout, self.num_layers)
        factory = {"device": device, "dtype": dtype}
        self._shapes = dict([*self._plain_shapes(), *self._extra_shapes()])
        for name, shape in self._shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape, **factory)))
        self._flat_names = [name for name, _ in self._plain_shapes()]
        self.kernel, self._steps = kernel, Steps()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew: torch's own draws, U(-1/sqrt(H), 1/sqrt(H)) in its order, then the extra ones."""
        bound = 1 / math.sqrt(self.hidden_size)
        for name in self._flat_names:
            nn.init.uniform_(getattr(self, name), -bound, bound)

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state."""
        return frozenset({"lengths", "resets"})

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """torch's view of the plain parameters: a list for each layer and direction."""
        count = len(self._flat_names) // (self.num_layers * self._directions)
        flat = self._flat_weights
        return [flat[k : k + count] for k in range(0, len(flat), count)]

    @property
    def draws_masks(self) -> bool:
        """Whether a call draws random masks now: in training, with dropout or zoneout."""
        return self.training and self.has_masks()

    @property
    def is_plain(self) -> bool:
        """Whether the cell is the plain one: no projection, and nothing only the oracle has."""
        return self._needs() <= {"bias", "dropout", "bidirectional", "weight_drop"}

    def flatten_parameters(self) -> None:
        """Nothing to do; torch.nn.LSTM has it, so code that calls it runs."""

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Any = None,
        *,
        lengths: Lengths | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Any, Any]:
        """Run the layers over whole sequences.

        Args:
            input: [T, B, C], [B, T, C] with batch_first, [T, C] for one sequence, or a PackedSequence.
            hx: initial state as this method returns it, or None for zeros.
            lengths: [B] steps each row really has, 0 .. T, in any order. None: all T. The output past a row's end is
                0, and its final state is the one at its end (for a length of 0, `hx`).
            resets: [T, B] bool, time first always (for [T, C], also [T]). Where true, the state before the step is
                zeros; the backward direction starts from zeros at the last step of each run between resets.

        Returns:
            The output, shaped like the input with D P numbers a step, and the final state.

        Raises:
            ShapeError: sizes do not fit together, or a length is out of range.
            DtypeError: an argument is not of the layer's dtype, or not of the right kind.
            DeviceError: an argument lies elsewhere than the layer.
            ConfigError: lengths or resets beside a PackedSequence, which has its own lengths.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx, lengths, resets)
        x, state, rows, unbatched = self._prepare(input, hx, lengths, resets)
        y, state = self._run(x, state, rows)
        return self._present(y, state, unbatched)

    def step(self, x: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
        """One step of every row, without autograd.

        Args:
            x: [B, C] input of this step.
            hx: state before it, or None for zeros.

        Returns:
            The output [B, P] and the state after the step.

        Raises:
            NetworkError: the layer is bidirectional, so a step's output needs the future.
            ShapeError, DtypeError, DeviceError: as `forward`.
        """
        quick = self._steps.quick(self, x, hx)
        if quick is not None:
            return quick[0], self._as_hx(quick[1])
        self.check_steppable()
        if check_numbers("input", x, reference(self)).dim() != 2:
            raise ShapeError(f"`x` of one step must be [B, C]: got {tuple(x.shape)}. Use forward for whole sequences.")
        with torch.no_grad():
            checked, state, rows, _ = self._prepare(x[None], hx, None, None, False)
            kernel = "oracle" if self.draws_masks or rows.empty else self.kernel_in_use
            if kernel == "cpu":
                dtype = self.weight_ih_l0.dtype
                inputs, state = checked[0].to(dtype), tuple(part.to(dtype) for part in state)
                y, state = self._steps.step(self, inputs, state)
                return y, self._as_hx(state)
            if kernel == "torch" and self.is_plain:
                y, state = torch_layers.step(self.cell, checked[0], state, self.all_weights)
                return y, self._as_hx(state)
            y, state = self._run(checked, state, rows)
        return y[0], self._as_hx(state)

    def stepper(self, batch: int) -> Stepper:
        """An object that steps `batch` rows and keeps their states, with its own copy of the weights.

        Args:
            batch: B, rows stepped side by side.

        Raises:
            NetworkError: the layer is bidirectional.
            ConfigError: the layer draws random masks now, or `batch` is no positive whole number.
        """
        return Stepper(self, batch)

    def extra_repr(self) -> str:
        """The sizes and every option that is not at its default."""
        options = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        said = [
            f"{n}={getattr(self, n)!r}" for n, usual in (options | self._options()).items() if getattr(self, n) != usual
        ]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *said, f"kernel_in_use={self._kernel_said()!r}"])

    # What the two kinds differ in

    @abstractmethod
    def _options(self) -> dict[str, Any]:
        """Options beyond those all layers have, with their defaults."""

    @abstractmethod
    def _plain_shapes(self) -> Shapes:
        """Names and shapes of torch's parameters, in torch's order."""

    @abstractmethod
    def _extra_shapes(self) -> Shapes:
        """Names and shapes of the parameters torch has not."""

    @property
    @abstractmethod
    def state_sizes(self) -> tuple[int, ...]:
        """Units of each part of the state."""

    @abstractmethod
    def has_masks(self) -> bool:
        """Whether a call in training draws masks."""

    @abstractmethod
    def _weights(self, suffix: str, found: Mapping[str, Tensor]) -> Weights:
        """The weights of one direction of one layer, among all parameters by name."""

    @abstractmethod
    def _oracle_direction(
        self, weights: Any, reverse: bool, x: Tensor, state: State, rows: Rows, masks: Masks, tapes: list[Any] | None
    ) -> tuple[Tensor, State]:
        """One direction of one layer on the oracle; with `tapes`, under plain autograd, its tape appended."""

    @abstractmethod
    def _masks(self, drawn: LayerMasks | None, part: int, x: Tensor) -> Masks:
        """The masks of one direction of one layer; what is drawn is None outside training."""

    # Calls

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _flat_weights(self) -> list[Tensor]:
        return [getattr(self, name) for name in self._flat_names]

    def _suffix(self, layer: int, direction: int) -> str:
        return f"_l{layer}_reverse" if direction else f"_l{layer}"

    def _prepare(
        self, input: Any, hx: Any, lengths: Any, resets: Any, batch_first: bool | None = None
    ) -> tuple[Tensor, State, Rows, bool]:
        """Check everything; the input as [T, B, C], the state as a tuple of [L D, B, units]."""
        like = reference(self)
        batch_first = self.batch_first if batch_first is None else batch_first
        x = check_input(input, like, self.input_size, batch_first)
        unbatched = x.dim() == 2
        if unbatched:
            x = x[:, None]
        elif batch_first:
            x = x.transpose(0, 1)
        steps, count = x.shape[:2]
        state = self._initial_state(hx, count, x, like, unbatched)
        return x, state, check_rows(lengths, resets, steps, count, x.device, unbatched), unbatched

    def _initial_state(self, hx: Any, count: int, x: Tensor, like: Tensor, unbatched: bool) -> State:
        stacked = self.num_layers * self._directions
        sizes = [(stacked, count, units) for units in self.state_sizes]
        if hx is None:
            return tuple(torch.zeros(size, dtype=x.dtype, device=x.device) for size in sizes)
        if not unbatched:
            return check_state(hx, self.state_names, sizes, like)
        return tuple(s[:, None] for s in check_state(hx, self.state_names, [(a, c) for a, _, c in sizes], like))

    def _present(self, y: Tensor, state: State, unbatched: bool) -> tuple[Tensor, Any]:
        if unbatched:
            return y[:, 0], self._as_hx(tuple(s[:, 0] for s in state))
        return (y.transpose(0, 1) if self.batch_first else y), self._as_hx(state)

    def _as_hx(self, state: State) -> Any:
        return state if len(state) > 1 else state[0]

    def _forward_packed(self, packed: PackedSequence, hx: Any, lengths: Any, resets: Any) -> tuple[PackedSequence, Any]:
        if lengths is not None or resets is not None:
            raise ConfigError(
                "A PackedSequence brings its own lengths and knows no resets: got `lengths` or `resets` beside it. "
                "Pass a padded tensor with lengths= and resets= instead."
            )
        padded, ends = pad_packed_sequence(check_packed(packed))
        x, state, rows, _ = self._prepare(padded, hx, ends, None, False)
        y, state = self._run(x, state, rows)
        if packed.sorted_indices is not None:
            y, ends = y[:, packed.sorted_indices], ends[packed.sorted_indices.cpu()]
        data = pack_padded_sequence(y, ends).data
        return PackedSequence(data, *packed[1:]), self._as_hx(state)

    # Layers, one above the other

    def _run(self, x: Tensor, state: State, rows: Rows) -> tuple[Tensor, State]:
        drawn, found = self._draw(rows), named(self, self._shapes)
        kernel = self._kernel_for(found["weight_ih_l0"])
        if kernel == "cpu" and drawn is None and not rows.empty:
            try:
                return self._layer_by_layer(kernel, x, state, rows, drawn, found)
            except (ShapeError, DtypeError, KernelError):
                check_parameters(found, self._shapes)  # that kernel checks its tensors; here they have better names
                raise
        check_parameters(found, self._shapes)
        if drawn is None and kernel == "torch":
            return self._fused(x, state, [found[name] for name in self._flat_names], self.num_layers, rows)
        return self._layer_by_layer(kernel, x, state, rows, drawn, found)

    def _draw(self, rows: Rows) -> LayerMasks | None:
        if not self.draws_masks:
            return None
        key = current_key() or fresh_key(rows.count, rows.device)
        if len(key.sequence) != rows.count:
            raise ShapeError(
                f"A mask key needs one sequence a row: `input` has {rows.count} rows, the key {len(key.sequence)}. "
                "Open `keyed` with the rows of this forward."
            )
        if key.sequence.device != rows.device:
            key = replace(key, sequence=key.sequence.to(rows.device))
        return LayerMasks(key, key.ordinals.get(self, 0), rows.resets, rows.steps)

    def _fused(self, x: Tensor, state: State, weights: list[Tensor], layers: int, rows: Rows) -> tuple[Tensor, State]:
        return torch_layers.run(self.cell, x, state, weights, self.bias, layers, self.bidirectional, rows)

    def _layer_by_layer(
        self,
        kernel: str,
        x: Tensor,
        state: State,
        rows: Rows,
        drawn: LayerMasks | None,
        found: Mapping[str, Tensor],
        tapes: list[Any] | None = None,
    ) -> tuple[Tensor, State]:
        D, ends = self._directions, []
        for layer in range(self.num_layers):
            if layer:
                x = self._dropped(x, layer, drawn)
            part = state if self.num_layers == 1 else tuple(s[layer * D : (layer + 1) * D] for s in state)
            weights = [self._weights(self._suffix(layer, d), found) for d in range(D)]
            masks = [self._masks(drawn, 2 * layer + d, x) for d in range(D)]
            x, end = self._layer(kernel, x, part, weights, rows, masks, tapes)
            ends.append(end)
        return x, ends[0] if len(ends) == 1 else tuple(torch.cat(parts) for parts in zip(*ends, strict=True))

    def _dropped(self, y: Tensor, layer: int, drawn: LayerMasks | None) -> Tensor:
        if drawn is None or not self.dropout:
            return y
        hit = drawn.per_step(self.dropout, DROPOUT, 2 * layer, y.shape[-1])
        return torch.where(hit, 0, y * survivors_scale(self.dropout))

    def _layer(
        self,
        kernel: str,
        x: Tensor,
        state: State,
        weights: list[Weights],
        rows: Rows,
        masks: list[Masks],
        tapes: list[Any] | None,
    ) -> tuple[Tensor, State]:
        """One layer on the kernel named."""
        if isinstance(x, Symbols):
            return x.run(self.cell, state, weights[0], rows, masks[0])
        if kernel == "torch":
            dropped = [_drop_weight(w, m) for w, m in zip(weights, masks, strict=True)]
            return self._fused(x, state, [w for each in dropped for w in each if w is not None], 1, rows)
        if kernel == "cpu":
            dtype = weights[0].W_ih.dtype  # under autocast inputs may have another
            if x.dtype is not dtype or state[0].dtype is not dtype:
                x, state = x.to(dtype), tuple(s.to(dtype) for s in state)
            if rows.empty:
                return x.new_zeros(rows.steps, rows.count, self._directions * self.state_sizes[0]), state
            return cpu_layers.run(self.cell, x, state, weights, rows, masks)
        ran = [
            self._oracle_direction(w, d == 1, x, tuple(s[d] for s in state), rows, masks[d], tapes)
            for d, w in enumerate(weights)
        ]
        y = torch.cat([y for y, _ in ran], -1) if self.bidirectional else ran[0][0]
        return y, tuple(torch.stack(parts) for parts in zip(*(end for _, end in ran), strict=True))

    def check_steppable(self) -> None:
        """Refuse a layer whose steps need the future.

        Raises:
            NetworkError: the layer is bidirectional.
        """
        if self.bidirectional:
            raise NetworkError(
                "A layer can be stepped only forward in time: this one is bidirectional. "
                "Construct it with bidirectional=False."
            )


def survivors_scale(probability: float) -> float:
    """What a unit that survives dropout is multiplied by: 1 / (1 - p); none survives p = 1."""
    return 1 / (1 - probability) if probability < 1 else 0.0


def _drop_weight(weights: Weights, masks: Masks) -> Weights:
    """A direction's weights with the mask on W_hh."""
    return weights if masks.drop_W is None else weights._replace(W_hh=weights.W_hh * masks.drop_W)
