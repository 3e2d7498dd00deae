"""Pairs learned by two ranks are learned as by one process, and both hold the same."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import throughtime as tt
from tests.tasks.reversing import Growing, reversed_pairs, small
from throughtime.base.errors import ConfigError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="gloo meets in a file here, which is POSIX")


def trained(group=None, given=None, **changes):
    return small(epochs=2, batch_size=15, copy=True, **changes).fit(*(given or reversed_pairs(40)), group=group)


def work(rank: int, folder: str) -> None:
    warnings.simplefilter("ignore")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=(Path(folder) / "meeting").as_uri(), rank=rank, world_size=2)
    trained(dist.group.WORLD).save(Path(folder) / f"pairs.{rank}")
    trained(dist.group.WORLD, (Growing(),)).save(Path(folder) / f"lessons.{rank}")
    with pytest.raises(ConfigError, match="1 for 2 ranks came"):
        trained(dist.group.WORLD, (["a"], ["a"]), validation=None)
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pairs")
    mp.spawn(work, args=(str(path),), nprocs=2)
    return path


@pytest.mark.parametrize(("name", "given"), [("pairs", None), ("lessons", (Growing(),))])
def test_two_ranks_learn_what_one_process_does(folder, name, given):
    expected, (first, second) = trained(given=given), (tt.load(folder / f"{name}.{rank}") for rank in range(2))
    for part in ("network_", "encoder_"):
        whole, mine, other = (getattr(model, part).parameters() for model in (expected, first, second))
        for one, two, three in zip(whole, mine, other, strict=True):
            assert torch.equal(two, three)
            # Sums of float32 in another order, through a dozen steps of Adam.
            torch.testing.assert_close(two, one, rtol=1e-3, atol=1e-4)
