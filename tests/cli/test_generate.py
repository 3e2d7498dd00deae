"""`throughtime generate` prints text as it is written."""

from __future__ import annotations

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
