"""What holds in every test: shapes are checked, one thread, no random draws between runs, notices heard afresh."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from tests import shape_checks

shape_checks.install("throughtime")

import torch  # noqa: E402 - after the hook, which must see throughtime's first import

from throughtime.base.errors import forget_notices  # noqa: E402

# One thread a worker: pytest-xdist already fills the cores, and torch's own threads would fight over them.
torch.set_num_threads(1)

# The same examples on every machine; a shared machine may stall longer than hypothesis expects.
hypothesis.settings.register_profile("throughtime", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("throughtime")


@pytest.fixture(autouse=True)
def notices_heard_afresh() -> Iterator[None]:
    """A notice is said once per process; each test is to hear its own."""
    forget_notices()
    yield
    forget_notices()
