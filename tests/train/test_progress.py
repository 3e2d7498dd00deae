from __future__ import annotations

import pytest

from throughtime.train import progress
from throughtime.train.progress import Display, _clock


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def run(display, clock):
    with display:
        for update in range(1, 6):
            clock[0] += 4
            display.show(f"epoch {update}", 0.1 * update, 200, last=update == 5)


def test_piped_output_is_a_line_now_and_then_and_one_at_the_end(clock, capsys):
    run(Display(True), clock)
    lines = capsys.readouterr().err.splitlines()
    # Ten seconds between lines: after 12 s, and the last. Three updates of 200 steps in 12 s; 0.2 done since the first.
    assert lines == ["epoch 3   30%  50 steps/s  0:42 left", "epoch 5   50%  50 steps/s  0:25 left"]


@pytest.mark.parametrize("choice", [None, False])
def test_piped_output_is_silent_unless_asked(clock, capsys, choice):
    run(Display(choice), clock)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("choice", [None, True])
def test_a_terminal_gets_a_bar(clock, capsys, monkeypatch, choice):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    run(Display(choice), clock)
    assert "50 steps/s" in capsys.readouterr().err


@pytest.mark.parametrize(("columns", "bar", "rate"), [(40, False, False), (70, False, True), (120, True, True)])
def test_a_narrow_terminal_keeps_the_loss(clock, capsys, monkeypatch, columns, bar, rate):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    display = Display(True)
    with display:
        for done in (0.1, 0.2):
            clock[0] += 40_000
            display.show("epoch 100/1000  loss -0.0001234", done, 4_000_000_000, last=done == 0.2)
    shown = capsys.readouterr().err
    assert "loss -0.0001234" in shown
    assert "20%" in shown
    assert ("━" in shown, "100,000 steps/s" in shown and "left" in shown) == (bar, rate)


def test_a_terminal_stays_clean_when_told(clock, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    run(Display(False), clock)
    assert capsys.readouterr() == ("", "")


def test_times():
    assert [_clock(s) for s in (0.4, 59.6, 3599, 3600, 36_061)] == ["0:00", "1:00", "59:59", "1:00:00", "10:01:01"]
