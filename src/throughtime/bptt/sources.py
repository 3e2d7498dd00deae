"""Where each document of a stream begins: an encoder's state for the decoder's rows, as one takes another's place.

    states = DocumentStates(encode, schedule)
    pieces = token_pieces(states.noting(document_rows(targets, rows=32, steps=20)))
    for update in through_stream(decoder, loss, pieces, schedule, state=states): ...

The engine asks for a state at step 0 and at each reset inside a window, again in every window that holds it, so that
gradient reaches the encoder with today's weights. Which document begins there is noted as stretches pass by.

Dimensions: T steps, B rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from torch import Tensor, nn

from throughtime.base.errors import DataError
from throughtime.bptt.nests import Nest
from throughtime.bptt.plan import TBPTT
from throughtime.data.streams import TokenStretch


class DocumentStates(nn.Module):
    """`state=` of `through_stream` where each document begins with a state of its own: that of an encoder, say.

    Args:
        encode: called as encode(documents), a list of numbers as `data.document_rows` counts them from 0; returns the
            state of as many rows. A module's parameters are trained with the network where an optimizer holds them.
        schedule: of the training: as far back as its windows go, it is remembered what began where.
    """

    def __init__(self, encode: Callable[[list[int]], Nest], schedule: TBPTT) -> None:
        super().__init__()
        self.encode = encode
        k1, k2 = schedule.k1, schedule.k2
        self._reach = None if k1 is None or k2 is None else k2 + 2 * k1  # windows reach back k2, reading 2 k1 ahead
        self._begun: dict[int, dict[int, int]] = {}  # step -> row -> document
        self._end = 0

    def noting(self, stretches: Iterable[TokenStretch], start: int = 0) -> Iterator[TokenStretch]:
        """Pass stretches on, noting where their documents begin.

        Args:
            stretches: as `data.document_rows` gives them.
            start: the step of the first; with a carry, its position. 0 forgets what was noted before.

        Raises:
            DataError: rows that are no documents.
        """
        self._end = start
        if start == 0:
            self._begun = {}
        for stretch in stretches:
            self._note(stretch)
            yield stretch

    def forward(self, rows: Tensor, step: int) -> Nest:
        """The states of the documents that begin in `rows` before step `step` + 1.

        Raises:
            DataError: none was noted there.
        """
        begun = self._begun.get(step, {})
        if not begun:
            raise DataError(
                f"A document's state is asked for where one begins: none was noted at step {step}. Pass the stretches "
                "through `noting`."
            )
        anyone = next(iter(begun.values()))  # a row that stays empty begins like another: none of its steps is run
        return self.encode([begun.get(row, anyone) for row in rows.tolist()])

    def _note(self, stretch: TokenStretch) -> None:
        if stretch.document is None:
            raise DataError("Rows need documents to begin: these have none. Make them with data.document_rows.")
        for t, row in np.argwhere(stretch.resets).tolist():
            self._begun.setdefault(self._end + t, {})[row] = int(stretch.document[t, row])
        self._end += len(stretch.x)
        if self._reach is not None:
            oldest = self._end - len(stretch.x) - self._reach
            self._begun = {step: found for step, found in self._begun.items() if step >= oldest or step == 0}
