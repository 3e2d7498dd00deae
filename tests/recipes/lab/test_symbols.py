"""The task of `lab recall`, `lab count` and `lab copy`."""

from __future__ import annotations

import pytest
import torch

from throughtime.recipes.lab.symbols import SHARE_RIGHT, SYMBOLS, Symbols


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize(("kept", "gap"), [(1, 0), (1, 9), (3, 4), (8, 0)])
def test_answers_are_the_symbols_kept_in_their_order(kept, gap, silent):
    task = Symbols(kept, gap, silent)
    batch = task.draw(5, torch.Generator().manual_seed(0))
    assert batch.x.shape == (task.steps, 5, task.inputs) == (2 * kept + gap, 5, SYMBOLS + 2)
    shown = batch.x[:kept, :, :SYMBOLS].argmax(-1)
    assert torch.equal(batch.y[task.lag :], shown)
    assert batch.due.sum(0).tolist() == [kept] * 5
    assert batch.due[task.lag :].all()
    # What is asked for can be told apart from distraction, and nothing is shown while it is asked.
    assert torch.equal(batch.x[..., SYMBOLS].sum(0), torch.full((5,), float(kept)))
    assert not batch.x[task.lag :, :, :SYMBOLS].any()
    assert task.lag == kept + gap


def test_a_gap_holds_one_symbol_a_step_or_is_silent():
    for silent, shown in ((False, 1.0), (True, 0.0)):
        batch = Symbols(2, 6, silent).draw(4, torch.Generator().manual_seed(0))
        assert torch.equal(batch.x[2:8, :, :SYMBOLS].sum(-1), torch.full((6, 4), shown))
        assert not batch.x[2:8, :, SYMBOLS:].any()


def test_a_guess_is_right_by_chance():
    class Guess(torch.nn.Module):
        def forward(self, x):
            return torch.zeros(*x.shape[:2], SYMBOLS).index_fill(-1, torch.tensor([3]), 1.0), None

    task = Symbols(5, 5, silent=True)
    batch = task.draw(4000, torch.Generator().manual_seed(0))
    # Four standard deviations of a share of 20,000 answers.
    assert task.grade(Guess(), batch) == pytest.approx(SHARE_RIGHT.blind, abs=0.0094)
    nats = task.loss(torch.zeros(10, SYMBOLS), torch.arange(10) % SYMBOLS)
    torch.testing.assert_close(nats, torch.full((10,), float(SYMBOLS)).log())
