"""The recipe from files of texts to predictions, with trainings of seconds."""

from __future__ import annotations

import gzip
import json

import pytest

from throughtime import recipes
from throughtime.base.errors import DataError
from throughtime.recipes.labelling import sentiment
from throughtime.recipes.labelling.synthetic_reviews import KOREAN, synthetic_reviews

QUICK = {"epochs": "3", "hidden_size": "8", "embedding_size": "8", "validation": "0", "averaging": "0.5"}
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


@pytest.fixture(scope="module")
def made():
    return synthetic_reviews(80, languages=[KOREAN], seed=3)


@pytest.fixture(scope="module")
def data(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "reviews.jsonl"
    rows = [{"text": text, "label": label} for text, label in zip(made.texts, made.labels, strict=True)]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return path


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    return recipes.train("sentiment", data=data, out=out, settings=QUICK, progress=False)


def test_train_evaluate_and_predict_new_texts(trained, data, tmp_path):
    assert recipes.evaluate(trained.run).rows == trained.table.rows
    assert "80 test sequences" in recipes.evaluate(trained.run, data=data).title
    (tmp_path / "new.txt").write_text("연기는 정말 좋았다.\n@mina 음악은 지루했다 https://t.co/x\n")
    said = recipes.predict(trained.run, data=tmp_path / "new.txt")
    assert set(said.column("class")) <= {"negative", "positive"}
    sums = [
        sum(row) for row in zip(*(said.column(f"probability.{each}") for each in ("negative", "positive")), strict=True)
    ]
    assert sums == pytest.approx([1, 1])
    assert any("1 of 2 texts changed" in note for note in said.notes)


def test_columns_that_a_run_names_are_not_asked_of_bare_texts(data, tmp_path):
    run = recipes.train(
        "sentiment", data=data, out=tmp_path / "run", settings={**QUICK, "sequence": "text"}, progress=False
    ).run
    (tmp_path / "new.txt").write_text("연기는 정말 좋았다.\n")
    assert len(recipes.predict(run, data=tmp_path / "new.txt").rows) == 1


def test_a_table_and_a_folder_are_the_same_texts(made, data, tmp_path):
    table = tmp_path / "reviews.csv.gz"
    lines = ["text,label", *(f'"{text}",{label}' for text, label in zip(made.texts, made.labels, strict=True))]
    table.write_bytes(gzip.compress("\n".join(lines).encode()))
    for place, (text, label) in enumerate(zip(made.texts, made.labels, strict=True)):
        (tmp_path / "folder" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / label / f"{place:03d}.txt").write_text(text)
    texts = [
        sorted([*case.problem.train.sequences, *case.problem.test.sequences])
        for case in (sentiment.load(path, {}) for path in (data, table, tmp_path / "folder"))
    ]
    assert texts[0] == texts[1] == texts[2]


def test_tweets_have_one_writing_unless_it_is_refused(tmp_path):
    path = tmp_path / "tweets.csv"
    path.write_text("text,label\n" + "\n".join(f'"@a{n} nooooo{n} https://t.co/{n}",{n % 2}' for n in range(20)))
    kept = sentiment.load(path, {"tweets": "false"}).problem.train.sequences
    assert all("https://" in text for text in kept)
    case = sentiment.load(path, {})
    assert all(text.startswith("@user nooo") and text.endswith(" http") for text in case.problem.train.sequences)
    assert any("20 of 20 texts changed" in note for note in case.notes)
    assert sentiment.load(path, case.settings()).problem.train.sequences == case.problem.train.sequences


def test_the_sample_says_that_it_is_made_up():
    case = sentiment.load(None, {})
    assert "made up" in case.notes[0]
    assert len(case.problem.train) == 1600
    assert any("영화" in text or "연기" in text for text in case.problem.train.sequences)


def test_bad_input_is_refused(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes("text,label\n좋다,1\n나쁘다,0\n".encode("cp949"))
    with pytest.raises(DataError, match="must be UTF-8"):
        sentiment.load(path, {})
    path.write_text("text,label\ngood one,1\nfine one,1\n")
    with pytest.raises(DataError, match="at least 2 classes"):
        sentiment.load(path, {})
    path.write_text('text,label\ngood one,1\n" ",0\nbad one,0\n')
    with pytest.raises(DataError, match="missing or blank"):
        sentiment.load(path, {})
    with pytest.raises(DataError, match="Save it as .csv"):
        sentiment.load(["good"], {})
