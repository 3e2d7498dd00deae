"""What holds in every test: shapes are checked, one thread, no random draws between runs, notices heard afresh."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import hypothesis
import pytest

from tests import shape_checks

shape_checks.install("throughtime")

import torch  # noqa: E402 - after the hook, which must see throughtime's first import

from throughtime.base.errors import forget_notices  # noqa: E402

# One thread a worker: pytest-xdist already fills the cores, and torch's own threads would fight over them.
torch.set_num_threads(1)

# A shell starts its background jobs deaf to Ctrl-C, and the tests of it with them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples on every machine; a shared machine may stall longer than hypothesis expects.
hypothesis.settings.register_profile("throughtime", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("throughtime")


@pytest.fixture(autouse=True)
def notices_heard_afresh() -> Iterator[None]:
    """A notice is said once per process; each test is to hear its own."""
    forget_notices()
    yield
    forget_notices()
