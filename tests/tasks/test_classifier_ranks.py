"""A classifier trained by two ranks is that of one process, and both hold the same."""

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
from throughtime.tasks import SequenceClassifier

pytestmark = pytest.mark.skipif(os.name == "nt", reason="gloo meets in a file here, which is POSIX")


def given():
    """13 sequences: the last batch of 8 has more rows than there are for one rank, and unequal lengths."""
    draws = np.random.default_rng(0)
    rows = [draws.normal(size=(n, 2)) + (n % 2) for n in range(4, 17)]
    return [row[:6] for row in rows[:4]] + rows[4:], [n % 2 for n in range(4, 17)]


def trained(validation, group=None):
    # Random masks of torch's own modules are each rank's; without them ranks and one process do the same sums.
    model = SequenceClassifier(
        hidden_size=4, epochs=3, dropout=0.0, validation=validation, progress=False, batch_size=4
    )
    return model.fit(*given(), group=group)


def work(rank: int, folder: str) -> None:
    warnings.simplefilter("ignore")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=(Path(folder) / "meeting").as_uri(), rank=rank, world_size=2)
    for name, validation in {"folds": 0.3, "part": given()}.items():
        trained(validation, dist.group.WORLD).save(Path(folder) / f"{name}.{rank}")
    assert rows_of_a_training(dist.group.WORLD) == {2}  # of the batch's four
    dist.destroy_process_group()


def rows_of_a_training(group):
    """How many rows the networks of a training saw at once, where nothing is to be chosen."""
    seen = set()

    def look(module, inputs):
        if isinstance(module, tt.Network) and module.training:
            seen.add(inputs[0].shape[1])

    with torch.nn.modules.module.register_module_forward_pre_hook(look):
        SequenceClassifier(epochs=1, batch_size=4, validation=None, progress=False).fit(
            [row[:3] for row in given()[0][:12]], given()[1][:12], group=group
        )
    return seen


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("classifier")
    mp.spawn(work, args=(str(path),), nprocs=2)
    return path


@pytest.mark.parametrize(("name", "validation"), [("folds", 0.3), ("part", given())], ids=["folds", "part"])
def test_two_ranks_learn_what_one_process_does(folder, name, validation):
    expected, sequences = trained(validation), given()[0]
    first, second = (tt.load(folder / f"{name}.{rank}") for rank in range(2))
    assert first.design_ == second.design_ == expected.design_
    for mine, other in zip(first.network_.parameters(), second.network_.parameters(), strict=True):
        assert torch.equal(mine, other)
    # Sums of float32 in another order, through a dozen steps of Adam.
    np.testing.assert_allclose(first.predict_proba(sequences), expected.predict_proba(sequences), atol=1e-4)
