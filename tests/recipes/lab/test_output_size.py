"""What slots pad and cut, what steps emit, and what counts as right in whole; the verdicts follow the table."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from throughtime.recipes.lab.networks import CELLS
from throughtime.recipes.lab.output_size import (
    CLASSES,
    FULL,
    LONGEST,
    SLOTS,
    STOP,
    STUDY,
    TRAINED,
    WINDOW,
    Outcome,
    Size,
    claims,
    draw,
    exact_share,
    exact_table,
    items,
    questions,
    read,
    slots_loss,
    slotted,
    stepwise,
    trial,
    wanted,
)
from throughtime.recipes.lab.study import Effort

TINY = Size(3)


class Knowing(torch.nn.Module):
    """Answers every question as it is due, in whichever form it is asked."""

    def __init__(self, batch) -> None:
        super().__init__()
        self.due = batch.y

    def forward(self, x, state=None, lengths=None):
        return F.one_hot(self.due, CLASSES).float().flatten(2), None


def made_up(fitting: float, cut: float, trained: float, beyond: float):
    """A table as if the networks had scored so."""
    counts = range(1, LONGEST + 1)
    steps = [trained if count <= TRAINED else beyond for count in counts]
    scores = {"perceptron": [fitting if count <= SLOTS else cut for count in counts], "RNN": steps, "LSTM": steps}
    return exact_table({cell: [Outcome(tuple(of), 1, 1.0)] for cell, of in scores.items()}, FULL)


def test_a_question_and_its_answers():
    symbols, counts = torch.tensor([2, 0]), torch.tensor([2, 1])
    x = questions(symbols, counts)
    assert x[:, 0].tolist() == [[0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]
    assert x[:, 1].tolist() == [[1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    steps = stepwise(symbols, counts)
    assert steps.y[steps.due[:, 0], 0].tolist() == [2, 0, STOP]
    assert steps.y[steps.due[:, 1], 1].tolist() == [0, STOP]
    assert steps.lengths.tolist() == [6, 4]
    assert torch.equal(steps.x[:4], x)
    assert not steps.x[4:].any()
    slots = slotted(symbols, counts)
    assert slots.due.nonzero().tolist() == [[2, 1], [3, 0]]
    assert slots.y[3, 0].tolist() == [2, 0] + [STOP] * (SLOTS - 2)


def test_slots_pad_and_cut():
    symbols, counts = torch.tensor([1, 1]), torch.tensor([3, 5])
    assert items(symbols, counts, 4).T.tolist() == [[1, 2, 0, STOP], [1, 2, 0, 1]]


def test_the_window_holds_the_longest_question():
    assert len(questions(torch.tensor([0]), torch.tensor([LONGEST]))) == WINDOW


def test_an_answer_is_read_up_to_its_stop():
    assert read(torch.tensor([1, 2, STOP, 0])) == [1, 2]
    assert read(torch.tensor([1, 2])) == [1, 2]
    assert wanted(1, 3) == [1, 2, 0]


@pytest.mark.parametrize("count", [1, SLOTS, SLOTS + 1, LONGEST])
def test_even_a_perfect_perceptron_is_wrong_where_answers_are_cut(count):
    symbols, counts = torch.arange(3), torch.full((3,), count)
    assert exact_share("perceptron", Knowing(slotted(symbols, counts)), count) == (count <= SLOTS)
    assert exact_share("LSTM", Knowing(stepwise(symbols, counts)), count) == 1


@pytest.mark.parametrize("miss", [3, 4, 5])
def test_one_wrong_item_or_a_missing_stop_spoils_an_answer(miss):
    batch = stepwise(torch.arange(3), torch.full((3,), 2))  # steps 3, 4 and 5 are due
    batch.y[miss, 1] = (batch.y[miss, 1] + 1) % CLASSES
    assert exact_share("LSTM", Knowing(batch), 2) == pytest.approx(2 / 3)


def test_the_slots_loss_is_their_mean():
    output, target = torch.randn(2, SLOTS * CLASSES), torch.randint(CLASSES, (2, SLOTS))
    each = F.cross_entropy(output.view(2, SLOTS, CLASSES).transpose(1, 2), target, reduction="none")
    torch.testing.assert_close(slots_loss(output, target), each.mean(1))


@pytest.mark.parametrize("cell", CELLS)
def test_questions_drawn_are_those_trained_on(cell):
    batch = draw(cell, 500, torch.Generator().manual_seed(0))
    marks = batch.x[..., 3].sum(0)
    assert sorted(set(marks.tolist())) == list(range(1, TRAINED + 1))
    assert batch.y.dim() == (3 if cell == "perceptron" else 2)


@pytest.mark.parametrize("cell", ["perceptron", "LSTM"])
def test_a_trial_repeats(cell):
    one, again = (trial(cell, 0, TINY) for _ in range(2))
    assert (one.exact, one.parameters) == (again.exact, again.parameters)


def test_verdicts_follow_the_table():
    assert [claim.holds for claim in claims(made_up(0.99, 0.0, 0.99, 0.96))] == [True] * 4
    assert [claim.holds for claim in claims(made_up(0.9, 0.1, 0.9, 0.9))] == [False] * 4


def test_the_study_in_short():
    found = STUDY.run(Effort(seeds=1, short=True, progress=False))
    table, networks = found.tables
    assert table.column("items") == list(range(1, LONGEST + 1))
    assert table.column(f"{SLOTS} slots.cut")[-1] == LONGEST - SLOTS
    assert networks.column("network") == list(CELLS)
    sizes = networks.column("parameters")
    assert max(sizes) < 1.1 * min(sizes)
    assert found.claims[0].holds  # exact, however short the training
    assert found.figure.startswith("<svg ")
