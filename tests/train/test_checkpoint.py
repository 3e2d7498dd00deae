"""Only what test_loop.py does not see from outside."""

from __future__ import annotations

import contextlib

import torch

from throughtime.train import checkpoint


def test_seeding_for_the_cpu_leaves_other_devices_alone(monkeypatch):
    seeded = []
    for name in ("manual_seed", "manual_seed_all"):
        monkeypatch.setattr(torch.cuda, name, seeded.append)
    checkpoint.seed_generators(7, torch.device("cpu"))
    drawn = torch.rand(3)
    assert seeded == []
    torch.default_generator.manual_seed(7)
    assert torch.equal(torch.rand(3), drawn)


def test_seeding_for_a_gpu_seeds_that_one_alone(monkeypatch):
    seeded, current = [], []

    @contextlib.contextmanager
    def entered(device):
        current.append(device)
        yield
        current.pop()

    monkeypatch.setattr(torch.cuda, "device", entered)
    monkeypatch.setattr(torch.cuda, "manual_seed", lambda seed: seeded.append((seed, *current)))
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: seeded.append("all"))
    checkpoint.seed_generators(7, torch.device("cuda:1"))
    assert seeded == [(7, torch.device("cuda:1"))]
