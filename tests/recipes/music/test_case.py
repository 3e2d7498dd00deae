"""The recipe from a folder of MIDI to music that goes on, with trainings of seconds."""

from __future__ import annotations

import json
import re

import pytest

from tests.recipes.music.made_up import fill, tune
from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError
from throughtime.data.midi import midi_bytes, read_midi, to_roll
from throughtime.recipes.music.case import load
from throughtime.recipes.music.settings import Collection, Model, Settings
from throughtime.train.ranks import Ranks

pytest.importorskip("mido", reason="mido, which reads and writes MIDI, is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
QUICK = {"epochs": "3", "hidden_size": "8", "learning_rate": "0.02", "length": "12", "primer": "4", "frames": "1"}


def trained_on(data, out, **settings):
    return recipes.train("music", data=data, out=out, settings={**QUICK, **settings}, progress=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = fill(tmp_path_factory.mktemp("music") / "pieces", 20)
    (folder / "cut.mid").write_bytes(midi_bytes(tune())[:40])
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    return trained_on(data, tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def melody(data, tmp_path_factory):
    return trained_on(data, tmp_path_factory.mktemp("run") / "run", kind="melody", epochs="20")


def test_scores_stand_beside_rules_and_what_was_skipped_is_named(trained):
    assert trained.table.column("method") == ["rates of keys", "Markov of each key", "network"]
    assert any(note.startswith("Skipped: 1 files that cannot be read, cut.mid") for note in trained.notes)
    nats = trained.table.column("nats a frame")
    assert recipes.evaluate(trained.run).column("nats a frame") == nats


def test_melodies_stand_beside_n_grams(melody):
    assert melody.table.column("method")[-2:] == ["Kneser-Ney, 4 symbols", "network"]
    nats = melody.table.column("nats a symbol")
    assert nats[-1] < nats[0]


@pytest.mark.parametrize("kind", ["trained", "melody"])
def test_the_report_needs_nothing_else(kind, request):
    page = (request.getfixturevalue(kind).run / "report.html").read_text()
    for heading in ("Learning curve", "What it plays", "Pitches and durations", "Beside held-out music"):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<audio controls") == 1
    assert 'download="piece.mid"' in page
    addresses = re.findall(r'(?:src|href)="([^"]{1,20})', page)
    assert {address.partition(":")[0] for address in addresses if not address.startswith("#")} == {"data"}
    assert set(re.findall(r"https?://[^\"<\s]*", page)) <= {"http://www.w3.org/2000/svg"}


def test_a_report_without_mido_says_how_to_get_its_file(data, tmp_path, monkeypatch):
    pieces = [[[60, 64], [62], [64]] * 4] * 10
    (tmp_path / "pieces.json").write_text(json.dumps(pieces))
    monkeypatch.setitem(__import__("sys").modules, "mido", None)
    page = (trained_on(tmp_path / "pieces.json", tmp_path / "run").run / "report.html").read_text()
    assert "throughtime[midi]" in page
    assert "<audio" in page
    with pytest.raises(ConfigError, match=r"throughtime\[midi\]"):
        trained_on(data, tmp_path / "other")


def test_other_music_is_scored_without_rules(trained, tmp_path):
    other = fill(tmp_path / "other", 3)
    table = recipes.evaluate(trained.run, data=other)
    assert table.column("method") == ["network"]
    assert "3 test pieces" in table.title


def test_it_goes_on_from_test_pieces_in_names(trained, melody):
    table = recipes.predict(trained.run)
    assert len(table.rows) == 2
    assert re.fullmatch(r"([A-G]#?\d ?)+:\d+(, ([A-G]#?\d ?)+:\d+)?", table.column("after")[0])
    assert all(table.column("goes on"))
    assert re.fullmatch(r"[A-G]#?\d:\d+, [A-G]#?\d:\d+", recipes.predict(melody.run).column("after")[0])


def test_json_of_pitches_has_parts_and_frames_of_its_own(tmp_path):
    piece = [[60, 64], [60, 64], [67]] * 4
    (tmp_path / "pieces.json").write_text(json.dumps({"train": [piece] * 6, "valid": [piece], "test": [piece]}))
    result = trained_on(tmp_path / "pieces.json", tmp_path / "run", emission="bernoulli", validation="0")
    assert "6 pieces of 72 quarter notes train, 1 pieces of 12 quarter notes test (the data's own parts)" in " ".join(
        result.notes
    )
    assert "12 frames of 1 test pieces" in result.table.title
    assert not any("chords are whole" in note for note in result.table.notes)


def test_a_folder_of_its_own_may_test(data, tmp_path):
    test = fill(tmp_path / "test", 3)
    result = trained_on(data, tmp_path / "run", test=str(test), epochs="1")
    assert "3 pieces" in result.notes[-1]
    (test / "more.mid").write_bytes(midi_bytes(tune()))
    with pytest.raises(DataError, match="has changed"):
        recipes.evaluate(result.run)


def test_schedules_follow_from_the_lengths(data, tmp_path):
    case = load(data, {"frames": "1"})
    assert case.usual_tbptt("100,100") == "n,n"
    assert load(data, {"frames": "48"}).usual_tbptt("100,100") != "n,n"
    assert load(data, {"kind": "melody"}).usual_tbptt("100,100") == "100,100"


def test_one_piece_can_validate_nothing(tmp_path):
    (tmp_path / "one.mid").write_bytes(midi_bytes(tune(times=8)))
    with pytest.raises(DataError, match="1 trains.*validation=0"):
        load(tmp_path / "one.mid", QUICK).check("n,n", Ranks())
    load(tmp_path / "one.mid", {**QUICK, "validation": "0"}).check("n,n", Ranks())


def test_a_test_part_of_single_frames_is_refused_before_training(tmp_path):
    (tmp_path / "short.json").write_text(json.dumps({"train": [[[60], [62]]] * 3, "test": [[[60]]]}))
    with pytest.raises(DataError, match="two frames"):
        load(tmp_path / "short.json", QUICK).check("n,n", Ranks())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "chords"}, "kind"),
        ({"frames": "0"}, "frames"),
        ({"frames": "49"}, "from 1 to 48"),
        ({"tempo": "2"}, "from 4 to 1000"),
        ({"emission": "categorical"}, "emission"),
        ({"learning_rate": "0"}, "auto, or a number above 0"),
        ({"dropout": "1"}, "auto, or a number of 0 or more"),
        ({"hiden_size": "3"}, "hidden_size"),
    ],
)
def test_settings_are_checked(data, settings, message):
    with pytest.raises(ConfigError, match=message):
        load(data, settings)


def test_settings_left_open_are_the_estimators(data):
    assert load(data, {"dropout": "auto"}).chosen == Settings(Collection(), model=Model())


def test_what_is_written_can_be_trained_on(trained, tmp_path):
    (line,) = recipes.generate(trained.run, 20, seed=1, out=tmp_path / "a.mid")
    assert line.startswith(f"{tmp_path / 'a.mid'}: 20 frames, ")
    assert to_roll(read_midi(tmp_path / "a.mid"), 1).shape == (20, 88)
