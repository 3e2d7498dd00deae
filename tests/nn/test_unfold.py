"""The unfolded network equals its cell, reads its parameters, and is a graph of copies without a cycle."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import assume, given, settings
from torch import fx, nn

import throughtime as tt
from tests.nn.cases import collect, layer_cases
from throughtime.base.errors import ConfigError, DtypeError, NetworkError, ShapeError
from throughtime.nn.unfold import CellCopy, Unfolded

WIDE = {"num_layers": 2, "proj_size": 2, "peephole": True, "layer_norm": True, "zoneout": (0.1, 0.3)}
CELLS = {
    "tt.LSTM": lambda: tt.LSTM(3, 4),
    "tt.LSTM with options": lambda: tt.LSTM(3, 4, recurrent_dropout=0.2, weight_drop=0.3, dropout=0.5, **WIDE).eval(),
    "tt.LSTM without bias": lambda: tt.LSTM(3, 4, bias=False, layer_norm=True),
    "tt.RNN": lambda: tt.RNN(3, 4, 2),
    "tt.RNN with options": lambda: tt.RNN(
        3, 4, nonlinearity="relu", layer_norm=True, zoneout=0.3, batch_first=True
    ).eval(),
    "nn.LSTM": lambda: nn.LSTM(3, 4, 2, proj_size=3, batch_first=True),
    "nn.RNN": lambda: nn.RNN(3, 4, nonlinearity="relu", bias=False),
}
PLAIN = ("tt.LSTM", "tt.RNN", "nn.LSTM", "nn.RNN")
T, B, C = 5, 5, 3  # as many rows as steps, so that either axis order fits


def made(name):
    torch.manual_seed(0)
    return CELLS[name]().double()


def assert_equal(got, wanted):
    # float64; other orders of summation, and the cpu kernel's sigmoid and tanh are good to 1e-10 by promise
    torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-12)


@given(case=layer_cases("lstm"))
@settings(max_examples=60)
def test_equals_the_lstm(case):
    equals_both(case)


@given(case=layer_cases("rnn"))
@settings(max_examples=60)
def test_equals_the_rnn(case):
    equals_both(case)


def equals_both(case):
    """Outputs, final states, and gradients of input, initial state and weights, of ours and of torch's layer."""
    assume(not case.ours.bidirectional)
    steps = case.x.shape[1 if case.ours.batch_first else 0]
    for cell in (case.ours, case.theirs):
        assert_equal(collect(tt.unfold(cell, steps), case.x, case.hx), collect(cell, case.x, case.hx))


@pytest.mark.parametrize("name", CELLS)
def test_equals_the_cell_whatever_its_options(name):
    cell, x = made(name), torch.randn(T, B, C, dtype=torch.float64)
    _, state = cell(x)
    hx = tuple(torch.randn_like(s) for s in (state if isinstance(state, tuple) else (state,)))
    for given_state in (None, hx):
        assert_equal(collect(tt.unfold(cell, T), x, given_state), collect(cell, x, given_state))


@pytest.mark.parametrize("name", CELLS)
def test_one_sequence_without_a_batch(name):
    cell, x = made(name), torch.randn(T, C, dtype=torch.float64)
    _, state = cell(x)
    assert_equal(tt.unfold(cell, T)(x, state), cell(x, state))


@pytest.mark.parametrize("cell", [nn.LSTMCell(3, 4), nn.RNNCell(3, 4), nn.RNNCell(3, 4, False, "relu")], ids=str)
def test_equals_torchs_single_step_cells_stepped_by_hand(cell):
    def by_hand(x, hx):
        outputs = []
        for x_t in x:
            hx = cell(x_t, hx)
            outputs.append(hx[0] if isinstance(hx, tuple) else hx)
        return torch.stack(outputs), hx

    cell = cell.double()
    x, count = torch.randn(T, 2, C, dtype=torch.float64), 2 if isinstance(cell, nn.LSTMCell) else 1
    hx = tuple(torch.randn(2, 4, dtype=torch.float64) for _ in range(count))
    assert_equal(collect(tt.unfold(cell, T), x, hx), collect(cell, x, hx, by_hand))
    one = hx[0][0] if count == 1 else tuple(part[0] for part in hx)
    assert_equal(tt.unfold(cell, T)(x[:, 0], one), by_hand(x[:, 0], one))
    assert_equal(tt.unfold(cell, T)(x), by_hand(x, None))


@pytest.mark.parametrize("name", CELLS)
def test_every_copy_holds_the_cells_own_parameters(name):
    cell = made(name)
    unfolded = tt.unfold(cell, 4)
    assert isinstance(unfolded.copies, nn.ModuleList)
    assert len({id(each) for each in unfolded.copies}) == unfolded.steps == 4
    for each in unfolded.copies:
        held = dict(each.named_parameters())
        assert list(held) == [key for key, _ in cell.named_parameters()]
        assert all(held[key] is parameter for key, parameter in cell.named_parameters())
    assert [id(p) for p in unfolded.parameters()] == [id(p) for p in cell.parameters()]
    assert not [m for m in unfolded.modules() if isinstance(m, nn.RNNBase | tt.LSTM | tt.RNN)]


def test_gradients_arrive_in_the_cell_and_its_updates_in_every_copy():
    cell, x = made("tt.LSTM"), torch.randn(T, B, C, dtype=torch.float64)
    unfolded, optimizer = tt.unfold(cell, T), torch.optim.SGD(cell.parameters(), lr=0.5)
    before = unfolded(x)[0]
    before.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in cell.parameters())
    optimizer.step()
    after = unfolded(x)[0]
    assert_equal(after, cell(x)[0])
    assert (after[0] - before[0]).abs().max() > 1e-3  # copy 1 and, without its state, the last copy both moved
    assert (unfolded.copies[-1](x[0], zeros(cell))[0] - before[0]).abs().max() > 1e-3


def zeros(cell):
    return tuple(torch.zeros(1, B, cell.hidden_size, dtype=torch.float64) for _ in range(2))


class CopiesWhole(fx.Tracer):
    """Shows each copy as one node."""

    def is_leaf_module(self, m, path):
        return isinstance(m, CellCopy) or super().is_leaf_module(m, path)


@pytest.mark.parametrize("name", CELLS)
def test_the_traced_graph_is_a_chain_of_copies(name):
    """Each copy stands in it once and takes x_t and the state of the copy before it: no cycle, nothing else."""
    unfolded = tt.unfold(made(name), T)
    graph = CopiesWhole().trace(unfolded)
    graph.lint()  # every node is used only after it: acyclic
    nodes = [node for node in graph.nodes if node.op == "call_module"]
    assert [node.target for node in nodes] == [f"copies.{t}" for t in range(T)]
    entered = next(node for node in graph.nodes if node.op == "call_function" and node.target.__name__ == "_enter")
    assert not [node for node in graph.nodes if node.op == "call_method"]
    before = None
    for t, node in enumerate(nodes):
        x_t, state = node.args
        assert origin(x_t) == (entered, (0, t))
        assert origin(state) == ((entered, (1,)) if before is None else (before, (1,)))
        before = node


def origin(node):
    """The node that something was picked out of, and the places picked, outermost first."""
    places = []
    while node.op == "call_function" and node.target.__name__ == "getitem":
        node, place = node.args
        places.insert(0, place)
    return node, tuple(places)


@pytest.mark.parametrize("name", PLAIN)  # with layer_norm the tests' own shape checks refuse fx's stand-ins for tensors
def test_the_graph_traced_to_the_bottom_computes_the_same(name):
    unfolded, x = tt.unfold(made(name), T), torch.randn(T, B, C, dtype=torch.float64)
    traced = fx.symbolic_trace(unfolded)
    traced.graph.lint()
    assert_equal(traced(x), unfolded(x))
    # One node for each parameter, whichever copy reads it: it is the same object in all of them.
    read = [traced.get_parameter(node.target) for node in traced.graph.nodes if node.op == "get_attr"]
    assert len(read) == len({id(p) for p in read}) == len(list(unfolded.parameters()))


RECURRENT = ("lstm", "rnn", "gru", "scan", "while", "loop", "cond")


def operations(module, x):
    """Names of torch's operations in the exported graph, those in subgraphs included, and the graph."""
    program = torch.export.export(module, (x,))
    graphs = [m.graph for m in program.graph_module.modules() if isinstance(m, fx.GraphModule)]
    called = [str(node.target) for graph in graphs for node in graph.nodes if node.op == "call_function"]
    return called, program.graph


@pytest.mark.filterwarnings("ignore:The tensor attributes self._flat_weights:UserWarning")  # torch's own layer, kept so
@pytest.mark.parametrize("name", PLAIN)
def test_no_recurrent_operation_is_left(name):
    cell, x = made(name), torch.randn(T, B, C, dtype=torch.float64)
    if isinstance(cell, nn.RNNBase):  # the word is found where there is one
        assert any(word in op for op in operations(cell, x)[0] for word in RECURRENT)
    called, graph = operations(tt.unfold(cell, T), x)
    assert not [op for op in called if any(word in op for word in RECURRENT)]
    layers, is_lstm = cell.num_layers, "LSTM" in name
    squash = {} if is_lstm else {f"aten.{cell.nonlinearity}.default": 1}
    squashes = squash or {"aten.sigmoid.default": 3, "aten.tanh.default": 2}
    assert {op: called.count(op) for op in squashes} == {op: n * layers * T for op, n in squashes.items()}
    users = [len(node.users) for node in graph.nodes if node.op == "placeholder" and "weight_hh" in node.name]
    assert [count for count in users if count] == [T] * layers  # every copy reads the one W_hh


def test_copies_and_moves_like_any_module():
    cell = made("tt.LSTM")
    unfolded = tt.unfold(cell, 3)
    twin = copy.deepcopy(unfolded)
    assert twin.copies[0].weight_hh_l0 is twin.copies[2].weight_hh_l0
    assert twin.copies[0].weight_hh_l0 is not cell.weight_hh_l0
    assert unfolded.float().copies[2].weight_hh_l0 is cell.weight_hh_l0
    assert cell(torch.randn(3, 1, C))[0].dtype == torch.float32
    assert repr(unfolded) == "Unfolded(\n  (copies): ModuleList(\n    (0-2): 3 x CellCopy(LSTM, 3, 4)\n  )\n)"


def test_ten_thousand_steps():
    cell = tt.RNN(1, 2, dtype=torch.float64)
    x = torch.randn(10_000, 1, 1, dtype=torch.float64)
    assert_equal(collect(tt.unfold(cell, 10_000), x, None), collect(cell, x, None))


def test_no_rows():
    x, h = torch.zeros(T, 0, C), torch.zeros(1, 0, 4)
    y, state = tt.unfold(tt.RNN(C, 4), T)(x, h)
    assert y.shape == (T, 0, 4)
    assert state.shape == h.shape


@pytest.mark.parametrize("steps", [0, -3, 2.0, "4", None, True, 100_001])
def test_steps_that_are_none(steps):
    with pytest.raises(
        ConfigError, match=r"`steps` is a whole number, at least 1.*: .* came. Pass the number of copies"
    ):
        tt.unfold(tt.RNN(3, 4), steps)


@pytest.mark.parametrize(("shape", "got"), [((4, 2, 3), 4), ((6, 2, 3), 6), ((0, 2, 3), 0), ((4, 3), 4)])
def test_another_number_of_steps(shape, got):
    with pytest.raises(ShapeError, match=f"one step for each of the 5 copies: got {got}. .* over as many steps."):
        tt.unfold(tt.LSTM(3, 4), 5)(torch.zeros(shape))


def test_batch_first_counts_steps_on_axis_1():
    unfolded = tt.unfold(tt.LSTM(3, 4, batch_first=True), 5)
    assert unfolded(torch.zeros(2, 5, 3))[0].shape == (2, 5, 4)
    with pytest.raises(ShapeError, match="got 2"):
        unfolded(torch.zeros(5, 2, 3))


def test_what_does_not_fit_the_cell():
    unfolded = tt.unfold(tt.LSTM(3, 4), 5)
    with pytest.raises(ShapeError, match="input_size = 3"):
        unfolded(torch.zeros(5, 2, 7))
    with pytest.raises(ShapeError, match="`hx`"):
        unfolded(torch.zeros(5, 2, 3), torch.zeros(1, 2, 4))
    with pytest.raises(DtypeError, match="float64"):
        unfolded(torch.zeros(5, 2, 3, dtype=torch.float64))


@pytest.mark.parametrize("cell", [nn.GRU(3, 4), nn.Linear(3, 4), "LSTM"])
def test_no_cell(cell):
    with pytest.raises(NetworkError, match="`cell` must be an LSTM or an Elman RNN of throughtime or torch: got"):
        tt.unfold(cell, 3)


@pytest.mark.parametrize("layer", [tt.LSTM, tt.RNN, nn.LSTM, nn.RNN])
def test_bidirectional_is_refused_with_the_reason(layer):
    with pytest.raises(NetworkError, match="second direction needs the copy after it too. Unfold one cell for each"):
        tt.unfold(layer(3, 4, bidirectional=True), 3)


@pytest.mark.parametrize(
    "cell",
    [
        tt.LSTM(3, 4, zoneout=(0.1, 0.0)),
        tt.LSTM(3, 4, recurrent_dropout=0.1),
        tt.RNN(3, 4, weight_drop=0.1),
        tt.RNN(3, 4, zoneout=0.1),
        nn.LSTM(3, 4, 2, dropout=0.1),
    ],
    ids=str,
)
def test_random_masks_are_refused_in_training(cell):
    with pytest.raises(ConfigError, match=r"draws no random masks, .* Call .eval\(\) first"):
        tt.unfold(cell, 3)
    unfolded = tt.unfold(cell.eval(), 3)
    assert isinstance(unfolded, Unfolded)
    assert not unfolded.training
    with pytest.raises(ConfigError, match="draws no random masks"):
        unfolded.train()(torch.zeros(3, 1, 3))


def test_computed_weights_are_refused():
    cell = nn.utils.parametrizations.weight_norm(nn.LSTM(3, 4), "weight_hh_l0")
    with pytest.raises(NetworkError, match="weight_hh_l0 of this .* is computed from others. Remove the parametriz"):
        tt.unfold(cell, 3)
