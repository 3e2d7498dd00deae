import pytest
import torch

from throughtime.bptt import check_splittable
from throughtime.tasks.network import (
    CELLS,
    NUMBERS,
    RUN_STEPS,
    Design,
    InputBeside,
    build,
    class_part,
    head_of,
    run,
    targets_of,
)


def design(cell="lstm", **changes):
    sizes = {"input_size": 3, "hidden_size": 8, "num_layers": 1, "window_steps": 4, "dropout": 0.5}
    return Design(**{**sizes, "cell": cell, "emission": "student", "numbers": 2, "classes": (3,), **changes})


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_every_cell_gives_every_target_and_splits(cell, layers):
    torch.manual_seed(0)
    network = build(design(cell, num_layers=layers))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x = torch.randn(9, 2, 3)
    check_splittable(network, x)
    output, _ = network(x, None)
    assert output[NUMBERS].location.shape == (9, 2, 2)
    assert output[class_part(0)].shape == (9, 2, 3)
    assert network.handles == {"lengths", "resets"}


def test_the_head_sees_the_input_past_dropout():
    class Zeros(torch.nn.Module):
        handles = frozenset()

        def forward(self, x, state):
            return x.new_ones(*x.shape[:2], 4), state

    beside = InputBeside(Zeros(), 0.5).train()
    x = torch.randn(50, 1, 2)
    y, _ = beside(x, None)
    assert y[..., 4:].equal(x)
    assert set(y[..., :4].unique().tolist()) == {0.0, 2.0}
    assert beside.eval()(x, None)[0][..., :4].eq(1).all()


def test_targets_without_a_kind_are_absent():
    numbers, classes = torch.zeros(4, 1, 2), torch.zeros(4, 1, 1)
    assert set(targets_of(numbers, classes)) == {NUMBERS, class_part(0)}
    assert set(targets_of(numbers[..., :0], classes)) == {class_part(0)}
    assert set(targets_of(numbers, classes[..., :0])) == {NUMBERS}
    assert head_of(build(design(numbers=0))).names == (class_part(0),)


def test_running_in_stretches_equals_running_at_once():
    network = build(design(classes=()))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x = torch.randn(2 * RUN_STEPS + 7, 1, 3)
    output, state = run(network, x)
    assert not network.training
    whole, end = network(x, None)
    torch.testing.assert_close(output[NUMBERS].location, whole[NUMBERS].location)
    torch.testing.assert_close(state, end)
    assert not output[NUMBERS].location.requires_grad
