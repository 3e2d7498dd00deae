"""A piece as sound: each tone a sum of a few overtones that die away, as a plucked string's do; a WAV file.

    y(t) = sum_k k^-1.5 sin(2 pi k f t) exp(-t / tau),    f = 440 * 2^((pitch - 69) / 12)

No instrument sounds like it; it is there to be heard at once, without any package.

Dimensions: N samples.
"""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

from throughtime.data.midi import Music, Note

Floats = NDArray[np.float32]
# Samples a second, a quarter of a CD's: the highest key's own tone still fits.
RATE = 11_025
OVERTONES, FALL = 5, 1.5
DECAY_S, ATTACK_S, RELEASE_S = 0.9, 0.008, 0.06
LOUDEST = 0.9  # of what a sample can hold
BYTES = 2


def wav_bytes(music: Music, most_s: float | None = None) -> bytes:
    """The piece as a WAV file of 16-bit samples.

    Args:
        music: the piece, played at its tempo.
        most_s: seconds after which it is faded out; None: it is played to its end.
    """
    samples = synthesise(music, most_s)
    sink = io.BytesIO()
    with wave.open(sink, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(BYTES)
        file.setframerate(RATE)
        file.writeframes((samples * (2 ** (8 * BYTES - 1) - 1)).astype("<i2").tobytes())
    return sink.getvalue()


def synthesise(music: Music, most_s: float | None = None) -> Floats:
    """[N] samples from -1 to 1; arguments as `wav_bytes`."""
    second = 60 / music.tempo  # of a quarter note
    length = music.quarters * second + RELEASE_S
    if most_s is not None:
        length = min(length, most_s)
    mixed = np.zeros(max(1, round(length * RATE)), np.float32)
    for note in music.notes:
        begin = round(note.start * second * RATE)
        sound = _tone(note, second)[: max(0, len(mixed) - begin)]
        mixed[begin : begin + len(sound)] += sound
    end = min(len(mixed), round(RELEASE_S * RATE))
    mixed[len(mixed) - end :] *= np.linspace(1, 0, end, dtype=np.float32)
    peak = float(np.abs(mixed).max())
    return mixed * np.float32(LOUDEST / peak) if peak else mixed


def _tone(note: Note, second: float) -> Floats:
    """[N] one note, and the moment in which it fades."""
    held = note.duration * second
    t = np.arange(max(1, round((held + RELEASE_S) * RATE))) / RATE
    frequency = 440 * 2 ** ((note.pitch - 69) / 12)
    # What lies above half the rate would come back as a wrong tone.
    parts = [k for k in range(1, OVERTONES + 1) if k * frequency < RATE / 2]
    waves = sum((k**-FALL * np.sin(2 * np.pi * k * frequency * t) for k in parts), np.zeros_like(t))
    envelope = np.minimum(1, t / ATTACK_S) * np.exp(-t / DECAY_S) * np.clip((held + RELEASE_S - t) / RELEASE_S, 0, 1)
    return (waves * envelope).astype(np.float32)
