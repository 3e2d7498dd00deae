"""Every history under every memory plan; plans are forced, so that a handful of steps meets each of them."""

from __future__ import annotations

from dataclasses import dataclass

from throughtime.bptt import TBPTT, MemoryPlan, Window


@dataclass(frozen=True)
class Mode:
    """A history, and how its memory is used: a plan's kind, steps of a segment and places; or a ring without room."""

    history: str
    plan: tuple[str, int, int] | None = None
    tight: bool = False

    @property
    def rate(self) -> float:
        """Between updates weights move, so that a state of other weights is seen; only what is reused must rest."""
        return 0.1 if self.history == "recompute" else 0.0

    def schedule(self, k1: int | None, k2: int | None, rule: str = "newest") -> TBPTT:
        return TBPTT(k1, k2, losses=rule, history=self.history)

    def memory(self, k2: int | None) -> str | None:
        """More than enough, where there is to be a bound at all."""
        return "1GB" if self.plan or (self.history == "reuse" and k2 is None) else None

    def forced(self, window: Window) -> MemoryPlan:
        """The plan of a window, whatever the budget."""
        assert self.plan is not None
        kind, segment, places = self.plan
        steps = window.stop - window.window_start
        return MemoryPlan(kind, steps, min(segment or steps, steps), places, 0, 0, None)


MODES = {
    "whole": Mode("recompute"),
    "gates again": Mode("recompute", ("states", 0, 0)),
    "segments, no place": Mode("recompute", ("segments", 2, 0)),
    "segments, one place": Mode("recompute", ("segments", 1, 1)),
    "ring": Mode("reuse"),
    "tight ring": Mode("reuse", tight=True),
}
