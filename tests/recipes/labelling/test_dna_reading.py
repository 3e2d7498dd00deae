from __future__ import annotations

import gzip

import pytest

from throughtime.base.errors import DataError, FileMissingError
from throughtime.recipes.labelling.dna_reading import Letters, read_dna
from throughtime.recipes.labelling.settings import Columns, Split


def read(path, columns=Columns(), split=Split(), labelled=True, **letters):  # noqa: B008
    return read_dna(path, columns, split, Letters(**letters), labelled)


def folder(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.fa").write_text(text)
    return tmp_path


def test_a_folder_has_a_file_for_each_class(tmp_path):
    (tmp_path / "other.fasta.gz").write_bytes(gzip.compress(b">x\nAC\nGT\n>y\nTT\n"))
    (tmp_path / "notes.txt").write_text("no DNA")
    found = read(folder(tmp_path, coding=">c one\nacgn\n"))
    assert (found.sequences, found.labels) == (["ACGN", "ACGT", "TT"], ["coding", "other", "other"])
    assert found.names == ["c one", "x", "y"]
    assert "Label: the file a sequence came from." in found.notes
    assert any("1 of 3 sequences hold some" in note for note in found.notes)
    assert read(tmp_path, labelled=False).labels is None


def test_headers_hold_labels_and_groups(tmp_path):
    (tmp_path / "a.fa").write_text(">x gene=g1 label=yes\nAC\n>y label=no;gene=g2\nGT\n")
    found = read(tmp_path / "a.fa", split=Split(group="gene"))
    assert (found.labels, found.groups) == (["yes", "no"], ["g1", "g2"])
    (tmp_path / "b.fa").write_text(">x|1|EI\nAC\n>y|2|N\nGU\n")
    with pytest.warns(UserWarning, match="each U is read as T"):
        found = read(tmp_path / "b.fa")
    assert (found.labels, found.sequences[1]) == (["EI", "N"], "GT")
    (tmp_path / "c.fa").write_text(">x kind=a\nAC\n>y kind=b\nGT\n")
    assert read(tmp_path / "c.fa", Columns(label="kind")).labels == ["a", "b"]
    with pytest.raises(DataError, match="record 1 of .* has none"):
        read(tmp_path / "c.fa")
    with pytest.raises(DataError, match="its group as gene=..."):
        read(tmp_path / "c.fa", Columns(label="kind"), Split(group="gene"))


def test_tables(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("label,name,gene,part,sequence\nEI,one,g,train,acgu\nN,two,g,test,RRCA\n")
    named = Columns(sequence="sequence", label="label", name="name")
    found = read(path, named, Split(group="gene", split="part"))
    assert (found.sequences, found.labels) == (["ACGT", "RRCA"], ["EI", "N"])
    assert (found.names, found.groups, found.parts) == (["one", "two"], ["g", "g"], ["train", "test"])
    assert "Lower-case letters (soft masks) are read as upper case." in found.notes
    assert read(path, named, labelled=False).labels is None


def test_windows_of_one_length_and_classes_of_one_size(tmp_path):
    path = folder(tmp_path, a=">1\nAAAAAC\n>2\nAAAAAG\n>3\nAC\n", b=">4\nTTTTTT\n")
    found = read(path, window=4, balance=True)
    assert [len(sequence) for sequence in found.sequences] == [4, 4]
    assert found.labels == ["a", "b"]
    assert any("Left out: 1 of 4 sequences" in note for note in found.notes)
    assert any("Balanced: 1 sequences of each class, of 3" in note for note in found.notes)
    assert read(path, window=4, balance=True).sequences == found.sequences
    whole = {"1": "AAAAAC", "2": "AAAAAG", "4": "TTTTTT"}
    assert all(cut in whole[name] for cut, name in zip(found.sequences, found.names, strict=True))
    with pytest.raises(DataError, match="all 4 are shorter than window=9"):
        read(path, window=9)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b">x label=a\nMKLV\n", "It looks like protein"),
        (b">x label=a\nAC\n>y label=b\n\n", "is empty"),
        (b">x label=a\nA\xff\n", "must be UTF-8"),
        (b"ACGT\n", "begins with a header"),
    ],
)
def test_bad_fasta(tmp_path, content, message):
    (tmp_path / "x.fa").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "x.fa")


def test_bad_places(tmp_path):
    with pytest.raises(DataError, match="has none"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"has one.fa only|one.fa only"):
        read(folder(tmp_path, one=">x\nA\n"))
    with pytest.raises(FileMissingError, match="there is no file"):
        read(tmp_path / "gone.fa")
    with pytest.raises(DataError, match="list came"):
        read(["ACGT"])
    (tmp_path / "p.csv").write_text("sequence,label\nMKLV,a\nACGT,b\n")
    with pytest.raises(DataError, match="row 1 of .* has 'L' at place 3"):
        read(tmp_path / "p.csv")
