"""Which tensors a pointer may be taken of: plain ones on the CPU, of the sizes the call needs, whose memory is there.

    x [T, B, C]   h [D, B, P]   c [D, B, H]   weights as in `cells`, per direction   masks [T, B, P or H]

torch also has tensors without memory of their own: fake, wrapped in a subclass, or inside `torch.func`'s transforms.
They are refused, and so is a storage that was shrunk under its tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, wraps
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils._python_dispatch import _disable_current_modes

from throughtime.base.errors import DtypeError, KernelError, ShapeError
from throughtime.kernels.cells import LSTMWeights, Masks, RNNWeights
from throughtime.kernels.cpu import library
from throughtime.kernels.memory import holds_its_numbers, plainly_there
from throughtime.kernels.modes import recording

_PLAIN = (Tensor, torch.nn.Parameter)
_REMEDY = 'Use kernel="torch" or kernel="oracle" there.'
State = tuple[Tensor, ...]
AnyWeights = LSTMWeights | RNNWeights
AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])


def disturbed() -> bool:
    """Whether a mode of torch is on that sees every operation, and may make tensors elsewhere or not at all."""
    return bool(torch._C._len_torch_function_stack() or torch._C._len_torch_dispatch_stack())


def undisturbed(function: AnyCallable) -> AnyCallable:
    """The function, which makes tensors and passes pointers to them: whatever mode is on, they are memory.

    A default device, a mode that counts operations and the like would otherwise make them elsewhere or not at all.

    Raises:
        KernelError: a mode is on that computes nothing (fake tensors) or records operations to run them later.
    """

    @wraps(function)
    def run(*given: Any, **named: Any) -> Any:
        if not disturbed():
            return function(*given, **named)
        if recording():
            raise KernelError(
                "The cpu kernel computes at once and in memory: it was called under a mode of torch that computes "
                f"nothing (FakeTensorMode) or records operations to run them later (make_fx). {_REMEDY}"
            )
        with torch._C.DisableTorchFunction(), _disable_current_modes():
            return function(*given, **named)

    return run  # type: ignore[return-value]


def refuse_transforms(tensors: Callable[[], Iterable[Tensor | None]]) -> None:
    """Raise where the call is to be batched or differentiated in a way the kernels do not know.

    Args:
        tensors: gives those of the call; asked only where one may carry a tangent.

    Raises:
        KernelError: inside torch.func's transforms (vmap, grad, jvp, ...), or a tensor carries a forward-mode tangent.
    """
    if torch._C._functorch.peek_interpreter_stack() is not None:
        raise KernelError(
            "The cpu kernel is differentiated by backward() and torch.autograd.grad alone, not by torch.func's "
            f"transforms or batched gradients: it was called inside one. {_REMEDY}"
        )
    if forward_ad._current_level < 0:
        return
    if any(t is not None and forward_ad.unpack_dual(t).tangent is not None for t in tensors()):
        raise KernelError(
            f"The cpu kernel has no forward-mode derivative: a tensor came that carries a tangent. {_REMEDY}"
        )


def checked(
    cell: str,
    x: Tensor,
    state: State,
    weights: Sequence[AnyWeights],
    masks: Sequence[Masks],
    symbols: Tensor | None = None,
) -> tuple[Tensor, State, list[AnyWeights]]:
    """A call's tensors, each plain and of the size that the others ask for.

    Args:
        cell: "lstm", "tanh" or "relu".
        x: [T, B, C]; with symbols their table [V, G H].
        state: (h, c) or (h,).
        weights: of each direction.
        masks: of each direction; looked at, not returned.
        symbols: [T, B], whole numbers of the table's rows; looked at, not returned. None: there are none.

    Raises:
        ShapeError: sizes do not fit together, or a storage does not hold its tensor's numbers.
        DtypeError: a tensor is not dense, on the CPU, of x's dtype, or that dtype is none of the kernels'.
        KernelError: a tensor has no memory of its own.
    """
    gates = 4 if cell == "lstm" else 1
    P, H = state[0].shape[-1], weights[0].W_hh.shape[0] // gates
    T, B = (x if symbols is None else symbols).shape[:2]
    C, shape = (x.shape[-1], (T, B, x.shape[-1])) if symbols is None else (0, (len(x), gates * H))
    if symbols is not None:
        check_numbers("symbols", symbols, symbols.shape[:2], len(x))
    dtype = x.dtype
    if dtype not in library.TYPES:
        raise DtypeError(f"The cpu kernel computes in float32 and float64: `x` came as {dtype}. {_REMEDY}")
    sizes = _sizes(cell, C, H, P)
    x = _fit("x", x, shape, dtype)
    state = tuple(
        _fit(name, part, (len(weights), B, units), dtype)
        for name, part, units in zip(("h", "c"), state, (P, H), strict=False)
    )
    whole = [_whole(each, sizes, dtype) for each in weights]
    for mask in masks:
        for name, given, units in (("zone_c", mask.zone_c, H), ("zone_h", mask.zone_h, P), ("drop_h", mask.drop_h, P)):
            if given is not None:
                _fit(name, given, (T, B, units), None)
        if mask.drop_W is not None:
            _fit("drop_W", mask.drop_W, sizes[1], dtype)
    return x, state, whole


def check_numbers(name: str, numbers: Tensor, shape: Sequence[int], count: int, *, negative: bool = False) -> None:
    """Raise where whole numbers would lead a pointer elsewhere.

    Args:
        name: of them, for the message.
        numbers: to be looked at.
        shape: they must have.
        count: things that are numbered from 0 on.
        negative: whether a number below 0 is one too, which stands for nothing.

    Raises:
        ShapeError: they have another shape, or one is too large or, unless it may be, negative.
        DtypeError: they are no int64 on the CPU.
        KernelError: they have no memory of their own.
    """
    _fit(name, numbers, shape, torch.int64)
    low, high = (int(end) for end in numbers.aminmax()) if numbers.numel() else (0, 0)
    if (low < 0 and not negative) or high >= max(count, 1):
        raise ShapeError(f"`{name}` must be 0 .. {count - 1} for the cpu kernel: {low} .. {high} came.")


def plain(name: str, tensor: Tensor) -> Tensor:
    """The same numbers as a plain tensor that a pointer may be taken of.

    Raises:
        KernelError: it has no memory of its own.
        ShapeError: its storage is smaller than its shape needs.
    """
    if type(tensor) not in _PLAIN:
        if type(tensor).__torch_dispatch__ is not Tensor.__torch_dispatch__:
            raise _no_memory(name, tensor)
        with torch._C.DisableTorchFunctionSubclass():
            tensor = tensor.as_subclass(Tensor)
    if tensor.is_neg():
        tensor = tensor.resolve_neg()
    try:
        there, address = holds_its_numbers(tensor), tensor.data_ptr()
    except (NotImplementedError, RuntimeError) as error:
        raise _no_memory(name, tensor) from error
    if not there:
        raise ShapeError(
            f"`{name}`'s storage must hold all its numbers: for shape {list(tensor.shape)} there are "
            f"{tensor.untyped_storage().nbytes()} bytes. Do not resize storages that are in use."
        )
    if not address and tensor.numel():
        raise _no_memory(name, tensor)
    return tensor


def kept(tensors: Iterable[Tensor | None]) -> list[tuple[torch.Size, torch.dtype] | None]:
    """What `returned` compares with later: each tensor's shape and dtype."""
    return [None if t is None else (t.shape, t.dtype) for t in tensors]


def returned(tensors: Sequence[Tensor | None], was: Sequence[Any]) -> list[Tensor | None]:
    """Tensors saved for a backward pass, if they are still what they were; hooks may have moved them meanwhile.

    Args:
        tensors: as they came back.
        was: what `kept` said of them.

    Raises:
        ShapeError: one has another shape, or its storage was shrunk.
        DtypeError: one is no longer dense, on the CPU, of its dtype.
        KernelError: one has no memory of its own.
    """
    name = "a saved tensor"
    return [None if t is None else _fit(name, t, *then) for t, then in zip(tensors, was, strict=True)]


def _whole(weights: AnyWeights, sizes: Sequence[tuple[int, ...]], dtype: torch.dtype) -> AnyWeights:
    if all(w is None or _quick(w, size, dtype) for w, size in zip(weights, sizes, strict=True)):
        return weights
    named = zip(weights._fields, weights, sizes, strict=True)
    whole: Any = (None if w is None else _fit(name, w, size, dtype) for name, w, size in named)
    return type(weights)(*whole)


@lru_cache(maxsize=128)
def _sizes(cell: str, C: int, H: int, P: int) -> Sequence[tuple[int, ...]]:
    """Of each weight, in the order of `LSTMWeights` or `RNNWeights`."""
    if cell != "lstm":
        return (H, C), (H, P), (H,), (H,), (H,)
    G = 4 * H
    return (G, C), (G, P), (G,), (G,), (P, H), (3, H), (G,), (G,), (H,), (H,)


def _fit(name: str, tensor: Tensor, shape: Sequence[int], dtype: torch.dtype | None) -> Tensor:
    if dtype is not None and _quick(tensor, shape, dtype):
        return tensor
    if tensor.shape != shape:
        raise ShapeError(
            f"`{name}` must be {list(shape)} for the cpu kernel, as the call's other tensors ask: got "
            f"{list(tensor.shape)}. Construct a layer of these sizes, and change no tensor before its backward pass."
        )
    if (dtype is not None and tensor.dtype != dtype) or not tensor.is_cpu or tensor.layout != torch.strided:
        raise DtypeError(
            f"`{name}` must be a dense tensor on the CPU for the cpu kernel, of dtype {dtype}: got {tensor.dtype}, "
            f"{tensor.layout}, on {tensor.device}. Convert it with .to(...)."
        )
    return plain(name, tensor)


def _quick(tensor: Tensor, shape: Sequence[int], dtype: torch.dtype) -> bool:
    try:
        return plainly_there(tensor, shape, dtype) and (tensor.data_ptr() != 0 or tensor.numel() == 0)
    except (NotImplementedError, RuntimeError):
        return False


def _no_memory(name: str, tensor: Tensor) -> KernelError:
    return KernelError(
        f"The cpu kernel reads its tensors' memory: `{name}` is a {type(tensor).__name__} that has none of its own. "
        f"{_REMEDY}"
    )
