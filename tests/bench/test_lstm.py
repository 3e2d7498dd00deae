from __future__ import annotations

import subprocess

import pytest
import torch

import throughtime as tt
from throughtime.base.errors import ConfigError
from throughtime.bench import ask, lstm, report, rivals


@pytest.mark.parametrize("question", ["training", "inference"])
def test_a_comparison_has_its_figures(question):
    (row,) = ask(question, 1, shapes=((5, 3, 4, 6),))
    assert row.case == "(5, 3, 4, 6)"
    assert row.ratio == row.theirs_ms / row.ours_ms > 0
    assert row.flops == 2 * 5 * 3 * 24 * 10 * (3 if question == "training" else 1)
    assert set(row.samples) == {"ours", "theirs"}
    printed = report.table(question, [row])
    assert "Geometric mean of the ratios" in printed.notes[0]


def test_nothing_is_timed_where_results_differ(monkeypatch):
    honest = lstm.twins

    def spoilt(*given, **options):
        theirs, ours = honest(*given, **options)
        with torch.no_grad():
            ours.bias_ih_l0.add_(0.1)
        return theirs, ours

    monkeypatch.setattr(lstm, "twins", spoilt)
    with pytest.raises(AssertionError, match="not close"):
        list(ask("training", 1, shapes=((5, 3, 4, 6),)))


@pytest.mark.filterwarnings("ignore:LSTM with projections")  # torch says that oneDNN has none
@pytest.mark.parametrize("name", rivals.NAMES)
def test_rivals_compute_the_same(name):
    ours = tt.LSTM(3, 6, **lstm.VARIANTS[name] | ({"proj_size": 2} if name == "projection" else {})).eval()
    theirs, x = rivals.of(name, ours).eval(), torch.randn(7, 2, 3)
    torch.testing.assert_close(ours(x)[0], theirs(x)[0], rtol=1e-4, atol=1e-5)  # float32 rounding through seven steps


def test_tiles_that_hold_a_real_step():
    # 7 rows are two tiles: all four steps of the first hold one, of the second only the first.
    assert lstm._tile_share(torch.tensor([4, 1, 1, 1, 1, 1, 1]), 4) == 5 / 8


def test_an_unknown_question_lists_the_known_ones():
    with pytest.raises(ConfigError, match="training, inference, ragged"):
        list(ask("speed"))
    with pytest.raises(ConfigError, match="Only training and inference"):
        list(ask("ragged", 1, shapes=((5, 3, 4, 6),)))


def test_the_busy_process_ends_with_its_measurement(monkeypatch):
    started = []
    honest = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *given: started.append(honest(*given)) or started[-1])
    with lstm._busy_process():
        assert started[0].poll() is None
    assert started[0].poll() is not None
