"""Pools over the steps of a sequence, step by step, so that they train under truncation and in streams.

    mean       y_t = (x_1 + .. + x_t) / t
    max        y_t = max(x_1, .., x_t), feature by feature
    attention  y_t = (e^(a_1) x_1 + .. + e^(a_t) x_t) / (e^(a_1) + .. + e^(a_t)),        a_t = w x_t

At a sequence's last step that is the pool over all of it, so a label there is one for the whole sequence. What goes on
from step to step is the pool so far: steps in pieces give what one piece gives, and gradients reach as far back as
windows do. Attention keeps p_t = max(a_1, .., a_t) and z_t, the sum of e^(a_i - p_t): no exponential exceeds 1.

Dimensions: T steps, B rows, H features. Time is axis 0; axis 1 is the batch, in states too.

Source of the running softmax: Milakov & Gimelshein 2018, arXiv 1805.02867.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from throughtime.base.checks import Checks
from throughtime.base.errors import DtypeError, ShapeError
from throughtime.kernels import Rows
from throughtime.nn.checks import check_rows

HOWS = ("mean", "max", "attention")
# Steps of attention that meet at once, each all before it: their weights take so many numbers a step and row.
MEETING = 64

State = dict[str, Tensor]


class RunningPool(nn.Module):
    """The pool over a sequence's steps so far, to stand above recurrent layers in a `Network`.

        tt.Network(embed, [tt.LSTM(8, 32), RunningPool("mean")], nn.Linear(32, classes))

    trained with weights of 0 but at each row's last step learns a label of the whole sequence. Without anything of
    their own to learn, "mean" and "max" suit any number of features.

    Args:
        how: "mean", "max" or "attention".
        input_size: H; only attention needs it, for its weights w. They begin at 0, so it begins as the mean.
        device, dtype: of w.

    Raises:
        ConfigError: another `how`, or a size that does not go with it.
    """

    state_axis = 1

    def __init__(self, how: str, input_size: int | None = None, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        checks = Checks()
        self.how = checks.choice("how", how, HOWS)
        self.input_size = None if input_size is None else checks.whole("input_size", input_size)
        if how == "attention" and input_size is None:
            checks.add("attention needs `input_size`, the features of a step")
        checks.report("RunningPool cannot be built")
        weights = torch.zeros(1, self.input_size or 0, device=device, dtype=dtype)
        self.weight = nn.Parameter(weights) if self.how == "attention" else None

    @property
    def handles(self) -> frozenset[str]:
        """What `forward` honours beside its input and state."""
        return frozenset({"lengths", "resets"})

    def forward(
        self, x: Tensor, state: State | None = None, *, lengths: Any = None, resets: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Run over T steps.

        Args:
            x: [T, B, H] input.
            state: as this method returns it, or None to begin; one of zeros begins too.
            lengths: [B] steps each row has, 0 .. T. The output past a row's end is 0.
            resets: [T, B] bool; where true a new sequence begins, and the pool with it.

        Returns:
            The pools [T, B, H], and what goes on, each [1, B, ...]: the pool, beside it the count of steps, or
            attention's p and z.

        Raises:
            ShapeError: sizes do not fit together, or a length is out of range.
            DtypeError: an argument is not of the right kind.
        """
        self._check(x, state)
        steps, count, _ = x.shape
        rows = check_rows(lengths, resets, steps, count, x.device, unbatched=False)
        # Sums of many half-precision numbers would lose the small ones.
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        now = self._beginning(wide) if state is None else {name: part[0] for name, part in state.items()}
        outputs = []
        for start, stop in self._stretches(rows):
            if rows.starts is not None:
                fresh = rows.starts[start][:, None]
                now = {name: part.masked_fill(fresh, 0) for name, part in now.items()}
            y, after = getattr(self, f"_{self.how}")(wide[start:stop], now)
            if rows.kept is not None:
                going = rows.kept[start][:, None]
                y = torch.where(going, y, 0)
                after = {name: torch.where(going, part, now[name]) for name, part in after.items()}
            outputs.append(y)
            now = after
        done = sum(len(y) for y in outputs)
        if done < steps:  # no row goes on to the end
            outputs.append(wide.new_zeros(steps - done, *wide.shape[1:]))
        y = torch.cat(outputs) if outputs else wide
        return y.to(x.dtype), {name: part[None] for name, part in now.items()}

    def extra_repr(self) -> str:
        """What it does."""
        return self.how if self.input_size is None else f"{self.how}, {self.input_size}"

    def _check(self, x: Any, state: Any) -> None:
        if not isinstance(x, Tensor) or not x.is_floating_point():
            raise DtypeError(f"`x` is a tensor of floats: {getattr(x, 'dtype', type(x).__name__)} came.")
        if x.dim() != 3 or (self.input_size is not None and x.shape[-1] != self.input_size):
            features = "H" if self.input_size is None else f"H = {self.input_size}"
            raise ShapeError(f"`x` of a pool is [T, B, H], {features}: {tuple(x.shape)} came.")
        wanted = self._beginning(x)
        if state is None:
            return
        shapes = {name: (1, *part.shape) for name, part in wanted.items()}
        came = {name: tuple(part.shape) for name, part in state.items()} if isinstance(state, dict) else state
        if came != shapes:
            raise ShapeError(f"The state of a pool holds {shapes}: {came} came. Pass what an earlier call returned.")

    def _beginning(self, x: Tensor) -> State:
        """Of no step: zeros, as a new sequence in a row gets them too."""
        one, pool = x.new_zeros(x.shape[1], 1), x.new_zeros(x.shape[1:])
        if self.how == "attention":
            return {"peak": one, "weight": one, "pool": pool}
        return {"count": one.long(), "pool": pool}

    def _stretches(self, rows: Rows) -> list[tuple[int, int]]:
        """Between the places where rows end or begin; of attention, no longer than may meet."""
        most = MEETING if self.how == "attention" else max(rows.steps, 1)
        return [(a, min(a + most, stop)) for start, stop in pairwise(rows.cuts) for a in range(start, stop, most)]

    def _mean(self, x: Tensor, now: State) -> tuple[Tensor, State]:
        before = now["count"]
        count = before + torch.arange(1, len(x) + 1, device=x.device)[:, None, None]  # [T, B, 1]
        y = (now["pool"] * before + x.cumsum(0)) / count
        return y, {"count": count[-1], "pool": y[-1]}

    def _max(self, x: Tensor, now: State) -> tuple[Tensor, State]:
        y, before = x.cummax(0).values, now["pool"]
        # Of equal numbers the latest is taken, as cummax does, however steps are cut; nan stays.
        earlier = (now["count"] > 0) & ((before > y) | before.isnan())
        y = torch.where(earlier, before, y)
        return y, {"count": now["count"] + len(x), "pool": y[-1]}

    def _attention(self, x: Tensor, now: State) -> tuple[Tensor, State]:
        assert self.weight is not None
        with torch.autocast(x.device.type, enabled=False):
            scores = (x * self.weight.to(x)).sum(-1)  # [T, B]
            # The peak moves weights and their sum alike, so no gradient goes through it.
            first = now["peak"].detach().masked_fill(now["weight"] == 0, -math.inf)  # [B, 1]
            peak = torch.maximum(scores.detach().cummax(0).values, first[:, 0])
            later = torch.ones(len(x), len(x), dtype=torch.bool, device=x.device).triu(1)[..., None]
            apart = (scores - peak[:, None]).masked_fill(later, -math.inf)  # [t, i, B]: step i as step t weighs it
            weights, earlier = apart.exp(), now["weight"] * (first - peak[..., None]).exp()  # [T, B, 1]
            weight = earlier + weights.sum(1)[..., None]
            y = (earlier * now["pool"] + torch.einsum("tib,ibh->tbh", weights, x)) / weight
        return y, {"peak": peak[-1, :, None], "weight": weight[-1], "pool": y[-1]}
