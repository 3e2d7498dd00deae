"""Folders, files and JSON of music: parts, what is left out, and what is refused."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.recipes.music.made_up import fill, tune
from throughtime.base.errors import DataError, FileMissingError
from throughtime.data.midi import Music, Note, midi_bytes, to_roll
from throughtime.recipes.music.reading import read_pieces, read_primer

pytest.importorskip("mido", reason="mido, which reads and writes MIDI, is not installed")


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path):
    found = read_pieces(fill(tmp_path / "music", 4), 4)
    assert list(found.parts) == ["train"]
    assert [each.notes[0].pitch - 48 for each in found.everything] == [0, 3, 1, 2]  # below/00, below/03, 01, 02
    assert found.notes == ()


def test_broken_files_are_skipped_counted_and_named(tmp_path):
    folder = fill(tmp_path / "music", 4)
    (folder / "cut.mid").write_bytes(midi_bytes(tune())[:40])
    (folder / "words.midi").write_text("no music")
    (folder / "low.mid").write_bytes(midi_bytes(Music((Note(0.0, 1.0, 5),), 1.0)))
    (folder / ".hidden.mid").write_text("somebody else's")
    (folder / "readme.txt").write_text("nothing to read")
    found = read_pieces(folder, 4)
    assert len(found.everything) == 4
    (note,) = found.notes
    assert note.startswith("Skipped: 3 files that cannot be read, cut.mid, low.mid, words.midi. The first: ")
    assert "broken" in note


def test_where_all_are_broken_the_first_says_why(tmp_path):
    (tmp_path / "cut.mid").write_bytes(midi_bytes(tune())[:40])
    with pytest.raises(DataError, match=r"cut\.mid is broken"):
        read_pieces(tmp_path, 4)


def test_folders_may_be_parts(tmp_path):
    for part, pieces in (("train", 3), ("valid", 2), ("test", 1)):
        fill(tmp_path / part, pieces)
    assert {name: len(each) for name, each in read_pieces(tmp_path, 4).parts.items()} == {
        "train": 3,
        "valid": 2,
        "test": 1,
    }
    (tmp_path / "more.mid").write_bytes(midi_bytes(tune()))
    assert list(read_pieces(tmp_path, 4).parts) == ["train"]  # one lies beside: they are no parts


def test_silence_before_and_notes_off_the_piano_are_left_out(tmp_path):
    (tmp_path / "one.mid").write_bytes(midi_bytes(Music((Note(5.5, 1.0, 60), Note(6.0, 1.0, 10)), 8.0)))
    found = read_pieces(tmp_path / "one.mid", 4)
    assert found.everything == (Music((Note(0.5, 1.0, 60),), 3.0),)
    assert found.notes == ("Left out: 1 notes that a piano has no key for.",)


def test_json_holds_pitches_of_frames(tmp_path):
    pieces = {"train": [[[60, 64], [60], []]], "test": [[[72]], [[20, 21]]]}
    (tmp_path / "plain.json").write_text(json.dumps(pieces))
    (tmp_path / "zipped.json.gz").write_bytes(gzip.compress(json.dumps(pieces).encode()))
    (tmp_path / "list.json").write_text(json.dumps(pieces["test"]))
    for name in ("plain.json", "zipped.json.gz"):
        found = read_pieces(tmp_path / name, 2)
        assert {part: len(each) for part, each in found.parts.items()} == {"train": 1, "test": 2}
        assert found.parts["train"][0] == Music((Note(0.0, 1.0, 60), Note(0.0, 0.5, 64)), 1.5)
        assert to_roll(found.parts["train"][0], 2).shape == (3, 88)
        assert found.notes == ("Left out: 1 notes that a piano has no key for.",)
    assert len(read_pieces(tmp_path / "list.json", 2).everything) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is none"),
        ("[" * 100_000, "is none"),
        ("3", "int came"),
        ('{"training": []}', "'training' came"),
        ("{}", "nothing came"),
        ('{"train": 3}', "int for a list"),
        ("[[3]]", "int for a list"),
        ("[[[true]]]", "True in frame 0"),
        ("[[[], [128]]]", "128 in frame 1"),
        ('[[["C4"]]]', "'C4' in frame 0"),
        ("[[]]", "is empty"),
        ("[]", "has none"),
    ],
)
def test_json_of_another_kind_is_refused(tmp_path, content, message):
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(DataError, match=message):
        read_pieces(tmp_path / "bad.json", 4)


def test_a_folder_without_music_is_refused(tmp_path):
    with pytest.raises(DataError, match="has none"):
        read_pieces(tmp_path, 4)
    with pytest.raises(FileMissingError, match="collection of music"):
        read_pieces(tmp_path / "nothing.mid", 4)


def test_a_primer_is_of_a_piano(tmp_path):
    (tmp_path / "good.mid").write_bytes(midi_bytes(tune(tempo=70.0)))
    (tmp_path / "low.mid").write_bytes(midi_bytes(Music((Note(0.0, 1.0, 12), Note(0.0, 1.0, 60)), 1.0)))
    assert read_primer(tmp_path / "good.mid") == tune(tempo=70.0)
    with pytest.raises(DataError, match=r"21 \.\. 108: .*low\.mid has 12\. Transpose"):
        read_primer(tmp_path / "low.mid")
    with pytest.raises(FileMissingError, match="primer"):
        read_primer(tmp_path / "nothing.mid")
