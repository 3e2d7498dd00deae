"""The schedule's integers, against their definition."""

import numpy as np
import pytest

from throughtime.base.errors import ScheduleError
from throughtime.bptt import TBPTT, Window


@pytest.mark.parametrize("n", range(1, 9))
def test_windows_follow_the_definition(n):
    for k1 in range(1, 10):
        for k2 in range(1, 10):
            windows = list(TBPTT(k1, k2).windows(n))
            updates = [min(j * k1, n) for j in range(1, -(-n // k1) + 1)]
            assert [w.stop for w in windows] == updates
            assert [w.start for w in windows] == [0, *updates[:-1]]
            assert [w.window_start for w in windows] == [max(0, u - k2) for u in updates]


@pytest.mark.parametrize(("k1", "k2"), [(k1, k2) for k1 in range(1, 9) for k2 in range(k1, 9)])
def test_newest_counts_each_loss_once_where_k2_reaches_k1(k1, k2):
    schedule = TBPTT(k1, k2)
    assert [t for w in schedule.windows(8) for t in schedule.counted(w)] == list(range(8))


def test_loss_rules():
    window = Window(start=4, stop=8, window_start=2)
    assert TBPTT(4, 6).counted(window) == range(4, 8)
    assert TBPTT(4, 6, losses="window").counted(window) == range(2, 8)
    assert TBPTT(4, 6, losses="cut").counted(window) == range(7, 8)
    assert TBPTT(4, 2).counted(Window(4, 8, 6)) == range(6, 8)
    assert TBPTT(4, 2).reported(Window(4, 8, 6)) == range(4, 8)


@pytest.mark.parametrize("k1", range(1, 6))
@pytest.mark.parametrize("k2", range(1, 8))
def test_next_starts_hold_every_continuation(k1, k2):
    schedule, stop = TBPTT(k1, k2), 10
    possible = {schedule.window_start(stop + more) for more in range(1, k1 + 1)}
    assert {s for s in possible if s <= stop} == {s for s in schedule.next_starts(stop, None) if s <= stop}
    for more in range(1, k1 + 1):
        assert list(schedule.next_starts(stop, stop + more)) == [schedule.window_start(stop + more)]


@pytest.mark.parametrize("text", ["50,50", "20,100,window", "n,n", "1,n", "n,3,cut", "20,100,reuse", "3,5,cut,reuse"])
def test_parse_and_str_are_inverse(text):
    assert str(TBPTT.parse(text)) == text


def test_parse_reads_n_and_spaces():
    assert TBPTT.parse(" n , n ") == TBPTT()
    assert TBPTT.parse("20, 100 ,window") == TBPTT(20, 100, losses="window")
    assert TBPTT.parse("20,100,reuse,window") == TBPTT(20, 100, losses="window", history="reuse")


@pytest.mark.parametrize(
    "text", ["", "50", "a,b", "1,2,3,4", "0,5", "5,-1", "2.5,3", "3,3,old", "3,5,reuse,reuse", "3,5,cut,window"]
)
def test_parse_refuses(text):
    with pytest.raises(ScheduleError, match=r"k1|k2|schedule|losses"):
        TBPTT.parse(text)


@pytest.mark.parametrize("k", [0, -1, 2.0, "3", True])
def test_k_is_a_positive_integer(k):
    with pytest.raises(ScheduleError, match="k1 is a number of steps, 1 or more"):
        TBPTT(k, 3)
    with pytest.raises(ScheduleError, match="k2 is a number of steps, 1 or more"):
        TBPTT(3, k)


def test_numpys_integers_are_integers():
    schedule = TBPTT(np.int64(3), np.int32(5))
    assert schedule == TBPTT(3, 5)
    assert type(schedule.k1) is int


def test_rules_are_named():
    with pytest.raises(ScheduleError, match="`losses` is one of 'newest', 'window', 'cut'"):
        TBPTT(3, 3, losses="last")
    with pytest.raises(ScheduleError, match="`history` is one of 'recompute', 'reuse'"):
        TBPTT(3, 3, history="guess")


def test_truncates():
    assert not TBPTT().truncates(1000)
    assert not TBPTT(10, 10).truncates(10)
    assert TBPTT(9, 10).truncates(10)
    assert TBPTT(None, 9).truncates(10)
