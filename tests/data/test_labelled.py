"""Texts with labels from every kind of file: read alike, guessed aloud where clear, never dropped."""

from __future__ import annotations

import gzip
import json
import unicodedata
import warnings

import polars as pl
import pytest

from throughtime.base.errors import DataError, FileMissingError, Notice
from throughtime.data import read_labelled, read_texts

TEXTS = ["good, really", "나쁘다", "so so 🙂", "été"]
LABELS = ["pos", "neg", "neg", "pos"]
FRAME = pl.DataFrame({"text": TEXTS, "label": LABELS})
CSV = FRAME.write_csv().encode()
JSONL = "".join(
    json.dumps({"label": label, "text": text}) + "\n" for text, label in zip(TEXTS, LABELS, strict=True)
).encode()


def parquet(tmp_path, frame):
    frame.write_parquet(tmp_path / "made.parquet")
    return (tmp_path / "made.parquet").read_bytes()


def write(tmp_path, name, content):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path / name


def heard(read, *arguments, **named):
    """What a reader gives, and what it says."""
    with warnings.catch_warnings(record=True) as notices:
        warnings.simplefilter("always")
        found = read(*arguments, **named)
    assert all(notice.category is Notice for notice in notices)
    return found, [str(notice.message) for notice in notices]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", CSV),
        ("x.csv.gz", gzip.compress(CSV, mtime=0)),
        ("x.tsv", FRAME.write_csv(separator="\t").encode()),
        ("x.csv", unicodedata.normalize("NFD", CSV.decode()).encode()),
        ("x.jsonl", JSONL),
        ("x.NDJSON", JSONL.replace(b"\n", b"\r\n\n")),
        ("x.jsonl.gz", gzip.compress(JSONL, mtime=0)),
        ("x.jsonl", gzip.compress(JSONL, mtime=0)),
        ("x.jsonl", unicodedata.normalize("NFD", JSONL.decode()).encode()),
        ("x.parquet", None),
    ],
    ids=range(10),
)
def test_every_kind_of_file_reads_alike(tmp_path, name, content):
    path = write(tmp_path, name, parquet(tmp_path, FRAME) if content is None else content)
    assert read_labelled(path, "text", "label") == (TEXTS, LABELS)
    found, notices = heard(read_labelled, str(path))
    assert found == (TEXTS, LABELS)
    assert len(notices) == 1
    assert "texts from column 'text', labels from column 'label', guessed from " in notices[0]
    assert heard(read_texts, path)[0] == read_texts(path, "text") == TEXTS


def test_a_folder_of_classes(tmp_path):
    for label, text, name in [
        ("pos", " good\r\nreally\n", "b.txt"),
        ("pos", "더 좋다", "a.TXT"),
        ("neg", "bad", "x.txt"),
    ]:
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / name).write_bytes(text.encode())
    (tmp_path / "readme.md").write_text("not a text")
    (tmp_path / "pos" / "notes.csv").write_text("not a text")
    (tmp_path / ".cache").mkdir()
    assert read_labelled(tmp_path) == (["bad", "더 좋다", "good\nreally"], ["neg", "pos", "pos"])
    assert read_texts(tmp_path) == ["bad", "더 좋다", "good\nreally"]
    assert read_texts(tmp_path / "pos") == ["더 좋다", "good\nreally"]


def test_a_text_a_line(tmp_path):
    content = "one\n둘, and more \r\nthree\u2028still three\n\n"
    wanted = ["one", "둘, and more", "three\u2028still three"]
    assert read_texts(write(tmp_path, "x.txt", content)) == wanted
    assert read_texts(write(tmp_path, "x.txt.gz", gzip.compress(content.encode(), mtime=0))) == wanted
    with pytest.raises(DataError, match="that of 1 of 3 rows is missing or blank .* first in row 2"):
        read_texts(write(tmp_path, "x.txt", "one\n\nthree\n"))
    with pytest.raises(DataError, match="A .txt file has no columns: sequence='a' came"):
        read_texts(tmp_path / "x.txt", "a")


@pytest.mark.parametrize(
    ("header", "rows", "text", "label"),
    [
        ("label,other", "0,some text\n1,more\n", "other", "label"),
        ("a,b", "1,some text\n0,more\n", "b", "a"),
        ("Review,Sentiment", "fine,pos\nbad,neg\n", "Review", "Sentiment"),
        ("id,tweet,lang,target", "1,fine,en,1\n2,bad,en,0\n", "tweet", "target"),
        ("q,kind", "who?,H\nwhere?,L\nwhom?,H\nwhere to?,L\n", "q", "kind"),
        ("kind,q", "H,who?\nL,where?\nH,whom?\nL,where to?\n", "q", "kind"),
    ],
)
def test_columns_are_guessed_where_that_is_clear(tmp_path, header, rows, text, label):
    path = write(tmp_path, "x.csv", f"{header}\n{rows}")
    found, notices = heard(read_labelled, path)
    assert found == read_labelled(path, text, label)
    assert f"texts from column {text!r}, labels from column {label!r}" in notices[0]
    assert heard(read_labelled, path, text)[0] == heard(read_labelled, path, label=label)[0] == found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\nx,y\nz,w\n", "column of the texts .*'a', 'b', of text 'a', 'b'. Name it with sequence="),
        ("text,a,b\nx,1,2\n", "column of the labels .*Name it with label="),
        ("text,tweet,label\nx,y,1\n", "column of the texts"),
        ("a,b\n1,2\n", "of text none. Name it with sequence="),
        ("text\nx\n", "column of the labels"),
    ],
)
def test_where_it_is_not_clear_the_column_is_asked_for(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read_labelled(write(tmp_path, "x.csv", content))


@pytest.mark.parametrize(
    ("cells", "labels"),
    [([1, 0], [1, 0]), ([True, False], [True, False]), ([0.5, 2], [0.5, 2]), (["1", "a"], ["1", "a"])],
)
def test_labels_keep_their_kind(tmp_path, cells, labels):
    lines = "".join(json.dumps({"text": "t", "y": cell}) + "\n" for cell in cells)
    assert heard(read_labelled, write(tmp_path, "x.jsonl", lines))[0][1] == labels


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "x.csv",
            "text,label\na,1\n,1\nb,\n  ,0\nNA,0\n",
            "its text: that of 3 of 5 rows .* 'text' of .* row 2, 4, 5. Fill",
        ),
        ("x.csv", "text,label\na,1\nb,\n", "its label: that of 1 of 2 rows .* first in row 2"),
        ("x.jsonl", '{"text": "a", "label": 1}\n{"text": "", "label": 1}\n{"label": 1}\n', "that of 2 of 3 .* 2, 3"),
        ("x.jsonl", '{"text": "a"}\n' * 9 + '{"text": "a", "label": "b"}', "9 of 10 .* row 1, 2, 3, 4, 5, ..."),
        ("x.jsonl", '{"text": "a", "label": NaN}\n', "label: that of 1 of 1"),
        ("x.jsonl", '{"text": "a", "label": 1}\n{"text": "a", "label": "b"}', "all text.*holds int, str"),
        ("x.jsonl", '{"text": "a", "label": 1}\n{"text": "a", "label": true}', "holds bool, int"),
        ("x.jsonl", '{"text": "a", "label": ["b"]}', "holds list"),
        ("x.jsonl", '{"text": "a", "label": 1}\n{"text": 3, "label": 1}', "'text' of .* holds int, such as 3"),
        ("x.jsonl", '{"text": "a\\ud83d", "label": 1}', "row 1 of column 'text' of .* half of a surrogate pair"),
        ("x.jsonl", '{"text": "a", "label": 1}\n\n{"text": "a"', "line 3 of .* is none .*one object a line"),
        ("x.jsonl", '["a", 1]\n', "line 1 of .* is list"),
        ("x.jsonl", "[" * 100_000, "line 1 of .* is none"),
        ("x.jsonl", "\n \n", "needs an object"),
        ("x.jsonl", "", "needs an object"),
        ("x.jsonl", '{"text": "a"}\n{"text": "é"}'.encode("latin-1"), r"UTF-8: .* 0xe9 in line 2 \(byte 25\)"),
        ("x.csv", "text,label\né,1\n".encode("latin-1"), r"UTF-8: .* 0xe9 in line 2 \(byte 12\).*iconv"),
        ("x.csv", "text,label\n1,1\n", "'text' of .* holds int, such as 1"),
        ("x.xlsx", "text", "read from .csv, .tsv, .parquet, .jsonl, .ndjson files or a folder: .* ends in '.xlsx'"),
    ],
    ids=range(19),
)
def test_what_is_missing_or_wrong_is_refused(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        read_labelled(write(tmp_path, name, content), "text", "label")


def test_columns_that_are_not_there_or_one_for_both(tmp_path):
    path = write(tmp_path, "x.csv", CSV)
    with pytest.raises(DataError, match="'labl' is unknown .did you mean 'label'"):
        read_labelled(path, "text", "labl")
    with pytest.raises(DataError, match="'Text' is unknown"):
        read_texts(path, "Text")
    with pytest.raises(DataError, match="'text' was named for both"):
        read_labelled(path, "text", "text")
    with pytest.raises(DataError, match="column of the texts .*sequence="):
        read_texts(write(tmp_path, "y.csv", "a,b\nx,y\n"))


def test_folders_without_classes_or_texts(tmp_path):
    with pytest.raises(DataError, match="has no sub-folder"):
        read_labelled(tmp_path)
    (tmp_path / "pos").mkdir()
    with pytest.raises(DataError, match="pos' holds none"):
        read_labelled(tmp_path)
    with pytest.raises(DataError, match="A folder has no columns: sequence='a' and label='b' came"):
        read_labelled(tmp_path, "a", "b")
    for content, message in [(b" \n", "is empty or blank"), (b"a\n\xe9", r"pos.x.txt' has the byte 0xe9 in line 2")]:
        (tmp_path / "pos" / "x.txt").write_bytes(content)
        with pytest.raises(DataError, match=message):
            read_labelled(tmp_path)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x", "x.txt"])
def test_files_that_are_not_there(tmp_path, name):
    for read in (read_labelled, read_texts):
        with pytest.raises(FileMissingError, match="must exist: there is no file"):
            read(tmp_path / name)
