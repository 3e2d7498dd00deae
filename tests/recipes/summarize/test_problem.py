"""Parts of one's own documents and of docstrings; what is cut or drawn is told."""

from __future__ import annotations

import json

import pytest

from tests.recipes.summarize.korean import stories
from throughtime.base.errors import ConfigError, DataError
from throughtime.recipes.settings import parse
from throughtime.recipes.summarize.problem import other, own, sample
from throughtime.recipes.summarize.settings import Settings


def write(path, documents, summaries):
    rows = (json.dumps({"document": d, "summary": s}) for d, s in zip(documents, summaries, strict=True))
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "own.jsonl", *stories(40))


def chosen(**settings):
    return parse(settings, Settings())


def test_a_share_tests_and_no_document_is_in_both(file):
    problem = own(file, chosen(test="0.25", seed=3, lower="false"))
    assert (len(problem.train), len(problem.test)) == (30, 10)
    assert not set(problem.train.documents) & set(problem.test.documents)
    assert set(problem.train.documents) | set(problem.test.documents) == set(stories(40)[0])
    assert problem.notes[1] == (
        "Parts: 40 documents, 30 train, 10 test (0.25 of them, drawn by seed 3); validation is taken from the training "
        "part."
    )
    assert own(file, chosen(test="0.25", seed=4)).test.documents != problem.test.documents


def test_a_test_part_of_its_own(file, tmp_path):
    write(tmp_path / "other.jsonl", ["a b"], ["a"])
    problem = own(file, chosen(test=str(tmp_path / "other.jsonl")))
    assert (len(problem.train), problem.test.documents) == (40, ["a b"])
    assert any("40 train, 1 of" in note for note in problem.notes)


def test_so_many_train_as_asked_for(file):
    problem = own(file, chosen(most=7, test="0.25"))
    assert len(problem.train) == 7
    assert "Of the training part 7 documents are used, drawn by seed 0." in problem.notes


def test_texts_are_lower_cased_where_asked_for(tmp_path):
    file = write(tmp_path / "a.jsonl", ["A Cat", "Ein Hund", "x", "y"], ["A", "Hund", "x", "y"])
    problem = own(file, chosen(test="0.5"))
    assert set(problem.train.documents + problem.test.documents) == {"a cat", "ein hund", "x", "y"}
    assert "Texts are lower-cased; lower=false keeps them as they are." in problem.notes
    kept = own(file, chosen(test="0.5", lower="false"))
    assert "Ein Hund" in kept.train.documents + kept.test.documents
    assert kept.train.summaries + kept.test.summaries != problem.train.summaries + problem.test.summaries


def test_long_documents_are_cut_and_that_is_told(file):
    problem = own(file, chosen(source_limit="5"))
    assert problem.notes[-1].startswith("Of 40 of 40 documents the first 5 words are read, the rest is not")
    assert not any("source_limit" in note for note in own(file, chosen()).notes)


def test_documents_without_summaries(file, tmp_path):
    (tmp_path / "new.jsonl").write_text(json.dumps({"document": "x"}))
    problem = other(tmp_path / "new.jsonl", chosen(), scored=False)
    assert (problem.train, problem.test.summaries) == (None, [])
    with pytest.raises(DataError, match="column of summaries"):
        other(tmp_path / "new.jsonl", chosen(), scored=True)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"test": "0"}, ConfigError, "share above 0"),
        ({"test": "0.001"}, DataError, "40 train and 0 test"),
        ({"document": "txt"}, DataError, "'txt'"),
    ],
)
def test_what_is_wrong_is_told(file, settings, error, message):
    with pytest.raises(error, match=message):
        own(file, chosen(**settings))


def test_the_sample_is_docstrings():
    problem = sample(chosen(most="100"))
    assert len(problem.train) == 100
    assert len(problem.validation) > 400
    assert len(problem.test.bodies) == len(problem.test)
    parts = problem.train, problem.validation, problem.test
    modules = [{name.split(".")[0] for name in part.names} for part in parts]
    assert not modules[0] & modules[2]
    assert not modules[1] & modules[2]
    for document, body, summary in zip(
        problem.test.documents, problem.test.bodies, problem.test.summaries, strict=True
    ):
        assert document.endswith(body)
        assert "\n" not in summary
    assert "SHA-256" in problem.notes[0]
