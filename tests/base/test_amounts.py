from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.amounts import as_bytes
from throughtime.base.errors import ConfigError


@pytest.mark.parametrize(
    ("amount", "wanted"),
    [(None, None), (17, 17), (np.int64(17), 17), ("17", 17), ("512MB", 512 * 10**6), (" 1.5 gb ", 1_500_000_000)],
)
def test_amounts(amount, wanted):
    assert as_bytes("memory", amount) == wanted


@pytest.mark.parametrize("amount", [0, -1, True, 1.5, "", "MB", "5 parsecs", "0.1"])
def test_no_amounts(amount):
    with pytest.raises(ConfigError, match="`memory` is a number of bytes"):
        as_bytes("memory", amount)
