"""`report.html` of handwriting: scores, learning curve, what it writes, how a bias and the window work, its figures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from throughtime.recipes.handwriting.drawing import Drawing
from throughtime.recipes.handwriting.pictures import WRITERS
from throughtime.recipes.learning import learning_curve
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.table import Table
from throughtime.train import History

KINDS = {".svg": "image/svg+xml", ".png": "image/png"}
FILE = "handwriting"


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        title: what the drawings are.
        history: of the training.
        scores: on the test part.
        written: its drawings beside held-out ones, SVG.
        about: what there is to say of that picture.
        first: the first of its drawings, which is there as files too.
        biased: the same drawing by one bias after the other, SVG.
        looking: where the window looks as it writes, SVG; empty where the network reads no phrases.
        judged: its figures beside those of held-out drawings.
        settings: what repeats the run.
        network: what there is to say of the network, a line each.
    """

    title: str
    history: History
    scores: Table
    written: str
    about: str
    first: Drawing
    biased: str
    looking: str
    judged: Table
    settings: Mapping[str, Any]
    network: Sequence[str]


def render(evidence: Evidence) -> str:
    """The page as text."""
    bias = "From the same seed: a bias makes likely moves likelier and narrows them, at 0 it draws as it was learned."
    looks = (
        "The window goes from letter to letter by itself as the pen goes on: nobody told it where letters begin. It "
        "sees most of a letter as that begins, and little while it is finished."
    )
    looking = [("Where it looks", quiet(looks) + evidence.looking)] if evidence.looking else []
    sections = [
        ("Scores on the test part", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        ("Learning curve", learning_curve(evidence.history, "nats a point")),
        ("What it writes", quiet(evidence.about) + evidence.written + _files(evidence.first)),
        ("Tidier by a bias", quiet(bias) + evidence.biased),
        *looking,
        (evidence.judged.title, as_html(evidence.judged) + as_paragraphs(evidence.judged.notes)),
        ("What repeats this run", as_html(settings_table(evidence.settings))),
    ]
    return page(evidence.title, evidence.network[0], sections)


def _files(drawing: Drawing) -> str:
    """The drawing as files, inside the page."""
    links = []
    for ending, write in WRITERS.items():
        content = b64encode(write(drawing, drawing.phrase or "A drawing")).decode()
        links.append(f'<a href="data:{KINDS[ending]};base64,{content}" download="{FILE}{ending}">{FILE}{ending}</a>')
    return f"<p>The network's first drawing as a file: {', '.join(links)}</p>"
