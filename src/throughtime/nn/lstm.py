"""The LSTM layer: a drop-in for torch.nn.LSTM with row ends, resets, and the options of the literature.

The equations stand in `kernels.oracle_lstm`. Gates i f g o, state (h, c), W_ih [4H, C], W_hh [4H, P].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import Checks, as_number, as_whole
from throughtime.base.errors import ConfigError
from throughtime.kernels import NO_MASKS, LSTMWeights, Masks, Rows, oracle, oracle_lstm
from throughtime.nn.masks import RECURRENT_DROPOUT, WEIGHT_DROP, ZONEOUT_C, ZONEOUT_H, LayerMasks
from throughtime.nn.parameters import checked
from throughtime.nn.recurrent import Recurrent, Shapes, State, survivors_scale
from throughtime.nn.settings import Shared, check_shared, report

if TYPE_CHECKING:
    from throughtime.kernels import LSTMTape

# Parameters of one direction, in the order of `LSTMWeights`.
_NAMES = (
    "weight_ih",
    "weight_hh",
    "bias_ih",
    "bias_hh",
    "weight_hr",
    "weight_peep",
    "norm_ih",
    "norm_hh",
    "norm_c",
    "norm_c_bias",
)


class LSTM(Recurrent):
    """Long short-term memory, drop-in for torch.nn.LSTM.

    Args:
        input_size: C, numbers an input step holds.
        hidden_size: H, cells of a direction.
        num_layers: stacked layers.
        bias: whether there are b_ih and b_hh.
        batch_first: input and output are [B, T, ...]; state and resets are not concerned.
        dropout: probability 0 .. 1, on the output of each layer but the last.
        bidirectional: a second direction runs backwards; outputs are side by side.
        proj_size: P < H outputs of a direction through W_hr; 0: h itself.
        device: where the parameters live.
        dtype: of the parameters.
        peephole: gates i and f look at the cell state before the step, o at that after it (Gers et al. 2002).
        layer_norm: normalise both products and the cell (Ba et al. 2016, equations 20-22).
        zoneout: probabilities (c, h) that a unit keeps its old value; evaluation takes expectations (Krueger 2016).
        recurrent_dropout: probability, on h where it enters W_hh, one mask a sequence (Gal & Ghahramani 2016).
        weight_drop: probability, on W_hh, one mask a call or stream (Merity et al. 2017).
        forget_bias: None (torch's draws), a number, or "chrono:T" (Tallec & Ollivier 2018) for dependencies up to T
            steps; set in b_ih by `reset_parameters`, with b_hh's slice zero.
        kernel: "auto", "cpu", "torch" or "oracle"; "auto" takes the first of these that serves where the weights are.

    Raises:
        ConfigError: an argument is out of range; all of them are named.
        KernelError: the kernel asked for does not exist, has not the options asked for, or cannot serve there.
    """

    cell = "lstm"
    state_names = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
        *,
        peephole: bool = False,
        layer_norm: bool = False,
        zoneout: tuple[float, float] = (0.0, 0.0),
        recurrent_dropout: float = 0.0,
        weight_drop: float = 0.0,
        forget_bias: float | str | None = None,
        kernel: str = "auto",
    ) -> None:
        super().__init__()
        checks = Checks()
        given = Shared(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            recurrent_dropout,
            weight_drop,
        )
        shared = check_shared(checks, given)
        self.mode = "LSTM"
        self.peephole = checks.flag("peephole", peephole)
        self.layer_norm = checks.flag("layer_norm", layer_norm)
        self.zoneout = _checked_zoneout(checks, zoneout)
        self.proj_size = _checked_projection(checks, proj_size, hidden_size)
        self.forget_bias = _checked_forget_bias(checks, forget_bias, bias)
        report(checks, "LSTM")
        self._build(shared, kernel, device, dtype)

    def reset_parameters(self) -> None:
        """Draw the weights anew: torch's own draws in its order, then peepholes, norms and the forget bias."""
        super().reset_parameters()
        bound = 1 / math.sqrt(self.hidden_size)
        for name, _ in self._extra_shapes():
            parameter = getattr(self, name)
            if name.startswith("weight_peep"):
                nn.init.uniform_(parameter, -bound, bound)
            else:
                nn.init.constant_(parameter, 0.0 if name.startswith("norm_c_bias") else 1.0)
        if self.forget_bias is not None:
            for suffix in self._suffixes():
                self._set_forget_bias(getattr(self, f"bias_ih{suffix}"), getattr(self, f"bias_hh{suffix}"))

    def trace(
        self, input: Tensor, hx: Any = None, *, lengths: Any = None, resets: Tensor | None = None
    ) -> tuple[Tensor, Any, list[LSTMTape]]:
        """Run forward on the oracle under plain autograd and keep what every step saw.

        Args:
            input: as `forward`, but no PackedSequence, like what follows.
            hx: initial state.
            lengths: steps each row has.
            resets: where sequences begin.

        Returns:
            The output, the final state, and a tape for each layer and direction, as states are ordered.

        Raises:
            ShapeError, DtypeError, DeviceError: as `forward`.
        """
        x, state, rows, unbatched = self._prepare(input, hx, lengths, resets)
        tapes: list[LSTMTape] = []
        y, state = self._layer_by_layer("oracle", x, state, rows, self._draw(rows), checked(self, self._shapes), tapes)
        return *self._present(y, state, unbatched), tapes

    def _set_forget_bias(self, b_ih: Tensor, b_hh: Tensor) -> None:
        H = self.hidden_size
        with torch.no_grad():
            if isinstance(self.forget_bias, str):
                longest = _chrono_steps(self.forget_bias)
                b_f = torch.empty_like(b_ih[:H]).uniform_(1, longest - 1).log_()
                b_ih[:H], b_ih[H : 2 * H] = -b_f, b_f
                b_hh[: 2 * H] = 0
            else:
                b_ih[H : 2 * H] = float(self.forget_bias or 0.0)
                b_hh[H : 2 * H] = 0

    def _options(self) -> dict[str, Any]:
        return {
            "proj_size": 0,
            "peephole": False,
            "layer_norm": False,
            "zoneout": (0.0, 0.0),
            "recurrent_dropout": 0.0,
            "weight_drop": 0.0,
            "forget_bias": None,
        }

    def _needs(self) -> frozenset[str]:
        asked = {
            "bias": self.bias,
            "dropout": self.dropout,
            "bidirectional": self.bidirectional,
            "projection": self.proj_size,
            "peephole": self.peephole,
            "layer_norm": self.layer_norm,
            "zoneout": any(self.zoneout),
            "recurrent_dropout": self.recurrent_dropout,
            "weight_drop": self.weight_drop,
        }
        return frozenset(name for name, on in asked.items() if on)

    def has_masks(self) -> bool:
        """Whether a call in training draws masks."""
        between = self.dropout > 0 and self.num_layers > 1
        return between or any(self.zoneout) or self.recurrent_dropout > 0 or self.weight_drop > 0

    def _suffixes(self) -> list[str]:
        return [self._suffix(k, d) for k in range(self.num_layers) for d in range(self._directions)]

    @property
    def state_sizes(self) -> tuple[int, int]:
        """Units of h and of c."""
        return self.proj_size or self.hidden_size, self.hidden_size

    def _plain_shapes(self) -> Shapes:
        H, P = self.hidden_size, self.proj_size or self.hidden_size
        shapes: Shapes = []
        for layer in range(self.num_layers):
            C = P * self._directions if layer else self.input_size
            for direction in range(self._directions):
                suffix = self._suffix(layer, direction)
                shapes += [(f"weight_ih{suffix}", (4 * H, C)), (f"weight_hh{suffix}", (4 * H, P))]
                if self.bias:
                    shapes += [(f"bias_ih{suffix}", (4 * H,)), (f"bias_hh{suffix}", (4 * H,))]
                if self.proj_size:
                    shapes.append((f"weight_hr{suffix}", (P, H)))
        return shapes

    def _extra_shapes(self) -> Shapes:
        H = self.hidden_size
        shapes: Shapes = []
        for suffix in self._suffixes():
            if self.peephole:
                shapes.append((f"weight_peep{suffix}", (3, H)))
            if self.layer_norm:
                shapes += [(f"norm_ih{suffix}", (4 * H,)), (f"norm_hh{suffix}", (4 * H,)), (f"norm_c{suffix}", (H,))]
                if self.bias:
                    shapes.append((f"norm_c_bias{suffix}", (H,)))
        return shapes

    def _weights(self, suffix: str, found: Mapping[str, Tensor]) -> LSTMWeights:
        return LSTMWeights._make(found.get(f"{name}{suffix}") for name in _NAMES)

    def _oracle_direction(
        self, weights: Any, reverse: bool, x: Tensor, state: State, rows: Rows, masks: Masks, tapes: list[Any] | None
    ) -> tuple[Tensor, State]:
        steps = rows.steps_of(reverse)
        x, h, c = (tensor.to(weights.W_ih.dtype) for tensor in (x, *state))
        if tapes is None:
            y, h, c = oracle.lstm(x, h, c, weights, steps, masks)
        else:
            y, h, c, tape = oracle_lstm.forward(x, h, c, weights, steps, masks)
            tapes.append(tape)
        return y, (h, c)

    def _masks(self, drawn: LayerMasks | None, part: int, x: Tensor) -> Masks:
        if drawn is None and not any(self.zoneout):
            return NO_MASKS
        like = self.weight_hh_l0
        P, H = self.state_sizes
        zone_c = zoneout_mask(self.zoneout[0], drawn, ZONEOUT_C, part, (*x.shape[:2], H), like)
        zone_h = zoneout_mask(self.zoneout[1], drawn, ZONEOUT_H, part, (*x.shape[:2], P), like)
        drop_h, drop_W = recurrent_masks(self.recurrent_dropout, self.weight_drop, drawn, part, len(x), like)
        return Masks(zone_c, zone_h, drop_h, drop_W)


def lstm_weights(holder: nn.Module, suffix: str) -> LSTMWeights:
    """The parameters of one direction of one layer, read by torch's names from the module that holds them."""
    return LSTMWeights._make(getattr(holder, f"{name}{suffix}", None) for name in _NAMES)


def zoneout_mask(
    probability: float, drawn: LayerMasks | None, kind: int, part: int, shape: tuple[int, int, int], like: Tensor
) -> Tensor | None:
    """The share of the old state that stays, [T, B, U]: drawn in training, the probability itself in evaluation."""
    if not probability:
        return None
    if drawn is None:
        return torch.full((), probability, dtype=like.dtype, device=like.device).expand(shape)
    return drawn.per_step(probability, kind, part, shape[-1]).to(like.dtype)


def recurrent_masks(
    on_h: float, on_W: float, drawn: LayerMasks | None, part: int, steps: int, like: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Factors on h [T, B, P] and on W_hh [G, P], the shape of `like`; None where off."""
    drop_h = drop_W = None
    if drawn is None:
        return None, None
    rows, columns = like.shape
    if on_h:
        hit = drawn.per_sequence(on_h, RECURRENT_DROPOUT, part, columns)
        drop_h = ((~hit).to(like.dtype) * survivors_scale(on_h)).expand(steps, -1, -1)
    if on_W:
        hit = drawn.per_weight(on_W, WEIGHT_DROP, part, rows, columns)
        drop_W = (~hit).to(like.dtype) * survivors_scale(on_W)
    return drop_h, drop_W


def _checked_zoneout(checks: Checks, zoneout: Any) -> tuple[float, float]:
    if not isinstance(zoneout, tuple | list) or len(zoneout) != 2:
        checks.add(f"`zoneout` is a pair (c, h) of probabilities: {zoneout!r} came")
        return 0.0, 0.0
    return checks.probability("zoneout[0]", zoneout[0]), checks.probability("zoneout[1]", zoneout[1])


def _checked_projection(checks: Checks, proj_size: Any, hidden_size: Any) -> int:
    size = checks.whole("proj_size", proj_size, 0)
    hidden = as_whole(hidden_size)
    if hidden is not None and size >= hidden > 0:
        checks.add(f"`proj_size` is smaller than hidden_size = {hidden}, 0 for no projection: {size} came")
    return size


def _checked_forget_bias(checks: Checks, forget_bias: Any, bias: Any) -> float | str | None:
    if forget_bias is None:
        return None
    if bias is False:
        checks.add(f"`forget_bias` needs bias=True: {forget_bias!r} came with bias=False")
    if isinstance(forget_bias, str):
        try:
            _chrono_steps(forget_bias)
        except ConfigError as error:
            checks.add(str(error))
        return forget_bias
    number = as_number(forget_bias)
    if number is None:
        checks.add(f'`forget_bias` is None, a number or "chrono:T": {forget_bias!r} came')
    return number


def _chrono_steps(text: str) -> float:
    """T of "chrono:T"."""
    kind, _, number = text.partition(":")
    try:
        steps = float(number) if kind == "chrono" else 0.0
    except ValueError:
        steps = 0.0
    if not (2 < steps < math.inf):
        raise ConfigError(f'`forget_bias` as text is "chrono:T" with a T above 2, e.g. "chrono:600": {text!r} came.')
    return steps
