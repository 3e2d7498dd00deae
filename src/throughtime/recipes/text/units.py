"""Units that follow something one can read: whether a quotation is open, how far a line has come, how deep it is.

    r = correlation of a unit's tanh c_t with a feature of the text, over letters

The unit with the largest |r| over the first half of a text is taken, and r over the second half is what is told: of
hundreds of units one always fits the half it was chosen on.

Dimensions: T letters, H units.

Source: Karpathy, Johnson & Fei-Fei 2015, arXiv 1506.02078.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from throughtime.insight import Track, gates_over_text, inspect
from throughtime.nn import LSTM
from throughtime.tasks import SequenceGenerator

Floats = NDArray[np.float64]
# Letters that are read, and that are drawn; a weaker correlation is no reading of its own.
READ, DRAWN, LEAST = 8000, 480, 0.4
OPENING, CLOSING = "([{", ")]}"


@dataclass(frozen=True)
class Follower:
    """A unit and what it follows.

    Args:
        feature: in words.
        unit: counted from 0.
        correlation: over the second half of the text.
        values: [T] tanh of its internal state.
    """

    feature: str
    unit: int
    correlation: float
    values: Floats


def features(text: str) -> dict[str, Floats]:
    """What one can read off each letter of a text, [T] each."""
    column, indent, depth, quoted = 0, 0, 0, False
    rows = []
    for letter in text:
        if letter == "\n":
            column, indent, quoted = 0, 0, False
        else:
            indent += letter == " " and indent == column
            column += 1
        depth = max(0, depth + (letter in OPENING) - (letter in CLOSING))
        quoted ^= letter == '"'
        rows.append((quoted, min(column, 80), indent, depth > 0, letter.isupper(), letter.isspace()))
    names = ("inside quotes", "place in the line", "indentation", "inside brackets", "capitals", "between words")
    return dict(zip(names, np.array(rows, dtype=np.float64).T, strict=True))


def followers(model: SequenceGenerator, text: str) -> list[Follower]:
    """The unit of the last layer that follows each feature best, the best first.

    Args:
        model: fitted on letters, with an LSTM.
        text: of at least some lines.
    """
    text = text[:READ]
    codes = torch.from_numpy(model.encoding_.encode(text))
    network = model.network_
    layer = network.core.layer
    if not isinstance(layer, LSTM) or len(codes) != len(text):
        return []
    with torch.no_grad():
        x = network.embed(codes[:, None].to(next(network.parameters()).device))  # type: ignore[misc]
        c = inspect(layer, x).layer(layer.num_layers - 1).c
    states = c[:, 0].tanh().double().cpu().numpy()  # [T, H]
    half = len(text) // 2
    found = [each for name, values in features(text).items() for each in _best(name, values, states, half)]
    return sorted(found, key=lambda each: -abs(each.correlation))


def drawing(found: list[Follower], text: str) -> str:
    """The text once for each of the best three, coloured by the unit's state; SVG."""
    shown = text[:DRAWN]
    tracks = [
        Track(f"unit {each.unit + 1}: {each.feature} (r = {each.correlation:+.2f})", each.values[: len(shown)].tolist())
        for each in found[:3]
    ]
    return gates_over_text(list(shown), tracks, title="Units that follow something one can read", page=True)


def _best(name: str, feature: Floats, states: Floats, half: int) -> Iterator[Follower]:
    first = _correlations(feature[:half], states[:half])
    if not np.isfinite(first).any():
        return
    unit = int(np.nanargmax(np.abs(first)))
    second = float(_correlations(feature[half:], states[half:, unit : unit + 1])[0])
    if np.isfinite(second) and abs(second) >= LEAST:
        yield Follower(name, unit, second, states[:, unit])


def _correlations(feature: Floats, states: Floats) -> Floats:
    """[H]; nan where nothing varies."""
    centred, others = feature - feature.mean(), states - states.mean(0)
    size = np.sqrt((centred**2).sum() * (others**2).sum(0))
    return np.divide(centred @ others, size, out=np.full(states.shape[1], np.nan), where=size > 0)
