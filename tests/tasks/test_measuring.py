"""`tbptt="auto"`: the pilot's gradients choose the windows, within bounds, and what is said is what is done."""

from __future__ import annotations

import numpy as np
import pytest

import throughtime as tt
from throughtime.tasks.measuring import LEAST_STEPS


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    return np.sin(np.arange(900) / 5)[:, None] + 0.1 * np.random.default_rng(0).normal(size=(900, 1))


def small(**settings):
    return tt.SequencePredictor(hidden_size=4, epochs=2, dropout=0.0, **settings)


def test_windows_are_measured(series, capsys):
    fitted = small(tbptt="auto", progress=True).fit(series)
    k1, k2 = fitted.schedule_.k1, fitted.schedule_.k2
    assert LEAST_STEPS <= k1 == k2 <= 200
    assert f"Taken: TBPTT({k1},{k2})." in capsys.readouterr().err
    assert fitted.get_params()["tbptt"] == "auto"  # as scikit-learn asks: what was given stays


def test_the_same_twice_and_through_a_file(series, tmp_path):
    first, second = (small(tbptt="auto", progress=False).fit(series) for _ in range(2))
    assert first.history_.losses == second.history_.losses
    first.save(tmp_path / "m.safetensors")
    loaded = tt.load(tmp_path / "m.safetensors")
    assert (loaded.tbptt, loaded.schedule_) == ("auto", first.schedule_)
    np.testing.assert_array_equal(loaded.predict(series), first.predict(series))


def test_bounded_memory_learns_the_same(series, tmp_path):
    free, bounded = (small(tbptt="n,n", memory=memory, progress=False).fit(series) for memory in (None, "60 kB"))
    np.testing.assert_allclose(free.history_.losses, bounded.history_.losses, rtol=1e-4)
    bounded.save(tmp_path / "m.safetensors")
    assert tt.load(tmp_path / "m.safetensors").memory == "60 kB"


def test_settings_that_are_none(series):
    with pytest.raises(tt.ConfigError, match='`memory` is a number of bytes, or text like "512MB": .* came'):
        small(memory="plenty").fit(series)
