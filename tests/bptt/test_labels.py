"""Labels at the ends of sequences, pools over steps, and pairs of an encoder's and a decoder's sequence: under
truncation, in ragged rows and in streams, by brute force."""

from __future__ import annotations

import copy
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import throughtime as tt
from tests.bptt.brute_force import Case, brute_force, ragged_case
from tests.bptt.driving import assert_equal, squared, step, take
from tests.bptt.modes import MODES
from tests.bptt.networks import OfTorch, ours
from throughtime.base.errors import DataError, NetworkError, Notice
from throughtime.bptt import TBPTT, DocumentStates, label_pieces, through_stream, through_time, token_pieces
from throughtime.data import document_rows
from throughtime.nn import RunningPool

pytestmark = pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")

SCHEDULES = [(None, None), (1, None), (2, 5), (3, 3), (5, 2)]
POOLS = ["mean", "max", "attention"]


def pooled(how: str, core: nn.Module | None = None) -> nn.Module:
    torch.manual_seed(0)
    network = tt.Network(None, [core or tt.LSTM(2, 3), RunningPool(how, 3)], nn.Linear(3, 2))
    for weight in network.core[1].parameters():
        nn.init.normal_(weight)
    return network.double()


def labelled_case(n: int = 8) -> Case:
    """Rows that end and restart, with a loss at the last step of each sequence and nowhere else."""
    case = ragged_case(n, seed=6, weights=False)
    last = torch.zeros(n, case.rows, dtype=torch.float64)
    for row, length in enumerate(case.lengths.tolist()):
        if length:
            last[length - 1, row] = 1
        for begin in case.resets[1:length, row].nonzero().flatten().tolist():
            last[begin, row] = 1  # the step before a reset; `begin` counts from step 1
    case.weights = last
    return case


def both(network: nn.Module, case: Case, k1, k2, mode, rule: str = "newest"):
    expected = brute_force(copy.deepcopy(network), squared, case, k1, k2, rule, mode.rate)
    return take(network, case, mode.schedule(k1, k2, rule), mode.rate, memory=mode.memory(k2)), expected


@pytest.mark.parametrize("mode", ["whole", "segments, one place", "ring"], indirect=True)
def test_a_label_at_the_end_of_each_sequence(mode):
    networks = [lambda: ours(layers=2), OfTorch] if mode.history == "recompute" else [lambda: ours(layers=2)]
    for made in networks:
        for k1, k2 in SCHEDULES:
            assert_equal(*both(made().double(), labelled_case(), k1, k2, mode))


def test_how_far_a_label_reaches_is_said_once():
    case = labelled_case()
    case.weights[:-1] = 0
    with pytest.warns(Notice, match=r"under TBPTT\(2,3\) a label reaches back 3 steps"):
        found = take(ours().double(), case, TBPTT(2, 3))
    assert [update.stop for update, _ in found] == [8]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        take(ours().double(), case, TBPTT(2, 3))


@pytest.mark.parametrize("how", POOLS)
@pytest.mark.parametrize("mode", ["whole", "gates again", "segments, one place"], indirect=True)
def test_pools_equal_brute_force(how, mode):
    for case in (ragged_case(7, seed=3), labelled_case()):
        for k1, k2 in SCHEDULES:
            assert_equal(*both(pooled(how), case, k1, k2, mode))


@pytest.mark.parametrize("how", POOLS)
def test_a_pool_above_a_layer_that_knows_no_rows(how):
    for k1, k2 in [(None, None), (2, 5), (5, 2)]:
        assert_equal(*both(pooled(how, nn.LSTM(2, 3)), ragged_case(7, seed=3), k1, k2, MODES["whole"]))


@pytest.mark.parametrize("how", POOLS)
def test_at_a_rows_last_step_it_is_the_pool_over_the_row(how):
    network, x, lengths = pooled(how), torch.randn(9, 3, 2, dtype=torch.float64), [9, 4, 7]
    h, _ = network.core[0](x, lengths=torch.tensor(lengths))
    y, _ = network(x, lengths=torch.tensor(lengths))
    for row, length in enumerate(lengths):
        steps = h[:length, row]
        if how == "attention":
            whole = torch.softmax(steps @ network.core[1].weight[0], 0) @ steps
        else:
            whole = steps.mean(0) if how == "mean" else steps.amax(0)
        torch.testing.assert_close(y[length - 1, row], network.head(whole), rtol=1e-12, atol=1e-12)


def test_a_pool_is_not_reused():
    with pytest.raises(NetworkError, match='RunningPool does not tell .* history="recompute"'):
        take(pooled("mean"), labelled_case(), TBPTT(2, 4, history="reuse"))


def documents(count: int, seed: int = 0, least: int = 1) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    return [draw.integers(1, 9, draw.integers(least, 7)) for _ in range(count)]


def as_case(stretches, y_of) -> Case:
    """What stretches hold, as one case; y and weights are [T, B] by (stretch)."""
    parts = list(stretches)
    ys, weights = zip(*(y_of(part) for part in parts), strict=True)
    x = torch.from_numpy(np.concatenate([part.x for part in parts]))
    lengths = torch.from_numpy(np.sum([part.lengths for part in parts], 0))
    resets = torch.from_numpy(np.concatenate([part.resets for part in parts]))
    return Case(x, torch.cat(ys), torch.cat(weights).double(), lengths, resets)


def entropy(output: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(output, target, reduction="none")


def classifier(mode) -> nn.Module:
    torch.manual_seed(1)
    core = tt.LSTM(3, 4) if mode.history == "reuse" else [tt.LSTM(3, 4), RunningPool("attention", 4)]
    return tt.Network(nn.Embedding(9, 3), core, nn.Linear(4, 2)).double()


@pytest.mark.parametrize("mode", ["whole", "segments, no place", "ring"], indirect=True)
def test_labels_of_documents_in_a_stream(mode):
    read, labels = documents(9), torch.arange(9) % 2

    def of(part):
        known = torch.from_numpy(part.document)
        return labels[known.clamp(min=0)], (known >= 0) & ~torch.from_numpy(part.counted)

    case = as_case(document_rows(read, 2, 5), of)
    assert float(case.weights.sum()) == 9
    for k1, k2 in [(2, 4), (3, 3), (4, 20)]:
        network = classifier(mode)
        expected = brute_force(copy.deepcopy(network), entropy, case, k1, k2, "newest", mode.rate)
        pieces = label_pieces(document_rows(read, 2, 5), labels)
        named = {"normalise": "sum", "memory": mode.memory(k2)}
        updates = through_stream(network, entropy, pieces, mode.schedule(k1, k2), **named)
        assert_equal([(update, step(list(network.parameters()), mode.rate)) for update in updates], expected)


def test_a_label_loses_what_its_document_loses_alone():
    read, labels, network = documents(9), torch.arange(9) % 2, classifier(MODES["whole"])
    alone = [
        float(entropy(network(torch.from_numpy(document)[:, None])[0][-1], label[None]).detach())
        for document, label in zip(read, labels, strict=True)
    ]
    with torch.no_grad():
        pieces = label_pieces(document_rows(read, 2, 5), labels)
        losses = sum(float(u.losses.sum()) for u in through_stream(network, entropy, pieces, TBPTT(4, 4)))
    assert losses == pytest.approx(sum(alone), rel=1e-12)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="document 3 .from 0. came, and 3 labels"):
        list(label_pieces(document_rows(documents(4), 2, 50), [0, 1, 0]))


class Encoder(nn.Module):
    """The last state of an LSTM that reads a document's source."""

    def __init__(self, sources: list[Tensor]) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.sources, self.layer = sources, nn.LSTM(2, 4).double()

    def forward(self, numbers: list[int]):
        ends = [self.layer(self.sources[number][:, None])[1] for number in numbers]
        return tuple(torch.cat(parts, 1) for parts in zip(*ends, strict=True))


def pairs(count: int = 9) -> tuple[list[Tensor], list[np.ndarray]]:
    g = torch.Generator().manual_seed(3)
    sources = [torch.randn(1 + number % 4, 2, generator=g, dtype=torch.float64) for number in range(count)]
    return sources, documents(count, seed=2, least=2)


def decoder() -> nn.Module:
    torch.manual_seed(1)
    return tt.Network(nn.Embedding(9, 3), tt.LSTM(3, 4), nn.Linear(4, 9)).double()


def next_token(part):
    return torch.from_numpy(part.y), torch.from_numpy(part.counted)


@pytest.mark.parametrize("mode", ["whole", "gates again", "segments, no place", "ring"], indirect=True)
@pytest.mark.parametrize(("k1", "k2"), [(2, 4), (3, 3), (4, 2), (4, 40)])
def test_pairs_in_a_stream_over_epochs(mode, k1, k2):
    sources, targets = pairs()
    stretches = list(document_rows(targets, 2, 5))
    document, resets = (np.concatenate([getattr(part, name) for part in stretches]) for name in ("document", "resets"))
    network, states = decoder(), DocumentStates(Encoder(sources), mode.schedule(k1, k2))
    twin, encoder = copy.deepcopy(network), Encoder(sources)
    case = as_case(stretches, next_token)
    case.fresh = lambda rows, step: encoder([int(document[step, row]) for row in rows])
    assert int(resets[1:].sum()) == 7
    trained = 0
    for _ in range(2):  # epochs
        extra = list(encoder.parameters())
        expected = brute_force(twin, entropy, case, k1, k2, "newest", mode.rate, extra)
        pieces = token_pieces(states.noting(document_rows(targets, 2, 5)))
        named = {"normalise": "sum", "memory": mode.memory(k2), "state": states}
        updates = through_stream(network, entropy, pieces, mode.schedule(k1, k2), **named)
        own = [*network.parameters(), *states.parameters()]
        found = [(update, step(own, mode.rate)) for update in updates]
        assert_equal(found, expected)
        trained += sum(bool(gradients[-1].any()) for _, gradients in found)
    assert trained > 4  # the encoder is trained by windows that begin at it, and by those with a reset inside


def test_pairs_go_on_from_a_carry():
    sources, targets = pairs()
    found = []
    for cut in (False, True):
        network, states = decoder(), DocumentStates(Encoder(sources), TBPTT(5, 8))
        stretches, own = list(document_rows(targets, 2, 5)), [*network.parameters(), *states.parameters()]
        carry, gradients = None, []
        for part in [stretches[:2], stretches[2:]] if cut else [stretches]:
            at = 0 if carry is None else carry.position
            pieces = token_pieces(states.noting(part, at))
            updates = through_stream(network, entropy, pieces, TBPTT(5, 8), state=states, carry=carry)
            gradients += [step(own, 0.1) for _ in updates]
            carry = updates.carry
        found.append(gradients)
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)


def test_more_rows_than_pairs():
    sources, targets = pairs(2)
    states = DocumentStates(Encoder(sources), TBPTT(3, 3))
    pieces = token_pieces(states.noting(document_rows([t + 0 for t in targets], 4, 5)))
    assert sum(
        update.counted for update in through_stream(decoder(), entropy, pieces, TBPTT(3, 3), state=states)
    ) == sum(len(target) - 1 for target in targets)


def test_what_began_is_remembered_as_far_as_windows_reach():
    states = DocumentStates(lambda numbers: torch.tensor(numbers), TBPTT(3, 4))
    for _ in states.noting(document_rows([np.arange(1, 4)] * 400, 2, 5)):
        assert len(states._begun) <= (4 + 2 * 3 + 5) / 3 + 3
    with pytest.raises(DataError, match="none was noted at step 1"):
        states(torch.tensor([0]), 1)


class Attentive(nn.Module):
    """A decoder whose state holds what it attends to: the encoder's steps [S, B, H]."""

    state_axis = 1

    def __init__(self) -> None:
        super().__init__()
        self.inward, self.back, self.head = nn.Linear(2 + 3, 3), nn.Linear(3, 3), nn.Linear(3, 2)

    def forward(self, x: Tensor, state):
        h, memory = state["h"][0], state["memory"]
        outputs = []
        for now in x:
            shares = torch.softmax((memory * h).sum(-1, keepdim=True), 0)
            h = torch.tanh(self.inward(torch.cat([now, (shares * memory).sum(0)], -1)) + self.back(h))
            outputs.append(self.head(h))
        return torch.stack(outputs), {"h": h[None], "memory": memory}


class Reading(nn.Module):
    """An encoder of one source a row and place where it begins."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.GRU(2, 3)
        self.register_buffer("sources", torch.randn(5, 3, 2, generator=torch.Generator().manual_seed(4)))

    def forward(self, rows: Tensor, step: int):
        memory, h = self.layer(self.sources[:, rows] + 0.1 * step)
        return {"h": h, "memory": memory}


@pytest.mark.parametrize("mode", ["whole", "segments, no place", "segments, one place"], indirect=True)
def test_a_decoder_that_attends_to_its_encoder(mode):
    for k1, k2 in [(None, None), (1, None), (3, 1), (2, 5), (3, 3)]:
        torch.manual_seed(0)
        network, reading, case = Attentive().double(), Reading().double(), ragged_case(7, seed=3)
        twin, twin_reading, twin_case = copy.deepcopy(network), copy.deepcopy(reading), copy.copy(case)
        case.fresh, twin_case.fresh = reading, twin_reading
        extra = list(twin_reading.parameters())
        expected = brute_force(twin, squared, twin_case, k1, k2, "newest", mode.rate, extra)
        found = take(
            network, case, mode.schedule(k1, k2), mode.rate, list(reading.parameters()), memory=mode.memory(k2)
        )
        assert_equal(found, expected)


def test_an_encoder_is_constant_in_later_windows_and_that_is_said_once():
    torch.manual_seed(0)
    network, reading, case = Attentive().double(), Reading().double(), ragged_case(7, seed=3, resets=False)
    with pytest.warns(Notice, match=r"in later ones under TBPTT\(3,3\) it is constant"):
        found = reached(network, reading, case)
    assert found == [True, False, False]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reached(network, reading, case)


def reached(network, reading, case) -> list[bool]:
    """Whether each update's gradient reached the encoder."""
    found = []
    for _ in through_time(network, squared, case.x, case.y, TBPTT(3, 3), state=reading):
        found.append(any(bool(p.grad is not None and p.grad.any()) for p in reading.parameters()))
        reading.zero_grad()
    return found


def test_the_examples_in_the_docs_learn():
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    section = text.split("## Labels, pools and pairs")[1].split("\n## ")[0]
    names: dict = {}
    torch.manual_seed(0)
    for block in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        exec(block, names)
    with torch.no_grad():
        pieces = names["label_pieces"](document_rows(names["reviews"], rows=8, steps=20), names["labels"])
        found = list(through_stream(names["network"], names["loss"], pieces, TBPTT(20, 40)))
        label = sum(float(u.losses.sum()) for u in found) / sum(u.counted for u in found)
        pieces = token_pieces(names["states"].noting(document_rows(names["targets"], rows=8, steps=20)))
        found = list(through_stream(names["decoder"], names["loss"], pieces, TBPTT(5, 10), state=names["states"]))
        token = sum(float(u.losses.sum()) for u in found) / sum(u.counted for u in found)
    assert label < 0.4  # ln 2 = 0.69 knows nothing
    assert token < 1.0  # the tokens' own frequencies leave about 1.9
