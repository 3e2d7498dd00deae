"""A generator learns what follows what, says how likely a text is, and writes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import throughtime as tt
from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.decode import Sampling
from throughtime.tasks import NotFittedError, SequenceGenerator
from throughtime.tasks.text_network import Writer
from throughtime.tasks.text_writing import beginning, drawn, told

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 60
NAMES = ["anna", "otto", "hannah", "bob"] * 15
TUNES = [["C", "E", "G"], ["G", "E", "C"]] * 20
KOREAN = "나는 학교에 간다. 너는 집에 간다.\n" * 40


def small(**changes):
    settings = {"hidden_size": 24, "epochs": 12, "progress": False, "learning_rate": 0.01, "patience": None}
    return SequenceGenerator(**(settings | changes))


@pytest.fixture(scope="module")
def writer():
    return small().fit(TEXT)


@pytest.fixture(scope="module")
def namer():
    return small(epochs=30).fit(NAMES)


def by_hand(model, codes):
    """Log-probabilities of all but the first symbol, one forward of the whole row."""
    x = torch.from_numpy(codes)
    with torch.no_grad():
        output, _ = model.network_(x[:-1, None], None)
    return output[:, 0].log_softmax(-1)[torch.arange(len(x) - 1), x[1:]]


def test_a_score_is_the_mean_of_what_each_symbol_costs(writer):
    text = TEXT[5:2300]
    wanted = -float(by_hand(writer, writer.encoding_.encode(text)).double().mean())
    assert writer.score(text) == pytest.approx(wanted, rel=1e-5)
    assert writer.score(text) < 1.0 < math.log(writer.design_.symbols)


def test_a_score_of_documents_is_over_all_symbols_and_ends(namer):
    costs = torch.cat([by_hand(namer, namer.encoding_.document(name)) for name in ("anna", "bob")])
    assert namer.score(["anna", "bob"]) == pytest.approx(-float(costs.double().mean()), rel=1e-5)


def test_unknown_symbols_count_as_the_unknown_one(writer):
    assert writer.score("the c\u00e4t sat") > writer.score("the cat sat")


@pytest.mark.parametrize("cell", ["lstm", "rnn", "perceptron"])
def test_step_by_step_is_as_at_once(cell):
    model = small(cell=cell, epochs=2).fit(TEXT)
    codes = torch.from_numpy(model.encoding_.encode(TEXT[:30]))
    with torch.no_grad():
        whole, _ = model.network_(codes[:, None], None)
    writer = Writer(model.network_)
    np.testing.assert_allclose(writer.read(codes[:10]), whole[9, 0], atol=1e-5)
    for place in range(10, 30):
        # Products of numpy's add up in another order.
        np.testing.assert_allclose(writer.step(int(codes[place])), whole[place, 0], atol=1e-5)


def test_what_it_learned_is_written(writer):
    assert writer.generate(7, "the cat sat on ", top_k=1)[-7:] in {"the mat", "the log"}
    assert writer.generate(40, "the ", seed=1) == writer.generate(40, "the ", seed=1)
    assert writer.generate(40, "the ", seed=1) != writer.generate(40, "the ", seed=2)
    assert len(writer.generate(40, "the ")) == 44
    assert len(writer.generate(40)) == 40


def test_the_first_draw_has_the_networks_probabilities(writer):
    logits = Writer(writer.network_).read(beginning(writer.encoding_, writer.encoding_.encode("the ")))
    chances = torch.from_numpy(logits).double().softmax(-1)
    chances[0] = 0
    drawn = [writer.generate(1, "the ", seed=seed)[-1] for seed in range(400)]
    for symbol, chance in zip(writer.encoding_.vocabulary.symbols, chances[1:] / chances.sum(), strict=True):
        # Four standard deviations of a share of 400.
        assert abs(drawn.count(symbol) / 400 - float(chance)) < 4 * math.sqrt(0.25 / 400)


def test_it_is_told_as_it_is_written(writer):
    pieces = writer.stream(50, "the ", sampling=Sampling(temperature=0.7), seed=3)
    assert next(pieces)
    told = "".join(writer.stream(50, "the ", sampling=Sampling(temperature=0.7), seed=3))
    assert "the " + told == writer.generate(50, "the ", temperature=0.7, seed=3)


def test_it_stops_where_it_is_asked_to(writer):
    text = writer.generate(400, "the cat", top_k=1, stop="mat. the")
    assert text.count("mat. the") <= 1
    assert text.endswith("mat. the") or len(text) == 407
    long = writer.generate(400, "the ", seed=5)
    stop = long[20:23]
    assert writer.generate(400, "the ", seed=5, stop=stop) == long[: long.index(stop, 4) + 3]


def test_a_beam_is_as_likely_as_the_likeliest_draws(writer):
    def likelihood(text):
        return float(by_hand(writer, writer.encoding_.encode(text))[3:].sum())

    beam = writer.generate(12, "the ", beam=8)
    assert likelihood(beam) >= likelihood(writer.generate(12, "the ", beam=1)) - 1e-4
    assert writer.generate(12, "the ", beam=1) == writer.generate(12, "the ", top_k=1)


def test_documents_end_by_themselves(namer):
    written = [namer.generate(30, seed=seed) for seed in range(30)]
    assert np.mean([name in NAMES for name in written]) > 0.5
    assert all(len(name) < 30 for name in written)
    assert namer.generate(30, "an", top_k=1) == "anna"
    assert namer.generate(30, beam=5) in NAMES


def test_lists_of_symbols_are_written_as_such():
    model = small(epochs=30).fit(TUNES)
    assert model.generate(5, ["C"], top_k=1) == ("C", "E", "G")
    assert model.generate(5, beam=3) in {("C", "E", "G"), ("G", "E", "C")}
    assert model.generate(5, ["G"], top_k=1, stop="E") == ("G", "E")
    assert list(model.stream(2, ["C"], sampling=Sampling(top_k=1))) == ["E", "G"]


@pytest.mark.parametrize("symbols", ["characters", "jamo", "bytes", "words"])
def test_korean_is_written_too(symbols):
    model = small(symbols=symbols, epochs=20).fit(KOREAN)
    encoding, prompt = model.encoding_, model.encoding_.encode("너는 ")
    before = encoding.decode(prompt.tolist())
    for seed in range(5):
        # So hot that bytes and jamo come that make no sign together.
        codes = list(drawn(Writer(model.network_), encoding, prompt, 40, Sampling(temperature=3.0), seed))
        whole = encoding.decode([*prompt.tolist(), *codes])
        assert before + "".join(told(encoding, prompt, iter(codes), None)) == whole
    assert "간다" in model.generate(40, "나는 ", top_k=1)


def test_many_symbols_share_their_vectors(tmp_path):
    model = small(symbols="words", tied=True).fit(TEXT)
    assert model.network_.head.embedding is model.network_.embed
    model.save(tmp_path / "tied.safetensors")
    again = tt.load(tmp_path / "tied.safetensors")
    assert again.network_.head.embedding is again.network_.embed
    assert again.score(TEXT[:500]) == model.score(TEXT[:500])


def test_a_saved_one_says_the_same(writer, namer, tmp_path):
    for model, corpus in ((writer, TEXT[:300]), (namer, ["anna", "hans"])):
        model.save(tmp_path / "model.safetensors")
        again = tt.load(tmp_path / "model.safetensors")
        assert again.score(corpus) == model.score(corpus)
        assert again.generate(20, seed=4) == model.generate(20, seed=4)
        assert (again.schedule_, again.best_epoch_) == (model.schedule_, model.best_epoch_)


def test_a_file_is_read_as_its_text_is(tmp_path):
    (tmp_path / "corpus.txt").write_text(TEXT)
    model, other = small(epochs=2).fit(tmp_path / "corpus.txt"), small(epochs=2).fit(TEXT)
    assert model.history_.losses == other.history_.losses
    assert model.score(tmp_path / "corpus.txt") == other.score(TEXT)


def test_what_validates_does_not_train():
    strange = TEXT + "zebra " * 30
    model = small(epochs=4).fit(strange)
    assert model.history_.best_validation > model.score(TEXT) + 1
    given = small(epochs=4, validation=strange).fit(TEXT)
    assert given.history_.best_validation == pytest.approx(given.score(strange), rel=0.2)
    assert small(epochs=2, validation=None).fit(TEXT).best_epoch_ is None


def test_an_interrupted_training_goes_on(tmp_path, monkeypatch):
    whole, calls, plain = small(epochs=3).fit(TEXT), [], torch.optim.AdamW.step

    def step(self, *arguments):
        calls.append(0)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return plain(self, *arguments)

    with RunFolder.create(tmp_path, {}) as run:
        monkeypatch.setattr(torch.optim.AdamW, "step", step)
        model = small(epochs=3, checkpoint_every_s=0)
        with pytest.raises(KeyboardInterrupt):
            model.fit(TEXT, run=run)
        assert not hasattr(model, "network_")
        assert model.fit(TEXT, run=run).history_.losses == whole.history_.losses
    assert model.generate(30, seed=1) == whole.generate(30, seed=1)


@pytest.mark.parametrize(
    ("settings", "corpus", "error", "message"),
    [
        ({"hidden_size": 0, "dropout": 1}, TEXT, ConfigError, r"`hidden_size`.*`dropout`"),
        ({"emission": "bernouli"}, TEXT, ConfigError, "`emission`"),
        ({"tbptt": "auto"}, TEXT, ConfigError, "'auto' came"),
        ({"cell": "rnn", "weight_drop": 0.5}, TEXT, ConfigError, "`weight_drop` is for an LSTM"),
        (
            {"emission": "keys", "tied": True, "embedding_dropout": 0.2},
            TEXT,
            ConfigError,
            "embedding_dropout, tied came",
        ),
        ({"validation": 1.5}, TEXT, ConfigError, "`validation`"),
        ({"symbols": "letters"}, TEXT, ConfigError, "`symbols`"),
        ({}, "", DataError, "an empty one came"),
        ({}, "ab", DataError, "two symbols at least"),
        ({"validation": None}, "a", DataError, "two symbols at least"),
        ({}, ["ab"], DataError, "a document of its own: one came"),
        ({"validation": ["ab"]}, TEXT, DataError, "one text: a list of documents came"),
        ({"validation": "ab"}, NAMES, DataError, "a list of documents: one text came"),
    ],
)
def test_what_breaks_a_rule_is_refused(settings, corpus, error, message):
    with pytest.raises(error, match=message):
        small(**settings).fit(corpus)


def test_one_symbol_alone_is_learned():
    model = small(epochs=2).fit("a" * 500)
    assert model.generate(5, "a") == "aaaaaa"


def test_writing_is_checked(writer, namer):
    with pytest.raises(NotFittedError):
        SequenceGenerator().generate(3)
    for settings, message in [
        ({"steps": 0}, "`steps`"),
        ({"steps": 3, "temperature": 0}, r"`temperature`.*top_k=1"),
        ({"steps": 3, "temperature": -1.0}, "`temperature`"),
        ({"steps": 3, "seed": -1}, "`seed`"),
        ({"steps": 3, "stop": ""}, "`stop` is a text"),
        ({"steps": 3, "stop": 5}, "`stop` is a text"),
        ({"steps": 3, "beam": 0}, "`width`"),
        ({"steps": 3, "beam": 2, "temperature": 0.5}, "draws nothing"),
    ]:
        with pytest.raises(ConfigError, match=message):
            writer.generate(**settings)
    with pytest.raises(DataError, match="'Z', '\u00e4' came, which it did not"):
        writer.generate(3, "Z\u00e4")
    with pytest.raises(DataError, match="a text: list came"):
        writer.generate(3, ["t"])
    with pytest.raises(DataError, match="one text: list came"):
        writer.score(["the"])
    with pytest.raises(DataError, match="documents: str came"):
        namer.score("anna")
    with pytest.raises(DataError, match="one came"):
        writer.score("t")
