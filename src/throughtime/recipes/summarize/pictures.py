"""Where a network looks in a document as it tells each word of a summary, and summaries beside the true ones.

Dimensions: T symbols of a summary, S of a document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from throughtime.insight.lettering import fitted, visible, width_of
from throughtime.insight.svg import BLUE, INK, ORANGE, QUIET, Sheet
from throughtime.metrics import rouge_words, word_spans

# Pixels: the drawing, the column of the summary's words, a line of the document, its letters, between words and blocks.
WIDTH, WORDS, LINE, SIZE, BETWEEN, APART = 832.0, 150.0, 20.0, 12.0, 4.0, 10.0
# Symbols of a document, and of a summary, that are drawn: what fits a page.
MOST_READ, MOST_SAID = 80, 16
# From this share of its probability on a symbol counts as copied.
COPIED = 0.5
# The strongest colour still leaves the word on it readable.
STRONGEST = 0.75
# Characters of a document that a page shows of each.
SHOWN = 400


@dataclass(frozen=True)
class Look:
    """What a network does with one document.

    Args:
        read: S symbols of the document, in their order.
        said: T of the summary.
        weights: [T, S] of the attention.
        copied: [T] how much of each symbol's probability was taken from the document; None: nothing is.
    """

    read: Sequence[str]
    said: Sequence[str]
    weights: NDArray[np.float64]
    copied: NDArray[np.float64] | None


def looking(look: Look, title: str) -> str:
    """The document once for each symbol of the summary, shaded where the network looks as it tells it; SVG.

    Symbols that are copied are orange and underlined, those that are written dark.

    Args:
        look: of one document.
        title: of the drawing.
    """
    spots = list(_laid_out([visible(each) for each in look.read[:MOST_READ]]))
    said = look.said[:MOST_SAID]
    block = (spots[-1][1] + 1) * LINE + APART
    sheet = Sheet(title, WIDTH, len(said) * block, page=True)
    for place, word in enumerate(said):
        taken = look.copied is not None and look.copied[place] >= COPIED
        with sheet.group("step", word=word, copied=str(taken).lower()):
            _draw_word(sheet, place * block, word, taken)
            _draw_document(sheet, place * block, spots, look.weights[place])
    return sheet.to_svg()


def beside(documents: Sequence[str], rows: Sequence[Sequence[tuple[str, str]]]) -> str:
    """Documents with what is said of each, as HTML: name and text of each row, words of the document marked.

    Args:
        documents: texts; long ones are cut.
        rows: of each document.
    """
    return "".join(_entry(*each) for each in zip(documents, rows, strict=True))


def marked(text: str, document: str) -> str:
    """A text as HTML, the words that stand in the document underlined."""
    known, parts, before = set(rouge_words(document)), [], 0
    for start, stop in word_spans(text):
        word = escape(text[start:stop])
        there = rouge_words(text[start:stop])
        parts += [escape(text[before:start]), f"<u>{word}</u>" if there and there[0] in known else word]
        before = stop
    return "".join(parts) + escape(text[before:])


def _entry(document: str, rows: Sequence[tuple[str, str]]) -> str:
    cut = document if len(document) <= SHOWN else document[:SHOWN].rstrip() + " …"
    lines = "".join(
        f'<tr><td class="words">{escape(name)}</td><td class="words">{marked(text, document)}</td></tr>'
        for name, text in rows
    )
    shown = f'<pre style="white-space: pre-wrap; font-size: 0.8rem; color: {QUIET}">{escape(cut)}</pre>'
    return f"{shown}<table>{lines}</table>"


def _laid_out(symbols: Sequence[str]) -> Iterator[tuple[str, int, float, float]]:
    """Each symbol, its line, where it begins and how wide it is."""
    line, x = 0, WORDS
    for symbol in symbols:
        shown = fitted(symbol, WIDTH - WORDS, SIZE) or " "
        width = width_of(shown, SIZE)
        if x > WORDS and x + width > WIDTH:
            line, x = line + 1, WORDS
        yield shown, line, x, width
        x += width + BETWEEN


def _draw_word(sheet: Sheet, top: float, word: str, taken: bool) -> None:
    shown = fitted(visible(word), WORDS - APART, SIZE + 1, bold=True)
    sheet.text(0, top + LINE - 6, shown, size=SIZE + 1, bold=True, fill=ORANGE if taken else INK, kind="word")
    if taken:
        sheet.line([(0, top + LINE - 3), (width_of(shown, SIZE + 1, True) * 0.9, top + LINE - 3)], stroke=ORANGE)


def _draw_document(
    sheet: Sheet, top: float, spots: Sequence[tuple[str, int, float, float]], weights: NDArray[np.float64]
) -> None:
    for (shown, line, x, width), weight in zip(spots, weights, strict=False):  # what is drawn is the beginning
        y, share = top + line * LINE, float(weight)
        if share >= 0.01:  # paler shades nobody sees
            sheet.rect(x - 2, y, width + 4, LINE - 2, fill=BLUE, opacity=STRONGEST * share**0.5, radius=2, kind="look")
        sheet.text(x, y + LINE - 6, shown, size=SIZE)
