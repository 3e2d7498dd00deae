"""What reads a stream beside the LSTM as it is, and the flags each raises, by a threshold that knows no label of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from throughtime.recipes.streams import rules
from throughtime.recipes.streams.reading import Stream
from throughtime.recipes.streams.settings import Detector
from throughtime.recipes.streams.watching import combined, detector_of, read_on, warm_up_of
from throughtime.tasks import rarity

Floats = NDArray[np.float64]

OURS, AT_REST = "LSTM", "LSTM at rest"
GAUSSIAN, LAST = "windowed Gaussian", "last value"
# Beside every training.
BESIDE = (GAUSSIAN, LAST)
RULES = (GAUSSIAN, LAST, "day before", "window's mean", "last and mean")
NETWORKS = (OURS, AT_REST)


@dataclass(frozen=True)
class Trial:
    """A method's flags [T] on one stream.

    Args:
        method, seed: which.
        flags: [T].
        parameters: numbers trained.
    """

    method: str
    seed: int
    flags: NDArray[np.bool_]
    parameters: int = 0


def rules_for(dated: bool) -> tuple[str, ...]:
    """The rules that can read such streams."""
    return tuple(name for name in RULES if dated or name != "day before")


def try_method(stream: Stream, method: str, settings: Detector, tbptt: str, seed: int) -> Trial:
    """Read a stream with a method from its first row to its last."""
    if method not in NETWORKS:
        return Trial(method, seed, rule_flags(method, stream, warm_up_of(stream, settings), settings))
    own = replace(settings, seed=seed, online_rate=settings.online_rate if method == OURS else 0.0)
    detectors = [detector_of(stream, own, tbptt) for _ in range(stream.values.shape[1])]
    scores, _ = read_on(detectors, stream)
    parameters = sum(p.numel() for each in detectors for p in each.network_.parameters())
    return Trial(method, seed, detectors[0].alarms(scores), parameters)


def rule_flags(method: str, stream: Stream, warm_up: int, settings: Detector) -> NDArray[np.bool_]:
    """Flags [T] of a rule: the Gaussian's by the benchmark's threshold, the others' as the LSTM's are raised."""
    scores = np.stack([_of_column(method, stream, k, warm_up, settings) for k in range(stream.values.shape[1])], axis=1)
    whole = combined(scores)
    if method == GAUSSIAN:
        return np.asarray(whole >= rules.GAUSSIAN_THRESHOLD)
    rest = warm_up // 5 if settings.rest_rows is None else settings.rest_rows
    return rarity.incidents(whole, settings.threshold, rest)


def _of_column(method: str, stream: Stream, k: int, warm_up: int, settings: Detector) -> Floats:
    """Scores [T] of one column; 0 in the warm-up and where a value is missing."""
    present = ~np.isnan(stream.values[:, k])
    values, times = stream.values[present, k], stream.times[present]
    found = np.zeros(len(stream))
    if method == GAUSSIAN:
        found[present] = rules.windowed_gaussian(values)
        found[np.flatnonzero(present)[:warm_up]] = 0
        return found
    expected: dict[str, Callable[[], list[Floats]]] = {
        LAST: lambda: [rules.last_value(values)],
        "day before": lambda: [rules.day_before(values, times, warm_up)],
        "window's mean": lambda: [rules.windows_mean(values, settings.window_rows)],
        "last and mean": lambda: [rules.last_value(values), rules.windows_mean(values, settings.window_rows)],
    }
    found[present] = rules.rarity_of(values, expected[method](), warm_up, settings.window_rows, settings.tail_share)
    return found
