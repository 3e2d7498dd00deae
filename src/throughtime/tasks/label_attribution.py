"""What each step of a sequence adds to its label, in the names its user knows: symbols, or step numbers and variables.

    F = log p_k / (1 - p_k) = z_k - log sum_(j != k) exp z_j          z: logits divided by the temperature

so that F and the probability that `predict_proba` gives are one and the same statement.

Dimensions: N sequences, T steps, C variables, F numbers a step, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.base.checks import did_you_mean
from throughtime.base.errors import DataError, ShapeError
from throughtime.insight.attribution.integrated import IntegratedGradients, frozen, integrated_gradients
from throughtime.insight.attribution.result import SERIES, Attribution, kind_of
from throughtime.nn import Network
from throughtime.nn.embedding import SymbolEmbedding
from throughtime.tasks.sequences import SequenceEncoding, as_sequences

if TYPE_CHECKING:
    from throughtime.tasks.classifier import SequenceClassifier


def label_attributions(
    model: SequenceClassifier, sequences: Any, label: Any, tolerance: float, most_points: int
) -> list[Attribution]:
    """See `attributing.attributions`."""
    rows = as_sequences(sequences)
    encoding: SequenceEncoding = model._encoding
    encoded = encoding.encode(rows)
    probabilities = model.predict_proba(sequences)
    codes = _codes(label, model.classes_, probabilities)
    network = frozen(model.network_)
    device = next(network.parameters()).device
    baseline, said = _baseline(network, encoding)
    found = []
    for row, x, code, chances in zip(rows, encoded, codes, probabilities, strict=True):
        gradients = integrated_gradients(
            network,
            x.to(device),
            log_odds(code, model.temperature_),
            baseline=baseline,
            tolerance=tolerance,
            most_points=most_points,
        )
        class_ = model.classes_[code]
        found.append(_named(gradients, row, x, encoding, class_, float(chances[code]), said))
    return found


def log_odds(code: int, temperature: float = 1.0) -> Callable[[Tensor], Tensor]:
    """From logits [..., K] to the log-odds of a class against the rest, [...].

    Args:
        code: the class, 0 .. K - 1.
        temperature: what logits are divided by.
    """

    def of(logits: Tensor) -> Tensor:
        scaled = logits.double() / temperature
        others = [place for place in range(scaled.shape[-1]) if place != code]
        return scaled[..., code] - scaled[..., others].logsumexp(-1)

    return of


def code_of(label: Any, classes: Iterable[Any]) -> int:
    """The place of a label among the classes.

    Raises:
        DataError: it is none of them.
    """
    known = [each.item() if isinstance(each, np.generic) else each for each in classes]
    plain = label.item() if isinstance(label, np.generic) else label
    if plain not in known or isinstance(plain, bool) != any(isinstance(each, bool) for each in known):
        guess = did_you_mean(str(label), [str(each) for each in known], "the classes are")
        raise DataError(f"`label` is a class of the training part: {plain!r} came; {guess}")
    return known.index(plain)


def _codes(label: Any, classes: NDArray[Any], probabilities: NDArray[Any]) -> list[int]:
    """The class explained of each sequence."""
    if label is None:
        return [int(code) for code in probabilities.argmax(1)]
    if isinstance(label, str) or not hasattr(label, "__len__"):
        return [code_of(label, classes)] * len(probabilities)
    if len(label) != len(probabilities):
        raise ShapeError(
            f"`label` is one class, or one for each sequence: {len(label)} came for {len(probabilities)} sequences."
        )
    return [code_of(each, classes) for each in label]


def _baseline(network: Network, encoding: SequenceEncoding) -> tuple[Tensor | None, str]:
    """What stands for nothing read, and what it is in words."""
    if encoding.vocabulary is None:
        return None, "every variable at its mean"
    if encoding.many_symbols:
        return None, "no symbol read"
    assert isinstance(network.embed, SymbolEmbedding)
    return network.embed.weight[1:].mean(0), "the mean of all symbols at every step"  # 0 is the unknown one


def _named(
    found: IntegratedGradients,
    row: Any,
    x: Tensor,
    encoding: SequenceEncoding,
    label: Any,
    probability: float,
    baseline: str,
) -> Attribution:
    plain = label.item() if isinstance(label, np.generic) else label
    shared: dict[str, Any] = {
        "subject": f"log-odds of {plain!r} against the rest",
        "answer": found.answer,
        "start": found.start,
        "baseline": baseline,
        "gap": found.gap,
        "points": found.points,
        "label": plain,
        "probability": probability,
    }
    if encoding.vocabulary is None:
        count = row.shape[1]
        # Values, and behind them the flags of missing ones: both are the variable's.
        values = found.values.unflatten(1, (-1, count)).sum(1).numpy()
        steps = tuple(str(step) for step in range(1, len(row) + 1))
        variables = tuple(f"x{place}" for place in range(count))
        return Attribution(SERIES, steps, values, variables=variables, read=row, **shared)
    steps = tuple(map(_symbol, _pieces(row, encoding)))
    values, known = _shared_out(found.values, encoding.span), _shared_out((x != 0).double(), encoding.span)
    unknown = tuple(int(place) for place in torch.nonzero(known == 0).flatten())
    return Attribution(kind_of(steps), steps, values.numpy(), unknown=unknown, **shared)


def _shared_out(values: Tensor, span: int) -> Tensor:
    """What each symbol adds [T], where that of a step belongs to its last `span` symbols alike."""
    if span == 1:
        return values
    ends = torch.arange(len(values))
    each = values / (ends + 1).clamp(max=span)
    return torch.stack([each[end : end + span].sum() for end in ends])


def _pieces(row: Any, encoding: SequenceEncoding) -> Sequence[Any]:
    """The symbols; of subwords, which are written byte by byte, the texts they stand for; of 6-mers the letters."""
    symbols = encoding.split(row) if encoding.span == 1 else list(row)
    if encoding.splitter is None or encoding.splitter.kind != "subwords":
        return symbols
    return [encoding.splitter.join([each]) for each in symbols]


def _symbol(symbol: Any) -> str:
    """A byte as its sign where it has one, else in hexadecimal; texts are their own names."""
    if isinstance(symbol, str):
        return symbol
    return chr(symbol) if 0x20 <= symbol < 0x7F else f"{symbol:02x}"
