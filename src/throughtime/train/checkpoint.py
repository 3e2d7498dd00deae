"""What a training needs to go on as if it had never stopped, and what must be the same for that.

weights       of the network, and of a loss or an initial state that own parameters
optimizer     its state
position      epoch, batch, updates done, and the carry of all rows, inside a batch or where states are carried on
random        of each rank, states of torch's generators, CPU and the network's device
progress      history, the best weights, this epoch's sums
setting       versions, machine, kernels, threads, settings, data: what bit-identity depends on
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, fields

import torch
from torch import Tensor, nn

from throughtime.base import model_file
from throughtime.base.errors import RunError
from throughtime.base.run_folder import versions
from throughtime.base.trees import Tree
from throughtime.bptt import Piece
from throughtime.bptt.protocol import state_axis
from throughtime.kernels import described
from throughtime.train.ranks import Ranks
from throughtime.train.settings import Training

# SplitMix64's increment: rank 1 of one seed is not rank 0 of the next.
_BETWEEN_RANKS = 0x9E3779B97F4A7C15
# What machines that train together need not share: the sum of their gradients reaches all of them.
_OWN = ("device", "kernels", "threads")
# When checkpoints are written changes nothing in what is computed.
_HARMLESS = ("checkpoint_every_s", "checkpoint_every_updates")


def snapshot(modules: Mapping[str, nn.Module]) -> dict[str, dict[str, Tensor]]:
    """A copy of all parameters and buffers, by module and name."""
    return {name: {k: v.detach().clone() for k, v in module.state_dict().items()} for name, module in modules.items()}


def put_back(modules: Mapping[str, nn.Module], weights: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Give the modules the parameters and buffers of a snapshot.

    Raises:
        RunError: they are of other names or shapes; nothing is changed.
    """
    problem = _difference(_shapes(weights), _shapes(snapshot(modules)))
    if problem:
        raise RunError(
            f"A checkpoint fits only the network it was made for: {problem}. "
            "Build the same network, or start a new run."
        )
    for name, module in modules.items():
        module.load_state_dict(weights[name])


def seed_generators(seed: int, device: torch.device, rank: int = 0) -> None:
    """Seed the generators a network on `device` draws from, and no other device's; for each rank in its own way."""
    seed = (seed + rank * _BETWEEN_RANKS) % 2**63
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)


def random_state(device: torch.device) -> dict[str, Tensor]:
    """States of the generators a network on `device` draws from."""
    state = {"cpu": torch.get_rng_state()}
    return state if device.type != "cuda" else state | {"cuda": torch.cuda.get_rng_state(device)}


def set_random_state(state: Mapping[str, Tensor], device: torch.device) -> None:
    """The inverse of `random_state`; a device that was not used before keeps its own state."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)


def setting(
    modules: Mapping[str, nn.Module], device: torch.device, training: Training, first: Piece, world_size: int
) -> dict[str, str | int | float | None]:
    """What must be the same for a resumed training to repeat the unbroken one bit by bit."""
    kernels = {getattr(layer, "kernel_in_use", None) for module in modules.values() for layer in module.modules()}
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    settings = {key: value for key, value in asdict(training).items() if key not in _HARMLESS}
    return {
        **versions(),
        "device": f"{device.type} ({name})",
        "kernels": ", ".join(sorted(described(kernel) for kernel in kernels if kernel is not None)),
        "threads": torch.get_num_threads(),
        "world_size": world_size,
        **settings,
        "the first batch": _fingerprint(first),
    }


def agree(
    ranks: Ranks, modules: Mapping[str, nn.Module], identity: Mapping[str, object], setting: Mapping[str, object]
) -> None:
    """Make sure that ranks train the same, and can share out their rows: on all of them, or on none.

    Raises:
        RunError: they differ.
        NetworkError: the network's rows cannot be told apart.
    """
    if ranks.count == 1:
        return
    state_axis(modules["network"])
    numbers = {f"numbers in {name}": sum(t.numel() for t in m.state_dict().values()) for name, m in modules.items()}
    shared = {name: value for name, value in setting.items() if name not in _OWN}
    ranks.agree("network, settings and data", {**identity, **numbers, **shared})


def differences(then: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """What differs between two settings, in words."""
    return [
        f"{name} {then.get(name)} before, {now.get(name)} now"
        for name in {**then, **now}
        if then.get(name) != now.get(name)
    ]


def refuse_another_training(then: Mapping[str, object], now: Mapping[str, object]) -> None:
    """Raise where a checkpoint's optimizer state or position means nothing here.

    Args:
        then: optimizer, schedule and batches of the checkpoint.
        now: those of this training.

    Raises:
        RunError: they differ.
    """
    changed = differences(then, now)
    if changed:
        raise RunError(
            f"A run is resumed with its own optimizer, schedule and batches: {'; '.join(changed)}. "
            "Resume it unchanged, or start a new run."
        )


def _fingerprint(piece: Piece) -> str:
    values: dict[str, Tree] = {field.name: getattr(piece, field.name) for field in fields(piece)}
    if piece.lengths is not None:
        values["lengths"] = torch.as_tensor(piece.lengths)
    return model_file.digest(values)[:16]


def _processor() -> str:
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def _shapes(weights: Mapping[str, Mapping[str, Tensor]]) -> dict[str, tuple[int, ...]]:
    return {f"{module}.{name}": tuple(t.shape) for module, named in weights.items() for name, t in named.items()}


def _difference(stored: dict[str, tuple[int, ...]], given: dict[str, tuple[int, ...]]) -> str:
    for name in sorted({**stored, **given}):
        if stored.get(name) != given.get(name):
            return (
                f"{name} is {stored.get(name, 'absent')} in the checkpoint, {given.get(name, 'absent')} in the network"
            )
    return ""
