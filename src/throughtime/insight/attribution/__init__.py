"""Which steps of a sequence an answer comes from: integrated gradients, and how they are drawn."""

from throughtime.insight.attribution.drawing import draw_attribution
from throughtime.insight.attribution.integrated import IntegratedGradients, frozen, integrated_gradients
from throughtime.insight.attribution.letters import draw_letters_attribution
from throughtime.insight.attribution.result import Attribution, Contribution, kind_of
from throughtime.insight.attribution.series import draw_series_attribution
from throughtime.insight.attribution.text import draw_text_attribution

__all__ = [
    "Attribution",
    "Contribution",
    "IntegratedGradients",
    "draw_attribution",
    "draw_letters_attribution",
    "draw_series_attribution",
    "draw_text_attribution",
    "frozen",
    "integrated_gradients",
    "kind_of",
]
