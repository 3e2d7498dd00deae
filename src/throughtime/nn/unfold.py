"""The unfolded graph of a recurrent layer: as many copies as steps, without a cycle, all with the same weights.

    s_0 = hx                                                    zeros where it is None
    y_t, s_t = copy_t(x_t, s_(t-1))        t = 1 .. T           copy_1 .. copy_T read the same parameters
    output = y_1 .. y_T                    state = s_T

Each copy is one layer more of a feed-forward network: it takes the state of the copy before it and an input of its
own. The equations of one step are the oracle's (`kernels.oracle_lstm.step`, `kernels.oracle_rnn.step`).

Dimensions: T steps, B rows, C inputs, H hidden units, P outputs (H without a projection), L stacked layers.

Source: Rumelhart, Hinton & Williams 1986, "Learning internal representations by error propagation", figure 17: the
net that runs T steps and the layered net with equal weights that does the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, NetworkError, ShapeError
from throughtime.kernels import Masks, oracle_lstm, oracle_rnn
from throughtime.nn.checks import check_input, check_state
from throughtime.nn.lstm import LSTM, lstm_weights
from throughtime.nn.recurrent import Recurrent
from throughtime.nn.rnn import RNN, rnn_weights

State = tuple[Tensor, ...]
# A copy is a module of its own: more of them take minutes and gigabytes.
MOST_STEPS = 100_000
_LSTMS, _RNNS = (LSTM, nn.LSTM, nn.LSTMCell), (RNN, nn.RNN, nn.RNNCell)


@dataclass(frozen=True)
class _Form:
    """What of a cell is no parameter.

    Args:
        name: of its class.
        nonlinearity: "tanh" or "relu" of an Elman cell; "" of an LSTM.
        input_size: C.
        suffixes: by which the parameters of each stacked layer end.
        units: of each part of the state.
        zoneout: probabilities (c, h).
        random: whether it draws masks in training.
        batch_first: input and output are [B, T, ...].
        single: torch's LSTMCell or RNNCell, whose state has no axis of layers.
    """

    name: str
    nonlinearity: str
    input_size: int
    suffixes: tuple[str, ...]
    units: tuple[int, ...]
    zoneout: tuple[float, float]
    random: bool
    batch_first: bool
    single: bool

    @property
    def is_lstm(self) -> bool:
        return not self.nonlinearity


class CellCopy(nn.Module):
    """One step of a cell: the copy that stands at one place of the unfolded graph.

    Args:
        form: of the cell.
        parameters: of the cell, by name; the same objects are registered here.
    """

    def __init__(self, form: _Form, parameters: dict[str, nn.Parameter]) -> None:
        super().__init__()
        self._form = form
        for name, parameter in parameters.items():
            self.register_parameter(name, parameter)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One step through all stacked layers.

        Args:
            x: [B, C] input of this step.
            state: h [L, B, P] and, of an LSTM, c [L, B, H] that the copy before this one left.

        Returns:
            The output [B, P] and the state for the next copy.
        """
        ends = []
        for layer, suffix in enumerate(self._form.suffixes):
            before = tuple(state[part][layer] for part in range(len(self._form.units)))
            after = self._layer(suffix, x, before)
            x = after[0]
            ends.append(after)
        return x, tuple(torch.stack(parts) for parts in zip(*ends, strict=True))

    def extra_repr(self) -> str:
        """The cell it is a copy of."""
        return f"{self._form.name}, {self._form.input_size}, {self._form.units[-1]}"

    def _layer(self, suffix: str, x: Tensor, state: State) -> State:
        masks = Masks(*(x.new_full((1,), share) if share else None for share in self._form.zoneout))
        if self._form.is_lstm:
            h, c = state
            return oracle_lstm.step(x, h, c, lstm_weights(self, suffix), masks)
        (h,) = state
        return (oracle_rnn.step(x, h, rnn_weights(self, suffix), self._form.nonlinearity, masks),)


class Unfolded(nn.Module):
    """A recurrent cell as a feed-forward network of so many copies; `unfold` makes it.

    Attributes:
        copies: one `CellCopy` a step, in order of time; each holds the cell's own parameter objects, so gradients
            arrive in the cell's `.grad`, and an optimizer's step on the cell is one on every copy. Save the cell, not
            this network: its `state_dict` names the same numbers once a copy.
    """

    def __init__(self, form: _Form, parameters: dict[str, nn.Parameter], steps: int) -> None:
        super().__init__()
        self._form = form
        self.copies = nn.ModuleList(CellCopy(form, parameters) for _ in range(steps))

    @property
    def steps(self) -> int:
        """T, the number of copies."""
        return len(self.copies)

    def forward(self, x: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
        """Run the copies, each on its own step.

        Args:
            x: [T, B, C], [B, T, C] if the cell is batch_first, or [T, C] for one sequence; T = `steps`.
            hx: initial state as the cell takes it, or None for zeros.

        Returns:
            The output and the final state, as the cell returns them. (torch's LSTMCell and RNNCell, which run one
            step: their outputs h_1 .. h_T [T, B, H] and their last state.)

        Raises:
            ShapeError: `x` has another number of steps than there are copies, or sizes do not fit together.
            DtypeError: an argument is not of the cell's dtype.
            DeviceError: an argument lies elsewhere than the cell.
            ConfigError: in training, the cell would draw random masks.
        """
        _refuse_masks(self._form, self.training)
        like = getattr(self.copies[0], f"weight_ih{self._form.suffixes[0]}")
        given = _enter(x, hx, like, self._form, self.steps)
        inputs, state = given[0], given[1]
        outputs = []
        for t, copy in enumerate(self.copies):
            y, state = copy(inputs[t], state)
            outputs.append(y)
        return _leave(outputs, state, x, self._form)


def unfold(cell: nn.Module, steps: int) -> Unfolded:
    """A recurrent cell as an acyclic feed-forward network of `steps` copies that share the cell's parameters.

    Equal to the cell in outputs, final state and every gradient, up to rounding.

    Args:
        cell: a throughtime or torch LSTM or RNN (Elman), of any number of stacked layers and any options; or torch's
            LSTMCell or RNNCell. Its parameters are not copied: the network reads the objects the cell has now.
        steps: T, 1 to 100,000.

    Returns:
        The network, in the cell's mode (training or evaluation). It computes in the cell's own dtype, under autocast
        too.

    Raises:
        NetworkError: `cell` is of another kind, or bidirectional, or one of its weights is no parameter.
        ConfigError: `steps` is no whole number or out of range, or the cell is in training with random masks.
    """
    checks = Checks()
    steps = checks.whole("steps", steps, below=MOST_STEPS + 1)
    checks.report("An unfolded cell", "Pass the number of copies, one for each step of the input.")
    form = _form_of(cell)
    _refuse_masks(form, cell.training)
    return Unfolded(form, _parameters_of(cell, form), steps).train(cell.training)


def _form_of(cell: nn.Module) -> _Form:
    if not isinstance(cell, _LSTMS + _RNNS):
        raise NetworkError(
            f"`cell` must be an LSTM or an Elman RNN of throughtime or torch: got {type(cell).__name__}. "
            "Of a network pass the recurrent layer itself."
        )
    if getattr(cell, "bidirectional", False):
        raise NetworkError(
            "An unfolded copy takes x_t and the state of the copy before it: this cell is bidirectional, so its second "
            "direction needs the copy after it too. Unfold one cell for each direction, the second on x.flip(0)."
        )
    is_lstm, single = isinstance(cell, _LSTMS), isinstance(cell, nn.RNNCellBase)
    settings: Any = cell
    return _Form(
        name=type(cell).__name__,
        nonlinearity="" if is_lstm else settings.nonlinearity,
        input_size=settings.input_size,
        suffixes=("",) if single else tuple(f"_l{layer}" for layer in range(settings.num_layers)),
        units=(getattr(cell, "proj_size", 0) or settings.hidden_size, settings.hidden_size)[: 2 if is_lstm else 1],
        zoneout=_zoneout(cell),
        random=_draws(cell),
        batch_first=getattr(cell, "batch_first", False),
        single=single,
    )


def _zoneout(cell: Any) -> tuple[float, float]:
    """Probabilities (c, h)."""
    zoneout = getattr(cell, "zoneout", 0.0)
    return zoneout if isinstance(zoneout, tuple) else (0.0, zoneout)


def _draws(cell: Any) -> bool:
    """Whether it draws masks in training."""
    if isinstance(cell, Recurrent):
        return cell.has_masks()
    return getattr(cell, "dropout", 0.0) > 0 and cell.num_layers > 1


def _parameters_of(cell: nn.Module, form: _Form) -> dict[str, nn.Parameter]:
    parameters = dict(cell.named_parameters())
    needed = [f"weight_{kind}{suffix}" for suffix in form.suffixes for kind in ("ih", "hh")]
    computed = [name for name in needed if name not in parameters] or [name for name in parameters if "." in name]
    if computed:
        raise NetworkError(
            f"Each copy reads the cell's own parameters: {', '.join(computed)} of this {form.name} is computed from "
            "others. Remove the parametrization first (torch.nn.utils.parametrize.remove_parametrizations)."
        )
    return parameters


def _refuse_masks(form: _Form, training: bool) -> None:
    if form.random and training:
        raise ConfigError(
            f"An unfolded cell draws no random masks, so that it equals its {form.name}: this one is in training, with "
            "dropout or zoneout. Call .eval() first, or construct the cell without them."
        )


@fx.wrap
def _enter(x: Tensor, hx: Any, like: Tensor, form: _Form, steps: int) -> tuple[Tensor, State]:
    """Check everything; the input as [T, B, C], the state as a tuple of [L, B, units]."""
    x = check_input(x, like, form.input_size, form.batch_first)
    unbatched = x.dim() == 2
    if unbatched:
        x = x[:, None]
    elif form.batch_first:
        x = x.transpose(0, 1)
    if len(x) != steps:
        raise ShapeError(
            f"`x` must have one step for each of the {steps} copies: got {len(x)}. "
            "Time is axis 0 (axis 1 if the cell is batch_first). Unfold the cell over as many steps."
        )
    return x, _initial_state(hx, x, like, form, unbatched)


def _initial_state(hx: Any, x: Tensor, like: Tensor, form: _Form, unbatched: bool) -> State:
    stacked, rows = len(form.suffixes), x.shape[1]
    if hx is None:
        return tuple(x.new_zeros(stacked, rows, units) for units in form.units)
    layers = () if form.single else (stacked,)
    sizes = [(*layers, *(() if unbatched else (rows,)), units) for units in form.units]
    state = check_state(hx, ("h", "c")[: len(sizes)], sizes, like)
    return tuple(part.reshape(stacked, rows, part.shape[-1]) for part in state)


@fx.wrap
def _leave(outputs: list[Tensor], state: State, x: Tensor, form: _Form) -> tuple[Tensor, Any]:
    """The outputs [T, B, P] and the state as the cell gives them."""
    y, unbatched = torch.stack(outputs), x.dim() == 2
    if form.single:
        state = tuple(part[0] for part in state)
    if unbatched:
        y, state = y[:, 0], tuple(part.select(-2, 0) for part in state)
    elif form.batch_first:
        y = y.transpose(0, 1)
    return y, state if len(state) > 1 else state[0]
