"""What a generator writes in, text, frames or strokes: a trained network, how a corpus is scored, how more is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from throughtime.base.errors import ConfigError
from throughtime.bptt import TBPTT
from throughtime.decode import Sampling
from throughtime.nn import Network
from throughtime.train import History


@dataclass(frozen=True)
class Wanted:
    """How something is to be written.

    Args:
        steps: symbols, frames or points.
        sampling: how each is drawn.
        beam: beginnings kept side by side; None: it is drawn.
        length_power: of a beam.
        stop: a text after which nothing is written; None: none.
        seed: of the draws.
        bias: of strokes; above 0 tidier.
    """

    steps: int
    sampling: Sampling
    beam: int | None = None
    length_power: float = 0.0
    stop: str | None = None
    seed: int = 0
    bias: float = 0.0


def refuse_all_but_bias(wanted: Wanted) -> None:
    """Raise where points are to be drawn as symbols are.

    Raises:
        ConfigError: anything but steps, seed and bias is set.
    """
    if wanted.sampling != Sampling() or wanted.beam is not None or wanted.stop is not None:
        raise ConfigError(
            "Points are drawn from a density, and only `bias` changes how: leave temperature, top_k, top_p, "
            "repetition_penalty, beam and stop out."
        )


class Medium(ABC):
    """A trained network and what it writes.

    Attributes:
        network: in evaluation mode.
        design: its shape, with a `to_dict`.
    """

    network: Network
    design: Any

    @abstractmethod
    def score(self, corpus: Any) -> float:
        """Nats a symbol, a frame or a point; see `SequenceGenerator.score`."""

    @abstractmethod
    def stream(self, prompt: Any, wanted: Wanted) -> Iterator[Any]:
        """What follows a prompt, piece by piece; everything is checked before the first."""

    @abstractmethod
    def generate(self, prompt: Any, wanted: Wanted) -> Any:
        """The prompt and what follows it."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """All but the weights, in plain lists and numbers."""

    def weights(self) -> Mapping[str, Tensor]:
        """The network's tensors, each once."""
        return self.network.state_dict()


Trained = tuple[Medium, History, TBPTT]
