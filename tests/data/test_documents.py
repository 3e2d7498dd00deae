"""Documents find their summaries, whichever file they come in; what cannot be used is counted and named."""

from __future__ import annotations

import gzip
import json

import pytest

from throughtime.base.errors import DataError, FileMissingError
from throughtime.data import document_text, read_documents

ROWS = [("The cat sat.\nIt slept.", "a cat"), ("서울에 비가 내렸다.", "서울 비")]
LINES = "\n".join(json.dumps({"document": first, "summary": second}) for first, second in ROWS)


def pairs(found):
    return list(zip(found.documents, found.summaries, strict=True))


def csv(separator=",", names=("document", "summary")):
    lines = [separator.join(names), *(separator.join(f'"{each}"' for each in row) for row in ROWS)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINES.encode()),
        ("a.ndjson", ("\ufeff" + LINES + "\n\n").encode()),
        ("a.jsonl.gz", gzip.compress(LINES.encode())),
        ("a.csv", csv().encode()),
        ("a.tsv", csv("\t").encode()),
        ("a.csv.gz", gzip.compress(csv().encode())),
        ("a.csv", csv(names=("Article", "Highlights")).encode()),
    ],
)
def test_every_kind_of_file_is_read(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    found = read_documents(tmp_path / name)
    assert pairs(found) == ROWS
    assert len(found.notes) == 1
    assert found.names == [f"{'line' if 'json' in name or 'ndj' in name else 'row'} {n}" for n in (1, 2)]


def test_the_first_usual_name_is_taken_and_said(tmp_path):
    row = {"title": "t", "text": "long", "summary": "short", "body": "b"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    found = read_documents(tmp_path / "a.jsonl")
    assert pairs(found) == [("long", "short")]
    assert found.notes == ("Documents: column 'text'; summaries: column 'summary'.",)
    assert pairs(read_documents(tmp_path / "a.jsonl", "body", "title")) == [("b", "t")]


def test_a_column_is_not_both(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"title": "t", "summary": "s"}))
    assert pairs(read_documents(tmp_path / "a.jsonl", "summary")) == [("s", "t")]


@pytest.mark.parametrize(
    "names",
    [
        ("documents/x.txt", "summaries/x.txt", "documents/sub/y.txt", "summaries/sub/Y.TXT"),
        ("News Articles/x.txt", "Summaries/x.txt", "News Articles/sub/y.txt", "Summaries/sub/y.txt"),
        ("x.txt", "x.summary.txt", "sub/y.txt", "sub/y.summary"),
    ],
)
def test_files_of_a_folder_belong_together_by_name(tmp_path, names):
    for place, name in enumerate(names):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(ROWS[place // 2][place % 2], encoding="utf-8")
    found = read_documents(tmp_path)
    assert sorted(pairs(found)) == sorted(ROWS)
    assert sorted(found.names) == ["sub/y", "x"]


def test_texts_are_cleaned(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"document": " caf\u0065\u0301 &amp; bar\r\n", "summary": "&lt;x&gt;"})
    )
    assert pairs(read_documents(tmp_path / "a.jsonl")) == [("caf\u00e9 & bar", "<x>")]


def test_what_is_left_out_is_counted_and_named(tmp_path):
    rows = [
        json.dumps({"document": "whole", "summary": "all"}),
        "{broken",
        "[1]",
        json.dumps({"document": "  ", "summary": "s"}),
        json.dumps({"document": 7, "summary": "s"}),
        json.dumps({"document": "d"}),
        json.dumps({"document": "half \ud800", "summary": "s"}),
        json.dumps({"summary": "s"}),
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    found = read_documents(tmp_path / "a.jsonl")
    assert pairs(found) == [("whole", "all")]
    assert found.notes[1:] == (
        "Left out: 2 of 8 lines that are no JSON object: line 2, line 3.",
        "Left out: 4 of 6 entries whose document is missing, blank or no text: line 4, line 5, line 7, ...",
        "Left out: 1 of 6 entries whose summary is missing, blank or no text: line 6.",
    )


def test_files_that_cannot_be_used_are_named(tmp_path):
    for name, content in {
        "x.txt": b"text",
        "x.summary.txt": b"t",
        "bad.txt": b"\xff\xfe",
        "bad.summary.txt": b"b",
        "alone.txt": b"a",
        "lost.summary.txt": b"l",
    }.items():
        (tmp_path / name).write_bytes(content)
    found = read_documents(tmp_path)
    assert found.names == ["x"]
    assert found.notes == (
        "Left out: 2 of 4 entries whose document is missing, blank or no text: bad, lost.",
        "Left out: 1 of 4 entries whose summary is missing, blank or no text: alone.",
    )


def test_documents_alone_need_no_summary(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "d"}))
    found = read_documents(tmp_path / "a.jsonl", summarized=False)
    assert (found.documents, found.summaries) == (["d"], None)
    (tmp_path / "x.txt").write_text("t")
    (tmp_path / "x.summary.txt").write_text("s")
    assert read_documents(tmp_path, summarized=False).documents == ["t"]


@pytest.mark.parametrize(
    ("name", "content", "asked", "message"),
    [
        ("a.pdf", "x", {}, "ends in '.pdf'. Convert it."),
        ("a.csv", "words,short\na,b\n", {}, "column of documents .* has words, short. Name it with document="),
        ("a.csv", "text,short\na,b\n", {}, "column of summaries .* Name it with summary="),
        ("a.csv", "text,short\na,b\n", {"summary": "shrt"}, "'shrt' .*did you mean 'short'"),
        ("a.csv", "text,summary\n,b\n", {}, "a document and a summary.*none. Left out: 1 of 1"),
        ("a.jsonl", "7\n", {}, "holds none"),
    ],
)
def test_files_that_are_none_are_refused(tmp_path, name, content, asked, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read_documents(tmp_path / name, **asked)


def test_folders_without_pairs_are_refused(tmp_path):
    with pytest.raises(DataError, match="0 documents and 0 summaries, and no pair"):
        read_documents(tmp_path)
    with pytest.raises(DataError, match=r"holds \.txt files"):
        read_documents(tmp_path, summarized=False)
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(DataError, match="1 documents and 0 summaries, and no pair of one name"):
        read_documents(tmp_path)
    with pytest.raises(DataError, match="A folder has no columns: document=text came"):
        read_documents(tmp_path, "text")
    with pytest.raises(FileMissingError, match="file of documents must exist"):
        read_documents(tmp_path / "none.csv")


def test_one_document_is_a_text_or_a_file(tmp_path):
    assert document_text(" a &amp; b ") == "a & b"
    (tmp_path / "one.txt").write_text("words\r\nmore\n")
    assert document_text(str(tmp_path / "one.txt")) == "words\nmore"
    with pytest.raises(FileMissingError, match="document must exist"):
        document_text(str(tmp_path / "two.txt"))
    with pytest.raises(DataError, match="a blank one came"):
        document_text("  ")


def test_documents_and_summaries_are_two_columns(tmp_path):
    (tmp_path / "a.csv").write_text("document,summary\na b,a\n", encoding="utf-8")
    with pytest.raises(DataError, match="'document' is named as document= and as summary="):
        read_documents(tmp_path / "a.csv", "document", "document")
