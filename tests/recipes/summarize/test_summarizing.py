"""The recipe from files to summaries, with trainings of seconds, in Korean."""

from __future__ import annotations

import json

import pytest

from tests.recipes.summarize.korean import stories
from throughtime import recipes
from throughtime.base.errors import ConfigError, DataError, FileMissingError
from throughtime.base.run_folder import RunFolder
from throughtime.recipes.page import pictures_of
from throughtime.recipes.recipe import Request
from throughtime.recipes.summarize.summarizing import generate

SMALL = {"hidden_size": "32", "embedding_size": "32", "num_layers": "1", "heads": "1", "batch_size": "16"}
QUICK = {**SMALL, "learning_rate": "0.01", "averaging": "0.9", "dropout": "0.1", "validation": "0", "epochs": "12"}
pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "stories.jsonl"
    rows = (json.dumps({"본문": d, "요약": s}, ensure_ascii=False) for d, s in zip(*stories(330), strict=True))
    path.write_text("\n".join(["{broken", *rows]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    settings = {**QUICK, "document": "본문", "summary": "요약", "beam": "2", "label_smoothing": "0"}
    out = tmp_path_factory.mktemp("run") / "run"
    return recipes.train("summarize", data=data, out=out, settings=settings, progress=False)


def test_names_never_seen_are_copied(trained):
    table = trained.table
    assert table.column("method") == ["lead words", "lead sentence", "nearest document", "network"]
    scores = table.column("ROUGE-L")
    assert scores[-1] > 85
    assert scores[-1] > max(scores[:-1]) + 3
    assert table.column("copied")[-1] > 0.9
    again = recipes.evaluate(trained.run)
    assert again.column("ROUGE-L") == scores
    assert any("Left out: 1 of 331 lines that are no JSON object: line 1." in note for note in table.notes)


def test_the_report_shows_summaries_and_where_it_looks(trained):
    page = (trained.run / "report.html").read_text(encoding="utf-8")
    for heading in ("Scores on the test part", "Learning curve", "Test documents", "Where it looks"):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("written by people") == 7  # of 33, every fifth
    picture = pictures_of(page)["Where it looks"]
    assert picture.count('class="step"') == 3
    assert 'data-copied="true"' in picture
    assert "<u>" in page


def test_other_documents_are_summarized(trained, data, tmp_path):
    documents, summaries = stories(340)
    (tmp_path / "one.txt").write_text(documents[335], encoding="utf-8")
    (tmp_path / "two.txt").write_text(documents[336], encoding="utf-8")
    (tmp_path / "bad.txt").write_bytes(b"\xff")
    table = recipes.predict(trained.run, data=tmp_path)
    assert table.column("document") == ["one", "two"]
    said = table.column("summary")
    assert [each.split()[-1] for each in said] == [each.split()[-1] for each in summaries[335:337]]
    assert any("bad" in note for note in table.notes)
    assert recipes.predict(trained.run, data=tmp_path / "two.txt").column("summary") == table.column("summary")[1:]
    assert recipes.evaluate(trained.run, data=data).column("method") == ["network"]
    with pytest.raises(DataError, match="no pair of one name"):
        recipes.evaluate(trained.run, data=tmp_path)


def test_one_document_is_summarized(trained, tmp_path):
    document = stories(340)[0][335]
    pieces = list(recipes.generate(trained.run, prompt=document))
    assert len(pieces) > 1
    (tmp_path / "one.txt").write_text(document, encoding="utf-8")
    (text,) = recipes.generate(trained.run, prompt=str(tmp_path / "one.txt"), beam=2)
    assert text == recipes.predict(trained.run, data=tmp_path).column("summary")[0]
    (told,) = recipes.generate(trained.run, prompt=document, out=tmp_path / "said.txt")
    assert "said.txt" in told
    assert (tmp_path / "said.txt").read_text(encoding="utf-8") == "".join(pieces) + "\n"
    assert len("".join(recipes.generate(trained.run, 1, prompt=document)).split()) == 1


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({}, ConfigError, "--prompt document.txt"),
        ({"prompt": "none.txt"}, FileMissingError, "document must exist"),
        ({"prompt": " "}, DataError, "a blank one came"),
        ({"prompt": "a", "stop": "b"}, ConfigError, "ends by itself"),
        ({"prompt": "a", "temperature": 0.5}, ConfigError, "likeliest one"),
        ({"prompt": "a", "beam": 0}, ConfigError, "beam"),
    ],
)
def test_requests_are_checked(trained, asked, error, message):
    with pytest.raises(error, match=message):
        list(recipes.generate(trained.run, **asked))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"heads": "0"}, ConfigError, "copy"),
        ({"heads": "3"}, ConfigError, "heads"),
        ({"beam": "0"}, ConfigError, "beam"),
        ({"memory": "none"}, ConfigError, "memory"),
        ({"sumary": "x"}, ConfigError, "did you mean 'summary'"),
        ({"document": "body"}, DataError, "'body'"),
        ({}, DataError, "column of documents"),
    ],
)
def test_settings_are_checked(data, tmp_path, settings, error, message):
    with pytest.raises(error, match=message):
        recipes.train("summarize", data=data, out=tmp_path / "run", settings=settings, progress=False)
    assert not (tmp_path / "run").exists()


def test_settings_come_back_from_a_run(trained):
    with RunFolder.read(trained.run) as run:
        assert run.settings["settings"]["document"] == "본문"
        json.dumps(run.settings["settings"])


def test_a_run_holds_to_its_documents(tmp_path):
    documents, summaries = stories(24)
    for name in ("own", "other"):
        rows = (json.dumps({"text": d, "title": s}) for d, s in zip(documents, summaries, strict=True))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
    settings = {**QUICK, "epochs": "1", "test": str(tmp_path / "other.jsonl"), "label_smoothing": "0"}
    run = recipes.train(
        "summarize", data=tmp_path / "own.jsonl", out=tmp_path / "run", settings=settings, progress=False
    )
    (tmp_path / "other.jsonl").write_text(json.dumps({"text": "a b", "title": "a"}))
    with pytest.raises(DataError, match="has changed"):
        recipes.evaluate(run.run)


def test_documents_longer_than_memory_allows_are_refused(tmp_path):
    documents = [" ".join(f"w{n}" for n in range(place, place + 5000)) for place in range(8)]
    rows = (json.dumps({"text": each, "title": "t"}) for each in documents)
    (tmp_path / "long.jsonl").write_text("\n".join(rows))
    settings = {**QUICK, "memory": "1MB", "source_limit": "5000", "test": "0.2"}
    with pytest.raises(ConfigError, match=r"holds what is kept of a batch's sources.*source_limit"):
        recipes.train(
            "summarize", data=tmp_path / "long.jsonl", out=tmp_path / "run", settings=settings, progress=False
        )


@pytest.mark.parametrize("count", ["1", "2", "auto"])
def test_a_summary_repeats_no_more_than_the_settings_say(count):
    asked = []

    class Model:
        def stream(self, document, **given):
            asked.append(given["no_repeat"])
            return iter(())

        def predict(self, documents, **given):
            asked.append(given["no_repeat"])
            return ["", *documents][:1]

    for request in (Request(prompt="a b"), Request(prompt="a b", beam=2)):
        list(generate(Model(), request, {"no_repeat": count}))
    assert asked == [None if count == "auto" else int(count)] * 2
