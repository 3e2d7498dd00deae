"""Modes of torch in which a call is not simply run."""

from __future__ import annotations

import torch

_KEYS = torch._C._TorchDispatchModeKey
_NOT_RUNNING = (_KEYS.FAKE, _KEYS.PROXY, _KEYS.FUNCTIONAL)


def recording() -> bool:
    """Whether a mode is on that computes nothing (FakeTensorMode) or records operations to run later (make_fx)."""
    if not torch._C._len_torch_dispatch_stack():
        return False
    return any(torch._C._get_dispatch_mode(key) is not None for key in _NOT_RUNNING)


def tracing() -> bool:
    """Whether torch records a call to run it later (torch.compile, export, jit.trace, make_fx) or only imagines it."""
    return torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None or recording()
