"""How to train: the numbers of one training, checked together."""

from __future__ import annotations

from dataclasses import dataclass

from throughtime.base.checks import Checks, choice_problem

TRIGGERED = "nt-asgd"
OPTIMIZERS = ("adamw", "adam", "sgd", "rmsprop", TRIGGERED)
DECAYS = ("cosine", "constant")

_WITH_MOMENTUM = ("sgd", "rmsprop")
_CLOSURE = ("lbfgs",)  # torch's optimizers whose step() must evaluate the loss again


@dataclass(frozen=True, kw_only=True)
class Training:
    """Settings of one training.

    Numbers of numpy and others are taken, and kept as Python's own.

    Args:
        epochs: passes over the batches, >= 1.
        learning_rate: the largest one, > 0; warm-up leads to it, decay away from it.
        optimizer: "adamw" | "adam" | "sgd" | "rmsprop", torch's own; "nt-asgd": sgd, and once validation ceases to fall
            the mean of the weights since then, as `averages` has it.
        weight_decay: >= 0; decoupled for adamw, added to the gradient for the others.
        momentum: in [0, 1), for sgd and rmsprop.
        clip_norm: gradients are scaled down to this L2 norm over all parameters, > 0; None: never.
        decay: "cosine" falls from learning_rate towards 0 along the epochs; "constant" stays.
        warmup_updates: the first updates, over which the rate rises linearly, >= 0.
        averaging: most that an exponential average of the weights keeps of itself at an update, in [0, 1), such as
            0.99; the average is validated and kept. 0: none.
        until: the epoch after which training ends, 1 .. epochs, though the decay is that of all; None: the last.
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
    averaging: float = 0.0
    until: int | None = None
    patience: int | None = None
    seed: int = 0
    checkpoint_every_s: float | None = None
    checkpoint_every_updates: int | None = None

    def __post_init__(self) -> None:
        checks = Checks()
        plain = {
            "epochs": checks.whole("epochs", self.epochs),
            "learning_rate": checks.number("learning_rate", self.learning_rate, above=0),
            "weight_decay": checks.number("weight_decay", self.weight_decay),
            "momentum": checks.number("momentum", self.momentum, below=1),
            "warmup_updates": checks.whole("warmup_updates", self.warmup_updates, 0),
            "averaging": checks.number("averaging", self.averaging, below=1),
            "seed": checks.whole("seed", self.seed, 0),
        }
        if self.clip_norm is not None:
            plain["clip_norm"] = checks.number("clip_norm", self.clip_norm, above=0)
        for name in ("until", "patience", "checkpoint_every_updates"):
            if getattr(self, name) is not None:
                plain[name] = checks.whole(name, getattr(self, name))
        if self.checkpoint_every_s is not None:
            plain["checkpoint_every_s"] = checks.number("checkpoint_every_s", self.checkpoint_every_s)
        checks.add(_optimizer_problem(self.optimizer))
        checks.choice("decay", self.decay, DECAYS)
        if plain["momentum"] and self.optimizer in set(OPTIMIZERS) - set(_WITH_MOMENTUM):
            checks.add(f"`momentum` belongs to {' and '.join(_WITH_MOMENTUM)}, {self.optimizer} has its own")
        if plain["averaging"] and self.optimizer == TRIGGERED:
            checks.add(f"`averaging` goes with other optimizers, {TRIGGERED} has its own")
        if self.until is not None and plain["until"] > plain["epochs"]:
            checks.add(f"`until` is one of the epochs: {self.until!r} came for {self.epochs!r}")
        checks.report("Training settings")
        for name, value in plain.items():
            object.__setattr__(self, name, value)


def _optimizer_problem(name: object) -> str | None:
    if str(name).lower() in _CLOSURE:
        return (
            f"`optimizer` is one of {', '.join(OPTIMIZERS)}: {name!r} came, which evaluates the loss several times in "
            "one step, while an update through time gives one gradient, once"
        )
    return choice_problem("optimizer", name, OPTIMIZERS)
