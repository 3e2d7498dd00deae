from __future__ import annotations

import numpy as np
import pytest

from throughtime.base.errors import ConfigError, DataError
from throughtime.data import TokenFile, contiguous_rows, document_rows, write_tokens


def joined(stretches):
    parts = list(stretches)
    return [np.concatenate([getattr(each, name) for each in parts]) for name in ("x", "y", "counted", "resets")]


@pytest.fixture
def file(tmp_path):
    write_tokens(tmp_path / "t.bin", [range(1, 24)])  # 23 tokens
    return TokenFile(tmp_path / "t.bin")


@pytest.mark.parametrize("steps", [1, 3, 4, 100])
def test_rows_are_parts_of_the_file(file, steps):
    x, y, counted, resets = joined(contiguous_rows(file, 3, steps))
    np.testing.assert_array_equal(x.T, [np.arange(1, 7), np.arange(8, 14), np.arange(15, 21)])
    np.testing.assert_array_equal(y, x + 1)
    assert counted.all()
    assert resets[0].all()
    assert not resets[1:].any()


@pytest.mark.parametrize("carried", [True, False])
def test_epochs_begin_anew_or_go_on(file, carried):
    x, _, _, resets = joined(contiguous_rows(file, 3, 4, epochs=2, carried=carried))
    np.testing.assert_array_equal(x[:6], x[6:])
    assert resets[0].all()
    assert resets[6].all() != carried
    assert not np.delete(resets, [0, 6], 0).any()


@pytest.mark.parametrize("steps", [1, 2, 5, 100])
def test_a_sequence_begins_behind_an_end(tmp_path, steps):
    write_tokens(tmp_path / "t.bin", [[3, 4, 0, 5, 0, 0, 6, 7]])
    x, y, _, resets = joined(contiguous_rows(TokenFile(tmp_path / "t.bin"), 1, steps, end=0))
    assert x[:, 0].tolist() == [3, 4, 0, 5, 0, 0, 6]
    assert y[:, 0].tolist() == [4, 0, 5, 0, 0, 6, 7]
    assert resets[:, 0].tolist() == [True, False, False, True, False, True, True]


def replayed(documents, rows, steps):
    """The documents as rows saw them, each from its reset to the step whose next token is absent."""
    seen, open_ = [], [[] for _ in range(rows)]
    for stretch in document_rows(documents, rows, steps):
        assert stretch.x.shape[0] <= steps
        for row in range(rows):
            for t in range(stretch.lengths[row]):
                assert stretch.resets[t, row] == (not open_[row])
                open_[row].append(int(stretch.x[t, row]))
                if stretch.counted[t, row]:
                    assert stretch.y[t, row] != 0
                else:
                    seen.append(open_[row])
                    open_[row] = []
            assert not stretch.counted[stretch.lengths[row] :, row].any()
    assert not any(open_)
    return seen


@pytest.mark.parametrize("steps", [1, 3, 7, 1000])
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_every_document_is_read_once(rows, steps):
    draw = np.random.default_rng(rows)
    documents = [draw.integers(1, 99, draw.integers(1, 12)) for _ in range(30)]
    found = replayed(documents, rows, steps)
    assert sorted(found) == sorted(d.tolist() for d in documents)


def test_more_rows_than_documents_and_none_at_all():
    (stretch,) = document_rows([np.array([5, 6])], 3, 10)
    assert stretch.lengths.tolist() == [2, 0, 0]
    assert list(document_rows([], 2, 4)) == []
    assert replayed([np.array([1]), np.zeros(0, int), np.array([2, 3])], 1, 2) == [[1], [2, 3]]


def test_documents_are_read_as_rows_need_them():
    drawn = []

    def endless():
        for n in range(10**9):
            drawn.append(n)
            yield np.array([1, 2, 3])

    stream = document_rows(endless(), 2, 4)
    next(stream)
    assert len(drawn) <= 4


def test_refusals(file):
    with pytest.raises(ConfigError, match="at least one row and one step"):
        next(contiguous_rows(file, 0, 4))
    with pytest.raises(ConfigError, match="at least one row and one step"):
        next(document_rows([], 1, 0))
    with pytest.raises(DataError, match="A row needs two tokens"):
        next(contiguous_rows(file, 20, 4))


def test_each_token_says_its_document():
    documents = [np.full(size, number + 1) for number, size in enumerate([3, 0, 5, 1, 4, 2])]
    for stretch in document_rows(documents, 2, 4):
        expected = stretch.x - 1  # a token is its document's number + 1
        np.testing.assert_array_equal(stretch.document, expected)  # and -1 where there is none


def test_a_file_in_rows_has_no_documents(file):
    assert next(contiguous_rows(file, 3, 4)).document is None
