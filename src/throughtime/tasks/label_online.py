"""One sequence labelled step by step: what is kept between steps.

A network that reads forward only goes on from its state, in constant memory. One that reads both ways needs the whole
sequence each time: its steps are kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.errors import DataError
from throughtime.nn import Network
from throughtime.tasks.label_network import LabelDesign, logits, probabilities
from throughtime.tasks.sequences import SequenceEncoding, as_sequences


class LabelSession:
    """The state of one sequence between steps; made by `SequenceClassifier.session`.

    Attributes:
        steps: read so far.
        probabilities: [K] of the classes after them; empty before the first.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.probabilities = np.zeros(0)
        self._read: list[Any] = []
        self._last: Any = None
        self._state: Any = None

    def read(
        self, step: Any, encoding: SequenceEncoding, design: LabelDesign, network: Network, temperature: float
    ) -> None:
        """Take in a step; see `SequenceClassifier.predict_online`."""
        one = as_sequences([_as_sequence(step, encoding)], "step")[0]
        if design.whole:
            self._read.append(one)
            found = logits(network, encoding.encode([_joined(self._read)]))[0]
        else:
            x = self._encoded(one, encoding)
            with torch.no_grad():
                output, self._state = network(x.to(next(network.parameters()).device), self._state)
            found = output[-1, 0].cpu()
        self.steps += 1
        self.probabilities = probabilities(found, temperature)

    def _encoded(self, one: Any, encoding: SequenceEncoding) -> Tensor:
        """The step as the network reads it, [1, 1] or [1, 1, F]; a missing number carries the last one on."""
        if not isinstance(one, np.ndarray):
            self._last = (*(self._last or ()), *one)[-encoding.span :]
            return encoding.encode([self._last])[0][-1:, None]
        if self._last is None:
            self._last = one
            return encoding.encode([one])[0][:, None]
        both = np.concatenate([self._last, one])
        carried = np.where(np.isnan(one), self._last, one)
        self._last = carried
        return encoding.encode([both])[0][-1:, None]


def _as_sequence(step: Any, encoding: SequenceEncoding) -> Any:
    """A sequence of one step."""
    if encoding.vocabulary is None:
        return np.asarray(step, np.float64).reshape(1, -1)
    if not isinstance(step, str):
        raise DataError(f"A step of a sequence of symbols is one of them, a text: {step!r} came.")
    return [step]


def _joined(read: list[Any]) -> Any:
    return np.concatenate(read) if isinstance(read[0], np.ndarray) else tuple(symbol for one in read for symbol in one)
