"""A network that runs step by step: something before the recurrent core, the core, something after it.

    e_t = embed(x_t);   y_t, s_t = core(e_t, s_(t-1));   output_t = head(y_t)

embed and head see all steps at once but may not mix them. The core is a layer, a list of layers one above the other,
or any module that speaks the protocol `core(x, state) -> (y, state)` with time on axis 0.

Dimensions: T steps, B rows. Time is axis 0; axis 1 is the batch, in states too.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from throughtime.base.errors import ConfigError, NetworkError, ShapeError


class Network(nn.Module):
    """embed, recurrent core, head: `network(x, state) -> (output, state)`.

    Args:
        embed: stepwise module on [T, B, ...], e.g. nn.Embedding or nn.Linear; None passes the input on.
        core: `LSTM`, `RNN`, `WindowPerceptron`, a torch.nn recurrent layer, a module that speaks the protocol, or a
            list of those, run one above the other.
        head: stepwise module on the core's output; None passes it on.

    Raises:
        ConfigError: a part is no module, or the list is empty.
        NetworkError: a layer has batch_first=True; inside a network time is axis 0.
    """

    state_axis = 1

    def __init__(self, embed: nn.Module | None, core: nn.Module | Sequence[nn.Module], head: nn.Module | None) -> None:
        super().__init__()
        layers = list(core) if isinstance(core, Sequence | nn.ModuleList) else [core]
        _check_parts(embed, layers, head)
        self.embed = embed
        self.core = core if isinstance(core, nn.Module) else nn.ModuleList(layers)
        self.head = head

    @property
    def layers(self) -> list[nn.Module]:
        """The core's layers from the input upwards; one where the core is a single module."""
        return list(self.core) if isinstance(self.core, nn.ModuleList) else [self.core]

    @property
    def handles(self) -> frozenset[str]:
        """What of {"lengths", "resets"} every layer of the core honours."""
        return frozenset.intersection(*(frozenset(getattr(layer, "handles", ())) for layer in self.layers))

    def forward(
        self, x: Any, state: Any = None, *, lengths: Any = None, resets: Tensor | None = None
    ) -> tuple[Any, Any]:
        """Run over T steps.

        Args:
            x: [T, B, ...], or what `embed` takes.
            state: as this method returns it, or None to start afresh. A core given as a list has a tuple of states.
            lengths: [B] steps each row has; only where `handles` names it.
            resets: [T, B] bool, true where a new sequence begins; only where `handles` names it.

        Returns:
            The head's output and the state after the last step.

        Raises:
            NetworkError: lengths or resets, and a layer does not honour them.
            ShapeError: the state of a list is no tuple of as many states.
        """
        asked = {name: value for name, value in (("lengths", lengths), ("resets", resets)) if value is not None}
        self._check_asked(asked)
        y = x if self.embed is None else self.embed(x)
        if isinstance(self.core, nn.ModuleList):
            ends = []
            for layer, start in zip(self.core, self._starts(state), strict=True):
                y, end = layer(y, start, **asked)
                ends.append(end)
            state = tuple(ends)
        else:
            y, state = self.core(y, state, **asked)
        return (y if self.head is None else self.head(y)), state

    def _starts(self, state: Any) -> Sequence[Any]:
        if state is None:
            return [None] * len(self.layers)
        if not isinstance(state, tuple | list) or len(state) != len(self.layers):
            got = f"{len(state)} of them" if isinstance(state, tuple | list) else type(state).__name__
            raise ShapeError(
                f"`state` of a core of {len(self.layers)} layers is a tuple of as many states: got {got}. "
                "Pass the state that an earlier call returned, or None."
            )
        return state

    def _check_asked(self, asked: dict[str, Any]) -> None:
        for name in asked:
            if name not in self.handles:
                deaf = next(type(layer).__name__ for layer in self.layers if name not in getattr(layer, "handles", ()))
                raise NetworkError(
                    f"`{name}` needs a core whose every layer honours it: {deaf} does not. "
                    "Use throughtime.LSTM or throughtime.RNN, or split the rows yourself."
                )


def _check_parts(embed: Any, layers: list[Any], head: Any) -> None:
    if not layers:
        raise ConfigError("`core` needs at least one recurrent layer: got an empty list. Pass throughtime.LSTM(...).")
    for name, part in [("embed", embed), *(("core", layer) for layer in layers), ("head", head)]:
        if not isinstance(part, nn.Module) and not (part is None and name != "core"):
            raise ConfigError(f"`{name}` must be a torch module: got {part!r}. Construct it first.")
    for layer in layers:
        if getattr(layer, "batch_first", False):
            raise NetworkError(
                f"Time is axis 0 inside a network: {type(layer).__name__} has batch_first=True. "
                "Construct it with batch_first=False and pass x as [T, B, ...]."
            )
        if len(inspect.signature(layer.forward).parameters) < 2:
            raise NetworkError(
                f"A core speaks core(x, state) -> (y, state): {type(layer).__name__}.forward takes no state. "
                "Put stepwise modules into `embed` or `head`."
            )
