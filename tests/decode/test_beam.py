"""The beam against all sequences there are."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
import torch

from throughtime.base.errors import ConfigError
from throughtime.decode import allowed, beam_search, beam_searches

V = 3


def model(seed):
    """Logits that depend on the last two symbols and on the place; the state is (symbol before, steps)."""
    torch.manual_seed(seed)
    table = 2 * torch.randn(8, V + 1, V, V, dtype=torch.float64)  # [place, before, last, next]

    def advance(symbols, state):
        before, steps = state
        return table[steps[0], before[0], symbols], (symbols[None], steps + 1)

    return advance, torch.randn(V, dtype=torch.float64), (torch.full((1, 1), V), torch.zeros(1, 1, dtype=torch.long))


def log_probability(advance, logits, state, symbols):
    total = 0.0
    for place, symbol in enumerate(symbols):
        total += float(logits.log_softmax(-1)[symbol])
        if place + 1 < len(symbols):
            step, state = advance(torch.tensor([symbol]), state)
            logits = step[0]
    return total


def every(end, most):
    """All sequences, the end included: those that stop at their first end, and whole ones without it."""
    for length in range(1, most + 1):
        for symbols in product(range(V), repeat=length):
            ends = end is not None and symbols[-1] == end
            if (ends or length == most) and (end is None or end not in symbols[:-1]):
                yield symbols


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("end", "power"), [(None, 0.0), (0, 0.0), (0, 1.0)])
def test_a_wide_beam_finds_the_best_of_all(seed, end, power):
    advance, logits, state = model(seed)
    most = 4
    scored = []
    for symbols in every(end, most):
        total = log_probability(advance, logits, state, symbols)
        scored.append((total / ((5 + len(symbols)) / 6) ** power, symbols))
    wanted = sorted(scored, reverse=True)[:5]
    found = beam_search(advance, logits, state, width=V**most, most=most, end=end, length_power=power)[:5]
    for (score, symbols), each in zip(wanted, found, strict=True):
        assert each.score == pytest.approx(score)
        ended = end is not None and symbols[-1] == end
        assert (each.symbols, each.ended) == (symbols[:-1] if ended else symbols, ended)
        assert each.log_probability == pytest.approx(log_probability(advance, logits, state, symbols))


def test_a_narrow_beam_is_the_likeliest_symbol_each_time():
    advance, logits, state = model(3)
    (found,) = beam_search(advance, logits, state, width=1, most=5)
    step, symbols = logits, []
    for _ in range(5):
        symbols.append(int(step.argmax()))
        step, state = advance(torch.tensor(symbols[-1:]), state)
        step = step[0]
    assert found.symbols == tuple(symbols)
    assert not found.ended


def test_a_wider_beam_is_no_worse():
    advance, logits, state = model(1)
    best = [beam_search(advance, logits, state, width=width, most=6, end=2)[0].score for width in (1, 3, 9, 81)]
    assert best[-1] == max(best)


@pytest.mark.parametrize("end", [None, 0])
def test_searches_side_by_side_are_as_alone(end):
    cases = [model(seed) for seed in range(4)]
    most, heard = 5, []

    def advance(symbols, state, places):
        heard.append(places.tolist())
        before, steps = (part.view(1, -1, len(places)) for part in state)
        symbols = symbols.view(-1, len(places))
        told = torch.empty(*symbols.shape, V, dtype=torch.float64)
        after = []
        for column, place in enumerate(places.tolist()):
            own, rest = cases[place][0](symbols[:, column], (before[:, :, column], steps[:, :, column]))
            told[:, column] = own.log_softmax(-1)
            after.append(rest)
        state = tuple(torch.stack(parts, -1).flatten(1) for parts in zip(*after, strict=True))
        return told.flatten(0, 1), state

    first = torch.stack([logits.log_softmax(-1) for _, logits, _ in cases])
    state = tuple(torch.cat(parts, 1) for parts in zip(*(state for *_, state in cases), strict=True))
    together = beam_searches(advance, first, state, width=3, most=most, end=end)
    for (step, logits, begun), found in zip(cases, together, strict=True):
        assert found == beam_search(step, logits, begun, width=3, most=most, end=end)
    assert heard[0] == [0, 1, 2, 3]
    assert all(set(later) <= set(before) for before, later in pairwise(heard))


@pytest.mark.parametrize("seed", range(8))
def test_a_beam_of_one_ends_where_the_end_is_the_likeliest(seed):
    advance, logits, state = model(seed)
    (found,) = beam_search(advance, logits, state, width=1, most=6, end=0)
    step, symbols = logits, []
    while len(symbols) < 6 and int(step.argmax()) != 0:
        symbols.append(int(step.argmax()))
        step, state = advance(torch.tensor(symbols[-1:]), state) if len(symbols) < 6 else (step[None], state)
        step = step[0]
    assert found.symbols == tuple(symbols)


def test_no_end_comes_before_the_least():
    for seed in range(5):
        advance, logits, state = model(seed)
        found = beam_search(advance, logits, state, width=V**4, most=4, least=2, end=0)
        assert min(len(each.symbols) for each in found) == 2
        free = beam_search(advance, logits, state, width=V**4, most=4, end=0)
        assert found == [each for each in free if len(each.symbols) >= 2]


def test_settings_are_checked():
    advance, logits, state = model(0)
    with pytest.raises(ConfigError, match=r"`width`.*: 0 came; `most`.*: 0 came; `length_power`.*: 2 came"):
        beam_search(advance, logits, state, width=0, most=0, length_power=2)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [1, 2])
def test_a_wide_beam_finds_the_best_of_all_that_repeat_nothing(seed, count):
    advance, logits, state = model(seed)
    most, end = 4, 0
    wanted = []
    for symbols in every(end, most):
        rows = list(zip(*(symbols[at:] for at in range(count)), strict=False))
        if len(set(rows)) == len(rows):
            wanted.append((log_probability(advance, logits, state, symbols), symbols))
    found = beam_search(advance, logits, state, width=V**most, most=most, end=end, no_repeat=count)
    assert len(found) == len(wanted)
    for (score, symbols), each in zip(sorted(wanted, reverse=True), found, strict=True):
        assert each.score == pytest.approx(score)
        assert each.symbols == tuple(symbol for symbol in symbols if symbol != end)


def test_what_has_nothing_left_ends_however_early():
    told = torch.tensor([[-1.0, -2.0, -3.0], [-1.0, -2.0, -3.0]])
    left = allowed(told, [(1, 2), (1, 1)], end=0, least=9, no_repeat=1)
    assert left.tolist() == [[-1.0, -torch.inf, -torch.inf], [-torch.inf, -torch.inf, -3.0]]
    assert told[0].tolist() == [-1.0, -2.0, -3.0]
