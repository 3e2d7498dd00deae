"""Several processes, each with its own rows, taking equal updates: torch.distributed under the engine.

Counts are summed before the backward pass, so that every rank divides by the global count; gradients are summed after
it. All ranks share the schedule's n, the longest row of all: a rank whose steps have ended goes on with steps past
its rows' ends, so that unequal rows neither hang the others nor change a window. Rows are numbered through over all
ranks, so that random masks of throughtime's layers are those of one process with all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn

# Kinds of gradients that the loss, and which parameters were reached, can travel with: one message is fewer than two.
_EXACT = (torch.float32, torch.float64)


class Group:
    """The processes that share each update; with no torch.distributed group, this one alone.

    Args:
        group: a torch.distributed process group, or None.
        parameters: those whose gradients are summed; the same ones, in the same order, on every rank.
    """

    def __init__(self, group: dist.ProcessGroup | None, parameters: Iterable[nn.Parameter]) -> None:
        self.group = group
        self.parameters = [p for p in dict.fromkeys(parameters) if p.requires_grad]
        self._end: int | None = None  # the last step of all ranks, once it is known
        self._counts: tuple[int, Tensor] | None = None  # of all ranks, from a first step on
        self._device = self.parameters[0].device if self.parameters else torch.device("cpu")

    def of_first(self, number: int) -> int:
        """The number that the first rank has."""
        if self.group is None:
            return number
        told = torch.tensor(number, device=self._device)
        dist.broadcast(told, group_src=0, group=self.group)
        return int(told)

    def rows_before(self, rows: int) -> int:
        """Rows of the ranks before this one, which has `rows` itself."""
        if self.group is None:
            return 0
        of_each = torch.zeros(dist.get_world_size(self.group), dtype=torch.int64, device=self._device)
        rank = dist.get_rank(self.group)
        of_each[rank] = rows
        dist.all_reduce(of_each, group=self.group)
        return int(of_each[:rank].sum())

    def furthest(self, step: int, more: bool) -> int:
        """The last step that any rank has.

        Args:
            step: the last that this one has.
            more: whether it may have more to come; once no rank may, none is asked again.
        """
        if self.group is None:
            return step
        if self._end is not None:
            return self._end
        told = torch.tensor([step, int(more)], device=self._device)
        dist.all_reduce(told, dist.ReduceOp.MAX, group=self.group)
        furthest, any_more = told.tolist()
        self._end = None if any_more else furthest
        return furthest

    def total(self, counted: float, steps: range, by_step: Callable[[], tuple[int, Tensor]]) -> float:
        """The losses counted by all ranks.

        Args:
            counted: those of this rank.
            steps: where they stand.
            by_step: gives a first step and the losses [n] this rank counts at each from there on. It is asked once,
                when no rank has more steps to come: then all ranks tell all of theirs together.
        """
        if self.group is None:
            return counted
        if self._end is None:
            return float(self.summed(torch.tensor(counted, dtype=torch.float64)))
        if self._counts is None:
            first, own = by_step()
            counts = torch.zeros(self._end - first, dtype=torch.float64)
            counts[: len(own)] = own
            self._counts = first, self.summed(counts).cpu()
        first, counts = self._counts
        return float(counts[steps.start - first : steps.stop - first].sum())

    def backward(self, run: Callable[[], Tensor]) -> Tensor:
        """Run a backward pass and sum what it adds to the gradients over the ranks.

        Args:
            run: the backward pass, which returns this rank's part of the update's loss; it does nothing on a rank that
                has none in this update.

        Returns:
            The loss summed over the ranks.
        """
        if self.group is None:
            return run()
        before = [p.grad for p in self.parameters]
        for p in self.parameters:
            p.grad = None
        try:
            loss = self._sum(run())
        finally:
            for p, old in zip(self.parameters, before, strict=True):
                if old is not None:
                    p.grad = old if p.grad is None else old.add_(p.grad)
        return loss

    def summed(self, loss: Tensor) -> Tensor:
        """A loss summed over the ranks."""
        if self.group is None:
            return loss
        total = loss.to(self._device, torch.float64, copy=True)
        dist.all_reduce(total, group=self.group)
        return total.to(loss.dtype)

    def _sum(self, loss: Tensor) -> Tensor:
        """Sum gradients and loss; a parameter that no rank reached keeps no gradient: optimizers move on zeros."""
        told = torch.tensor([float(loss), *(p.grad is not None for p in self.parameters)], dtype=torch.float64)
        kinds = dict.fromkeys(p.dtype for p in self.parameters)
        carrier = next((kind for kind in kinds if kind in _EXACT), None)
        if carrier is None:
            told = self.summed(told)
        summed: dict[nn.Parameter, Tensor] = {}
        for kind in kinds:
            some = [p for p in self.parameters if p.dtype == kind]
            parts = [(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in some]
            flat = torch.cat([*parts, told.to(parts[0])] if kind == carrier else parts)
            dist.all_reduce(flat, group=self.group)
            if kind == carrier:
                told, flat = flat[-len(told) :].cpu(), flat[: -len(told)]
            summed |= zip(some, flat.split([p.numel() for p in some]), strict=True)
        for p, ranks in zip(self.parameters, told[1:].tolist(), strict=True):
            p.grad = summed[p].view_as(p) if ranks else None
        return told[0].to(loss)
