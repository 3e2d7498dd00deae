"""FASTA as it is found in the wild becomes one alphabet; what is not DNA or RNA is refused by name."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.base.errors import DataError, FileMissingError, Notice
from throughtime.data import (
    AMBIGUOUS_NUCLEOTIDES,
    NUCLEOTIDES,
    FastaRecord,
    nucleotides,
    read_fasta,
    reverse_complement,
)

TEXT = b">one first\nACGT\nTTGA\n>two\nNNRY\n"
RECORDS = [FastaRecord("one first", "ACGTTTGA"), FastaRecord("two", "NNRY")]
# What each letter stands for, from the nomenclature's own table: the judge of complements.
MEANING = {
    "A": "A",
    "C": "C",
    "G": "G",
    "T": "T",
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
    "N": "ACGT",
}


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        gzip.compress(TEXT, mtime=0),
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.rstrip(),
        b"\n\n" + TEXT.replace(b">two", b"\n>  two  ") + b"\n\n",
        b"\xef\xbb\xbf" + TEXT,
        b">one first\nacgtttga\n>two\nnNr y\n",
        b">gt;one first\nACGT TTGA\n>two\nNN\nR\nY\n",
        gzip.compress(TEXT[:20], mtime=0) + gzip.compress(TEXT[20:], mtime=0),  # as bgzip and cat write it
    ],
    ids=range(9),
)
def test_every_writing_of_a_file_reads_alike(tmp_path, content):
    for name in ("x.fa", "x.fa.gz"):  # the first bytes tell, not the name
        (tmp_path / name).write_bytes(content)
        assert read_fasta(tmp_path / name) == RECORDS


def test_names_of_many_words_repeated_empty_and_in_other_scripts(tmp_path):
    (tmp_path / "x.fa").write_text(
        "> 4214020\nA\n>abrB\nC\n>abrB\nG\n>\nT\n>gt;FP000970 Tsc22d1_1  :+U\nA\n>a>b 유전자\nC\n", "utf-8"
    )
    names = ["4214020", "abrB", "abrB", "", "FP000970 Tsc22d1_1  :+U", "a>b 유전자"]
    assert [record.name for record in read_fasta(tmp_path / "x.fa")] == names


def test_rna_is_said_and_read_as_dna(tmp_path):
    (tmp_path / "x.fa").write_bytes(b">a\nAUgu\n>b\nACGT\n")
    with pytest.warns(Notice, match="1 of 2 records of .* are RNA: each U is read as T"):
        assert [record.sequence for record in read_fasta(tmp_path / "x.fa")] == ["ATGT", "ACGT"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "one record at least: .*x.fa' holds none"),
        (b"  \n\n", "holds none"),
        (b"\n\nACGT\nAC\n", "begins with a header.*: line 3 of .* is 'ACGT'. Put a header"),
        (b"name,sequence\na,ACGT\n", "line 1 of .* is 'name,sequence'"),
        (b">a\nAC\n>b\n>c\nGT\n", r"record 2 \('b'\) of '.*x.fa' is empty. Leave it out"),
        (b">a\nAC\n>b", r"record 2 \('b'\) .* is empty"),
        (b">a\nACGT\n>b\nMKV\nLEF*\n", r"record 2 \('b'\) of '.*x.fa' has 'L' at place 4. It looks like protein"),
        (b">a\nACGT\nA-GT\n", r"record 1 \('a'\) .* has '-' at place 6. It looks like a gap"),
        (b">a\nACX\n", "has 'X' at place 3. Remove it, or write N"),
        (b">a\nAC1\n", "has '1' at place 3. Remove it"),
        (b">a\nHELLO, WORLD\n", "has 'E' at place 2. Remove it"),
        (">a\nAÇG\n".encode(), "has 'Ç' at place 2"),
        (b"\x89PNG\r\n\x1a\n", r"A FASTA file must be UTF-8: .* has the byte 0x89 in line 1 \(byte 1\)"),
        (b">a\nAC\n\xff\n", r"0xff in line 3 \(byte 7\)"),
        (b"\x00\x01\x02", "begins with a header"),
        (b">a\n\x00\x01\n", r"has '\\x00' at place 1"),
        (gzip.compress(TEXT, mtime=0)[:-9], "whole gzip data"),
        (b"\x1f\x8b" + b"x" * 30, "whole gzip data"),
        (gzip.compress(TEXT * 9, mtime=0)[:10] + b"\xff" * 20, "whole gzip data"),
    ],
    ids=range(19),
)
def test_what_is_no_fasta_of_nucleotides_is_refused(tmp_path, content, message):
    (tmp_path / "x.fa").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_fasta(tmp_path / "x.fa")


def test_a_file_that_is_not_there(tmp_path):
    (tmp_path / "genes.fa").write_bytes(TEXT)
    with pytest.raises(FileMissingError, match="The FASTA file must exist.*Did you mean .*genes.fa"):
        read_fasta(tmp_path / "gene.fa")
    with pytest.raises(FileMissingError, match="is a folder"):
        read_fasta(tmp_path)


def test_each_letter_means_what_its_complement_means_on_the_other_strand():
    assert set(MEANING) == set(NUCLEOTIDES + AMBIGUOUS_NUCLEOTIDES)
    other = {"A": "T", "C": "G", "G": "C", "T": "A"}
    for letter, meaning in MEANING.items():
        assert set(MEANING[reverse_complement(letter)]) == {other[base] for base in meaning}


@given(st.text(NUCLEOTIDES + AMBIGUOUS_NUCLEOTIDES, min_size=1))
def test_the_other_strand_of_the_other_strand_is_the_first(sequence):
    assert nucleotides(sequence) == sequence == reverse_complement(reverse_complement(sequence))


def test_the_other_strand_runs_backwards():
    assert reverse_complement("AACGN") == "NCGTT"
    assert reverse_complement("aacgu") == "ACGTT"
    with pytest.raises(DataError, match="the sequence has 'Q'"):
        reverse_complement("ACQ")
    with pytest.raises(DataError, match="the sequence is empty"):
        reverse_complement("")
