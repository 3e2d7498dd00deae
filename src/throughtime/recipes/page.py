"""`report.html`: one page that needs nothing else, from sections of text, tables and inline pictures.

The page follows the reader's light or dark setting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape, unescape
from typing import Any

from throughtime.recipes.table import Block, Column, Table

# Characters that fit the page beside each other.
PAGE = 90

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
       background: Canvas; color: CanvasText; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 0.3rem; }
p { margin: 0.4rem 0; } .quiet { opacity: 0.75; font-size: 0.9rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; margin: 0.6rem 0; }
th, td { padding: 0.2rem 0.7rem; text-align: right;
         border-bottom: 1px solid color-mix(in srgb, CanvasText 20%, Canvas); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th.words, td.words { text-align: left; }
.groups th { text-align: center; border-bottom: none; padding-bottom: 0; }
.wide, pre { overflow-x: auto; }
svg { width: 100%; height: auto; } svg text { font-family: system-ui, sans-serif !important; }
"""


def page(title: str, subtitle: str, sections: Sequence[tuple[str, str]]) -> str:
    """The page as text.

    Args:
        title: its heading.
        subtitle: one line below it.
        sections: heading and HTML of each.
    """
    body = "\n".join(f"<section><h2>{escape(heading)}</h2>\n{content}</section>" for heading, content in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style></head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{quiet(subtitle)}\n{body}\n</body></html>\n"
    )


def pictures_of(text: str) -> dict[str, str]:
    """The first picture, an inline SVG element, of each section that has one in a page of `page`, by its heading."""
    sections = re.findall(r"<section><h2>(.*?)</h2>\n(.*?)</section>", text, re.DOTALL)
    found = {unescape(heading): re.search(r"<svg\b.*?</svg>", content, re.DOTALL) for heading, content in sections}
    return {heading: picture[0] for heading, picture in found.items() if picture}


def as_html(table: Table) -> str:
    """The table in blocks that fit the page."""
    return "".join(f'<div class="wide"><table>{_block(block)}</table></div>' for block in table.blocks(PAGE))


def _block(block: Block) -> str:
    groups = "".join(f'<th colspan="{span}">{escape(group)}</th>' for group, span in block.groups())
    kinds = [' class="words"' if column.words else "" for column in block.columns]
    names = "".join(f"<th{kind}>{escape(each.name)}</th>" for kind, each in zip(kinds, block.columns, strict=True))
    rows = "\n".join(
        "<tr>" + "".join(f"<td{kind}>{escape(text)}</td>" for kind, text in zip(kinds, row, strict=True)) + "</tr>"
        for row in block.rows
    )
    above = f'<tr class="groups">{groups}</tr>' if any(group for group, _ in block.groups()) else ""
    return f"{above}<tr>{names}</tr>\n{rows}"


def settings_table(settings: Mapping[str, Any]) -> Table:
    """Settings by key as a table of two columns."""
    rows = tuple((key, _written(value)) for key, value in settings.items())
    return Table("settings", (Column("setting"), Column("value", words=True)), rows)


def _written(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def as_paragraphs(notes: Sequence[str]) -> str:
    """Each note as a paragraph in the page's quiet tone."""
    return "".join(quiet(note) for note in notes)


def quiet(text: str) -> str:
    """A paragraph in the page's quiet tone."""
    return f'<p class="quiet">{escape(text)}</p>'
