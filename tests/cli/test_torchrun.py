"""The command line as one of the processes that torchrun starts; tests/train/test_torture_ranks.py runs it for real."""

from __future__ import annotations

import pytest

from throughtime.base.errors import Interrupted, Notice
from throughtime.cli import app

STARTED = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}


@pytest.fixture
def second(monkeypatch):
    for name, value in STARTED.items():
        monkeypatch.setenv(name, value)


def code_of(*words):
    with pytest.raises(SystemExit) as ended:
        app.main(list(words))
    return ended.value.code


@pytest.mark.parametrize("words", [("compare", "weather"), ("lab", "recall"), ("evaluate", "run")])
def test_only_a_training_is_shared(second, capsys, words):
    assert code_of(*words) == app.USAGE
    assert capsys.readouterr().err == (
        f"throughtime, rank 1: torchrun starts the processes of one training, for train and resume: {words[0]} came "
        "with 2 of them. Start it alone; it uses all cores by itself.\n"
    )


def test_help_is_for_every_rank(second, capsys):
    assert code_of("train", "--help") == 0
    assert "Train a recipe" in capsys.readouterr().out


def test_a_rank_that_is_gone_is_told_of(second, capsys, monkeypatch):
    from throughtime import recipes

    def fail(*args, **kwargs):
        raise RuntimeError(
            "[../third_party/gloo/gloo/transport/tcp/pair.cc:538] Connection closed by peer [127.0.0.1]:3"
        )

    monkeypatch.setattr(recipes, "train", fail)
    assert code_of("train", "weather") == app.FAILURE
    said = capsys.readouterr().err
    assert "rank 1: Another process of this training has ended" in said
    assert "Connection closed by peer [127.0.0.1]:3" in said


def test_what_else_a_network_says_is_passed_on(second, capsys, monkeypatch):
    from throughtime import recipes

    def fail(*args, **kwargs):
        raise RuntimeError("[../gloo/transport/tcp/device.cc:84] Unable to find address for: nosuch0")

    monkeypatch.setattr(recipes, "train", fail)
    assert code_of("train", "weather") == app.FAILURE
    assert "Unable to find address for: nosuch0" in capsys.readouterr().err


def test_one_variable_alone_makes_no_rank(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    app._say("something")
    assert capsys.readouterr().err == "throughtime: something\n"


def test_the_first_rank_speaks_of_what_all_know(second, capsys, monkeypatch):
    from throughtime import recipes

    def stopped(*args, **kwargs):
        app._show_warning("something to know", Notice, "a file", 1)
        raise Interrupted("Training was stopped.", None)

    monkeypatch.setattr(recipes, "train", stopped)
    assert code_of("train", "weather") == app.INTERRUPTED
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("RANK", "0")
    assert code_of("train", "weather") == app.INTERRUPTED
    assert capsys.readouterr().err == "throughtime: note: something to know\nthroughtime: Training was stopped.\n"


def test_processes_that_may_be_started_anew_need_a_named_folder(second, capsys, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    assert code_of("train", "weather") == app.USAGE
    assert "name its folder with out=, or --out" in capsys.readouterr().err
