"""What a run writes: a phrase as lines or as pixels, and what cannot be written."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recipes.handwriting.made_up import drawings
from throughtime.base.errors import ConfigError, DataError
from throughtime.decode import Sampling
from throughtime.recipes.handwriting.drawing import phrases_of, points_of
from throughtime.recipes.handwriting.writing import generate
from throughtime.recipes.recipe import Request
from throughtime.tasks import SequenceGenerator

QUICK = {"emission": "strokes", "hidden_size": 8, "epochs": 2, "validation": None, "progress": False}
MANY = drawings(30)


@pytest.fixture(scope="module")
def reader():
    return SequenceGenerator(**QUICK).fit(points_of(MANY), phrases_of(MANY))


@pytest.fixture(scope="module")
def unread():
    return SequenceGenerator(**QUICK).fit(points_of(MANY))


def test_the_ending_says_what_is_written(reader, tmp_path):
    for name, begins in (("a.svg", b"<svg"), ("a.PNG", b"\x89PNG")):
        (line,) = generate(reader, Request(6, "abc", seed=1, out=tmp_path / name), {})
        assert line.startswith(f"{tmp_path / name}: ")
        assert (tmp_path / name).read_bytes().startswith(begins)
    assert "<title>abc</title>" in (tmp_path / "a.svg").read_text()


def test_the_same_seed_writes_the_same(reader, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        list(generate(reader, Request(9, "abc", seed=seed, out=tmp_path / f"{name}.svg"), {}))
    a, b, c = ((tmp_path / f"{name}.svg").read_text() for name in "abc")
    assert a == b != c


def test_a_bias_is_the_runs_own_unless_another_is_asked_for(reader, tmp_path):
    for name, bias, settings in (("a", None, {"bias": 2.0}), ("b", 2.0, {}), ("c", None, {})):
        (line,) = generate(reader, Request(9, "abc", bias=bias, out=tmp_path / f"{name}.svg"), settings)
        assert f"bias {2 if name != 'c' else 1}" in line
    a, b, c = ((tmp_path / f"{name}.svg").read_text() for name in "abc")
    assert a == b != c


def test_what_did_not_end_is_said_to_be_cut(reader, tmp_path):
    for seed in range(20):
        (line,) = generate(reader, Request(2, "abc", seed=seed, out=tmp_path / "a.svg"), {})
        assert ("did not end by itself" in line) is ("of 2 points" in line)


def test_without_a_name_the_next_free_one_is_taken(unread, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [next(generate(unread, Request(12), {})) for _ in range(2)]
    assert [line.partition(":")[0] for line in lines] == ["handwriting-1.svg", "handwriting-2.svg"]


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (Request(prompt="ab", out="a.pdf"), ConfigError, r"as \.svg, \.png; the file is named 'a\.pdf'"),
        (Request(prompt=""), ConfigError, "phrase of a letter at least: '' came"),
        (Request(prompt="  "), ConfigError, "phrase of a letter at least"),
        (Request(prompt="axe"), DataError, "'e', 'x' came"),
        (Request(prompt="ab", steps=0), ConfigError, "`steps`"),
        (Request(prompt="ab", bias=np.inf), ConfigError, "`bias`"),
        (Request(prompt="ab", beam=2), ConfigError, "only `bias`"),
        (Request(prompt="ab", stop="a"), ConfigError, "only `bias`"),
        (Request(prompt="ab", sampling=Sampling(temperature=0.5)), ConfigError, "only `bias`"),
    ],
)
def test_what_cannot_be_is_refused(reader, tmp_path, request_, error, message):
    out = tmp_path / (request_.out or "a.svg")
    with pytest.raises(error, match=message):
        generate(reader, Request(**{**vars(request_), "out": out}), {})
    assert not out.exists()


def test_a_network_without_phrases_takes_none(unread, tmp_path):
    with pytest.raises(ConfigError, match="reads no phrases and draws by itself: 'ab' came"):
        generate(unread, Request(prompt="ab", out=tmp_path / "a.svg"), {})
