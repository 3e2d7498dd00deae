"""`throughtime generate` of a run of handwriting: a phrase as a pen writes it, in a file.

.svg    lines
.png    pixels

Where no file is named, handwriting-1.svg, or the next number that is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from throughtime.base.atomic import write_bytes
from throughtime.base.errors import ConfigError
from throughtime.recipes.handwriting.drawing import Drawing
from throughtime.recipes.handwriting.judging import enough
from throughtime.recipes.handwriting.pictures import WRITERS
from throughtime.recipes.handwriting.settings import Settings
from throughtime.recipes.recipe import Request
from throughtime.recipes.settings import parse
from throughtime.tasks import SequenceGenerator
from throughtime.tasks.phrase_network import PhraseDesign


def generate(model: SequenceGenerator, request: Request, settings: Mapping[str, Any]) -> Iterator[str]:
    """A phrase into a file, and one line that says what; by a network that reads none, a drawing.

    Raises:
        ConfigError: the file's ending is none of `WRITERS`, there is no phrase or one too many, or as
            `SequenceGenerator.generate`.
        DataError: the phrase has letters that training did not show.
        WriteError: the file could not be written.
    """
    out = _free_file() if request.out is None else request.out
    if out.suffix.lower() not in WRITERS:
        raise ConfigError(
            f"Handwriting is written as {', '.join(WRITERS)}; the file is named {out.name!r}. Give it such an ending."
        )
    phrase = _checked(request.prompt, isinstance(model.design_, PhraseDesign))
    writing = parse(settings, Settings()).writing
    bias = writing.bias if request.bias is None else request.bias
    limit = enough(model, phrase, writing.points if request.steps is None else request.steps)
    said = {"beam": request.beam, "stop": request.stop, "seed": request.seed, **vars(request.sampling)}
    drawing = Drawing(model.generate(limit, phrase, bias=bias, **said), phrase)
    write_bytes(out, WRITERS[out.suffix.lower()](drawing, phrase or "A drawing"))
    cut = ", cut there: it did not end by itself" if len(drawing) == limit else ""
    return iter([f"{out}: {len(drawing.lines):,} strokes of {len(drawing):,} points, bias {bias:g}{cut}"])


def _checked(prompt: str, phrased: bool) -> str:
    """The phrase that is to be written; empty where the network reads none."""
    if phrased and not prompt.strip():
        raise ConfigError(
            f'What is written is a phrase of a letter at least: {prompt!r} came. Write for example --prompt "a phrase".'
        )
    if prompt and not phrased:
        raise ConfigError(
            f"This network reads no phrases and draws by itself: {prompt!r} came. Leave the prompt out, or train on "
            "drawings with phrases."
        )
    return prompt.strip()


def _free_file() -> Path:
    """handwriting-1.svg in the current folder, or the next number that is free."""
    number = 1
    while Path(f"handwriting-{number}.svg").exists():
        number += 1
    return Path(f"handwriting-{number}.svg")
