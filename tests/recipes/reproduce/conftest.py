"""Trials of a second run one after another here: starting processes for them takes longer."""

from __future__ import annotations

from collections.abc import Iterator

import joblib
import pytest


@pytest.fixture(autouse=True)
def one_after_another() -> Iterator[None]:
    with joblib.parallel_config("sequential"):
        yield
