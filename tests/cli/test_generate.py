"""`throughtime generate` prints text as it is written, and says into which file music or handwriting went."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.recipes.handwriting.made_up import archive, drawings, iam
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
        (["--bias", "1"], 2, "of pen strokes (handwriting): 1 came with a run of text"),
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


@pytest.fixture(scope="module")
def hand(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hand")
    iam(folder / "lines")
    settings = {"epochs": "1", "hidden_size": "8", "batch_size": "8", "points": "12"}
    return recipes.train(
        "handwriting", data=folder / "lines", out=folder / "run", settings=settings, progress=False
    ).run


def test_a_phrase_goes_into_a_file(command, hand, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in ([], ["--out", "a.png"]):
        code, out, err = command("generate", hand, "--prompt", "abc", "--bias", "0.5", *words)
        assert (code, err) == (0, "")
        assert out.startswith(f"{words[-1] if words else 'handwriting-1.svg'}: ")
        assert "bias 0.5" in out
    assert (tmp_path / "handwriting-1.svg").read_text().startswith("<svg")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ([], 2, 'Write for example --prompt "a phrase"'),
        (["--prompt", "axe"], 1, "of letters that training showed, 'abc': 'e', 'x' came"),
        (["--prompt", "ab", "--bias", "21"], 2, "`bias`"),
        (["--prompt", "ab", "--temperature", "0.5"], 2, "only `bias`"),
        (["--prompt", "ab", "--out", "a.pdf"], 2, "written as .svg, .png"),
    ],
)
def test_phrases_that_cannot_be_written_are_one_line(command, hand, options, code, message):
    got, out, err = command("generate", hand, *options)
    assert (got, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1


def test_bad_strokes_are_one_line_and_leave_no_run(command, tmp_path):
    some = drawings(6)
    for place, (parts, message) in enumerate(
        [
            ({"train": []}, "holds none"),
            ({"train": [np.full((3, 3), np.nan)]}, "holds nan"),
            ({"train": [np.ones((1, 3))] * 4, "test": some[:2]}, "no drawing of the train part has two"),
            ({"train": some, "test": [np.ones((1, 3))]}, "no drawing of the test part has two"),
            ({"train": [np.full((3, 3), 0.5)]}, "The pen is 1"),
        ]
    ):
        data = archive(tmp_path / f"{place}.npz", **parts)
        code, out, err = command("train", "handwriting", "--data", data, "--out", tmp_path / "run")
        assert (code, out) == (1, "")
        assert message in err
        assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()
