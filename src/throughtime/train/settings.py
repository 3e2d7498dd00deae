"""How to train: the numbers of one training, checked together."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass

from throughtime.base.errors import ConfigError

OPTIMIZERS = ("adamw", "adam", "sgd", "rmsprop")
DECAYS = ("cosine", "constant")

_WITH_MOMENTUM = ("sgd", "rmsprop")
_CLOSURE = ("lbfgs",)  # torch's optimizers whose step() must evaluate the loss again
_MAX_SEED = 2**63


@dataclass(frozen=True, kw_only=True)
class Training:
    """Settings of one training.

    Args:
        epochs: passes over the batches, >= 1.
        learning_rate: the largest one, > 0; warm-up leads to it, decay away from it.
        optimizer: "adamw" | "adam" | "sgd" | "rmsprop", torch's own.
        weight_decay: >= 0; decoupled for adamw, added to the gradient for the others.
        momentum: in [0, 1), for sgd and rmsprop.
        clip_norm: gradients are scaled down to this L2 norm over all parameters, > 0; None: never.
        decay: "cosine" falls from learning_rate towards 0 along the epochs; "constant" stays.
        warmup_updates: the first updates, over which the rate rises linearly, >= 0.
        patience: stop after so many epochs without a better validation value, >= 1; None: run all epochs.
        seed: of everything random in the network while it trains, 0 <= seed < 2**63.
        checkpoint_every_s: seconds between checkpoints, >= 0; 0: after every update. None: so that writing them takes
            a fiftieth of the time, but not more often than every second.
        checkpoint_every_updates: also after every so many updates, >= 1; None: by time only.

    Raises:
        ConfigError: one or more settings are out of range or contradict each other; all are named.
    """

    epochs: int
    learning_rate: float
    optimizer: str = "adamw"
    weight_decay: float = 0.0
    momentum: float = 0.0
    clip_norm: float | None = 1.0
    decay: str = "cosine"
    warmup_updates: int = 0
    patience: int | None = None
    seed: int = 0
    checkpoint_every_s: float | None = None
    checkpoint_every_updates: int | None = None

    def __post_init__(self) -> None:
        problems = [
            _whole("epochs", self.epochs, 1),
            _number("learning_rate", self.learning_rate, above=True),
            _optimizer(self.optimizer),
            _number("weight_decay", self.weight_decay),
            _number("momentum", self.momentum, below=1),
            None if self.clip_norm is None else _number("clip_norm", self.clip_norm, above=True),
            _choice("decay", self.decay, DECAYS),
            _whole("warmup_updates", self.warmup_updates, 0),
            None if self.patience is None else _whole("patience", self.patience, 1),
            _whole("seed", self.seed, 0, _MAX_SEED),
            None if self.checkpoint_every_s is None else _number("checkpoint_every_s", self.checkpoint_every_s),
            None
            if self.checkpoint_every_updates is None
            else _whole("checkpoint_every_updates", self.checkpoint_every_updates, 1),
        ]
        if self.momentum and self.optimizer in set(OPTIMIZERS) - set(_WITH_MOMENTUM):
            problems.append(f"`momentum` belongs to {' and '.join(_WITH_MOMENTUM)}, {self.optimizer} has its own")
        found = [problem for problem in problems if problem]
        if found:
            raise ConfigError(f"Training settings: {'; '.join(found)}. Change {'it' if len(found) == 1 else 'them'}.")


def _whole(name: str, value: object, least: int, below: int | None = None) -> str | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if whole and value >= least and (below is None or value < below):  # type: ignore[operator]
        return None
    return f"`{name}` is a whole number, {least} or more{f' and below {below}' if below else ''}: {value!r} came"


def _number(name: str, value: object, *, above: bool = False, below: float | None = None) -> str | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if number and (value > 0 or (value == 0 and not above)) and (below is None or value < below):  # type: ignore[operator]
        return None
    rule = "above 0" if above else "0 or more"
    return f"`{name}` is a number {rule}{f' and below {below}' if below else ''}: {value!r} came"


def _choice(name: str, value: object, known: tuple[str, ...]) -> str | None:
    if value in known:
        return None
    near = difflib.get_close_matches(str(value).lower(), known, n=1)
    guess = f" (did you mean {near[0]!r}?)" if near else ""
    return f"`{name}` is one of {', '.join(known)}: {value!r} came{guess}"


def _optimizer(name: object) -> str | None:
    if str(name).lower() in _CLOSURE:
        return (
            f"`optimizer` is one of {', '.join(OPTIMIZERS)}: {name!r} came, which evaluates the loss several times in "
            "one step, while an update through time gives one gradient, once"
        )
    return _choice("optimizer", name, OPTIMIZERS)
