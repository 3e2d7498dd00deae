"""`throughtime data` shows licence and source before it fetches, and refuses in one line."""

from __future__ import annotations

import json

import pytest

from tests.data.public.served import public_file, public_set, serving

TEXT = b"words\n"


@pytest.fixture
def made_up(monkeypatch):
    """Put a set into the catalogue."""

    def put(base: str) -> None:
        wanted = public_set(base, public_file("made_up/text.txt", "text.txt", TEXT), obtain="" if base else "a shop")
        monkeypatch.setattr("throughtime.data.public.sets.public_sets", lambda: {"made_up": wanted})
        monkeypatch.setattr("throughtime.data.public.public_sets", lambda: {"made_up": wanted})

    return put


def test_get_and_list(command, made_up, tmp_path, monkeypatch):
    pytest.importorskip("pooch", reason="pooch, which fetches, is not installed")
    monkeypatch.setenv("THROUGHTIME_DATA", str(tmp_path))
    with serving({"/text.txt": TEXT}) as served:
        made_up(served.base)
        assert json.loads(command("data", "list", "--json").out)["rows"][0]["here"] is False
        code, out, err = command("data", "get", "made_up")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "made_up: two files",
        "licence: none",
        f"source: {served.base}",
        "cite: nobody",
        "made_up/text.txt: 6 bytes",
        f"made_up is in {tmp_path}",
    ]
    assert (tmp_path / "made_up" / "text.txt").read_bytes() == TEXT
    assert json.loads(command("data", "list", "--json").out)["rows"][0]["here"] is True


def test_licence_comes_first(command, made_up, tmp_path):
    made_up("")
    code, out, err = command("data", "get", "made_up", "--out", tmp_path / "all")
    assert code == 2
    assert "licence: none" in out
    assert "a shop" in err
    (tmp_path / "text.txt").write_bytes(TEXT)
    code, out, _ = command("data", "get", "made_up", "--out", tmp_path / "all", "--from", tmp_path)
    assert (code, out.splitlines()[-1]) == (0, f"made_up is in {tmp_path / 'all'}")


def test_unknown_set_is_one_line(command):
    code, out, err = command("data", "get", "dna_splise")
    assert (code, out) == (2, "")
    assert err.endswith("'dna_splise' is none: did you mean 'dna_splice'?\n")
    assert err.count("\n") == 1


def test_all_sets_are_listed(command, tmp_path, monkeypatch):
    monkeypatch.setenv("THROUGHTIME_DATA", str(tmp_path))
    code, out, _ = command("data", "list")
    assert code == 0
    assert "dna_splice" in out
    assert f"Looked for in {tmp_path}" in out
