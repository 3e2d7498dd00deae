"""The network's own text beside held-out text of the same length: how alike they are, and what was copied."""

from __future__ import annotations

from throughtime.decode import Sampling
from throughtime.metrics import known_words, longest_copy, ngram_divergence
from throughtime.recipes.table import Column, Table
from throughtime.recipes.text.problem import TextProblem, joined
from throughtime.recipes.text.settings import Writing
from throughtime.tasks import SequenceGenerator

# Characters that are judged: enough for runs of three letters to be counted.
JUDGED = 4000
RUN = 3


def written(model: SequenceGenerator, writing: Writing, temperature: float, length: int, seed: int = 0) -> str:
    """A text of a model's own: one, or documents line by line until so many symbols are there.

    Args:
        model: fitted.
        writing: prompt and share of the probability.
        temperature: of the draws.
        length: symbols, about.
        seed: of the draws.
    """
    sampling = Sampling(temperature=temperature, top_p=writing.top_p)
    if not model.encoding_.documents:
        return writing.prompt + "".join(model.stream(length, writing.prompt, sampling=sampling, seed=seed))
    lines: list[str] = []
    while sum(map(len, lines)) < length:
        pieces = model.stream(length, writing.prompt, sampling=sampling, seed=seed + len(lines))
        lines.append(writing.prompt + "".join(pieces))
    return "\n".join(lines)


def judged(problem: TextProblem, model: SequenceGenerator, writing: Writing) -> Table:
    """Three figures of the model's text, and of held-out text beside it."""
    held_out = joined(problem.test)
    source = joined(problem.train)
    ours = written(model, writing, writing.temperature, JUDGED)[:JUDGED]
    theirs, rest = held_out[: len(ours)], held_out[len(ours) :]
    texts = {f"network, temperature {writing.temperature:g}": ours, "held-out text": theirs}
    compared = rest if len(rest) >= RUN else held_out
    rows = tuple(
        (name, ngram_divergence(text, compared, RUN), known_words(text, source), len(longest_copy(text, source)))
        for name, text in texts.items()
        if len(text) >= RUN
    )
    columns = (
        Column("text"),
        Column(f"divergence of runs of {RUN} letters, nats", digits=3),
        Column("words that training has", digits=3),
        Column("longest copy, letters"),
    )
    notes = (
        f"{len(ours):,} characters of each. The divergence is that from the rest of the held-out text; the copy is the "
        "longest run of letters that stands in the training part.",
    )
    return Table("Beside held-out text", columns, rows, notes)
