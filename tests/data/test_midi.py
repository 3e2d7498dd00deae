"""MIDI files and piano rolls: what is written is read again, and what is broken is refused by name."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import ConfigError, DataError, FileMissingError
from throughtime.data.midi import (
    KEYS,
    LOWEST,
    MOST_QUARTERS,
    Music,
    Note,
    from_roll,
    midi_bytes,
    off_piano,
    parse_midi,
    pitch_name,
    read_midi,
    to_roll,
)

mido = pytest.importorskip("mido", reason="mido, which reads and writes MIDI, is not installed")


def file_of(*tracks, **options):
    """The bytes of a file of tracks of mido's messages."""
    sink = io.BytesIO()
    mido.MidiFile(tracks=[mido.MidiTrack(track) for track in tracks], **options).save(file=sink)
    return sink.getvalue()


def on(pitch, time=0, **other):
    return mido.Message("note_on", note=pitch, velocity=60, time=time, **other)


def off(pitch, time=0, **other):
    return mido.Message("note_off", note=pitch, time=time, **other)


def chord():
    return Music((Note(0.0, 1.0, 60), Note(0.0, 2.0, 64), Note(1.5, 0.5, 67)), 2.0, 90.0)


@st.composite
def rolls(draw):
    """Rolls of 1 .. 12 frames, of a few keys over all the piano."""
    steps = draw(st.integers(1, 12))
    roll = np.zeros((steps, KEYS), bool)
    for key in draw(st.lists(st.integers(0, KEYS - 1), min_size=1, max_size=4)):
        roll[:, key] = draw(st.lists(st.booleans(), min_size=steps, max_size=steps))
    roll[draw(st.integers(0, steps - 1)), draw(st.integers(0, KEYS - 1))] = True
    return roll


@given(rolls(), st.integers(1, 48), st.floats(4, 1000))
def test_roll_to_file_to_roll_is_the_same(roll, frames, tempo):
    music = parse_midi(midi_bytes(from_roll(roll, frames, tempo)), "made up")
    np.testing.assert_array_equal(to_roll(music, frames), roll)
    # A file holds whole microseconds of a quarter note, and a hundredth is read of what they make.
    assert music.tempo == pytest.approx(tempo, rel=2e-3)


def test_notes_to_file_to_notes_are_the_same(tmp_path):
    (tmp_path / "chord.mid").write_bytes(midi_bytes(chord()))
    assert read_midi(tmp_path / "chord.mid") == chord()


def test_a_key_that_two_voices_share_sounds_until_both_have_left_it():
    shared = Music((Note(0.0, 4.0, 60), Note(1.0, 1.0, 60)), 4.0)
    again = parse_midi(midi_bytes(shared), "made up")
    assert again.notes == (Note(0.0, 1.0, 60), Note(1.0, 3.0, 60))
    np.testing.assert_array_equal(to_roll(again, 4), to_roll(shared, 4))


def test_tracks_are_one_piece_and_drums_are_left_out():
    first = [mido.MetaMessage("set_tempo", tempo=1_000_000), on(60), off(60, 480)]
    second = [on(36, channel=9), off(36, 960, channel=9), on(67, 0), on(67, 480), on(67, 240).copy(velocity=0)]
    music = parse_midi(file_of(first, second), "made up")
    assert music.notes == (Note(0.0, 1.0, 60), Note(2.0, 1.0, 67), Note(3.0, 0.5, 67))
    assert (music.tempo, music.quarters) == (60.0, 3.5)


def test_a_note_that_nothing_ends_is_held_to_the_end():
    (note,) = parse_midi(file_of([on(60), off(61, 960)]), "made up").notes
    assert note == Note(0.0, 2.0, 60)


def test_frames_are_the_nearest_and_one_at_least():
    roll = to_roll(Music((Note(0.1, 0.01, 60), Note(0.9, 1.2, 62)), 2.0), 2)
    assert np.flatnonzero(roll[:, 60 - LOWEST]).tolist() == [0]
    assert np.flatnonzero(roll[:, 62 - LOWEST]).tolist() == [2, 3]


def test_what_a_piano_has_no_key_for_is_left_out_and_told():
    music = Music((Note(0.0, 1.0, 20), Note(0.0, 1.0, 21), Note(0.0, 1.0, 108), Note(0.0, 1.0, 109)), 1.0)
    assert off_piano(music) == [20, 109]
    assert np.flatnonzero(to_roll(music, 1)[0]).tolist() == [0, 87]


def test_pitches_have_names():
    assert [pitch_name(pitch) for pitch in (21, 60, 61, 108)] == ["A0", "C4", "C#4", "C8"]


def parsed(content, name):
    """The piece, or None where it was refused by an error that names the file."""
    try:
        return parse_midi(content, name)
    except DataError as error:
        return None if name in str(error) else pytest.fail(str(error))


def test_a_truncated_file_gives_notes_or_one_clear_error():
    whole = midi_bytes(chord())
    found = [parsed(whole[:length], "cut.mid") for length in range(len(whole))]
    assert all(music.notes for music in found if music)
    assert found.count(None) > len(whole) / 2


@given(st.integers(0, 200), st.integers(0, 255))
def test_an_altered_byte_gives_notes_or_one_clear_error(place, value):
    content = bytearray(midi_bytes(chord()))
    content[place % len(content)] = value
    music = parsed(bytes(content), "altered.mid")
    assert music is None or len(to_roll(music, 4)) <= MOST_QUARTERS * 4 + 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with MThd"),
        (b"RIFF and so on", "begins with MThd"),
        (b"MThd\0\0\0\6\0\1\0\1\1\xe0", "is broken"),
        (file_of([mido.MetaMessage("set_tempo", tempo=500_000)]), "has none"),
        (file_of([on(36, channel=9), off(36, 10, channel=9)]), "has none"),
        (file_of([on(60), off(60, 10)], type=2), "of type 2"),
        (file_of([on(60), off(60, 10)], ticks_per_beat=-7608), "-7608 ticks"),
        (file_of([on(60), off(60, 480 * (MOST_QUARTERS + 1))]), "quarter notes long at most"),
    ],
)
def test_other_files_are_refused_by_name(content, message):
    with pytest.raises(DataError, match=rf"(?s)bad\.mid.*{message}|{message}.*bad\.mid"):
        parse_midi(content, "bad.mid")


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileMissingError, match=r"nothing\.mid"):
        read_midi(tmp_path / "nothing.mid")


@pytest.mark.parametrize("tempo", [3.0, 1001.0])
def test_a_tempo_out_of_range_is_refused(tempo):
    with pytest.raises(ConfigError, match="tempo"):
        midi_bytes(Music(chord().notes, 2.0, tempo))


def test_without_mido_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mido", None)
    for wanted in (lambda: midi_bytes(chord()), lambda: parse_midi(b"MThd", "a.mid")):
        with pytest.raises(ConfigError, match=r"throughtime\[midi\]"):
            wanted()
