"""A piece sounds as long, as high and as loud as it should."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from throughtime.data.midi import Music, Note
from throughtime.recipes.music.sound import LOUDEST, RATE, RELEASE_S, synthesise, wav_bytes


def tone(pitch=69, duration=2.0):
    return Music((Note(0.0, duration, pitch),), duration, 60.0)


@pytest.mark.parametrize("pitch", [45, 69, 108])
def test_a_tone_has_its_pitch(pitch):
    samples = synthesise(tone(pitch))
    spectrum = np.abs(np.fft.rfft(samples))
    found = np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()]
    assert found == pytest.approx(440 * 2 ** ((pitch - 69) / 12), rel=0.01)


def test_it_lasts_as_long_as_its_tempo_says():
    assert len(synthesise(tone())) == round((2 + RELEASE_S) * RATE)
    slow = Music(tone().notes, 2.0, 30.0)
    assert len(synthesise(slow)) == round((4 + RELEASE_S) * RATE)
    assert len(synthesise(slow, most_s=1.0)) == RATE


def test_it_is_loud_and_ends_in_silence():
    for samples in (synthesise(tone()), synthesise(tone(), most_s=0.5)):
        assert np.abs(samples).max() <= LOUDEST + 1e-6
        assert abs(float(samples[-1])) < 0.01
    assert np.abs(synthesise(tone())).max() == pytest.approx(LOUDEST)


def test_silence_is_silent():
    assert not synthesise(Music((), 1.0)).any()


def test_the_file_is_a_wav_file():
    with wave.open(io.BytesIO(wav_bytes(tone())), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    np.testing.assert_allclose(samples / 32767, synthesise(tone()), atol=1e-4)
