"""What a run writes: a primer that is gone on with, as notes, as sound, or as a drawing."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.music.made_up import tune
from throughtime.base.errors import ConfigError, DataError, FileMissingError
from throughtime.data.midi import Music, Note, midi_bytes, read_midi, to_roll
from throughtime.decode import Sampling
from throughtime.recipes.music.kinds import kind_of
from throughtime.recipes.music.performing import ENOUGH, generate
from throughtime.recipes.recipe import Request
from throughtime.tasks import SequenceGenerator

pytest.importorskip("mido", reason="mido, which reads and writes MIDI, is not installed")
ROLLS, LINE = {"frames": 2, "tempo": 77.0}, {"frames": 2, "kind": "melody"}


@pytest.fixture(scope="module")
def rolls():
    read = [kind_of("rolls", 2).encode(tune(up)) for up in range(4)]
    return SequenceGenerator(emission="keys", hidden_size=8, epochs=3, validation=None, progress=False).fit(read)


@pytest.fixture(scope="module")
def lines():
    read = [kind_of("melody", 2).encode(tune(up)) for up in range(4)]
    return SequenceGenerator(hidden_size=8, epochs=3, validation=None, progress=False).fit(read)


@pytest.fixture
def primer(tmp_path):
    (tmp_path / "primer.mid").write_bytes(midi_bytes(tune(times=1, tempo=66.0)))
    return str(tmp_path / "primer.mid")


def test_a_primer_is_gone_on_with_at_its_tempo(rolls, primer, tmp_path):
    out = tmp_path / "piece.mid"
    (line,) = generate(rolls, Request(10, primer, seed=1, out=out), ROLLS)
    found = read_midi(out)
    assert line == f"{out}: 10 frames after 16 of the primer, {len(found.notes)} notes in 13 quarter notes"
    np.testing.assert_array_equal(to_roll(found, 2)[:16], to_roll(tune(times=1), 2))
    assert (to_roll(found, 2).shape, found.tempo) == ((26, 88), 66.0)


def test_the_same_seed_writes_the_same(rolls, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        list(generate(rolls, Request(12, seed=seed, out=tmp_path / f"{name}.mid"), ROLLS))
    a, b, c = ((tmp_path / f"{name}.mid").read_bytes() for name in "abc")
    assert a == b != c
    assert read_midi(tmp_path / "a.mid").tempo == 77.0


def test_without_a_name_the_next_free_one_is_taken(rolls, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [next(generate(rolls, Request(), ROLLS)) for _ in range(2)]
    assert [line.partition(":")[0] for line in lines] == ["music-1.mid", "music-2.mid"]
    assert f": {ENOUGH} frames, " in lines[0]


def test_the_ending_says_what_is_written(rolls, primer, tmp_path):
    for name in ("a.wav", "a.svg", "a.MIDI"):
        list(generate(rolls, Request(8, primer, out=tmp_path / name), ROLLS))
    assert (tmp_path / "a.wav").read_bytes().startswith(b"RIFF")
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn.startswith("<svg")
    # Of its ten notes two are struck again: on a roll they are held.
    assert drawn.count('class="given"') == 8
    assert (tmp_path / "a.MIDI").read_bytes().startswith(b"MThd")


def test_a_melody_is_gone_on_with(lines, primer, tmp_path):
    out = tmp_path / "line.mid"
    request = Request(3, primer, Sampling(top_k=1), out=out)
    (line,) = generate(lines, request, LINE)
    found = read_midi(out)
    assert "symbols after 8 of the primer" in line
    assert [note.pitch for note in found.notes][:6] == [60, 64, 67, 72, 67, 64]
    assert to_roll(found, 2).sum(1).max() == 1


@pytest.mark.parametrize(
    ("name", "request_", "error", "message"),
    [
        ("a.mp3", Request(), ConfigError, r"\.mid, \.midi, \.wav, \.svg; the file is named 'a\.mp3'"),
        ("a.mid", Request(stop="C"), ConfigError, "only `temperature`"),
        ("a.mid", Request(beam=2), ConfigError, "only `temperature`"),
        ("a.mid", Request(sampling=Sampling(top_k=3)), ConfigError, "only `temperature`"),
        ("a.mid", Request(steps=0), ConfigError, "`steps`"),
        ("a.mid", Request(prompt="no such file"), FileMissingError, "primer"),
    ],
)
def test_what_cannot_be_is_refused(rolls, tmp_path, name, request_, error, message):
    with pytest.raises(error, match=message):
        generate(rolls, Request(**{**vars(request_), "out": tmp_path / name}), ROLLS)
    assert not (tmp_path / name).exists()


def test_primers_that_cannot_be_read_are_refused(rolls, lines, tmp_path):
    (tmp_path / "words.mid").write_text("no music")
    (tmp_path / "low.mid").write_bytes(midi_bytes(Music((Note(0.0, 1.0, 5),), 1.0)))
    (tmp_path / "new.mid").write_bytes(midi_bytes(Music((Note(0.0, 9.0, 60),), 9.0)))
    for name, message in (("words.mid", "begins with MThd"), ("low.mid", "Transpose it")):
        with pytest.raises(DataError, match=message):
            generate(rolls, Request(prompt=str(tmp_path / name), out=tmp_path / "a.mid"), ROLLS)
    with pytest.raises(DataError, match="'60:18' came"):
        generate(lines, Request(prompt=str(tmp_path / "new.mid"), out=tmp_path / "a.mid"), LINE)
