from __future__ import annotations

import time

import torch

from throughtime.bench import Timing, interleaved, pairs


def test_the_best_number_of_threads_counts():
    timing = Timing({1: [3.0, 1.0, 2.0], 2: [1.0, 1.5, 9.0]})
    assert (timing.threads, timing.seconds) == (2, 1.5)


def test_sides_run_in_turn_with_every_number_of_threads():
    ran: list[tuple[str, int]] = []

    def side(name, seconds):
        def run():
            ran.append((name, torch.get_num_threads()))
            time.sleep(seconds)

        return run

    before = torch.get_num_threads()
    slow, quick = interleaved([side("slow", 0.006), side("quick", 0.003)], 2, (1, 2))
    assert torch.get_num_threads() == before
    assert ran[4:] == [("slow", 1), ("quick", 1), ("slow", 2), ("quick", 2)] * 2
    assert slow.seconds > quick.seconds
    assert {n: len(times) for n, times in slow.samples.items()} == {1: 2, 2: 2}


def test_short_work_is_repeated_within_a_sample():
    count = 0

    def side():
        nonlocal count
        count += 1

    interleaved([side], 1, (1,))
    assert count > 100


def test_a_side_that_takes_very_long_is_timed_once(monkeypatch):
    monkeypatch.setattr(pairs, "ONCE_SECONDS", 0.01)
    ran = []
    slow, quick = interleaved([lambda: (ran.append(0), time.sleep(0.02)), lambda: None], 3, (1, 2))
    assert len(ran) == 1
    assert slow.threads == 2
    assert slow.seconds >= 0.02
    assert {n: len(found) for n, found in quick.samples.items()} == {1: 3, 2: 3}
