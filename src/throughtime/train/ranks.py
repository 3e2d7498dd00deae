"""The processes of one training, each with its own rows: what they must agree on, and what they tell each other.

All ranks read the same batches and take their own rows of each; the engine adds up their gradients, so that weights
stay equal. The first rank keeps the run: it alone writes checkpoints and events, and tells the others where to begin.

`joined` makes the group of the processes that torchrun started. What is sent is a tree of settings and tensors, as in a
checkpoint: nothing that could run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from throughtime.base import launch, model_file
from throughtime.base.errors import ConfigError, RunError
from throughtime.base.trees import Tree
from throughtime.bptt import Carry, Nest, Piece
from throughtime.bptt.protocol import state_axis
from throughtime.bptt.sharing import joined as joined_carries
from throughtime.bptt.sharing import rows_of_carry, rows_of_piece, rows_of_state, share
from throughtime.train.batches import rows_of
from throughtime.train.meeting import meet


class Ranks:
    """The ranks of a group; with no group, this process alone, and nothing is sent.

    Every method that sends must be called by all ranks, in the same order.

    Args:
        group: a torch.distributed group, or None.

    Attributes:
        rank: of this process, from 0.
        count: of all.
    """

    def __init__(self, group: dist.ProcessGroup | None = None) -> None:
        self.group = group
        self.rank = 0 if group is None else dist.get_rank(group)
        self.count = 1 if group is None else dist.get_world_size(group)
        on_cards = group is not None and dist.get_backend(group) == dist.Backend.NCCL
        self._device = torch.device("cuda", torch.cuda.current_device()) if on_cards else torch.device("cpu")

    @property
    def is_first(self) -> bool:
        """Whether this is the rank that keeps the run."""
        return self.rank == 0

    def part(self, piece: Piece) -> Piece:
        """This rank's rows of a piece."""
        return piece if self.count == 1 else rows_of_piece(piece, self._share(rows_of(piece)))

    def part_of_state(self, state: Any, network: nn.Module, rows: int) -> Any:
        """The initial state of this rank's rows, from that of all.

        Args:
            state: None, a nest, or a callable (rows [N], step) -> nest, as `through_time` takes it.
            network: whose state it is.
            rows: of all ranks.
        """
        own = self._share(rows)
        if self.count == 1 or state is None:
            return state
        if not callable(state):
            return rows_of_state(state, own, state_axis(network))
        first = own.start if own else 0
        return (
            _ModuleFrom(state, first) if isinstance(state, nn.Module) else lambda rows, step: state(rows + first, step)
        )

    def part_of_carry(self, whole: Tree, network: nn.Module) -> Carry:
        """This rank's rows of what `whole_carry` gave."""
        carry = Carry.from_tree(whole)
        rows = self._share(carry.steps.rows)
        return carry if self.count == 1 else rows_of_carry(carry, rows, state_axis(network))

    def whole_carry(self, parts: Sequence[Tree], network: nn.Module, rows: int) -> Tree:
        """The tree of the carry of all rows, from every rank's.

        Args:
            parts: in the order of the ranks; None where no batch is open.
            network: whose states they hold.
            rows: of all of them; a rank without any of its own adds nothing.
        """
        if self.count == 1 or parts[0] is None:
            return parts[0]
        owners = [Carry.from_tree(part) for rank, part in enumerate(parts) if share(rows, rank, self.count)]
        return joined_carries(owners, state_axis(network)).to_tree()

    def any(self, *flags: bool) -> list[bool]:
        """For each flag, whether it is up on any rank."""
        if self.group is None:
            return list(flags)
        told = torch.tensor(flags, dtype=torch.int32, device=self._device)
        dist.all_reduce(told, dist.ReduceOp.MAX, group=self.group)
        return [bool(flag) for flag in told.tolist()]

    def sums(self, *numbers: float) -> list[float]:
        """Each number summed over the ranks."""
        if self.group is None:
            return list(numbers)
        total = torch.tensor(numbers, dtype=torch.float64, device=self._device)
        dist.all_reduce(total, group=self.group)
        return total.tolist()

    def of_first(self, tree: Tree, device: torch.device | None = None) -> Tree:
        """The first rank's tree; its tensors that were not on the CPU go to `device`."""
        if self.group is None:
            return tree
        sent = _as_bytes(tree) if self.is_first else torch.empty(0, dtype=torch.uint8)
        size = torch.tensor(len(sent), device=self._device)
        dist.broadcast(size, group_src=0, group=self.group)
        buffer = sent.to(self._device) if self.is_first else sent.new_empty(int(size), device=self._device)
        dist.broadcast(buffer, group_src=0, group=self.group)
        return tree if self.is_first else _from_bytes(buffer, device)

    def gathered(self, tree: Tree, device: torch.device | None = None) -> list[Tree]:
        """Every rank's tree on the first rank, in their order; nothing on the others."""
        if self.group is None:
            return [tree]
        sent = _as_bytes(tree)
        sizes = torch.zeros(self.count, dtype=torch.int64, device=self._device)
        sizes[self.rank] = len(sent)
        dist.all_reduce(sizes, group=self.group)
        padded = torch.zeros(int(sizes.max()), dtype=torch.uint8, device=self._device)
        padded[: len(sent)] = sent.to(self._device)
        places = [torch.empty_like(padded) for _ in range(self.count)] if self.is_first else None
        dist.gather(padded, places, group_dst=0, group=self.group)
        return [_from_bytes(place[:size], device) for place, size in zip(places or [], sizes.tolist(), strict=False)]

    def agree(self, what: str, own: Mapping[str, object]) -> None:
        """Raise on every rank unless all have the same.

        Args:
            what: it is, in words.
            own: plain values by name.

        Raises:
            RunError: a rank has others than the first; it is named where it differs.
        """
        first = self.of_first({name: str(value) for name, value in own.items()})
        other = [
            f"{name}: {first.get(name)}, and {own[name]} here" for name in own if first.get(name) != str(own[name])
        ]
        if self.any(bool(other))[0]:
            here = f"rank 0 and rank {self.rank} differ in {'; '.join(other)}" if other else "another rank's differ"
            raise RunError(
                f"Every rank of a training has the same {what}: {here}. Start them all alike, on equal tables and "
                "versions."
            )

    def _share(self, rows: int) -> range:
        return share(rows, self.rank, self.count)


@contextmanager
def joined() -> Iterator[Ranks]:
    """The ranks that torchrun started, or this process alone; the group is left at the end.

    Each rank of a host takes the GPU of its local rank, where there is one.
    """
    if not launch.is_under_torchrun() or dist.is_initialized():
        yield Ranks(dist.group.WORLD if dist.is_available() and dist.is_initialized() else None)
        return
    if launch.local_rank() < torch.cuda.device_count():
        torch.cuda.set_device(launch.local_rank())
    meet()
    try:
        yield Ranks(dist.group.WORLD)
    finally:
        dist.destroy_process_group()


class _ModuleFrom(nn.Module):
    """A module that gives initial states, for rows numbered from a later one on; its parameters stay in sight."""

    def __init__(self, state: nn.Module, first: int) -> None:
        super().__init__()
        self.state, self.first = state, first

    def forward(self, rows: Tensor, step: int) -> Nest:
        return self.state(rows + self.first, step)


def refuse_too_few(rows: int, ranks: Ranks) -> None:
    """Raise ConfigError where there are fewer sequences than ranks: a rank would have nothing to do."""
    if rows < ranks.count:
        raise ConfigError(
            f"Each rank trains on sequences of its own: {rows} for {ranks.count} ranks came. Start at most {rows} "
            f"process{'es' if rows > 1 else ''}, or give more series."
        )


def _as_bytes(tree: Tree) -> Tensor:
    return torch.frombuffer(bytearray(model_file.tree_to_bytes(tree)), dtype=torch.uint8)


def _from_bytes(data: Tensor, device: torch.device | None) -> Tree:
    return model_file.tree_from_bytes(data.cpu().numpy().data, device)
