"""One of very many items: a table of vectors that is read at the input and scored at the output, and its softmax.

    input       x = sqrt(E) W[item]
    score       s_j = f . W[j] + b[j] + log q[j],   f = P h + p         the same W: a tied table
    full        -log p(t) = log(sum over all j of exp(s_j)) - s_t
    sampled     -log p(t) = log(exp(s_t) + sum over j in C, j != t, of n_j exp(s_j) / pi_j) - s_t

C are candidates drawn once for all rows of an update, pi_j how often j is drawn on average and n_j how often it was:
the inner sum is an unbiased estimate of the sum over all items but t, whatever pi is. With pi_j = n_j = 1 for all it is
that sum. q is given, how often each item is asked for: weight decay then draws scores to that, not to all items alike.
Candidates are stratified: item j owns pi_j of the line from 0 to K, and each of its K unit intervals is hit
once, anywhere. So the items that are asked for most are in every sample, with pi = 1, and add no noise.

Dimensions: N entries, H features of the core, V items, E numbers an item has, K candidates.
Sources: Bengio & Senecal, IEEE Transactions on Neural Networks 19(4), 2008 (a softmax by importance sampling); Jean et
al. 2015, arXiv 1412.2007 (one sample for many entries, the correction by log counts); Press & Wolf 2017, arXiv
1608.05859 (tied tables).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, DtypeError, ShapeError
from throughtime.nn.heads import Head

# Entries whose scores are worked on at once: at 1,000 candidates they stay in a core's cache (256 rows: 1 MB).
_ROWS_AT_ONCE = 256


class ItemTable(nn.Module):
    """Vectors of V items, and one more for every item that is not known.

    Args:
        items: V, at least 2; item V is the unknown one, which is read but never scored.
        size: E.
        frequency: [V] how often each item is asked for, above 0; only ratios matter. None: all alike.
        device, dtype: of the weights.

    Raises:
        ConfigError: a size is out of range, or there is not one frequency above 0 for each item.
    """

    log_share: Tensor

    def __init__(
        self, items: int, size: int, frequency: Tensor | None = None, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        checks = Checks()
        self.items, self.size = checks.whole("items", items, 2), checks.whole("size", size)
        share = torch.ones(self.items) if frequency is None else torch.as_tensor(frequency)
        if share.shape != (self.items,) or not bool(((share > 0) & share.isfinite()).all()):
            checks.add("`frequency` is above 0 and finite, and there is one for each item")
        checks.report("ItemTable")
        share = share.double() / share.double().mean()  # all alike: log 1 = 0
        self.register_buffer("log_share", share.log().to(device, dtype or torch.get_default_dtype()))
        self.weight = nn.Parameter(torch.empty(self.items + 1, self.size, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(self.items, device=device, dtype=dtype))
        nn.init.normal_(self.weight, std=self.size**-0.5)

    def forward(self, items: Tensor) -> Tensor:
        """Items [...] of 0 .. V to inputs [..., E] of about unit variance."""
        # Its backward pass is twice as fast as that of an embedding.
        return self.weight.index_select(0, items.flatten()).view(*items.shape, self.size) * math.sqrt(self.size)

    @property
    def offsets(self) -> Tensor:
        """b + log q [V], what is added to each item's score."""
        return self.bias + self.log_share


class ItemHead(Head):
    """Scores of all items by a table that the input may share.

    Args:
        input_size: H, features of a step.
        table: the items; a parameter of both ends of a network where it is its `embed` as well.
        device, dtype: of the weights.

    Raises:
        ConfigError: `input_size` is no positive whole number, or `table` is no ItemTable.
    """

    def __init__(self, input_size: int, table: ItemTable, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        checks = Checks()
        self.input_size = checks.whole("input_size", input_size)
        checks.add(None if isinstance(table, ItemTable) else f"`table` is an ItemTable: {table!r} came")
        checks.report("ItemHead")
        self.table = table
        self.linear = nn.Linear(self.input_size, table.size, device=device, dtype=dtype)

    def forward(self, features: Tensor) -> Tensor:
        """Features [..., H] to what the items are compared with, [..., E]; `scores` compares."""
        return self.linear(features)

    def scores(self, output: Tensor) -> Tensor:
        """Unnormalised log-probabilities [..., V] of outputs [..., E]."""
        return F.linear(output, self.table.weight[:-1], self.table.offsets)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Negative log-likelihood by the softmax over all items.

        Args:
            output: of `forward`, flattened to [N, E].
            target: [N] items 0 .. V - 1, int64.

        Returns:
            [N] nats.

        Raises:
            ShapeError: `target` is not [N].
            DtypeError: a target is no item.
        """
        check_targets(output, target, self.table.items)
        return F.cross_entropy(self.scores(output), target, reduction="none")

    def predict(self, output: Tensor) -> Tensor:
        """The most likely item [...], int64."""
        return self.scores(output).argmax(-1)


class Candidates(NamedTuple):
    """Items drawn for one update.

    Args:
        items: [K'] int64, all different, K' <= K.
        log_weight: [K'] log of how often each was drawn over how often it is on average.
    """

    items: Tensor
    log_weight: Tensor


class CandidateSampler:
    """Draws items about as often as they are asked for, the most frequent ones always; from torch's global generator.

    Args:
        frequency: [V] how often each item is asked for, above 0; only ratios matter.
        samples: K, 1 .. V; V takes every item.
        device: where candidates go.

    Raises:
        ConfigError: `samples` is out of range, or a frequency is not above 0 and finite.
    """

    def __init__(self, frequency: Tensor, samples: int, device: Any = None) -> None:
        frequency = torch.as_tensor(frequency, dtype=torch.float64, device="cpu").flatten()
        checks = Checks()
        self.samples = checks.whole("samples", samples, below=len(frequency) + 1)
        if not bool(((frequency > 0) & frequency.isfinite()).all()):
            checks.add("`frequency` is above 0 and finite for every item")
        checks.report("CandidateSampler")
        ordered, order = frequency.sort(descending=True, stable=True)
        expected = expected_counts(ordered, self.samples)
        self._order = order.to(device)
        self._ends = expected.cumsum(0).to(device)
        self._log_expected = expected.log().to(device)
        self.expected = torch.empty_like(expected).scatter_(0, order, expected).to(device)

    def draw(self) -> Candidates:
        """Candidates of one update."""
        device = self._ends.device
        points = torch.arange(self.samples, dtype=torch.float64, device=device)
        points += torch.rand(self.samples, dtype=torch.float64, device=device)
        places = torch.searchsorted(self._ends, points, right=True).clamp_(max=len(self._ends) - 1)
        # An item on both sides of an interval's end may be hit twice; places ascend, so its hits are neighbours.
        places, times = places.unique_consecutive(return_counts=True)
        return Candidates(self._order[places], times.double().log() - self._log_expected[places])


def expected_counts(ordered: Tensor, samples: int) -> Tensor:
    """pi = min(1, c frequency), with the c that makes their sum `samples`.

    Args:
        ordered: [V] frequencies above 0, falling, float64.
        samples: 1 .. V.

    Returns:
        [V] float64; those that are 1 are so exactly.
    """
    rest = ordered.flip(0).cumsum(0).flip(0)  # of an item and all rarer ones
    left = samples - torch.arange(len(ordered), dtype=ordered.dtype)
    always = int((left * ordered >= rest).long().cumprod(0).sum())
    expected = torch.ones_like(ordered)
    if always < len(ordered):
        expected[always:] = ordered[always:] * ((samples - always) / rest[always])
    return expected


def log_uniform(items: int) -> Tensor:
    """Frequencies [V] of Zipf's law for items numbered from the most frequent on: log((k + 2) / (k + 1)).

    Raises:
        ConfigError: `items` is no positive whole number.
    """
    checks = Checks()
    count = checks.whole("items", items)
    checks.report("log_uniform")
    return torch.log1p(1 / torch.arange(1, count + 1, dtype=torch.float64))


class SampledSoftmax:
    """A loss over very many items that costs K scores an entry, not V; exact while the head is in evaluation mode.

    Args:
        head: whose outputs are scored; its parameters are trained as part of the network.
        frequency: [V] how often each item is asked for, above 0.
        samples: K, 1 .. V.

    Raises:
        ConfigError: `samples` or `frequency` is out of range, or there is not one frequency for each item.
    """

    def __init__(self, head: ItemHead, frequency: Tensor, samples: int) -> None:
        if len(frequency) != head.table.items:
            raise ConfigError(
                f"Each item has a frequency: {head.table.items} are due, {len(frequency)} came. Count the items anew."
            )
        self.head = head
        self.sampler = CandidateSampler(frequency, samples, head.table.weight.device)

    def __call__(self, output: Tensor, target: Tensor) -> Tensor:
        """Negative log-likelihood.

        Args:
            output: of the head, flattened to [N, E].
            target: [N] items 0 .. V - 1, int64.

        Returns:
            [N] nats.

        Raises:
            ShapeError: `target` is not [N].
            DtypeError: a target is no item.
        """
        if not self.head.training:
            return self.head.loss(output, target)
        table = self.head.table
        check_targets(output, target, table.items)
        return sampled_loss(output, table.weight, table.offsets, target, self.sampler.draw())


def sampled_loss(output: Tensor, weight: Tensor, offsets: Tensor, target: Tensor, drawn: Candidates) -> Tensor:
    """The sampled negative log-likelihood [N] of outputs [N, E] by a table [V + 1, E] with offsets [V]."""
    count = len(drawn.items)
    touched = torch.cat([drawn.items, target])
    place = torch.full((len(offsets),), -1, device=target.device)
    vectors, offsets = weight.index_select(0, touched), offsets.index_select(0, touched)
    own = (output * vectors[count:]).sum(-1) + offsets[count:]
    place[drawn.items] = torch.arange(count, device=target.device)
    others = offsets[:count] + drawn.log_weight.to(offsets)
    return _log_of_sum(output, vectors[:count], others, own, place[target]) - own


def check_targets(output: Tensor, target: Tensor, items: int) -> None:
    """Raise unless `target` [N] has an item 0 .. items - 1 for each output [N, E]."""
    if target.shape != output.shape[:-1]:
        raise ShapeError(
            f"A target is one item per entry: {tuple(output.shape[:-1])} wanted, {tuple(target.shape)} came."
        )
    if target.dtype != torch.int64 or bool(((target < 0) | (target >= items)).any()):
        came = f"{int(target.min())} to {int(target.max())}" if target.dtype == torch.int64 else str(target.dtype)
        raise DtypeError(
            f"An item is a whole number (int64) from 0 to {items - 1}: {came} came. Encode the items, and give those "
            "that are not known a weight of 0."
        )


class _LogOfSum(torch.autograd.Function):
    """log(exp(own) + sum over k != hit of exp(output . vector_k + offset_k)), in place on scores that fit a cache."""

    @staticmethod
    def forward(ctx: Any, output: Tensor, vectors: Tensor, offsets: Tensor, own: Tensor, hit: Tensor) -> Tensor:
        shares = output.new_empty(len(output), len(vectors))
        total = torch.empty_like(own)
        for rows in _stretches(len(output)):
            scores = torch.addmm(offsets, output[rows], vectors.T, out=shares[rows])
            hits = (hit[rows] >= 0).nonzero().squeeze(1)
            scores[hits, hit[rows][hits]] = -math.inf
            top = torch.maximum(scores.amax(1), own[rows])
            scores.sub_(top[:, None]).exp_()
            sums = scores.sum(1) + (own[rows] - top).exp()
            scores.div_(sums[:, None])
            total[rows] = sums.log_() + top
        ctx.save_for_backward(output, vectors, (own - total).exp(), shares)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        output, vectors, own_share, shares = ctx.saved_tensors
        by_output, by_vectors = torch.empty_like(output), torch.zeros_like(vectors)
        by_offsets = vectors.new_zeros(len(vectors))
        for rows in _stretches(len(output)):
            flow = shares[rows] * gradient[rows, None]
            torch.mm(flow, vectors, out=by_output[rows])
            by_vectors.addmm_(flow.T, output[rows])
            by_offsets += flow.sum(0)
        return by_output, by_vectors, by_offsets, gradient * own_share, None


def _log_of_sum(output: Tensor, vectors: Tensor, offsets: Tensor, own: Tensor, hit: Tensor) -> Tensor:
    return _LogOfSum.apply(output, vectors, offsets, own, hit)


def _stretches(count: int) -> list[slice]:
    return [slice(start, start + _ROWS_AT_ONCE) for start in range(0, count, _ROWS_AT_ONCE)]
