"""`throughtime generate` of a run of music: a piece that goes on from a primer, written into a file.

.mid .midi    notes; music-1.mid, or the next number that is free, where no file is named
.wav          sound
.svg          a piano roll
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from throughtime.base.atomic import write_bytes
from throughtime.base.errors import ConfigError
from throughtime.data.midi import Music, midi_bytes
from throughtime.recipes.music.kinds import kind_of
from throughtime.recipes.music.pictures import piano_rolls
from throughtime.recipes.music.reading import read_primer
from throughtime.recipes.music.settings import Settings
from throughtime.recipes.music.sound import wav_bytes
from throughtime.recipes.recipe import Request
from throughtime.recipes.settings import parse
from throughtime.tasks import SequenceGenerator

# Frames, or notes of a melody, where none are asked for.
ENOUGH = 128
Write = Callable[[Music, float], bytes]
WRITERS: Mapping[str, Write] = {
    ".mid": lambda music, given: midi_bytes(music),
    ".midi": lambda music, given: midi_bytes(music),
    ".wav": lambda music, given: wav_bytes(music),
    ".svg": lambda music, given: piano_rolls({"Written": (music, given)}, page=False).encode(),
}


def generate(model: SequenceGenerator, request: Request, settings: Mapping[str, Any]) -> Iterator[str]:
    """Music into a file, and one line that says what.

    Raises:
        ConfigError: the file's ending is none of `WRITERS`, MIDI is asked for without the package mido, or as
            `SequenceGenerator.generate`.
        DataError, FileMissingError: the primer is no MIDI file, broken, or has what training did not show.
        ShapeError: a drawing of nothing but silence is asked for.
        WriteError: the file could not be written.
    """
    out = _free_file() if request.out is None else request.out
    write = _writer(out)
    chosen = parse(settings, Settings())
    kind = kind_of(chosen.collection.kind, chosen.collection.frames)
    primer = read_primer(request.prompt) if request.prompt else None
    given = "" if primer is None else kind.encode(primer)
    steps = ENOUGH if request.steps is None else request.steps
    said = {"beam": request.beam, "stop": request.stop, "seed": request.seed, **vars(request.sampling)}
    written = model.generate(steps, given, **said)
    music = kind.decode(written, chosen.writing.tempo if primer is None else primer.tempo)
    write_bytes(out, write(music, 0.0 if primer is None else primer.quarters))
    after = f" after {len(given):,} of the primer" if len(given) else ""
    return iter(
        [
            f"{out}: {len(written) - len(given):,} {kind.step}s{after}, {len(music.notes):,} notes in "
            f"{music.quarters:g} quarter notes"
        ]
    )


def _writer(out: Path) -> Write:
    if out.suffix.lower() not in WRITERS:
        raise ConfigError(
            f"Music is written as {', '.join(WRITERS)}; the file is named {out.name!r}. Give it such an ending."
        )
    return WRITERS[out.suffix.lower()]


def _free_file() -> Path:
    """music-1.mid in the current folder, or the next number that is free."""
    number = 1
    while Path(f"music-{number}.mid").exists():
        number += 1
    return Path(f"music-{number}.mid")
