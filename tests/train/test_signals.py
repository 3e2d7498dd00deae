from __future__ import annotations

import os
import signal

import pytest

from throughtime.train.signals import StopRequest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")


def test_the_first_signal_is_noted_and_the_second_interrupts():
    before = signal.getsignal(signal.SIGINT)
    with StopRequest(listen=True) as stop:
        assert stop.name is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.name == "SIGTERM"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopRequest(listen=True) as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.name is None
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_not_listening_changes_nothing():
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest(listen=False):
        assert signal.getsignal(signal.SIGTERM) is before
