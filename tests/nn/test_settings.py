from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.checks import Checks
from throughtime.base.errors import ConfigError, Notice
from throughtime.nn.settings import Shared, check_shared, notice_idle_dropout, report

RIGHT = Shared(3, 4, 1, True, False, 0.0, False, 0.5, 1.0)


def test_what_is_right_passes_as_plain_numbers():
    checks = Checks()
    given = RIGHT._replace(input_size=np.int64(3), recurrent_dropout=np.float32(0.5), weight_drop=1)
    got = check_shared(checks, given)
    report(checks, "LSTM")
    assert got == RIGHT
    assert [type(value) for value in got] == [type(value) for value in RIGHT]


@pytest.mark.parametrize("name", Shared._fields)
def test_what_is_wrong_is_reported_by_name(name):
    checks = Checks()
    check_shared(checks, RIGHT._replace(**{name: -1}))
    with pytest.raises(
        ConfigError, match=rf"LSTM cannot be built: `{name}` is .*-1 came\. See help\(throughtime\.LSTM"
    ):
        report(checks, "LSTM")


def test_idle_dropout_is_said():
    notice_idle_dropout("LSTM", 0.5, 2)
    with pytest.warns(Notice, match="does nothing"):
        notice_idle_dropout("LSTM", 0.5, 1)
