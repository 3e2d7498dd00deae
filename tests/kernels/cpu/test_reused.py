from __future__ import annotations

import threading

import pytest
import torch

from throughtime.kernels.cpu import reused

SIZE = 100_003  # of a block no other test asks for


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(reused, "_kept", reused._Kept())


def test_memory_is_used_again_once_nobody_holds_it():
    first = reused.numbers(SIZE, torch.float32)
    place = first.data_ptr()
    held = [reused.numbers(SIZE, torch.float32)]
    view = first[3:5]
    del first
    held.append(reused.numbers(SIZE, torch.float32))
    assert place not in {tensor.data_ptr() for tensor in held}
    del view
    assert reused.numbers(SIZE, torch.float32).data_ptr() == place


def test_what_autograd_saved_is_held():
    x = torch.ones(SIZE, requires_grad=True)
    lent = reused.numbers(SIZE, torch.float32).fill_(2)
    place = lent.data_ptr()
    product = (x * lent).sum()
    del lent
    other = reused.numbers(SIZE, torch.float32).fill_(9)
    product.backward()
    assert x.grad[0] == 2
    assert other.data_ptr() != place
    del product
    assert reused.numbers(SIZE, torch.float32).data_ptr() == place


def test_blocks_of_another_size_or_type_are_left_alone():
    place = reused.numbers(SIZE, torch.float32).data_ptr()
    assert reused.numbers(SIZE, torch.float64).data_ptr() != place
    assert reused.numbers(SIZE - 1, torch.float32).data_ptr() != place
    assert reused.numbers(SIZE, torch.float32).data_ptr() == place


def test_a_shrunk_block_is_not_used_again():
    lent = reused.numbers(SIZE, torch.float32)
    lent.untyped_storage().resize_(8)
    del lent
    again = reused.numbers(SIZE, torch.float32)
    assert again.untyped_storage().nbytes() == 4 * SIZE


def test_no_more_is_kept_than_is_allowed(monkeypatch):
    monkeypatch.setattr(reused, "MOST_KEPT", 10 * 4 * SIZE)
    lent = [reused.numbers(SIZE + k, torch.float32) for k in range(30)]
    assert sum(block.nbytes for block in reused._kept.blocks) <= reused.MOST_KEPT
    assert len({tensor.data_ptr() for tensor in lent}) == 30
    reused.numbers(11 * SIZE, torch.float32)
    assert all(len(block) < 11 * SIZE for block in reused._kept.blocks)


def test_each_thread_has_its_own():
    place = reused.numbers(SIZE, torch.float32).data_ptr()
    held, found = [], []

    def ask():
        held.append(reused.numbers(SIZE, torch.float32))
        found.append(held[0].data_ptr())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found != [place]
