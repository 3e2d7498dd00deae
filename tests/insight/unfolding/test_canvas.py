"""Signs, colours, and what a stream can show."""

from __future__ import annotations

import io

import pytest

from throughtime.insight.unfolding.canvas import ASCII, UNICODE, Canvas, Look, look_of


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str, terminal: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_terminal_gets_colour(monkeypatch):
    assert look_of(Terminal("utf-8")).colour
    assert not look_of(Terminal("utf-8", terminal=False)).colour
    monkeypatch.setenv("NO_COLOR", "1")
    assert not look_of(Terminal("utf-8")).colour
    monkeypatch.setenv("NO_COLOR", "")  # as no-color.org has it
    assert look_of(Terminal("utf-8")).colour
    monkeypatch.setenv("TERM", "dumb")
    assert not look_of(Terminal("utf-8")).colour


@pytest.mark.parametrize(("encoding", "unicode"), [("utf-8", True), ("ascii", False), ("latin-1", False)])
def test_unicode_where_the_encoding_has_it(encoding, unicode):
    assert look_of(Terminal(encoding)).unicode is unicode


def test_width_is_the_terminals(monkeypatch):
    monkeypatch.setenv("COLUMNS", "57")
    assert look_of(Terminal("utf-8")).width == 57


def test_both_alphabets_have_every_sign_one_character_wide():
    assert list(UNICODE) == list(ASCII)
    assert {len(sign) for sign in (*UNICODE.values(), *ASCII.values())} == {1}
    assert "".join(ASCII.values()).isascii()


def test_what_is_written_later_hides_what_was_there():
    canvas = Canvas(Look(colour=True))
    canvas.write(1, 2, "abc", "blue")
    canvas.write(1, 3, "X", "rose")
    assert canvas.to_text() == "\n  \033[34ma\033[0m\033[31mX\033[0m\033[34mc\033[0m"
    assert canvas.height == 2
