"""Ranks that train together: one process's losses, one run folder, any number of ranks to go on with."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import throughtime as tt
from throughtime.base import model_file
from throughtime.base.errors import ConfigError, Interrupted, RunError
from throughtime.base.run_folder import RunFolder
from throughtime.bptt import Piece
from throughtime.tasks.batches import piece_of, validation_loss
from throughtime.tasks.encoding import Encoded
from throughtime.tasks.network import Design, build
from throughtime.train import Training, fit
from throughtime.train.ranks import Ranks, refuse_too_few

SCHEDULES = ["n,n", "3,7", "4,2", "3,7,reuse"]
T, C = 13, 2


class Rows:
    """Ragged pieces of 5, 4 and 1 rows: the last has none for the second rank."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        epoch, index = place
        generator = torch.Generator().manual_seed(100 * epoch + index)
        B = (5, 4, 1)[index]
        x = torch.randn(T, B, C, generator=generator, dtype=torch.float64)
        lengths = torch.randint(1, T + 1, (B,), generator=generator)
        lengths[0] = T
        resets = torch.rand(T, B, generator=generator) < 0.1
        return Piece(x, x.sum(-1, keepdim=True), torch.rand(T, B, generator=generator), lengths, resets)


class Learned(torch.nn.Module):
    """An initial state for each row of a batch, counted over all ranks."""

    def __init__(self) -> None:
        super().__init__()
        self.h = torch.nn.Parameter(torch.linspace(-1, 1, 30, dtype=torch.float64).reshape(5, 6))

    def forward(self, rows, step):
        return self.h[rows][None], self.h[rows].flip(1)[None]


class Carried:
    """Two epochs of one long sequence of 3 rows, its state carried on; 13 is no multiple of k1."""

    carried = True

    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        x = torch.randn(T, 3, C, generator=torch.Generator().manual_seed(place[0]), dtype=torch.float64)
        return Piece(x, x.sum(-1, keepdim=True))


class Stopping(Rows):
    """Sends itself a signal when a batch is read."""

    def __init__(self, at: tuple[int, int]) -> None:
        self.at = at

    def __getitem__(self, place: tuple[int, int]) -> Piece:
        if place == self.at:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().__getitem__(place)


def given_state():
    return torch.linspace(-1, 1, 18, dtype=torch.float64).reshape(1, 3, 6), torch.zeros(1, 3, 6, dtype=torch.float64)


def by_row():
    table = torch.linspace(-1, 1, 30, dtype=torch.float64).reshape(5, 6)
    return lambda rows, step: (table[rows][None], table[rows][None])


def started(state):
    """A training that begins with such a state. Adam would move on the zeros that a gradient may have, or may lack."""
    return {"batches": None if callable(state) else Carried(), "epochs": 1, "optimizer": "sgd"}


STATES = {"learned": Learned, "function": by_row, "tensors": given_state}


def squared(output, target):
    return (output - target).pow(2)


def settings(**other):
    return Training(**{"epochs": 2, "learning_rate": 0.02, "seed": 3, "checkpoint_every_s": 0} | other)


def train(schedule, run=None, group=None, batches=None, seed=0, state=None, **other):
    """Losses, weights and what validation said."""
    torch.manual_seed(seed)
    network = tt.Network(None, tt.LSTM(C, 6, zoneout=(0.2, 0.2)), torch.nn.Linear(6, 1)).double()
    history = fit(
        network,
        squared,
        batches or Rows(),
        tt.TBPTT.parse(schedule),
        settings(**other),
        evaluate=lambda net: float(net.head.bias.abs().sum()),
        run=run,
        progress=False,
        group=group,
        state=state,
    )
    validations = [epoch.validation for epoch in history.epochs]
    return {"losses": history.losses, "validations": validations, "weights": dict(network.state_dict())}


def opened(folder: Path, rank: int):
    """The first rank's folder; none on the second."""
    if rank:
        return nullcontext()
    return RunFolder.open(folder) if (folder / "run.toml").exists() else RunFolder.create(folder, {"job": "ranks"})


def train_ranks(rank: int, folder: Path) -> None:
    group = dist.group.WORLD
    for schedule in SCHEDULES:
        model_file.save_tree(folder / f"{schedule}.{rank}", train(schedule, group=group, seed=rank))
    for name, state in STATES.items():
        found = train("3,7", group=group, state=state(), **started(state()))
        model_file.save_tree(folder / f"{name}.{rank}", found)
    # A carried run that has ended goes on for another epoch.
    for epochs in (1, 2):
        found = train_in(folder / "carried", "3,7", rank, Carried(), epochs=epochs, decay="constant")
        model_file.save_tree(folder / f"carried.{epochs}.{rank}", found)


def train_in(folder: Path, schedule: str, rank: int, batches: Rows | Carried | None = None, **other):
    with opened(folder, rank) as run:
        return train(schedule, run, dist.group.WORLD, batches, **other)


def stop_and_resume(rank: int, folder: Path) -> None:
    """The second rank gets a signal in the middle: both end after the same update. Then both go on."""
    stopping = Stopping((1, 0)) if rank else None
    for schedule in SCHEDULES[1:]:
        for name in (schedule, f"{schedule}-open"):  # the second stays open, for another number of ranks to go on with
            with pytest.raises(Interrupted):
                train_in(folder / name, schedule, rank, stopping)
        model_file.save_tree(folder / f"{schedule}.again.{rank}", train_in(folder / schedule, schedule, rank))


def refused(rank: int, folder: Path) -> None:
    group = dist.group.WORLD
    with pytest.raises(RunError, match="the same network, settings and data") as caught:
        train("3,7", group=group, seed=0, learning_rate=0.02 + rank)
    (folder / f"refused.{rank}").write_text(str(caught.value))
    with pytest.raises(ConfigError, match="1 for 2 ranks came. Start at most 1 process,"):
        refuse_too_few(1, Ranks(group))
    validated(rank, Ranks(group))
    ranks = Ranks(group)
    tree = {"rank": rank, "x": torch.arange(3 + rank)}
    assert [(t["rank"], len(t["x"])) for t in ranks.gathered(tree)] == ([] if rank else [(0, 3), (1, 4)])
    assert ranks.of_first(tree)["rank"] == 0
    assert ranks.any(rank == 1, False) == [True, False]
    assert ranks.sums(rank + 1.0, 0.5) == [3.0, 1.0]


def validated(rank: int, ranks: Ranks) -> None:
    """A piece of one row on two ranks counts it once."""
    encoded = np.random.default_rng(0).normal(size=(9, 1)), np.empty((9, 0))
    x, none = encoded
    one = Encoded(x, x * 0.5, none, none, np.zeros((9, 1)), np.ones((9, 1)))
    torch.manual_seed(0)
    network = build(Design("lstm", 1, 4, 1, 1, 0.0, "gaussian", 1, ())).eval()
    pieces = [piece_of([one], torch.device("cpu")), piece_of([one, one, one], torch.device("cpu"))]
    with torch.no_grad():
        assert validation_loss(pieces, ranks)(network) == pytest.approx(validation_loss(pieces)(network), rel=1e-6)
    assert ranks.part(pieces[0]).weights.sum() == (0 if rank else 9)


def work(rank: int, folder: str) -> None:
    warnings.simplefilter("ignore")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=(Path(folder) / "meeting").as_uri(), rank=rank, world_size=2)
    for each in (train_ranks, stop_and_resume, refused):
        each(rank, Path(folder))
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("ranks")
    mp.spawn(work, args=(str(path),), nprocs=2)
    return path


def close(a, b):
    torch.testing.assert_close(a["losses"], b["losses"], rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(a["validations"], b["validations"], rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(a["weights"], b["weights"], rtol=1e-9, atol=1e-11)


pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="signals are POSIX"),
    pytest.mark.filterwarnings("ignore::throughtime.base.errors.Notice"),
]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_two_ranks_train_as_one_process_does(folder, schedule):
    """Random masks included; and though the second rank began with other weights."""
    expected = train(schedule)
    first, second = (model_file.load_tree(folder / f"{schedule}.{rank}") for rank in range(2))
    close(first, expected)
    assert first["losses"] == second["losses"]
    assert all(torch.equal(first["weights"][name], second["weights"][name]) for name in first["weights"])


@pytest.mark.parametrize("schedule", SCHEDULES[1:])
def test_ranks_stopped_in_a_batch_go_on_bit_by_bit(folder, schedule):
    unbroken, again = (model_file.load_tree(folder / name) for name in (f"{schedule}.0", f"{schedule}.again.0"))
    assert again["losses"] == unbroken["losses"]
    assert all(torch.equal(again["weights"][name], w) for name, w in unbroken["weights"].items())
    with RunFolder.read(folder / schedule) as run:
        assert [event.loss for event in run.events.rows() if event.step] == unbroken["losses"]


@pytest.mark.parametrize("schedule", SCHEDULES[1:])
def test_one_process_goes_on_with_the_run_of_two_ranks(folder, schedule):
    with RunFolder.open(folder / f"{schedule}-open") as run:
        tree = run.newest_checkpoint()
        assert tree["carry"] is not None
        assert len(tree["random"]) == 2
        close(train(schedule, run), model_file.load_tree(folder / f"{schedule}.0"))


@pytest.mark.parametrize("name", STATES)
def test_initial_states_are_those_of_all_rows(folder, name):
    state = STATES[name]()
    expected = train("3,7", state=state, **started(state))
    close(model_file.load_tree(folder / f"{name}.0"), expected)
    assert expected["losses"] != train("3,7", **started(state))["losses"]


def test_ranks_carry_on_from_a_run_that_had_ended(folder):
    expected = train("3,7", batches=Carried(), epochs=2, decay="constant")
    ended, found = (model_file.load_tree(folder / f"carried.{epochs}.0") for epochs in (1, 2))
    assert ended["losses"] == found["losses"][: len(ended["losses"])]
    close(found, expected)


def test_ranks_with_other_settings_are_refused_on_all(folder):
    first, second = ((folder / f"refused.{rank}").read_text() for rank in range(2))
    assert "another rank's differ" in first
    assert "rank 0 and rank 1 differ in learning_rate: 0.02, and 1.02 here" in second


def test_one_process_is_all_ranks():
    ranks = Ranks()
    piece = Rows()[0, 0]
    assert (ranks.rank, ranks.count, ranks.is_first) == (0, 1, True)
    assert ranks.part(piece) is piece
    assert ranks.gathered({"a": 1}) == [{"a": 1}]
    assert ranks.of_first(3.5) == 3.5
    assert ranks.any(True, False) == [True, False]
    assert ranks.sums(1.5) == [1.5]
    ranks.agree("thing", {"a": 1})
    refuse_too_few(1, ranks)
