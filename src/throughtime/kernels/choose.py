"""Which kernel runs: chosen by what the layer needs and where its weights are, and said aloud.

`auto` takes the first of `KERNELS` that serves; a kernel asked for by name serves or refuses. The choice depends on
the layer's settings and weights alone, never on a batch, so that it cannot change within a stream.
"""

from __future__ import annotations

from collections.abc import Set

import torch

from throughtime.base.errors import KernelError
from throughtime.kernels.cpu import library

CPU = torch.device("cpu")
PLAIN = frozenset({"bias", "projection", "dropout", "bidirectional", "weight_drop"})
EVERYTHING = PLAIN | {"peephole", "layer_norm", "zoneout", "recurrent_dropout"}

# In order of preference, with the options each has. The oracle serves everything, everywhere.
KERNELS: dict[str, frozenset[str]] = {"cpu": EVERYTHING, "torch": PLAIN, "oracle": EVERYTHING}


def choose(asked: str, needs: Set[str], device: torch.device = CPU, dtype: torch.dtype = torch.float32) -> str:
    """The name of the kernel that will run.

    Args:
        asked: "auto" or the name of a kernel.
        needs: options that are on, e.g. {"bias", "peephole"}.
        device: where the layer's weights are.
        dtype: of the weights.

    Returns:
        A name from `KERNELS`.

    Raises:
        KernelError: there is no such kernel, or it cannot do what is needed, or not there.
    """
    if asked == "auto":
        return next(name for name in KERNELS if not obstacle(name, needs, device, dtype))
    if asked not in KERNELS:
        names = ", ".join(f'"{name}"' for name in ("auto", *KERNELS))
        raise KernelError(f"A kernel must be one of {names}: got {asked!r}. Leave kernel='auto' to let it be chosen.")
    why_not = obstacle(asked, needs, device, dtype)
    if why_not:
        others = ", ".join(f'kernel="{name}"' for name in KERNELS if not obstacle(name, needs, device, dtype))
        raise KernelError(
            f'A kernel runs only what it can do: the {asked} kernel {why_not}. Use {others} or kernel="auto".'
        )
    return asked


def obstacle(name: str, needs: Set[str], device: torch.device, dtype: torch.dtype) -> str:
    """Why a kernel cannot serve, as the end of a sentence about it; empty where it can.

    Args:
        name: from `KERNELS`.
        needs: options that are on.
        device: where the layer's weights are.
        dtype: of the weights.
    """
    missing = sorted(needs - KERNELS[name])
    if missing:
        return f"has no {', '.join(missing)}"
    if name != "cpu":
        return ""
    misplaced = _misplaced(device, dtype)
    if misplaced:
        return misplaced
    found = library.found()
    return "" if found.kernels is not None else f"needs its compiled library: there is none here, {found.reason}"


def choose_traced(asked: str, needs: Set[str], device: torch.device, dtype: torch.dtype) -> str:
    """The kernel of a call that torch records: the cpu kernel is no part of torch's graphs, torch stands in for it.

    Args:
        asked: "auto" or the name of a kernel, one that `choose` took.
        needs: options that are on.
        device: where the layer's weights are.
        dtype: of the weights.

    Raises:
        KernelError: the cpu kernel was asked for, and torch's has not what is needed.
    """
    if asked in ("torch", "oracle"):
        return asked
    if asked == "cpu":
        missing = ", ".join(sorted(needs - PLAIN))
        why_not = _misplaced(device, dtype) or (missing and f"is no part of graphs that torch records, nor has the "
            f"torch kernel, which stands in for it there, {missing}")  # fmt: skip
        if why_not:
            raise KernelError(
                f'A kernel runs only what it can do: the cpu kernel {why_not}. Use kernel="oracle" or kernel="auto".'
            )
    return "torch" if needs <= PLAIN else "oracle"


def described(name: str) -> str:
    """A kernel's name; the cpu kernel's with its instruction set, on which its last bits depend."""
    return f"cpu ({library.found().name})" if name == "cpu" else name


def _misplaced(device: torch.device, dtype: torch.dtype) -> str:
    if device.type != "cpu":
        return f"runs on the CPU, and the layer's weights are on {device}"
    if dtype not in library.TYPES:
        return f"computes in float32 and float64, and the layer's weights are {dtype}"
    return ""
