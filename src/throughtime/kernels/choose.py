"""Which kernel runs: chosen once, by what the layer needs, and said aloud.

`auto` takes the first of `KERNELS` that serves; a kernel asked for by name serves or refuses. The choice depends on
the layer's settings alone, never on a batch, so that it cannot change within a stream.
"""

from __future__ import annotations

from collections.abc import Set

from throughtime.base.errors import KernelError

# In order of preference. The oracle serves everything.
KERNELS: dict[str, frozenset[str]] = {
    "torch": frozenset({"bias", "projection", "dropout", "bidirectional", "weight_drop"}),
    "oracle": frozenset(
        {
            "bias",
            "projection",
            "dropout",
            "bidirectional",
            "weight_drop",
            "peephole",
            "layer_norm",
            "zoneout",
            "recurrent_dropout",
        }
    ),
}


def choose(asked: str, needs: Set[str]) -> str:
    """The name of the kernel that will run.

    Args:
        asked: "auto" or the name of a kernel.
        needs: options that are on, e.g. {"bias", "peephole"}.

    Returns:
        A name from `KERNELS`.

    Raises:
        KernelError: there is no such kernel, or it cannot do what is needed.
    """
    if asked == "auto":
        return next(name for name, serves in KERNELS.items() if needs <= serves)
    if asked not in KERNELS:
        names = ", ".join(f'"{name}"' for name in ("auto", *KERNELS))
        raise KernelError(f"A kernel must be one of {names}: got {asked!r}. Leave kernel='auto' to let it be chosen.")
    missing = sorted(needs - KERNELS[asked])
    if missing:
        others = ", ".join(f'kernel="{name}"' for name, serves in KERNELS.items() if needs <= serves)
        raise KernelError(
            f"A kernel runs only what it can do: the {asked} kernel has no {', '.join(missing)}. Use {others} or "
            'kernel="auto".'
        )
    return asked
