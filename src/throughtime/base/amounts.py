"""Amounts as people write them: "512 MB"."""

from __future__ import annotations

import re
from numbers import Integral
from typing import Any

from throughtime.base.errors import ConfigError

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d*)?)\s*([a-z]*)\s*", re.IGNORECASE)


def as_bytes(name: str, amount: Any) -> int | None:
    """A number of bytes; None stays.

    Args:
        name: of the argument, for the message.
        amount: a number of bytes, or text: "512MB", "1.5 GB" (1 kB is 1000 bytes).

    Raises:
        ConfigError: it is neither, or less than a byte.
    """
    if amount is None:
        return None
    found = _AMOUNT.fullmatch(amount) if isinstance(amount, str) else None
    if found and found[2].lower() in _UNITS:
        amount = int(float(found[1]) * _UNITS[found[2].lower()])
    if isinstance(amount, bool) or not isinstance(amount, Integral) or amount < 1:
        raise ConfigError(f'`{name}` is a number of bytes, or text like "512MB": {amount!r} came.')
    return int(amount)
