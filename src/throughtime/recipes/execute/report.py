"""`report.html` of programs: scores, learning curve, what is right by length and nesting, examples, where it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from throughtime.recipes.execute.judging import Marks, levels_table
from throughtime.recipes.execute.pictures import heat_map
from throughtime.recipes.execute.programs import Level
from throughtime.recipes.learning import learning_curve
from throughtime.recipes.page import as_html, as_paragraphs, page, quiet, settings_table
from throughtime.recipes.table import Table
from throughtime.train import History

LEVELS, LOOKS = "By length and nesting", "Where it looks"


@dataclass(frozen=True)
class Evidence:
    """What the report shows.

    Args:
        title: what the programs are.
        history: of the training.
        scores: on the test part.
        levels: marks of each level; empty where programs are somebody's own.
        examples: programs, what they print and what the network writes.
        looking: where it looks as it tells the output of one, SVG; empty where it has no attention.
        settings: what repeats the run.
        network: what there is to say of the network, a line each.
    """

    title: str
    history: History
    scores: Table
    levels: Mapping[Level, Marks]
    examples: Table
    looking: str
    settings: Mapping[str, Any]
    network: Sequence[str]


def render(evidence: Evidence) -> str:
    """The page as text."""
    levels, looks = [], []
    if evidence.levels:
        levels = [(LEVELS, heat_map(evidence.levels) + as_html(levels_table(dict(evidence.levels))))]
    if evidence.looking:
        said = "Each character of the output, down, and how much it looks at each character of the program, along."
        looks = [(LOOKS, quiet(said) + evidence.looking)]
    sections = [
        ("Scores on the test part", as_html(evidence.scores) + as_paragraphs(evidence.scores.notes)),
        *levels,
        ("Learning curve", learning_curve(evidence.history, "nats a character")),
        *looks,
        ("Test programs", as_html(evidence.examples)),
        ("What repeats this run", as_html(settings_table(evidence.settings))),
    ]
    return page(evidence.title, evidence.network[0], sections)
