"""Every recipe on its sample, and one page that shows them all: `make tour`.

Each recipe is trained and compared with the other methods, one seed of each, with its defaults or, where those take
minutes, with less to learn, as its commands say. What a recipe leaves is in a folder of its own below the tour's;
`index.html` has of each what it is for, the commands, a picture out of its report, the comparison and the seconds. A
recipe that fails is told of, and the others go on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from throughtime import recipes
from throughtime.base.atomic import write_text
from throughtime.base.errors import Interrupted
from throughtime.recipes.catalogue import RECIPES
from throughtime.recipes.page import as_html, as_paragraphs, page, pictures_of, quiet
from throughtime.recipes.recipe import Recipe
from throughtime.recipes.run import REPORT
from throughtime.recipes.table import Table

INDEX = "index.html"
# A comparison of one seed says little of the spread; the tour shows that everything runs.
SEEDS = 1
TITLE = "A tour of the recipes"
SUBTITLE = (
    f"Each on its own sample; {SEEDS} training of each network, so that no spread is known. Where the defaults take "
    "minutes, the commands say what was made smaller: the recipe's own page has the whole."
)
# It looks alike in every report.
PASSED_OVER = "Learning curve"


@dataclass(frozen=True)
class Stop:
    """What the tour has of one recipe.

    Args:
        name: of the recipe.
        summary: what it does.
        seconds: of training and comparison.
        table: the comparison; None where the recipe failed.
        picture: an SVG element out of its report; empty for none.
        problem: what it failed of; empty where it did not.
        brief: settings that are not its defaults.
    """

    name: str
    summary: str
    seconds: float
    table: Table | None = None
    picture: str = ""
    problem: str = ""
    brief: Mapping[str, str] = field(default_factory=dict)

    @property
    def commands(self) -> tuple[str, str]:
        """What shows a reader the same."""
        said = "".join(f" --set {key}={value}" for key, value in self.brief.items())
        return f"throughtime train {self.name}{said}", f"throughtime compare {self.name} --seeds {SEEDS}{said}"


def tour(out: Path, progress: bool = True) -> Iterator[Stop]:
    """Go through all recipes and write the page anew after each.

    Args:
        out: folder of the page, in which each recipe has a run folder; the latter must be new.
        progress: whether to show progress bars on standard error.

    Yields:
        What came of each recipe, in the order of the catalogue, as soon as the page has it.

    Raises:
        Interrupted: by Ctrl-C or SIGTERM.
        WriteError: the page cannot be written.
    """
    stops: list[Stop] = []
    out.mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES.values():
        stops.append(_visit(recipe, out / recipe.name, progress))
        write_text(out / INDEX, render(stops))
        yield stops[-1]


def render(stops: Iterable[Stop]) -> str:
    """The page as text."""
    return page(TITLE, SUBTITLE, [(stop.name, _section(stop)) for stop in stops])


def _visit(recipe: Recipe, run: Path, progress: bool) -> Stop:
    """Train and compare one recipe."""
    begin, name = time.monotonic(), recipe.name
    how: dict[str, Any] = {"out": run, "settings": recipe.brief, "progress": progress}
    table, picture, problem = None, "", ""
    try:
        recipes.train(name, **how)
        table = recipes.compare(name, seeds=SEEDS, **how)
        picture = _picture(name, (run / REPORT).read_text(encoding="utf-8"))
    except Interrupted:
        raise
    except Exception as error:  # whatever it is, the other recipes are to be seen
        problem = f"{type(error).__name__}: {error}"
    seconds = time.monotonic() - begin
    return Stop(name, recipe.summary, seconds, None if problem else table, picture, problem, recipe.brief)


def _picture(name: str, report: str) -> str:
    """The report's first picture of what was learned, with ids that are the recipe's own."""
    found = [svg for heading, svg in pictures_of(report).items() if heading != PASSED_OVER]
    return re.sub(r'(id="|url\(#|href="#)', rf"\1{name}-", found[0]) if found else ""


def _section(stop: Stop) -> str:
    said = quiet(stop.summary) + "<pre>" + escape("\n".join(stop.commands)) + "</pre>"
    took = quiet(f"{stop.seconds:.0f} s for both commands.")
    if stop.table is None:
        return f"{said}<p><strong>Failed.</strong> {escape(stop.problem)}</p>{took}"
    link = f'<p><a href="{stop.name}/{REPORT}">The report of the run</a></p>'
    return said + stop.picture + as_html(stop.table) + as_paragraphs(stop.table.notes) + link + took
