"""`throughtime generate` prints text as it is written, and says which file music was written into."""

from __future__ import annotations

import json

import pytest

from tests.recipes.text.made_up import made_up
from throughtime import recipes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    (folder / "made_up.txt").write_text(made_up())
    settings = {"epochs": "2", "hidden_size": "16", "length": "20"}
    trained = recipes.train("text", data=folder / "made_up.txt", out=folder / "run", settings=settings, progress=False)
    return trained.run


def test_the_same_seed_prints_the_same(command, run):
    code, out, err = command("generate", run, "--steps", "30", "--prompt", "alpha", "--temperature", "0.7")
    assert (code, err) == (0, "")
    assert out.startswith("alpha")
    assert len(out) == len("alpha") + 30 + 1
    assert command("generate", run, "--steps", "30", "--prompt", "alpha", "--temperature", "0.7")[1] == out
    assert command("generate", run, "--steps", "30", "--prompt", "alpha", "--seed", "5")[1] != out


def test_text_goes_into_a_file(command, run, tmp_path):
    printed = command("generate", run, "--steps", "30", "--prompt", "alpha")[1]
    code, out, err = command("generate", run, "--steps", "30", "--prompt", "alpha", "--out", tmp_path / "text.txt")
    assert (code, err) == (0, "")
    assert out == f"{tmp_path / 'text.txt'}: 35 characters\n"
    assert (tmp_path / "text.txt").read_text() + "\n" == printed


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--temperature", "0"], 2, "top_k=1"),
        (["--steps", "0"], 2, "`steps`"),
        (["--beam", "2", "--top-k", "3"], 2, "draws nothing"),
        (["--prompt", "Ω"], 1, "'Ω' came"),
    ],
)
def test_what_cannot_be_is_one_line(command, run, options, code, message):
    got, out, err = command("generate", run, *options)
    assert (got, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1


def test_music_goes_into_a_file_of_its_own_name(command, tmp_path, monkeypatch):
    pytest.importorskip("mido", reason="mido, which reads and writes MIDI, is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pieces.json").write_text(json.dumps([[[60, 64], [62], [64]] * 4] * 10))
    settings = {"epochs": "1", "hidden_size": "8", "length": "4", "frames": "1"}
    recipes.train("music", data=tmp_path / "pieces.json", out=tmp_path / "run", settings=settings, progress=False)
    code, out, err = command("generate", "run", "--steps", "8", "--seed", "1")
    assert (code, err) == (0, "")
    assert out.startswith("music-1.mid: 8 frames, ")
    code, out, err = command("generate", "run", "--steps", "4", "--prompt", "music-1.mid", "--out", "more.wav")
    assert (code, err) == (0, "")
    assert out.startswith("more.wav: 4 frames after 8 of the primer, ")
    code, out, err = command("generate", "run", "--out", "piece.ogg")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "piece.ogg" in err
