"""Corpora from files, and the part of them that tests."""

from __future__ import annotations

import gzip
import json

import pytest

from throughtime.base.errors import ConfigError, DataError, FileMissingError
from throughtime.recipes.text.problem import make_problem, read_corpus, sample
from throughtime.recipes.text.settings import Corpus


def problem(text):
    return make_problem("made up", text, Corpus(), 0, ())


def test_the_end_of_a_text_tests():
    found = problem("abcdefghij" * 10)
    assert (found.train, found.test) == ("abcdefghij" * 9, "abcdefghij")
    assert found.characters == 10
    assert "90 characters train, 10 characters test (the last 0.1)" in found.notes[-1]


def test_some_documents_test():
    texts = [f"text {place}" for place in range(20)]
    found = problem(texts)
    assert len(found.test) == 2
    assert sorted([*found.train, *found.test]) == sorted(texts)
    assert found.characters == sum(len(each) + 1 for each in found.test)
    other = make_problem("made up", texts, Corpus(), 1, ())
    assert other.test != found.test


def test_a_part_of_its_own_tests():
    found = make_problem("made up", "abc", Corpus(test="t.txt"), 0, ("a note",), "defg")
    assert (found.train, found.test) == ("abc", "defg")
    assert found.notes == ("a note", "Parts: 3 characters train, 4 characters of t.txt.")


@pytest.mark.parametrize(
    ("text", "test", "corpus", "error", "message"),
    [
        ("abc", None, Corpus(test="1.5"), ConfigError, "test=1.5 came"),
        ("abc", None, Corpus(), DataError, "3 characters train and 0 characters test"),
        (["abc"], None, Corpus(), DataError, "1 documents of 3 characters train and 0 documents"),
        ("abc", ["d"], Corpus(), DataError, "one of each came"),
    ],
)
def test_parts_that_cannot_be_are_refused(text, test, corpus, error, message):
    with pytest.raises(error, match=message):
        make_problem("made up", text, corpus, 0, (), test)


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
def test_files_are_read_as_they_are_meant(tmp_path):
    (tmp_path / "one.txt").write_text("first line\n\nsecond 하늘\n")
    (tmp_path / "two.txt.gz").write_bytes(gzip.compress("first line\n\nsecond 하늘\n".encode()))
    for name in ("one.txt", "two.txt.gz"):
        assert read_corpus(tmp_path / name, Corpus()) == "first line\n\nsecond 하늘\n"
        assert read_corpus(tmp_path / name, Corpus(documents="lines")) == ["first line", "second 하늘"]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"text": each, "id": 1}) for each in ("a b", "c")))
    assert read_corpus(tmp_path / "rows.jsonl", Corpus()) == ["a b", "c"]
    assert read_corpus(tmp_path / "rows.jsonl", Corpus(column="text")) == ["a b", "c"]
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("b", "a"):
        (folder / f"{name}.txt").write_text(f"text {name}")
    assert read_corpus(folder, Corpus()) == ["text a", "text b"]


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(FileMissingError, match="corpus must exist"):
        read_corpus(tmp_path / "none.txt", Corpus())
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(DataError, match="an empty one came"):
        read_corpus(tmp_path / "empty.txt", Corpus())
    with pytest.raises(DataError, match="there is none"):
        read_corpus(tmp_path / "empty.txt", Corpus(documents="lines"))
    (tmp_path / "latin.txt").write_bytes("Größe".encode("latin-1"))
    with pytest.raises(DataError, match="must be UTF-8"):
        read_corpus(tmp_path / "latin.txt", Corpus())
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match=r"holds .txt files: .*bare has none"):
        read_corpus(tmp_path / "bare", Corpus())
    with pytest.raises(ConfigError, match="column=text came"):
        read_corpus(tmp_path / "latin.txt", Corpus(column="text"))


def test_the_sample_is_the_documentation_of_this_python():
    text, (note,) = sample()
    assert "assert" in text
    assert len(text) > 300_000
    assert "PSF licence; SHA-256" in note
    assert sample() == (text, (note,))
