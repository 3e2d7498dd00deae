"""Numbers and names as they are lettered on a drawing: short, and never wider than the room there is.

Widths are those of DejaVu Sans, rounded up, so that a label which fits by them fits in its narrower neighbours too.
"""

from __future__ import annotations

import math
import unicodedata

# Advance widths, in sizes of the font.
_WIDTHS = {
    0.35: "'IJijl ,./:;\\|·",
    0.45: "()-[]ft!r",
    0.55: '"*_`?csz',
    0.65: "FLkvxy$0123456789EPSTYabdeghnopqu{}σ",
    0.75: "ABCKRVXZNU",
    0.85: "&DGHOQ#+<=>^w~−→",
    1.0: "M%@Wm…",
}
_WIDTH_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_OTHER, _WIDE, _BOLD = 0.9, 1.1, 1.15
# From here on, and below the other, digits after the point would run long or show nothing.
_LARGE, _SMALL = 10_000.0, 0.001
# Signs without a form that get one, and what stands for all others.
FORMS, FORMLESS = {"\n": "↵", "\t": "⇥"}, "\ufffd"
# They shape the letters between which they stand, and have no form of their own to be missed.
_JOINERS = "\u200c\u200d"


def width_of(words: str, size: float, bold: bool = False) -> float:
    """Pixels a line of text takes, at most."""
    wide = sum(_letter(letter) for letter in words) * size
    return wide * _BOLD if bold else wide


def fitted(words: str, room: float, size: float, bold: bool = False) -> str:
    """The words on one line, their end replaced by an ellipsis where they need more than `room` pixels."""
    words = " ".join("".join(each if each.isprintable() else " " for each in words).split())
    if width_of(words, size, bold) <= room:
        return words
    kept = words
    while kept and width_of(kept + "…", size, bold) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def visible(symbol: str) -> str:
    """What is drawn for a symbol: nothing without a form, nothing that a file of XML cannot hold."""
    forms = (FORMS.get(each, each if each.isprintable() or each in _JOINERS else FORMLESS) for each in symbol)
    return "".join(forms) if symbol.strip(_JOINERS) else FORMLESS


def by_power(value: float, digits: int) -> str:
    """A number by its power of ten, so many digits after the point, as short as it can be: 4e-15, 1.00e6."""
    mantissa, _, power = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(power)}" if power else mantissa  # inf and nan have none


def shown(value: float) -> str:
    """A number in at most nine characters: three digits after the point, or its power of ten."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if value == 0:
        return "0"
    if size < _SMALL or size >= _LARGE:
        return by_power(value, 2).replace("-", "−")
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1}f}".replace("-", "−")


def signed(value: float) -> str:
    """As `shown`, with a plus before what is above 0."""
    return "+" + shown(value) if value > 0 else shown(value)


def _letter(letter: str) -> float:
    if letter in _WIDTH_OF:
        return _WIDTH_OF[letter]
    if unicodedata.combining(letter):
        return 0.0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else _OTHER
