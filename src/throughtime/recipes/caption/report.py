"""`report.html` of described images: scores, learning curve, test images with captions, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from throughtime.recipes.caption.judging import Verdict
from throughtime.recipes.learning import learning_curve
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.table import Column, Table
from throughtime.train import History

LOOKS = "Where it looks"


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        title: what the images are.
        history: of the training.
        scores: on the test part.
        verdict: what captions have right; None where nobody knows.
        grid: test images with captions, HTML.
        looking: where the network looks as it tells each word of the first of them, SVG.
        settings: what repeats the run.
        network: what there is to say of the network, a line each.
    """

    title: str
    history: History
    scores: Table
    verdict: Verdict | None
    grid: str
    looking: str
    settings: Mapping[str, Any]
    network: Sequence[str]


def render(evidence: Evidence) -> str:
    """The page as text."""
    right = [] if evidence.verdict is None else [("What captions have right", as_html(right_table(evidence.verdict)))]
    known = "Below each image what the network says of it, and in grey what was said of it."
    looks = "Each word, and how much of the light falls where the network looks as it tells it; first test image."
    sections = [
        ("Scores on the test part", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        *right,
        ("Learning curve", learning_curve(evidence.history, "nats a word")),
        ("Test images", quiet(known) + evidence.grid),
        (LOOKS, quiet(looks) + evidence.looking),
        ("What repeats this run", as_html(settings_table(evidence.settings))),
    ]
    return page(evidence.title, evidence.network[0], sections)


def right_table(verdict: Verdict) -> Table:
    """The share of each kind of attribute that is right."""
    rows = {
        "size": verdict.sizes,
        "colour": verdict.colours,
        "shape": verdict.shapes,
        "relation to the next": verdict.relations,
        "all of these": verdict.attributes,
        "captions with everything right": verdict.whole,
    }
    return Table("right", (Column("attribute"), Column("share right", digits=3)), tuple(rows.items()))
