"""A predictor of purchases trained by two ranks is that of one process, and both hold the same."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import throughtime as tt
from throughtime.base.errors import ConfigError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="gloo meets in a file here, which is POSIX")
ITEMS = 12


def given():
    """Enough pairs for 3 rows of 20 updates: two for one rank, one for the other."""
    draws = np.random.default_rng(0)
    users = np.repeat(np.arange(300), 10)
    return users, draws.integers(ITEMS, size=len(users))


def trained(group=None, **changes):
    # Masks and samples are each rank's own draws; without them ranks and one process do the same sums.
    settings = {"hidden_size": 4, "embedding_size": 4, "epochs": 2, "dropout": 0.0, "samples": ITEMS, "seed": 1}
    model = tt.PurchasePredictor(**{**settings, **changes}, progress=False)
    return model.fit(*given(), group=group)


def work(rank: int, folder: str) -> None:
    warnings.simplefilter("ignore")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=(Path(folder) / "meeting").as_uri(), rank=rank, world_size=2)
    seen = set()

    def look(module, inputs):
        if isinstance(module, tt.Network) and module.training:
            seen.add(inputs[0].shape[1])

    with torch.nn.modules.module.register_module_forward_pre_hook(look):
        trained(dist.group.WORLD).save(Path(folder) / f"all.{rank}")
    assert seen == {2 - rank}  # of three rows
    trained(dist.group.WORLD, samples=4).save(Path(folder) / f"some.{rank}")
    with pytest.raises(ConfigError, match="1 for 2 ranks came"):
        trained(dist.group.WORLD, batch_size=1)
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("purchases")
    mp.spawn(work, args=(str(path),), nprocs=2)
    return path


@pytest.mark.parametrize("name", ["all", "some"])
def test_both_ranks_hold_the_same(folder, name):
    first, second = (tt.load(folder / f"{name}.{rank}") for rank in range(2))
    for mine, other in zip(first.network_.parameters(), second.network_.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_two_ranks_learn_what_one_process_does(folder):
    expected, found = trained(), tt.load(folder / "all.0")
    # Sums of float32 in another order, through dozens of steps of Adam.
    for mine, other in zip(found.network_.parameters(), expected.network_.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-4)
