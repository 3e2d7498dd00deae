"""An LSTM that reads a text through a window, which it moves along itself.

    z[t] = W_x x[t] + b + W_h h[t-1] + W_w w[t-1],   c[t], h[t] as in an LSTM
    (a, b, s)[t] = exp(W_p h[t] + b_p),   k[t] = k[t-1] + s[t]
    phi[t, u] = sum_j a_j exp(-b_j (k_j - u)^2),   w[t] = sum_u phi[t, u] text[u]

What it writes is told by h and w: how a pen moves, say, and which letter is being written. k only grows, so that a text
is read from its beginning to its end. The window depends on the state and the state on the window: steps run one after
the other. The backward pass is written out, with one product over all steps for each weight's gradient.

Dimensions: T steps, B rows, C inputs, H hidden units, K bells of the window, U symbols of a text, V numbers of one.
Gates stand in the order i f g o.

Source: Graves 2013, arXiv 1308.0850, section 5.1 (equations 46 to 51, without peepholes).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional as F

from throughtime.base.checks import Checks
from throughtime.base.errors import NetworkError, ShapeError
from throughtime.kernels.once import once
from throughtime.nn.checks import check_rows

# Exponents of a, b and s beyond this one are cut: a window of any use has smaller ones.
MOST_EXPONENT = 10.0

State = dict[str, Tensor]


class WindowLSTM(nn.Module):
    """An LSTM whose step sees a part of a text.

    Args:
        input_size: C.
        hidden_size: H.
        text_size: V.
        bells: K.
        pace: symbols that the window moves a step before anything is learned, above 0.
        device, dtype: of the weights.

    Raises:
        ConfigError: a size is no positive whole number, or the pace is out of range.
    """

    state_axis = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        text_size: int,
        bells: int = 10,
        pace: float = 0.1,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        checks = Checks()
        self.input_size = checks.whole("input_size", input_size)
        self.hidden_size = checks.whole("hidden_size", hidden_size)
        self.text_size = checks.whole("text_size", text_size)
        self.bells = checks.whole("bells", bells)
        self.pace = checks.number("pace", pace, above=0)
        checks.report("WindowLSTM cannot be built")
        H, V, K = self.hidden_size, self.text_size, self.bells
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        self.weight_ih = nn.Parameter(torch.empty(4 * H, self.input_size, **place))
        self.weight_hh = nn.Parameter(torch.empty(4 * H, H, **place))
        self.weight_wh = nn.Parameter(torch.empty(4 * H, V, **place))
        self.bias = nn.Parameter(torch.zeros(4 * H, **place))
        self.weight_p = nn.Parameter(torch.empty(3 * K, H, **place))
        self.bias_p = nn.Parameter(torch.zeros(3 * K, **place))
        for weight in (self.weight_ih, self.weight_hh, self.weight_wh, self.weight_p):
            nn.init.uniform_(weight, -1 / math.sqrt(H), 1 / math.sqrt(H))
        nn.init.ones_(self.bias[H : 2 * H])
        nn.init.constant_(self.bias_p[2 * K :], math.log(self.pace))

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state."""
        return frozenset({"lengths"})

    def start(self, text: Tensor) -> State:
        """The state before texts [B, U, V] are read; a text's symbols past its end are 0."""
        if text.dim() != 3 or text.shape[-1] != self.text_size:
            raise ShapeError(f"Texts are [B, U, {self.text_size}]: {tuple(text.shape)} came.")
        zeros = [text.new_zeros(1, len(text), size) for size in (self.hidden_size,) * 2 + (self.text_size, self.bells)]
        return dict(zip(("h", "c", "w", "k"), zeros, strict=True), text=text[None])

    def forward(self, x: Tensor, state: State | None = None, *, lengths: Any = None) -> tuple[Tensor, State]:
        """Run over T steps.

        Args:
            x: [T, B, C].
            state: of `start`, or as this method returns it.
            lengths: [B] steps each row has, 0 .. T. The output past a row's end is 0.

        Returns:
            [T, B, H + V], h and w beside each other, and the state after each row's end.

        Raises:
            NetworkError: there is no state, so no text.
            ShapeError: lengths do not fit.
        """
        if state is None:
            raise NetworkError(
                "A window reads a text, and there is none: begin with the state that `start(text)` gives."
            )
        steps, count, _ = x.shape
        rows = check_rows(lengths, None, steps, count, x.device, unbatched=False)
        ends = torch.full((count,), steps) if lengths is None else torch.as_tensor(lengths)
        inputs = F.linear(x, self.weight_ih, self.bias)
        before = [state[name][0] for name in ("h", "c", "w", "k")]
        weights = self.weight_hh, self.weight_wh, self.weight_p, self.bias_p
        y, *after = _Run.apply(inputs, *before, state["text"][0], *weights, ends)
        if rows.kept is not None:
            y = y * rows.kept[..., None].to(y.dtype)
        return y, dict(zip(("h", "c", "w", "k"), (part[None] for part in after), strict=True), text=state["text"])

    def window(self, state: State, output: Tensor) -> Tensor:
        """Where the window stood after the steps of an output [T, B, H + V], from the state before them: [T, B, U]."""
        h, text = output[..., : self.hidden_size], state["text"][0]
        a, b, s = F.linear(h, self.weight_p, self.bias_p).clamp(max=MOST_EXPONENT).exp().chunk(3, -1)
        k = state["k"] + s.cumsum(0)
        away = k[..., None] - torch.arange(text.shape[1], device=text.device)
        phi = (a[..., None] * torch.exp(-b[..., None] * away * away)).sum(-2)
        return phi * text.any(-1)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.input_size}, {self.hidden_size}, text_size={self.text_size}, bells={self.bells}"


class _Run(Function):
    """All steps: (x's part of z [T, B, 4H], h, c, w, k, text, weights, ends [B]) to y and the state at the ends."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h0: Tensor, c0: Tensor, w0: Tensor, k0: Tensor, text: Tensor,
        W_h: Tensor, W_w: Tensor, W_p: Tensor, b_p: Tensor, ends: Tensor,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        T, B, H = len(inputs), len(h0), h0.shape[-1]
        new = inputs.new_empty
        y, c, k = new(T + 1, B, H + W_w.shape[1]), new(T + 1, B, H), new(T + 1, B, k0.shape[-1])
        y[0, :, :H], y[0, :, H:], c[0], k[0] = h0, w0, c0, k0
        gates, window = torch.empty_like(inputs), new(T, B, 3 * k0.shape[-1])
        recurrent, to_window = torch.cat([W_h, W_w], 1).t().contiguous(), W_p.t().contiguous()
        symbols = torch.arange(text.shape[1], device=text.device, dtype=text.dtype)
        for t in range(T):
            z = torch.addmm(inputs[t], y[t], recurrent, out=gates[t])
            z[:, : 2 * H].sigmoid_(), z[:, 2 * H : 3 * H].tanh_(), z[:, 3 * H :].sigmoid_()
            i, f, g, o = z.chunk(4, -1)
            torch.addcmul(i * g, f, c[t], out=c[t + 1])
            h = torch.mul(o, c[t + 1].tanh(), out=y[t + 1, :, :H])
            a, b, s = torch.addmm(b_p, h, to_window, out=window[t]).clamp_(max=MOST_EXPONENT).exp_().chunk(3, -1)
            torch.add(k[t], s, out=k[t + 1])
            y[t + 1, :, H:] = torch.bmm(_phi(a, b, k[t + 1], symbols)[:, None], text)[:, 0]
        ctx.save_for_backward(y, c, k, gates, window, text, W_h, W_w, W_p, ends)
        at = torch.arange(B)
        last = y[ends, at]
        return y[1:].clone(), last[:, :H].clone(), c[ends, at], last[:, H:].clone(), k[ends, at]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        with torch.no_grad():
            found = _Run._backward(ctx, *gradients)
        sources = (*gradients, *ctx.saved_tensors)
        return (*once("layer", "WindowLSTM", found, sources, "It has first derivatives only."), None)

    @staticmethod
    def _backward(
        ctx: Any, dy: Tensor, dh_n: Tensor, dc_n: Tensor, dw_n: Tensor, dk_n: Tensor
    ) -> tuple[Tensor | None, ...]:
        y, c, k, gates, window, text, W_h, W_w, W_p, ends = ctx.saved_tensors
        T, H = len(gates), W_h.shape[1]
        recurrent = torch.cat([W_h, W_w], 1)
        symbols = torch.arange(text.shape[1], device=text.device, dtype=text.dtype)
        dz, dp = torch.empty_like(gates), torch.empty_like(window)
        d_text = torch.zeros_like(text) if ctx.needs_input_grad[5] else None
        d_last, last_c, last_k = torch.cat([dh_n, dw_n], -1), dc_n, dk_n
        d_out, dc, dk = torch.zeros_like(d_last), torch.zeros_like(dc_n), torch.zeros_like(dk_n)
        for t in range(T - 1, -1, -1):
            ended = (ends == t + 1)[:, None]
            d_out = d_out + dy[t] + d_last * ended
            dc, dk = dc + last_c * ended, dk + last_k * ended
            a, b, s = window[t].chunk(3, -1)
            away = k[t + 1][..., None] - symbols
            bell = torch.exp(-b[..., None] * away * away)
            dw = d_out[:, H:]
            if d_text is not None:
                d_text += torch.bmm(torch.bmm(a[:, None], bell).mT, dw[:, None])
            d_bell = bell * torch.bmm(text, dw[..., None]).mT  # [B, K, U]: dL/dphi, weighed
            dk = dk - 2 * a * b * (d_bell * away).sum(-1)
            grown = torch.cat([a * d_bell.sum(-1), -a * b * (d_bell * away * away).sum(-1), dk * s], -1)
            dp[t] = grown * (window[t] < math.exp(MOST_EXPONENT))
            dh = d_out[:, :H] + dp[t] @ W_p
            i, f, g, o = gates[t].chunk(4, -1)
            squashed = c[t + 1].tanh()
            dc = dc + dh * o * (1 - squashed * squashed)
            parts = dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dc * i * (1 - g * g), dh * squashed * o * (1 - o)
            torch.cat(parts, -1, out=dz[t])
            dc = dc * f
            d_out = dz[t] @ recurrent
        none = (ends == 0)[:, None]  # a row without a step hands its last state's gradient to its first
        d_out, dc, dk = d_out + d_last * none, dc + last_c * none, dk + last_k * none
        flat = dz.flatten(0, 1)
        d_recurrent = flat.mT @ y[:-1].flatten(0, 1)
        d_p = dp.flatten(0, 1)
        return (
            dz, d_out[:, :H], dc, d_out[:, H:], dk, d_text, d_recurrent[:, :H], d_recurrent[:, H:],
            d_p.mT @ y[1:, :, :H].flatten(0, 1), d_p.sum(0),
        )  # fmt: skip


def _phi(a: Tensor, b: Tensor, k: Tensor, symbols: Tensor) -> Tensor:
    """The window [B, U], from the bells [B, K]."""
    away = k[..., None] - symbols
    return torch.bmm(a[:, None], torch.exp(-b[..., None] * away * away))[:, 0]
