"""Every input of a recurrent layer, checked before any kernel sees it: the rule, what came, what to do.

No check reads a tensor's numbers, except lengths and resets, whose numbers plan the call.

Dimensions: T steps, B rows, C inputs, L stacked layers, D directions. Time is axis 0.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from throughtime.base.errors import DeviceError, DtypeError, ShapeError
from throughtime.kernels import Rows
from throughtime.kernels.memory import shrunk

Lengths = Tensor | Sequence[int]


def check_numbers(name: str, value: object, like: Tensor) -> Tensor:
    """`value` itself, if it is a tensor of the weights' dtype and device.

    Args:
        name: of the argument, for the message.
        value: what came.
        like: a weight of the layer.

    Raises:
        DtypeError: it is no tensor, or its dtype differs (under autocast any floating dtype serves).
        DeviceError: it lies elsewhere.
        ShapeError: its storage was shrunk.
    """
    if not isinstance(value, Tensor):
        raise DtypeError(f"`{name}` must be a torch tensor: got {type(value).__name__}. Use torch.as_tensor(...).")
    if value.dtype != like.dtype and not (value.is_floating_point() and torch._C._is_any_autocast_enabled()):
        raise DtypeError(
            f"`{name}` must have the dtype of the layer's weights, {like.dtype}: got {value.dtype}. "
            f"Convert it with {name}.to({like.dtype}), or the layer with .to(...)."
        )
    if value.device != like.device:
        raise DeviceError(
            f"`{name}` must be where the layer's weights are, on {like.device}: got {value.device}. "
            "Move one of them with .to(device)."
        )
    if value.layout != torch.strided or value.is_nested:
        raise DtypeError(
            f"`{name}` must be a dense tensor: got layout {value.layout}. Pad it, or use {name}.to_dense()."
        )
    return _whole(name, value)


def _whole(name: str, value: Tensor) -> Tensor:
    """`value` itself, if its memory is there: torch reads past the end of a storage that was shrunk."""
    if shrunk(value):
        raise ShapeError(
            f"`{name}` must hold the numbers of its shape {list(value.shape)}: its storage has "
            f"{value.untyped_storage().nbytes()} bytes. Do not resize storages that are in use."
        )
    return value


def check_input(value: object, like: Tensor, size: int, batch_first: bool) -> Tensor:
    """A layer's input, [T, B, C] or unbatched [T, C].

    Args:
        value: what came.
        like: a weight of the layer.
        size: C.
        batch_first: the layer wants [B, T, C].

    Raises:
        ShapeError: the number of axes or the last one is wrong.
        DtypeError: see `check_numbers`, as for DeviceError.
    """
    x = check_numbers("input", value, like)
    if x.dim() not in (2, 3):
        wanted = "[B, T, C]" if batch_first else "[T, B, C]"
        raise ShapeError(
            f"`input` must be {wanted}, or [T, C] for one sequence: got {x.dim()} axes, {tuple(x.shape)}. "
            "Add or merge axes before the layer."
        )
    if x.shape[-1] != size:
        raise ShapeError(
            f"`input` must hold input_size = {size} numbers a step on its last axis: got {tuple(x.shape)}. "
            "Construct the layer with the input_size you have."
        )
    return x


def check_state(hx: object, names: Sequence[str], sizes: Sequence[tuple[int, ...]], like: Tensor) -> tuple[Tensor, ...]:
    """A layer's state as a tuple of tensors.

    Args:
        hx: a tensor where there is one name, else a tuple of as many tensors.
        names: of the state's parts, e.g. ("h", "c").
        sizes: the shape each part must have.
        like: a weight of the layer.

    Raises:
        ShapeError: a part has another shape, or there are more or fewer parts.
        DtypeError: see `check_numbers`, as for DeviceError.
    """
    parts = (hx,) if len(names) == 1 else hx
    if not isinstance(parts, tuple | list) or len(parts) != len(names):
        got = f"{len(parts)} of them" if isinstance(parts, tuple | list) else type(hx).__name__
        raise ShapeError(f"`hx` must be a tuple ({', '.join(names)}) of tensors: got {got}. Pass both, or None.")
    for name, size, part in zip(names, sizes, parts, strict=True):
        tensor = check_numbers(f"hx ({name})", part, like)
        if tensor.shape != size:
            raise ShapeError(
                f"`hx` ({name}) must be {_axes(size)} = {list(size)}: got {list(tensor.shape)}. "
                "One row per sequence; batch_first does not concern the state."
            )
    return tuple(parts)


def check_packed(packed: PackedSequence) -> PackedSequence:
    """A packed batch whose parts fit together; one made by hand need not.

    Args:
        packed: what came.

    Raises:
        ShapeError: its data are not [steps, C], or its batch sizes do not describe them.
    """
    data, sizes, order, back = packed
    if data.dim() != 2:
        raise ShapeError(
            f"A PackedSequence for a layer holds [steps, C]: got data of shape {tuple(data.shape)}. "
            "Pack sequences of [T, C]."
        )
    counts = sizes.tolist()
    falls = bool(counts) and all(a >= b >= 1 for a, b in pairwise([counts[0], *counts]))
    if not falls or sum(counts) != len(data):
        raise ShapeError(
            f"A PackedSequence's batch_sizes must fall and add up to its {len(data)} steps: got {counts}. "
            "Make it with torch's pack_sequence or pack_padded_sequence."
        )
    for indices in (order, back):
        if indices is not None and sorted(indices.tolist()) != list(range(counts[0])):
            raise ShapeError(
                f"A PackedSequence's indices must reorder its {counts[0]} rows: got {indices.tolist()}. "
                "Make it with torch's pack_sequence or pack_padded_sequence."
            )
    return packed


def check_rows(lengths: object, resets: object, steps: int, count: int, device: torch.device, unbatched: bool) -> Rows:
    """Row ends and resets of one call.

    Args:
        lengths: [B] whole numbers 0 .. T, or None.
        resets: [T, B] bool, time first whatever the layer's batch_first, or None; [T] for one unbatched sequence.
        steps: T.
        count: B.
        device: of the input.
        unbatched: the input was [T, C].

    Raises:
        ShapeError: sizes do not fit the input, or a length is out of range.
        DtypeError: lengths that are not whole numbers, resets that are not bool.
        DeviceError: resets that lie neither with the input nor on the CPU.
    """
    ends = None if lengths is None else _check_lengths(lengths, steps, count)
    starts = None if resets is None else _check_resets(resets, steps, count, device, unbatched)
    return Rows(ends, starts, steps, count, device)


def _check_lengths(lengths: object, steps: int, count: int) -> tuple[int, ...] | None:
    if isinstance(lengths, Tensor):
        if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
            raise DtypeError(f"`lengths` must hold whole numbers: got {lengths.dtype}. Use lengths.to(torch.int64).")
        if lengths.dim() > 1:
            raise ShapeError(f"`lengths` holds one number a row, [B]: got {tuple(lengths.shape)}. Flatten it.")
        if lengths.layout != torch.strided or lengths.is_meta:
            raise DtypeError(
                f"`lengths` must hold numbers that can be read: got {lengths.layout} on {lengths.device}. Pass a list."
            )
        _whole("lengths", lengths)
    values = lengths.reshape(-1).tolist() if isinstance(lengths, Tensor) else _whole_numbers(lengths)
    if len(values) != count:
        raise ShapeError(
            f"`lengths` needs one number a row: `input` has {count} rows, lengths {len(values)}. "
            "Time is axis 0; for batch-first data construct with batch_first=True."
        )
    for row, length in enumerate(values):
        if not 0 <= length <= steps:
            raise ShapeError(
                f"`lengths` must lie in 0 .. T = {steps}: row {row} has {length}. "
                "Count the steps of `input` that the row really has."
            )
    return None if all(length == steps for length in values) else tuple(values)


def _whole_numbers(lengths: object) -> list[int]:
    if isinstance(lengths, Iterable):
        try:
            values = list(lengths)
            if not any(isinstance(value, bool) for value in values):
                return [operator.index(value) for value in values]
        except TypeError:
            pass
    raise DtypeError(f"`lengths` must be a list or tensor of whole numbers: got {lengths!r}. Write [5, 3, 0].")


def _check_resets(resets: object, steps: int, count: int, device: torch.device, unbatched: bool) -> Tensor | None:
    if not isinstance(resets, Tensor) or resets.dtype != torch.bool:
        kind = getattr(resets, "dtype", type(resets).__name__)
        raise DtypeError(f"`resets` must be a bool tensor [T, B]: got {kind}. Use resets.to(torch.bool).")
    if resets.layout != torch.strided:
        raise DtypeError(f"`resets` must be a dense tensor: got {resets.layout}. Use resets.to_dense().")
    if unbatched and resets.dim() == 1:
        resets = resets[:, None]
    if resets.shape != (steps, count):
        raise ShapeError(
            f"`resets` must be [T, B] = [{steps}, {count}], time first: got {list(resets.shape)}. "
            "Transpose batch-first resets with resets.t()."
        )
    if resets.device != device and resets.device.type != "cpu":
        raise DeviceError(
            f"`resets` must be on {device} like the input: got {resets.device}. Move it with .to(device)."
        )
    return resets.to(device) if bool(_whole("resets", resets).any()) else None


def _axes(size: Sequence[int]) -> str:
    return "[layers x directions, B, units]" if len(size) == 3 else "[layers x directions, units]"
