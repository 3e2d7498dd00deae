"""What tests of the engine share."""

from __future__ import annotations

import pytest

from tests.bptt.modes import MODES, Mode
from throughtime.bptt.bounded import BoundedEngine


@pytest.fixture
def mode(request, monkeypatch) -> Mode:
    """The mode of that name, whose plan all bounded windows follow."""
    found = MODES[request.param]
    if found.plan:
        monkeypatch.setattr(BoundedEngine, "memory_plan", lambda engine, window: found.forced(window))
    return found
