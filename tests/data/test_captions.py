"""Sentences find their images, whichever file they come in; what is left out is counted and named."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from throughtime.base.errors import DataError, FileMissingError
from throughtime.data.captions import caption_file, read_captions

COCO = {
    "images": [
        {"id": 7, "file_name": "a.jpg"},
        {"id": 3, "file_name": "b.png"},
        {"id": 4, "file_name": "gone.png"},
        {"id": 5, "file_name": "c.png"},
    ],
    "annotations": [
        {"image_id": 3, "caption": "a bird"},
        {"image_id": 7, "caption": "a cat "},
        {"image_id": 7, "caption": "the cat"},
        {"image_id": 99, "caption": "of nothing"},
        {"image_id": 4, "caption": "of a lost image"},
        {"image_id": 7, "caption": "  "},
    ],
}
TOKENS = "a.jpg#0\ta cat\nb.png#0\ta bird\na.jpg#1\tthe cat\n\n"
CSV = 'image,sentence\na.jpg,a cat\nb.png,a bird\na.jpg,"the cat"\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    for name in ("a.jpg", "pictures/b.png", "pictures/c.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    return tmp_path


def found(path):
    read = read_captions(path)
    return {image.name: texts for image, texts in zip(read.images, read.sentences, strict=True)}, read.notes


WANTED = {"a.jpg": ["a cat", "the cat"], "b.png": ["a bird"]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("captions.json", json.dumps(COCO)),
        ("tokens.txt", TOKENS),
        ("results.token", TOKENS),
        ("table.csv", CSV),
        ("table.tsv", CSV.replace(",", "\t")),
        ("table.csv", CSV.replace("image,sentence", "file_name,caption")),
    ],
)
def test_every_kind_is_read(folder, name, text):
    (folder / name).write_text(text)
    assert found(folder / name)[0] == WANTED
    assert found(folder)[0] == WANTED  # the folder is as good as the file


def test_what_is_left_out_is_counted_and_named(folder):
    (folder / "captions.json").write_text(json.dumps(COCO))
    assert found(folder)[1] == (
        "Left out: 1 sentences that are blank, of 'a.jpg'.",
        "Left out: 1 sentences that belong to no image: 'of nothing'.",
        "Left out: 1 images without a sentence: 'c.png'.",
        "Left out: 1 images that are not there: 'gone.png'.",
    )


def test_texts_come_in_one_normal_form(folder):
    (folder / "tokens.txt").write_text("a.jpg#0\tun caf\u0065\u0301\n")
    assert found(folder)[0] == {"a.jpg": ["un caf\u00e9"]}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("captions.json", "{", "is JSON"),
        ("captions.json", '{"images": []}', "lacks 'annotations'"),
        ("captions.json", '{"images": [{"id": 1}], "annotations": []}', "lacks 'file_name'"),
        ("tokens.txt", "a.jpg a cat\n", "line 1 of .* has no tab"),
        ("table.csv", "image,words\na.jpg,a cat\n", "one column 'sentence'"),
        ("table.csv", "image,sentence\nx.jpg,a cat\n", "of 1 that .* names none is there"),
    ],
)
def test_files_that_are_none_are_refused(folder, name, text, message):
    (folder / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_captions(folder / name)


def test_a_folder_holds_one_file_of_sentences(folder):
    assert caption_file(folder) is None
    with pytest.raises(DataError, match="has none"):
        read_captions(folder)
    (folder / "one.txt").write_text(TOKENS)
    (folder / "two.csv").write_text(CSV)
    with pytest.raises(DataError, match=r"one.txt, two.csv"):
        read_captions(folder)
    with pytest.raises(FileMissingError, match="file of sentences must exist"):
        read_captions(folder / "none.json")
