"""An attribution drawn as suits it: letters with bars, words with colours, or curves with shades."""

from __future__ import annotations

from throughtime.insight.attribution.letters import draw_letters_attribution
from throughtime.insight.attribution.result import LETTERS, SERIES, Attribution
from throughtime.insight.attribution.series import draw_series_attribution
from throughtime.insight.attribution.text import draw_text_attribution

_DRAWN = {LETTERS: draw_letters_attribution, SERIES: draw_series_attribution}


def draw_attribution(attribution: Attribution, *, title: str | None = None, page: bool = False) -> str:
    """Draw what each step adds to the answer.

    Args:
        attribution: of `tasks.attributions`, or made by hand.
        title: the heading; None: what is explained.
        page: whether it is to stand in a page, light or dark; else it is a file's text, dark on white.

    Returns:
        SVG, 768 pixels wide.
    """
    return _DRAWN.get(attribution.kind, draw_text_attribution)(attribution, title=title, page=page)
