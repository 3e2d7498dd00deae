"""Whether torchrun started this process, and as which of how many: told by the environment, without torch."""

from __future__ import annotations

import os

# torchrun's own names; other launchers use them too.
_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def is_under_torchrun() -> bool:
    """Whether torchrun, or a launcher that speaks like it, started this process."""
    return all(name in os.environ for name in _NEEDED)


def rank() -> int:
    """The number of this process among those started together, from 0."""
    return int(os.environ["RANK"]) if is_under_torchrun() else 0


def ranks() -> int:
    """How many processes were started together."""
    return int(os.environ["WORLD_SIZE"]) if is_under_torchrun() else 1


def local_rank() -> int:
    """The number of this process among those of its host, from 0."""
    return int(os.environ.get("LOCAL_RANK", 0)) if is_under_torchrun() else 0


def may_be_restarted() -> bool:
    """Whether torchrun starts these processes anew when one of them fails; whether it has, no single host knows."""
    return is_under_torchrun() and int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", 0)) > 0
