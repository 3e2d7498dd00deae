"""A corpus becomes numbers and text again, whatever holds it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from throughtime.base.errors import DataError, FileMissingError
from throughtime.tasks.corpus import LONG, TextEncoding, as_corpus, encoded_text

TEXT = "Größe 한국어\nthe cat sat.\n"


@pytest.mark.parametrize("kind", ["characters", "words", "jamo", "bytes"])
def test_a_text_comes_back(kind):
    encoding = TextEncoding.fit(TEXT, kind)
    assert (encoding.end, encoding.documents) == (None, False)
    codes = encoding.encode(TEXT)
    assert codes.min() > 0
    assert encoding.size == len(set(codes.tolist())) + 1
    wanted = "Größe 한국어 the cat sat." if kind == "words" else TEXT
    assert encoding.decode(codes.tolist()) == wanted
    again = TextEncoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert again == encoding


def test_documents_have_ends():
    encoding = TextEncoding.fit(as_corpus(pl.Series(["ab", "b"])), "characters")
    assert encoding.size == 4  # unknown, a, b, end
    document = encoding.document("ab")
    assert document[[0, -1]].tolist() == [3, 3]
    assert encoding.decode(document.tolist()) == "ab"


def test_lists_of_symbols_stay():
    encoding = TextEncoding.fit(as_corpus([["C", "G"], ["C"]]), "characters")
    assert encoding.decode(encoding.encode(("G", "C")).tolist()) == ("G", "C")
    assert encoding.unknown(("G", "F", "A", "F")) == ["A", "F"]


def test_symbols_seen_once_are_unknown_in_a_long_text():
    short, long = "ab" * 10 + "z", "ab" * LONG + "z"
    assert "z" in TextEncoding.fit(short, "characters").vocabulary.symbols
    encoding = TextEncoding.fit(long, "characters")
    assert encoding.vocabulary.symbols == ("a", "b")
    assert encoding.encode("az").tolist() == [1, 0]


@pytest.mark.parametrize("kind", ["characters", "words", "bytes"])
def test_a_file_is_read_as_its_text_is(tmp_path, monkeypatch, kind):
    monkeypatch.setattr("throughtime.tasks.corpus.CHUNK", 20)
    path, text = tmp_path / "corpus.txt", TEXT * 9 + "no newline at the end"
    path.write_text("\ufeff" + text, encoding="utf-8", newline="")  # a byte order mark is none of its letters
    encoding = TextEncoding.fit(as_corpus(path), kind)
    assert encoding == TextEncoding.fit(text, kind)
    tokens = encoded_text(path, encoding, tmp_path / "corpus.tokens")
    assert tokens.read(0, len(tokens)).tolist() == encoding.encode(text).tolist()


def test_every_container_is_taken():
    assert as_corpus("ab") == "ab"
    for given in (["ab", "c"], ("ab", "c"), np.array(["ab", "c"]), pd.Series(["ab", "c"]), pl.Series(["ab", "c"])):
        assert as_corpus(given) == ["ab", "c"]
    assert as_corpus([["a"], ("b", "c")]) == [("a",), ("b", "c")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "an empty one came"),
        ([], "none came"),
        (7, "int came"),
        (b"ab", "bytes came"),
        ({"a": "b"}, "dict came"),
        (["ab", ["a"]], "texts and lists came"),
        (["ab", 3], r"number 1 \(from 0\) is int"),
        (["ab", ""], r"1 of 2 are empty, the first is number 1 \(from 0\)"),
        ([["a"], []], "1 of 2 are empty"),
    ],
)
def test_what_is_no_corpus_is_refused(given, message):
    with pytest.raises(DataError, match=message):
        as_corpus(given)


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path):
    with pytest.raises(FileMissingError, match=r"there is no file .*none\.txt"):
        as_corpus(tmp_path / "none.txt")
    with pytest.raises(FileMissingError, match="is a folder"):
        as_corpus(tmp_path)
    (tmp_path / "latin.txt").write_bytes("Größe".encode("latin-1"))
    with pytest.raises(DataError, match=r"UTF-8: .*latin\.txt is not"):
        TextEncoding.fit(as_corpus(tmp_path / "latin.txt"), "characters")


def test_what_follows_is_of_the_corpuss_kind():
    with pytest.raises(DataError, match="a text: tuple came"):
        TextEncoding.fit("ab", "characters").encode(("a",))
    with pytest.raises(DataError, match="a list of symbols: str came"):
        TextEncoding.fit([("a",)], "characters").encode("a")
