"""The Elman layer: a drop-in for torch.nn.RNN with row ends, resets, and the options that fit it.

The equations stand in `kernels.oracle_rnn`. W_ih [H, C], W_hh [H, H].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from throughtime.base.checks import Checks
from throughtime.kernels import NO_MASKS, Masks, RNNWeights, Rows, oracle, oracle_rnn
from throughtime.nn.lstm import recurrent_masks, zoneout_mask
from throughtime.nn.masks import ZONEOUT_H, LayerMasks
from throughtime.nn.recurrent import Recurrent, Shapes, State
from throughtime.nn.settings import Shared, check_shared, report

# Parameters of one direction, in the order of `RNNWeights`.
_NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "norm")


class RNN(Recurrent):
    """Elman's recurrent network, drop-in for torch.nn.RNN.

    Args:
        input_size: C, numbers an input step holds.
        hidden_size: H, units of a direction.
        num_layers: stacked layers.
        nonlinearity: "tanh" or "relu".
        bias: whether there are b_ih and b_hh.
        batch_first: input and output are [B, T, ...]; state and resets are not concerned.
        dropout: probability 0 .. 1, on the output of each layer but the last.
        bidirectional: a second direction runs backwards; outputs are side by side.
        device: where the parameters live.
        dtype: of the parameters.
        layer_norm: normalise the summed input (Ba et al. 2016, equation 4).
        zoneout: probability that a unit keeps its old value; evaluation takes expectations (Krueger et al. 2016).
        recurrent_dropout: probability, on h where it enters W_hh, one mask a sequence (Gal & Ghahramani 2016).
        weight_drop: probability, on W_hh, one mask a call or stream (Merity et al. 2017).
        kernel: "auto", "cpu", "torch" or "oracle"; "auto" takes the first of these that serves where the weights are.

    Raises:
        ConfigError: an argument is out of range; all of them are named.
        KernelError: the kernel asked for does not exist, has not the options asked for, or cannot serve there.
    """

    state_names = ("h",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        layer_norm: bool = False,
        zoneout: float = 0.0,
        recurrent_dropout: float = 0.0,
        weight_drop: float = 0.0,
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
        self.nonlinearity = checks.choice("nonlinearity", nonlinearity, ("tanh", "relu"))
        self.layer_norm = checks.flag("layer_norm", layer_norm)
        self.zoneout = checks.probability("zoneout", zoneout)
        report(checks, "RNN")
        self.mode = f"RNN_{self.nonlinearity.upper()}"
        self._build(shared, kernel, device, dtype)

    @property
    def cell(self) -> str:  # type: ignore[override]
        """The nonlinearity, by which kernels know the cell."""
        return self.nonlinearity

    def reset_parameters(self) -> None:
        """Draw the weights anew: torch's own draws in its order; gains of normalisation are 1."""
        super().reset_parameters()
        for name, _ in self._extra_shapes():
            nn.init.ones_(getattr(self, name))

    def _options(self) -> dict[str, Any]:
        return {
            "nonlinearity": "tanh",
            "layer_norm": False,
            "zoneout": 0.0,
            "recurrent_dropout": 0.0,
            "weight_drop": 0.0,
        }

    def _needs(self) -> frozenset[str]:
        asked = {
            "bias": self.bias,
            "dropout": self.dropout,
            "bidirectional": self.bidirectional,
            "layer_norm": self.layer_norm,
            "zoneout": self.zoneout,
            "recurrent_dropout": self.recurrent_dropout,
            "weight_drop": self.weight_drop,
        }
        return frozenset(name for name, on in asked.items() if on)

    def has_masks(self) -> bool:
        """Whether a call in training draws masks."""
        between = self.dropout > 0 and self.num_layers > 1
        return between or self.zoneout > 0 or self.recurrent_dropout > 0 or self.weight_drop > 0

    @property
    def state_sizes(self) -> tuple[int]:
        """Units of h."""
        return (self.hidden_size,)

    def _plain_shapes(self) -> Shapes:
        H = self.hidden_size
        shapes: Shapes = []
        for layer in range(self.num_layers):
            C = H * self._directions if layer else self.input_size
            for direction in range(self._directions):
                suffix = self._suffix(layer, direction)
                shapes += [(f"weight_ih{suffix}", (H, C)), (f"weight_hh{suffix}", (H, H))]
                if self.bias:
                    shapes += [(f"bias_ih{suffix}", (H,)), (f"bias_hh{suffix}", (H,))]
        return shapes

    def _extra_shapes(self) -> Shapes:
        if not self.layer_norm:
            return []
        places = [(k, d) for k in range(self.num_layers) for d in range(self._directions)]
        return [(f"norm{self._suffix(k, d)}", (self.hidden_size,)) for k, d in places]

    def _weights(self, suffix: str, found: Mapping[str, Tensor]) -> RNNWeights:
        return RNNWeights._make(found.get(f"{name}{suffix}") for name in _NAMES)

    def _oracle_direction(
        self, weights: Any, reverse: bool, x: Tensor, state: State, rows: Rows, masks: Masks, tapes: list[Any] | None
    ) -> tuple[Tensor, State]:
        x, h = x.to(weights.W_ih.dtype), state[0].to(weights.W_ih.dtype)
        steps = rows.steps_of(reverse)
        if tapes is None:
            y, h = oracle.rnn(x, h, weights, self.nonlinearity, steps, masks)
        else:
            y, h, tape = oracle_rnn.forward(x, h, weights, self.nonlinearity, steps, masks)
            tapes.append(tape)
        return y, (h,)

    def _masks(self, drawn: LayerMasks | None, part: int, x: Tensor) -> Masks:
        if drawn is None and not self.zoneout:
            return NO_MASKS
        like = self.weight_hh_l0
        zone_h = zoneout_mask(self.zoneout, drawn, ZONEOUT_H, part, (*x.shape[:2], self.hidden_size), like)
        drop_h, drop_W = recurrent_masks(self.recurrent_dropout, self.weight_drop, drawn, part, len(x), like)
        return Masks(None, zone_h, drop_h, drop_W)


def rnn_weights(holder: nn.Module, suffix: str) -> RNNWeights:
    """The parameters of one direction of one layer, read by torch's names from the module that holds them."""
    return RNNWeights._make(getattr(holder, f"{name}{suffix}", None) for name in _NAMES)
