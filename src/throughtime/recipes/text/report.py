"""`report.html` of a corpus: scores, learning curve, what the network writes, how it is judged, what units follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from throughtime.recipes.learning import learning_curve
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.table import Table
from throughtime.train import History


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        title: what the texts are.
        history: of the training.
        scores: on the test part.
        texts: temperature and what was written at it.
        judged: beside held-out text.
        units: a drawing of units that follow something, SVG; empty where none does.
        settings: what repeats the run.
        network: what there is to say of the network, a line each.
    """

    title: str
    history: History
    scores: Table
    texts: Sequence[tuple[float, str]]
    judged: Table
    units: str
    settings: Mapping[str, Any]
    network: Sequence[str]


def render(evidence: Evidence) -> str:
    """The page as text."""
    units = [("Units that follow something one can read", evidence.units)] if evidence.units else []
    sections = [
        ("Scores on the test part", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        ("Learning curve", learning_curve(evidence.history, "nats a symbol")),
        ("What it writes", "".join(_text(*each) for each in evidence.texts)),
        (evidence.judged.title, as_html(evidence.judged) + as_paragraphs(evidence.judged.notes)),
        *units,
        ("What repeats this run", as_html(settings_table(evidence.settings))),
    ]
    return page(evidence.title, evidence.network[0], sections)


def _text(temperature: float, text: str) -> str:
    return quiet(f"Temperature {temperature:g}:") + f"<pre>{escape(text)}</pre>"
