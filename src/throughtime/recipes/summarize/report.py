"""`report.html` of summarized documents: scores, learning curve, summaries beside the true ones, where it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from throughtime.recipes.learning import learning_curve
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.table import Table
from throughtime.train import History

LOOKS = "Where it looks"


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        title: what the documents are.
        history: of the training.
        scores: on the test part.
        beside: test documents with summaries, HTML.
        looking: where the network looks as it tells each symbol, SVG; empty: it has no attention.
        settings: what repeats the run.
        network: what there is to say of the network, a line each.
    """

    title: str
    history: History
    scores: Table
    beside: str
    looking: str
    settings: Mapping[str, Any]
    network: Sequence[str]


def render(evidence: Evidence) -> str:
    """The page as text."""
    known = (
        "Below each document what people wrote, what the network writes, and how the document begins. Words that stand "
        "in the document are underlined."
    )
    looks = (
        "One block for each symbol of a summary: the darker a symbol of the document, the more the network looks at "
        "it. What it copies is orange, what it writes out of its own vocabulary dark."
    )
    look = [(LOOKS, quiet(looks) + evidence.looking)] if evidence.looking else []
    sections = [
        ("Scores on the test part", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        ("Learning curve", learning_curve(evidence.history, "nats a symbol")),
        ("Test documents", quiet(known) + evidence.beside),
        *look,
        ("What repeats this run", as_html(settings_table(evidence.settings))),
    ]
    return page(evidence.title, evidence.network[0], sections)
