"""What each past step and input of a series adds to the forecast of the row after its last one.

    F = base + unit * location     of a number, in its unit; base, its last value, and unit are held as they are
    F = log p / (1 - p)            of a class

What enters a step is gathered by variable (`input_groups`).

Dimensions: T steps, C variables, F inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from throughtime.base.checks import Checks, as_whole, did_you_mean
from throughtime.base.errors import ConfigError, DataError
from throughtime.data import SeriesSet
from throughtime.data.clock import show_time
from throughtime.insight.attribution.integrated import IntegratedGradients, frozen, integrated_gradients
from throughtime.insight.attribution.result import SERIES, Attribution
from throughtime.nn import Network
from throughtime.nn.heads import NumericHead
from throughtime.tasks.encoding import Encoded, Encoding
from throughtime.tasks.input_groups import input_groups
from throughtime.tasks.intake import extend, plain
from throughtime.tasks.label_attribution import code_of, log_odds
from throughtime.tasks.network import NUMBERS, class_part, head_of, run

if TYPE_CHECKING:
    from throughtime.tasks.predictor import SequencePredictor

BASELINE = "columns at their mean, unchanged, no date"


def series_attributions(
    predictor: SequencePredictor,
    history: Any,
    label: Any,
    target: str | int | None,
    steps: int | None,
    known: Any,
    tolerance: float,
    most_points: int,
) -> list[Attribution]:
    """See `attributing.attributions`."""
    checks = Checks()
    kept = None if steps is None else checks.whole("steps", steps)
    checks.report("Attributions of a series")
    encoding: Encoding = predictor._encoding
    place = encoding.columns.index(_target(target, predictor.targets_))
    if place in encoding.numeric and label is not None:
        raise ConfigError(
            f"`label` is for a class: {encoding.columns[place]!r} is forecast as a number. Leave it out, or name a "
            "class with target=."
        )
    read = extend(predictor._reader.read(plain(history)), known, predictor._reader)
    network = frozen(predictor.network_)
    found = []
    for number, encoded in enumerate(predictor._encoded(read)):
        explained = _Explained.of(network, encoded, encoding, place, label, kept)
        gradients = integrated_gradients(
            network,
            explained.x,
            explained.answer,
            state=explained.state,
            tolerance=tolerance,
            most_points=most_points,
        )
        found.append(_named(gradients, explained, read, number, encoding, encoding.columns[place]))
    return found


@dataclass(frozen=True)
class _Explained:
    """The steps of one series that are explained, the state before them, and the question.

    Args:
        x: [T, F].
        state: of the network before them.
        first: place of the first of them in the series.
        answer: as `integrated_gradients` takes it, without the base.
        base: of a number; 0 of a class.
        label: of a class, with its probability; None of a number.
    """

    x: Tensor
    state: Any
    first: int
    answer: Callable[[Any], Tensor]
    base: float = 0.0
    label: Any = None
    probability: float | None = None

    @classmethod
    def of(
        cls, network: Network, encoded: Encoded, encoding: Encoding, place: int, label: Any, kept: int | None
    ) -> _Explained:
        x = torch.as_tensor(encoded.inputs, dtype=torch.float32, device=next(network.parameters()).device)
        first = 0 if kept is None else max(0, len(x) - kept)
        state = run(network, x[:first, None])[1] if first else None
        if place in encoding.numeric:
            k = encoding.numeric.index(place)
            answer = _change(network, k, float(encoded.unit[-1, k]))
            return cls(x[first:], state, first, answer, float(encoded.base[-1, k]))
        part = class_part(encoding.categorical.index(place))
        chances = run(network, x[first:, None], state)[0][part][-1, 0].double().softmax(-1)
        code = int(chances.argmax()) if label is None else code_of(label, encoding.classes[place])
        odds = log_odds(code)
        named = encoding.classes[place][code]
        return cls(
            x[first:], state, first, lambda last: odds(last[part]), label=named, probability=float(chances[code])
        )


def _change(network: Network, k: int, unit: float) -> Callable[[Any], Tensor]:
    """The forecast change of the number target k, in its unit."""
    numbers = head_of(network).part(NUMBERS)
    assert isinstance(numbers, NumericHead)
    return lambda last: numbers.predict(last[NUMBERS])[:, k].double() * unit


def _target(target: str | int | None, targets: Sequence[str]) -> str:
    """The target's name."""
    if target is None:
        return targets[0]
    name = f"x{target}" if as_whole(target) is not None else str(target)
    if name not in targets:
        guess = did_you_mean(name, targets, "the targets are")
        raise DataError(f"`target` is a column that is forecast: {target!r} came; {guess}")
    return name


def _named(
    found: IntegratedGradients, explained: _Explained, read: SeriesSet, number: int, encoding: Encoding, target: str
) -> Attribution:
    values, groups, first = read.values[number][explained.first :], input_groups(encoding), explained.first
    times = range(first + 1, first + len(values)) if read.times is None else read.times[number][first:-1]
    subject = f"the next {target}"
    if explained.label is not None:
        subject = f"log-odds that {subject} is {explained.label!r}, against the rest"
    return Attribution(
        kind=SERIES,
        steps=tuple(map(show_time, times)),
        values=np.stack([found.values[:, list(group.places)].sum(1).numpy() for group in groups], axis=1),
        subject=subject,
        answer=found.answer + explained.base,
        start=found.start + explained.base,
        baseline=BASELINE,
        gap=found.gap,
        points=found.points,
        variables=tuple(group.name for group in groups),
        read=np.stack([group.read(values) for group in groups], axis=1),
        label=explained.label,
        probability=explained.probability,
        name=str(read.ids[number]) if len(read) > 1 or read.id_name else "",
        first=first + 1,
    )
