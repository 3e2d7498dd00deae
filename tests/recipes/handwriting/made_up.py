"""Drawings for tests: three letters that no two of which look alike, as arrays, archives, and folders of IAM-OnDB."""

from __future__ import annotations

import numpy as np

from throughtime.recipes.handwriting.drawing import Drawing
from throughtime.recipes.handwriting.reading import Found

# How each letter is drawn.
SHAPES = {"a": [(4, 0), (0, 4)], "b": [(-4, 0), (0, 4), (0, 4)], "c": [(4, 4)]}


def drawn(phrase, draws):
    """A phrase of these letters, a stroke each."""
    letters = [(place, move) for place, letter in enumerate(phrase) for move in SHAPES[letter]]
    owners = np.array([place for place, _ in letters])
    moves = np.array([move for _, move in letters]) + draws.normal(0, 0.1, (len(letters), 2))
    lifts = np.append(owners[1:] != owners[:-1], True)
    return Drawing(np.concatenate([moves, lifts[:, None]], 1), phrase, owners)


def drawings(count=60, seed=0):
    """Phrases of two to four letters."""
    draws = np.random.default_rng(seed)
    phrases = ["".join(draws.choice(list("abc"), int(draws.integers(2, 5)))) for _ in range(count)]
    return tuple(drawn(phrase, draws) for phrase in phrases)


def found(**parts):
    """As `reading.read_drawings` gives them."""
    return Found(parts)


def archive(path, **parts):
    """A file as sketch-rnn's sets are, of drawings by part."""
    arrays = {}
    for name, some in parts.items():
        arrays[name] = np.empty(len(some), dtype=object)
        for place, each in enumerate(some):
            arrays[name][place] = getattr(each, "points", each)
    np.savez(path, **arrays)
    return path


def as_xml(drawing):
    """A file as IAM-OnDB has them."""
    strokes = "".join(
        "<Stroke>" + "".join(f'<Point x="{x:.3f}" y="{y:.3f}"/>' for x, y in line) + "</Stroke>"
        for line in drawing.lines
    )
    return f"<WhiteboardCaptureSession><StrokeSet>{strokes}</StrokeSet></WhiteboardCaptureSession>"


def iam(folder, forms=12, lines=3, seed=0):
    """A folder with lineStrokes and ascii, so many forms of so many lines; what it holds, line by line."""
    some = drawings(forms * lines, seed)
    for form in range(forms):
        name, own = f"a{form:02}-000u", some[form * lines : (form + 1) * lines]
        (folder / "lineStrokes" / "a" / name).mkdir(parents=True)
        (folder / "ascii" / "a").mkdir(parents=True, exist_ok=True)
        for place, each in enumerate(own):
            (folder / "lineStrokes" / "a" / name / f"{name}-{place + 1:02}.xml").write_text(as_xml(each))
        text = "\n".join(each.phrase for each in own)
        (folder / "ascii" / "a" / f"{name}.txt").write_text(f"OCR:\n\nnothing\n\nCSR:\n\n{text}\n")
    return some
