"""How the processes that torchrun starts find each other, also after some of them were killed and all started anew.

torchrun keeps one store of keys for all its attempts, and torch's own meeting reads there what an attempt before has
left: addresses of processes that are gone (pytorch issues 135712 and 167288). So the ranks first agree on a part of the
store that is new, by numbers drawn at random:

    rank r      says n_r            waits for the answer to n_r, which is n_0        says that it has n_0
    rank 0      answers every n_r with its own n_0, also one of a process that is gone, until all have n_0

The number of the attempt would not do: each host counts its own.
"""

from __future__ import annotations

import secrets
import time

from torch.distributed import init_process_group
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from throughtime.base.errors import RunError

_AREA = "throughtime"
_EVERY_S = 0.02  # the store is asked no more often
_PATIENCE_S = 1800.0  # as long as torch waits for a rank


def meet() -> None:
    """Make the default group of the processes that torchrun started.

    Tensors on the CPU go through gloo, on GPUs through nccl.

    Raises:
        RunError: not all of them came.
    """
    store, rank, ranks = next(rendezvous("env://"))
    number = _agreed(store, rank, ranks)
    own = PrefixStore(f"{_AREA}/{number}", store)
    init_process_group(store=own, rank=rank, world_size=ranks)


def _agreed(store: Store, rank: int, ranks: int) -> str:
    """The first rank's number."""
    own = secrets.token_hex(8)
    if rank == 0:
        _answer_all(store, own, ranks)
        return own
    store.set(f"{_AREA}/number/{rank}", own)
    first = store.get(f"{_AREA}/answer/{own}").decode()
    store.set(f"{_AREA}/met/{first}/{rank}", "")
    return first


def _answer_all(store: Store, own: str, ranks: int) -> None:
    met = {rank: f"{_AREA}/met/{own}/{rank}" for rank in range(1, ranks)}
    answered: set[str] = set()
    until = time.monotonic() + _PATIENCE_S
    while missing := [rank for rank, key in met.items() if not store.check([key])]:
        for key in (f"{_AREA}/number/{rank}" for rank in missing):
            number = store.get(key).decode() if store.check([key]) else ""
            if number and number not in answered:
                store.set(f"{_AREA}/answer/{number}", own)
                answered.add(number)
        if time.monotonic() > until:
            raise RunError(
                f"All ranks of a training meet before it begins: of {ranks}, {', '.join(map(str, missing))} did not "
                "come. See what torchrun says of them on their hosts."
            )
        time.sleep(_EVERY_S)
