"""Targets that are written: greedy beside a beam of one, a wide beam beside all targets there are, limits."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from tests.tasks.reversing import reversed_pairs, small, texts
from throughtime.base.errors import ConfigError
from throughtime.tasks.pair_network import nats_by_pair
from throughtime.tasks.pair_writing import Manner, PairWriter, manner

KINDS = {
    "plain": {},
    "copying": {"copy": True, "coverage": 0.5},
    "fixed": {"heads": 0},
    "window": {"cell": "perceptron"},
}


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return small(epochs=2, validation=None, **KINDS[request.param]).fit(*reversed_pairs(60, longest=4, letters="ab"))


def writer(model):
    return PairWriter(model.network_, model.encoder_, model.encoding_)


def pairs(model, sources):
    return [model.encoding_.encode(each) for each in sources]


def test_a_beam_of_one_is_the_likeliest_symbol_each_time(model):
    given = pairs(model, texts(12, 5, 4, "ab"))
    greedy = writer(model).write(given, Manner(5))
    of_beam = writer(model).begun(given).beam(Manner(5))
    for one, other in zip(greedy, of_beam, strict=True):
        assert (one[0].symbols, one[0].ended) == (other[0].symbols, other[0].ended)
        assert one[0].log_probability == pytest.approx(other[0].log_probability, abs=1e-5)


def test_a_beam_as_wide_as_all_targets_finds_the_best_of_them(model):
    end, most = model.encoding_.target.end, 3
    every = [symbols for length in range(most + 1) for symbols in product("ab", repeat=length)]
    for source in ("ab", "bba", "a"):
        wanted = []
        for symbols in every:
            # An empty target is nothing that `fit` takes, but it can be written.
            pair = model.encoding_.encode(source, "".join(symbols) or "a")
            if not symbols:
                pair.target.resize(2, refcheck=False)
                pair.target[:] = end
            nats = nats_by_pair(model.network_, model.encoder_, [pair])[0]
            wanted.append((-float(nats.double().sum()), symbols))
        found = writer(model).write(pairs(model, [source]), Manner(most, beam=3 ** (most + 1)))[0]
        ended = [each for each in found if each.ended]
        assert len(ended) == len(every)
        for one, (total, symbols) in zip(ended, sorted(wanted, reverse=True), strict=True):
            assert one.log_probability == pytest.approx(total, abs=1e-4)
            assert model.encoding_.words(one.symbols, source) == list(symbols)


def test_sources_side_by_side_are_written_to_as_alone(model):
    sources = texts(30, 7, 6, "ab")
    for how in (Manner(6), Manner(6, beam=3), Manner(6, least=2, beam=3, length_power=0.6, best=3)):
        together = writer(model).write(pairs(model, sources), how)
        for source, found in zip(sources, together, strict=True):
            (alone,) = writer(model).write(pairs(model, [source]), how)
            assert [each.symbols for each in alone] == [each.symbols for each in found]
            # Products of more rows add up in another order.
            assert [each.score for each in alone] == pytest.approx([each.score for each in found], abs=1e-4)


def test_a_target_is_as_long_as_was_asked_for(model):
    given = pairs(model, texts(20, 8, 4, "ab"))
    for beam in (1, 3):
        found = writer(model).write(given, Manner(3, 2, beam))
        assert {len(each[0].symbols) for each in found} <= {2, 3}
        assert all(len(each[0].symbols) == 3 for each in found if not each[0].ended)
    streamed = list(writer(model).stream(given[0], Manner(3, 2)))
    assert tuple(streamed) == writer(model).write(given[:1], Manner(3, 2))[0][0].symbols


def test_a_source_is_encoded_once_whatever_the_beam(model):
    calls = []
    hook = model.encoder_.register_forward_hook(lambda *_: calls.append(1))
    writer(model).write(pairs(model, ["abab"]), Manner(5, 5, 4))
    hook.remove()
    assert calls == [1]


def test_keys_of_a_source_are_not_copied_for_beginnings(model):
    if not model.design_.heads:
        return
    seen = []
    attention = model.network_.core.attentions[0]
    attention.scores, real = lambda h, keys: seen.append((h.shape, keys.shape[1])) or real(h, keys), attention.scores
    writer(model).write(pairs(model, ["abab", "ba"]), Manner(4, 4, 4))
    del attention.scores
    assert {shared for _, shared in seen} == {2}
    assert max(shape[0] for shape, _ in seen) == 4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"beam": 0}, "`beam`"),
        ({"most": 0}, "`most`"),
        ({"least": 9, "most": 3}, "at most `most`: 9 and 3"),
        ({"no_repeat": 0}, "`no_repeat`"),
        ({"best": 2}, "best=2 came with beam=1"),
        ({"length_power": 0.5}, "came with beam=1"),
    ],
)
def test_settings_are_checked(given, message):
    usual = {"beam": 1, "length_power": 0.0, "least": None, "most": None, "best": None, "no_repeat": None}
    with pytest.raises(ConfigError, match=message):
        manner(**(usual | given), usual=7)
    assert manner(**usual, usual=7) == Manner(7, 1)


def test_the_unknown_symbol_is_never_written(model):
    with torch.no_grad():
        begun = writer(model).begun(pairs(model, ["ab", "b"]))
        told, _ = begun._advance(torch.full((2,), begun.end), begun._own(begun.state), torch.arange(2))
    assert bool((told[:, 0] == -torch.inf).all())


@pytest.mark.parametrize("beam", [1, 3])
def test_a_row_of_symbols_stands_once_where_that_is_asked(model, beam):
    sources = texts(20, 9, 4, "ab")
    given = pairs(model, sources)
    for count in (1, 2):
        how = Manner(8, 4, beam, no_repeat=count)
        for (best, *_), source in zip(writer(model).write(given, how), sources, strict=True):
            rows = list(zip(*(best.symbols[at:] for at in range(count)), strict=False))
            assert len(set(rows)) == len(rows)
            assert model.encoding_.words(best.symbols, source)
    plain = writer(model).write(given, Manner(8, 4, beam))
    assert any(len(set(best.symbols)) < len(best.symbols) for (best, *_) in plain)
