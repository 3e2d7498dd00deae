"""Music for tests: a tune and its chords, transposed, and a folder of them."""

from __future__ import annotations

from throughtime.data.midi import Music, Note, midi_bytes

TUNE = (60, 64, 67, 72, 67, 64, 60, 60)


def tune(up=0, times=2, tempo=90.0):
    """A piece of quarter notes over a bass, so many semitones higher."""
    notes = [Note(float(place), 1.0, pitch + up) for place, pitch in enumerate(TUNE * times)]
    bass = [Note(4.0 * bar, 4.0, 48 + up) for bar in range(2 * times)]
    both = tuple(sorted(notes + bass, key=lambda note: (note.start, note.pitch)))
    return Music(both, 8.0 * times, tempo)


def fill(folder, pieces=12):
    """A folder with pieces in it and below it."""
    (folder / "below").mkdir(parents=True)
    for place in range(pieces):
        where = folder / "below" if place % 3 == 0 else folder
        (where / f"piece-{place:02}.mid").write_bytes(midi_bytes(tune(place % 4, 2 + place % 2)))
    return folder
