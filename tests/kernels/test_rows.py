from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from throughtime.kernels import Rows

CPU = torch.device("cpu")


def rows(lengths, resets, steps):
    starts = None if resets is None else torch.tensor(resets, dtype=torch.bool).t()
    count = len(lengths or resets)
    return Rows(None if lengths is None else tuple(lengths), starts, steps, count, CPU)


def test_plain_rows_have_no_masks():
    plain = Rows(None, None, 4, 2, CPU)
    assert plain.plain
    steps = plain.steps_of(True)
    assert (steps.kept, steps.enters) == (None, None)
    assert list(steps.order(3)) == [2, 1, 0]


def test_the_backward_direction_starts_before_a_reset():
    steps = rows(None, [[0, 0, 1, 0]], 4).steps_of(True)
    assert steps.enters[:, 0, 0].tolist() == [True, False, True, True]


def test_a_reset_past_the_end_is_none():
    both = rows([2], [[0, 0, 1, 0]], 4)
    assert both.steps_of(False).enters[:, 0, 0].tolist() == [True, True, False, False]
    assert both.steps_of(True).enters[:, 0, 0].tolist() == [True, True, False, False]


@given(data=st.data())
@settings(max_examples=100)
def test_segments_hold_every_real_step_once_in_torchs_order(data):
    T, B = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    lengths = data.draw(st.lists(st.integers(0, T), min_size=B, max_size=B).filter(any))
    flags = st.lists(st.lists(st.booleans(), min_size=T, max_size=T), min_size=B, max_size=B)
    resets = data.draw(st.none() | flags)
    found = rows(lengths, resets, T).segments
    # Unpack again: packed row s holds these positions.
    offsets = [0, *found.batch_sizes.cumsum(0).tolist()]
    per_segment = [
        [int(found.index[offsets[k] + s]) for k in range(len(found.batch_sizes)) if s < found.batch_sizes[k]]
        for s in range(len(found.row))
    ]
    for b, length in enumerate(lengths):
        mine = sorted((p for p, row in zip(per_segment, found.row.tolist(), strict=True) if row == b), key=min)
        assert [t for p in mine for t in p] == [t * B + b for t in range(length)]
        cuts = [t for t in range(1, length) if resets is not None and resets[b][t]]
        assert [p[0] // B for p in mine] == ([0, *cuts] if length else [])
        if not length:
            assert (found.first[b], found.last[b]) == (-1, -1)
        else:
            assert per_segment[found.first[b]] == mine[0]
            assert per_segment[found.last[b]] == mine[-1]
    sizes = [len(p) for p in per_segment]
    assert sizes == sorted(sizes, reverse=True)
