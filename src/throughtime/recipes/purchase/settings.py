"""What `--set key=value` may say about purchases: columns, split, ranking and network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from throughtime.recipes.settings import (
    Cell,
    Decay,
    Flag,
    Groups,
    Layers,
    Names,
    Positive,
    Rate,
    Seed,
    Share,
    Units,
    Window,
)

Part = Annotated[float, Field(gt=0, lt=1, description="a share above 0 and below 1")]


@dataclass(frozen=True)
class Columns:
    """Which columns of the table are what; an empty entry is guessed by its name, and the guess is said.

    Args:
        user: the column that tells whose purchase a row is.
        item: the column that tells what was bought.
        time: the column of times, or those that make them; a table without one is in the order of time.
    """

    user: str = ""
    item: str = ""
    time: Names = ()


@dataclass(frozen=True)
class Split:
    """Which purchases are told, which validate, and which train.

    Args:
        split: "last": each user's last purchase is told from those before it, whenever it was; "time": one moment for
            all, each user's first purchase after it is told from those before it.
        test: share of all purchases after that moment; split=last has no use for it.
        validation: share of the users, 5,000 at most, whose newest training purchase validates in place of training.
    """

    split: Literal["last", "time"] = "last"
    test: Part = 0.1
    validation: Part = 0.1


@dataclass(frozen=True)
class Ranking:
    """What is done with the items in order of likelihood.

    Args:
        top: items of a recommendation, of which Hit and NDCG ask whether what was bought is among them.
        listed: items that `predict` lists for each user.
        mask_seen: whether what a user bought before is never told; users who bought it again are not scored then.
    """

    top: Positive = 20
    listed: Positive = 5
    mask_seen: Flag = False


@dataclass(frozen=True)
class Model:
    """The network and its training; `throughtime.PurchasePredictor` has the same names.

    Args:
        cell: "lstm", "rnn" (Elman) or "perceptron" (a sliding window).
        hidden_size: hidden units a layer, 1 .. 65,536.
        embedding_size: numbers an item has, at the input and at the output, 1 .. 65,536.
        num_layers: 1 .. 1,000.
        window_steps: purchases the perceptron sees, 1 .. 100,000; the others have no window.
        samples: items an update scores beside those bought, at least 1.
        least_count: items bought less often in training are not known, at least 1.
        epochs: passes over the training part, at most; at least 1.
        learning_rate: above 0 and at most 10.
        weight_decay: 0 .. 100.
        dropout: share of hidden units dropped in training, in [0, 1).
        patience: epochs without a better validation before training stops; at least 1.
        batch_size: rows that histories are packed into, at most.
        seed: of initialisation, samples, dropout and order; at least 0. The split does not depend on it.
        device: of the network, such as cuda; without it, the CPU.
        memory: what an update may keep between its forward and backward pass, such as "512MB"; without it, any number.
    """

    cell: Cell = "lstm"
    hidden_size: Units = 64
    embedding_size: Units = 64
    num_layers: Layers = 1
    window_steps: Window = 5
    samples: Positive = 1024
    least_count: Positive = 1
    epochs: Positive = 8
    learning_rate: Rate = 2e-2
    weight_decay: Decay = 0.1
    dropout: Share = 0.2
    patience: Positive = 2
    batch_size: Positive = 64
    seed: Seed = 0
    device: str | None = None
    memory: str | None = None


@dataclass(frozen=True)
class Settings(Groups):
    """Everything `--set` can say, group by group."""

    columns: Columns = field(default_factory=Columns)
    split: Split = field(default_factory=Split)
    ranking: Ranking = field(default_factory=Ranking)
    model: Model = field(default_factory=Model)
