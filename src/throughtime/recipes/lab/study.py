"""What every study of the lab is given and what it answers with: tables, a figure, and claims held against them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import fill

from throughtime.recipes.table import Table

SHORT = "Short: less data and shorter trainings, to see it run. Neither figures nor verdicts are to be quoted."


@dataclass(frozen=True)
class Effort:
    """How much work a study may take.

    Args:
        seeds: trainings of each network, at least 1.
        short: whether the study is only to be seen running: fewer and shorter trainings, figures not to be quoted.
        progress: whether to show on standard error how many trials are done.
    """

    seeds: int = 5
    short: bool = False
    progress: bool = True


@dataclass(frozen=True)
class Claim:
    """A statement of the lecture, held against what was measured.

    Args:
        says: the statement, a plain sentence.
        holds: whether the measurement supports it; None where it cannot decide.
        shown: the figures that decide, a plain sentence.
    """

    says: str
    holds: bool | None
    shown: str

    def to_text(self) -> str:
        """One line."""
        word = "Not decided" if self.holds is None else "Supported" if self.holds else "Not supported"
        return f"{word}: {self.says} {self.shown}"


@dataclass(frozen=True)
class Findings:
    """What a study found.

    Args:
        tables: at least one.
        claims: statements held against the tables.
        figure: an inline SVG element made by `figure.as_element`.
        prose: text printed before the tables, at most 100 characters a line.
        short: whether the study was only seen running; said above all else.
    """

    tables: tuple[Table, ...]
    claims: tuple[Claim, ...]
    figure: str
    prose: str = ""
    short: bool = False

    def to_text(self, width: int = 100) -> str:
        """Everything but the figure, for a person."""
        claims = "\n".join(fill(claim.to_text(), width, break_long_words=False) for claim in self.claims)
        parts = [
            fill(SHORT, width) if self.short else "",
            self.prose.rstrip(),
            *(table.to_text(width) for table in self.tables),
            claims,
        ]
        return "\n\n".join(part for part in parts if part)

    def to_json(self) -> str:
        """Everything but the figure, for a program."""
        claims = [{"says": claim.says, "holds": claim.holds, "shown": claim.shown} for claim in self.claims]
        tables = [json.loads(table.to_json()) for table in self.tables]
        body = {"short": self.short, "tables": tables, "claims": claims}
        return json.dumps(body | ({"prose": self.prose} if self.prose else {}), indent=2, ensure_ascii=False)


@dataclass(frozen=True)
class Study:
    """One subject of the lab.

    Args:
        name: as it is asked for.
        summary: one line on what it shows.
        run: does it.
    """

    name: str
    summary: str
    run: Callable[[Effort], Findings]
