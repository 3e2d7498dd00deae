"""Two gloo ranks with ragged, unequal rows give one process's gradients."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from tests.bptt.brute_force import ragged_case
from tests.bptt.networks import all_networks
from throughtime.bptt import TBPTT, through_time

SCHEDULES = ["n,n", "1,n", "3,5", "3,3", "4,2", "2,4,window", "3,3,cut"]
KINDS = ["torch.nn.LSTM", "tt.Network of tt.LSTM"]


def squared(output, target):
    return (output - target).pow(2)


def rows_of(case, rows: slice):
    """This rank's rows, cut to their own longest: the ranks' windows end at different steps."""
    n = int(case.lengths[rows].max())
    return {
        "x": case.x[:n, rows],
        "y": case.y[:n, rows],
        "weights": case.weights[:n, rows],
        "lengths": case.lengths[rows],
        "resets": case.resets[:n, rows],
    }


def train(kind: str, schedule: str, rows: slice, group=None) -> list[list[torch.Tensor]]:
    case, network = ragged_case(9, rows=5, seed=12), all_networks()[kind]
    case.lengths = torch.tensor([9, 4, 0, 7, 6])
    found = []
    for update in through_time(network, squared, schedule=TBPTT.parse(schedule), group=group, **rows_of(case, rows)):
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in network.parameters()]
        found.append([update.loss, torch.tensor(update.counted), *gradients])
        with torch.no_grad():
            for p, g in zip(network.parameters(), gradients, strict=True):
                p -= 0.1 * g
                p.grad = None
    return found


def accumulate(rows: slice, group=None) -> list[torch.Tensor]:
    """Gradients after a whole call without zero_grad, on top of what stood there before."""
    case, network = ragged_case(9, rows=5, seed=12), all_networks()[KINDS[0]]
    case.lengths = torch.tensor([9, 4, 0, 7, 6])
    for p in network.parameters():
        p.grad = torch.ones_like(p)
    list(through_time(network, squared, schedule=TBPTT(3, 5), group=group, **rows_of(case, rows)))
    return [p.grad for p in network.parameters()]


def rank(index: int, folder: str) -> None:
    import warnings

    warnings.simplefilter("ignore")
    if sys.platform != "win32":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    torch.set_num_threads(1)
    # Ranks meet in a file: a free port found beforehand may be taken by the time it is used.
    dist.init_process_group("gloo", init_method=(Path(folder) / "meeting").as_uri(), rank=index, world_size=2)
    rows = slice(0, 2) if index == 0 else slice(2, 5)
    for kind in KINDS:
        for schedule in SCHEDULES:
            found = train(kind, schedule, rows, dist.group.WORLD)
            torch.save(found, Path(folder) / f"{KINDS.index(kind)} {schedule} {index}")  # noqa: TID251 - test's own
    torch.save(accumulate(rows, dist.group.WORLD), Path(folder) / f"accumulated {index}")  # noqa: TID251 - test's own
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    mp.spawn(rank, args=(str(folder),), nprocs=2)
    return folder


@pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_two_ranks_give_one_processs_gradients(two_ranks, kind, schedule):
    expected = train(kind, schedule, slice(0, 5))
    for index in range(2):
        found = torch.load(two_ranks / f"{KINDS.index(kind)} {schedule} {index}")  # noqa: TID251 - test's own
        assert len(found) == len(expected)
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_gradients_accumulate_over_updates(two_ranks):
    expected = accumulate(slice(0, 5))
    for index in range(2):
        found = torch.load(two_ranks / f"accumulated {index}")  # noqa: TID251 - test's own
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
