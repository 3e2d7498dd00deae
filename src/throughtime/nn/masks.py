"""Random masks as a pure function of where they fall, so that the same step sees the same mask however it is reached.

    u(seed, layer, kind, sequence, step, unit) = hash(...) / 2**32,    the unit is dropped where u < p

An engine that runs overlapping windows opens `keyed` round each forward; then a step met in two windows, or in two
calls, is masked alike. Without a key a layer draws a fresh seed from torch's generator for every call.

    zoneout            per (sequence, layer, step, unit)
    dropout            per (sequence, layer, step, unit), between stacked layers
    recurrent_dropout  per (sequence, layer, unit): one mask a sequence
    weight_drop        per (layer, weight): one mask a seed
    embedding_dropout  per (sequence, layer, unit): one mask a sequence; word_dropout per (sequence, layer, step)

Dimensions: T steps, B rows, U units. The hash is splitmix64's finaliser (Steele, Lea & Flood, OOPSLA 2014), applied
once per part of the key; a 64-bit hash serves two units. Counter-based generation: Salmon et al., SC 2011.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from throughtime.base.errors import ConfigError, DtypeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Bool, Int64

# What a mask is for; part of the key, so that two masks of one layer are independent.
DROPOUT, ZONEOUT_C, ZONEOUT_H, RECURRENT_DROPOUT, WEIGHT_DROP, EMBEDDING_DROPOUT, WORD_DROPOUT = range(1, 8)

_GOLDEN = 0x9E3779B97F4A7C15  # splitmix64's increment: odd, so that multiples of it never repeat
_MIX1, _MIX2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_WORD = 1 << 64


@dataclass(frozen=True)
class MaskKey:
    """Where a forward stands in its stream, for all random masks of the tt layers inside it.

    Args:
        seed: 0 <= seed < 2**63.
        sequence: [B] int64, one number a row: row << 32 | resets seen before this call's first step.
        step: absolute index of this call's first step.
        ordinals: position of each tt layer in `network.modules()`; a layer that is missing counts as 0.

    Raises:
        ConfigError: the seed is out of range.
        DtypeError: `sequence` is not an int64 tensor.
        ShapeError: `sequence` is not [B].
    """

    seed: int
    sequence: Tensor
    step: int
    ordinals: Mapping[nn.Module, int]

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"A mask's seed lies in 0 .. 2**63 - 1: got {self.seed}. Reduce it modulo 2**63.")
        if not isinstance(self.sequence, Tensor) or self.sequence.dtype != torch.int64:
            kind = getattr(self.sequence, "dtype", type(self.sequence).__name__)
            raise DtypeError(f"`sequence` must be an int64 tensor: got {kind}. Write torch.arange(B) << 32.")
        if self.sequence.dim() != 1:
            raise ShapeError(f"`sequence` holds one number a row, [B]: got {tuple(self.sequence.shape)}. Flatten it.")


_current: ContextVar[MaskKey | Callable[[], MaskKey] | None] = ContextVar("throughtime_mask_key", default=None)


@contextmanager
def keyed(key: MaskKey | Callable[[], MaskKey]) -> Iterator[None]:
    """Let every tt layer that runs inside take its random masks from `key`.

    Args:
        key: the seed, and where this forward's rows and first step stand; or what makes it, called where a layer draws.
    """
    token = _current.set(key)
    try:
        yield
    finally:
        _current.reset(token)


def current_key() -> MaskKey | None:
    """The key opened by the innermost `keyed`, or None."""
    key = _current.get()
    return key() if callable(key) else key


def fresh_key(rows: int, device: torch.device) -> MaskKey:
    """A key for one call outside any `keyed`: a seed from torch's global generator, rows 0 .. B-1, step 0."""
    seed = int(torch.randint(2**62, ()))
    return MaskKey(seed, torch.arange(rows, device=device) << 32, 0, {})


@dataclass(frozen=True)
class LayerMasks:
    """The masks of one tt layer in one call.

    Args:
        key: the key of the call.
        ordinal: the layer's position in its network.
        resets: [T, B] bool or None; a reset at t moves the row on to its next sequence from t on.
        steps: T.
    """

    key: MaskKey
    ordinal: int
    resets: Tensor | None
    steps: int

    def per_step(self, probability: float, kind: int, part: int, units: int) -> Bool[Tensor, "T B {units}"]:
        """True where a unit is hit, drawn anew at each step.

        Args:
            probability: of a hit, 0 .. 1.
            kind: what the mask is for, e.g. `DROPOUT`.
            part: which stacked layer and direction.
            units: U.
        """
        at = torch.arange(self.key.step, self.key.step + self.steps, device=self.key.sequence.device)
        sequences = _mix(self._sequences(kind, part) + at[:, None] * _signed(_GOLDEN))
        return _hits(sequences, probability, units)

    def per_sequence(self, probability: float, kind: int, part: int, units: int) -> Bool[Tensor, "_ B {units}"]:
        """True where a unit is hit, the same at all steps of a sequence: [T, B, U], or [1, B, U] without resets."""
        return _hits(self._sequences(kind, part), probability, units)

    def per_weight(self, probability: float, kind: int, part: int, rows: int, columns: int) -> Bool[Tensor, "_ _"]:
        """True where an entry of a weight [rows, columns] is hit, the same in the whole stream."""
        lines = torch.arange(rows, device=self.key.sequence.device)
        return _hits(_mix(lines * _signed(_GOLDEN) + self._root(kind, part)), probability, columns)

    def _root(self, kind: int, part: int) -> int:
        root = self.key.seed
        for number in (self.ordinal, kind, part):
            root = _mix_int(root + (number + 1) * _GOLDEN)
        return _signed(root)

    def _sequences(self, kind: int, part: int) -> Int64[Tensor, "_ B"]:
        sequence = self.key.sequence[None]
        if self.resets is not None:
            sequence = sequence + self.resets.cumsum(0)  # [T, B]
        return _mix(sequence * _signed(_GOLDEN) + self._root(kind, part))


def _hits(base: Tensor, probability: float, units: int) -> Tensor:
    """True with the given probability: [..., units], from hashed keys [...]."""
    if probability >= 1:
        return torch.ones(*base.shape, units, dtype=torch.bool, device=base.device)
    pairs = torch.arange(1, (units + 1) // 2 + 1, device=base.device)
    words = _mix(base[..., None] + pairs * _signed(_GOLDEN)).view(torch.int32)[..., :units]
    return words < round(probability * 2**32) - 2**31


def _mix(z: Tensor) -> Tensor:
    """splitmix64's finaliser on int64, whose products wrap; shifts are made logical by masking."""
    a = _folded(z, 30, z >> 30).mul_(_signed(_MIX1))
    b = _folded(a, 27, a >> 27).mul_(_signed(_MIX2))
    return _folded(b, 31, torch.bitwise_right_shift(b, 31, out=a))


def _folded(z: Tensor, places: int, shifted: Tensor) -> Tensor:
    """z ^ (z >> places), logical, in the memory of the arithmetic shift: new memory would cost more than the sums."""
    return shifted.bitwise_and_(2 ** (64 - places) - 1).bitwise_xor_(z)


def _mix_int(z: int) -> int:
    z %= _WORD
    z = ((z ^ (z >> 30)) * _MIX1) % _WORD
    z = ((z ^ (z >> 27)) * _MIX2) % _WORD
    return z ^ (z >> 31)


def _signed(z: int) -> int:
    """The same 64 bits as a Python int in int64's range."""
    z %= _WORD
    return z - _WORD if z >= _WORD // 2 else z
