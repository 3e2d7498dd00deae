"""How much better than repeating the last value: the score of an estimator.

    number   1 - sqrt(sum (y - m)^2 / sum y^2)      y: change from the last value in units of the typical change
    class    1 - errors / errors of repeating the last class

Source: Wilks, Statistical Methods in the Atmospheric Sciences, 2011, section 8.1.4 (skill scores).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from throughtime.base.errors import DataError
from throughtime.nn.heads import MixedHead
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.network import NUMBERS, class_part


def skill(forecast: Sequence[tuple[Encoded, Any, MixedHead]]) -> float:
    """Mean skill over the targets whose persistence makes errors at all.

    Args:
        forecast: series, the head's output for each, and the head.

    Raises:
        DataError: no target ever changes.
    """
    errors, reference = (np.sum(part, axis=0) for part in zip(*(_squares(*each) for each in forecast), strict=True))
    wrong, stayed = (np.sum(part, axis=0) for part in zip(*(_misses(*each) for each in forecast), strict=True))
    numbers = 1 - np.sqrt(errors[reference > 0] / reference[reference > 0])
    classes = 1 - wrong[stayed > 0] / stayed[stayed > 0]
    found = np.concatenate([numbers, classes])
    if not len(found):
        raise DataError(
            "Skill is measured against repeating the last value, which makes no error here: no target ever changes in "
            "these series. Score on others."
        )
    return float(found.mean())


def _squares(encoded: Encoded, output: Any, head: MixedHead) -> tuple[Any, Any]:
    """Per number target the squared errors of the forecast, and of persistence."""
    if NUMBERS not in head.names:
        return np.zeros(0), np.zeros(0)
    location = head.part(NUMBERS).predict(output[NUMBERS]).double().cpu().numpy()
    return np.nansum((encoded.numbers - location) ** 2, axis=0), np.nansum(encoded.numbers**2, axis=0)


def _misses(encoded: Encoded, output: Any, head: MixedHead) -> tuple[Any, Any]:
    """Per class target the wrong forecasts, and those of persistence."""
    count = encoded.classes.shape[1]
    present = ~np.isnan(encoded.classes) & ~np.isnan(encoded.last_classes)
    names = [class_part(place) for place in range(count)]
    likely = [head.part(name).predict(output[name]).cpu().numpy() for name in names]
    forecast = np.stack(likely, axis=1) if likely else np.empty_like(encoded.classes)
    wrong = present & (forecast != encoded.classes)
    return wrong.sum(axis=0), (present & (encoded.last_classes != encoded.classes)).sum(axis=0)
