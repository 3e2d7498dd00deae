"""Captions: rendered scenes, or one's own images with sentences; learned, scored, and written for other images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch.distributed as dist

from throughtime.base.atomic import write_text
from throughtime.base.errors import ConfigError, DataError
from throughtime.base.run_folder import RunFolder
from throughtime.decode import Sampling
from throughtime.recipes.caption import pictures, report
from throughtime.recipes.caption.judging import judge
from throughtime.recipes.caption.methods import captions_of, compare_methods, fit_network, scores_table
from throughtime.recipes.caption.problem import (
    EXAMPLE,
    CaptionProblem,
    described,
    is_described,
    own,
    sample,
    undescribed,
)
from throughtime.recipes.caption.settings import Images, Model, Settings, estimator_of
from throughtime.recipes.recipe import Case, ProblemCase, Recipe, Request
from throughtime.recipes.settings import own_share, parse
from throughtime.recipes.table import Column, Table
from throughtime.tasks import CaptionGenerator
from throughtime.tasks.caption_options import check_caption_options
from throughtime.train.ranks import Ranks

# What keeps the sample's training at some minutes of a core; `docs/recipes/caption.md` says what more reaches.
SAMPLE = Settings(images=Images(scenes=5000, test_scenes=200), model=Model(epochs=8))


@dataclass(frozen=True)
class CaptionCase(ProblemCase):
    """Described images with the settings they were read by.

    Args:
        problem: training and test part.
        chosen: all settings, in groups.
        files: what was read beside the data.
    """

    problem: CaptionProblem
    chosen: Settings
    files: tuple[Path, ...] = ()

    def beside(self) -> tuple[Path, ...]:
        """The folders of the images, and what a test part of its own was read from."""
        return self.files

    def check(self, tbptt: str | None, ranks: Ranks) -> None:
        """See `Case.check`."""
        check_caption_options(estimator_of(self.chosen.model, tbptt, False))

    def fit(
        self, tbptt: str, *, run: RunFolder | None, progress: bool, group: dist.ProcessGroup | None
    ) -> CaptionGenerator:
        """See `Case.fit`."""
        return fit_network(self.problem, self.chosen.model, tbptt, run=run, progress=progress, group=group)

    def scores(self, model: CaptionGenerator) -> Table:
        """See `Case.scores`."""
        return self._scores(model, captions_of(model, self.problem.test, self.chosen.writing))

    def predictions(self, model: CaptionGenerator) -> Table:
        """What the network says of each image; of a run's own, of the first test images."""
        test = self.problem.test
        if self.problem.train is not None:
            test = test.some(range(min(self.chosen.writing.shown, len(test))))
        captions = captions_of(model, test, self.chosen.writing)
        columns = Column("image"), Column("caption", words=True)
        return Table(f"{self.title}: described", columns, tuple(zip(test.names, captions, strict=True)), self.notes)

    def report(self, model: CaptionGenerator, tbptt: str, record: Mapping[str, Any]) -> tuple[Table, str]:
        """See `Case.report`."""
        history, test = model.history_, self.problem.test
        assert history is not None  # it was trained just now
        captions = captions_of(model, test, self.chosen.writing)
        table, said = self._scores(model, captions), self._said(model, tbptt)
        shown = test.some(range(min(self.chosen.writing.shown, len(test))))
        words, weights = model.attention(shown.images[0])
        evidence = report.Evidence(
            self.title,
            history,
            table,
            judge(captions, test.scenes) if test.scenes else None,
            pictures.grid(shown.images, captions[: len(shown)], shown.sentences),
            pictures.looking(shown.images[0], words, weights, report.LOOKS) if words else "",
            record,
            said,
        )
        return replace(table, notes=(*table.notes, *said)), report.render(evidence)

    def compare(self, tbptt: str, seeds: int, progress: bool) -> Table:
        """See `Case.compare`."""
        self.check(tbptt, Ranks())
        return compare_methods(self.problem, self.chosen.model, self.chosen.writing, tbptt, seeds, progress)

    def _scores(self, model: CaptionGenerator, captions: list[str]) -> Table:
        return scores_table(self.problem, model, captions, self.chosen.model.symbols)

    def _said(self, model: CaptionGenerator, tbptt: str) -> tuple[str, ...]:
        """What there is to say of the network."""
        history, chosen = model.history_, self.chosen.model
        assert history is not None  # it was trained just now
        kept = "the last" if history.best_epoch is None else f"epoch {history.best_epoch + 1}"
        how = (
            f"a beam of {self.chosen.writing.beam}" if self.chosen.writing.beam > 1 else "the likeliest word each time"
        )
        return (
            f"{chosen.cell} with {model.parameters_count_:,} parameters on {chosen.symbols}, TBPTT({tbptt}), seed "
            f"{chosen.seed}; {kept} of {len(history.epochs)} epochs kept; trained in {model.seconds_:.1f} s; {how}.",
        )


def load(data: str | Path | Any | None, settings: Mapping[str, Any]) -> CaptionCase:
    """The case of the sample (`data` None) or of a user's described images.

    Raises:
        ConfigError: settings that are unknown or do not fit, or Pillow is not installed.
        DataError, FileMissingError: whatever is wrong with the images.
    """
    chosen = parse(settings, SAMPLE if data is None else Settings())
    check_caption_options(estimator_of(chosen.model, None, False))  # images are brought to its size
    if data is None:
        return CaptionCase(sample(chosen), chosen)
    problem = own(data, chosen)
    assert problem.train is not None
    # A run holds to the images too, which a folder has in it, and a file beside it.
    files = () if Path(data).is_dir() else problem.train.folders
    if own_share(chosen.images.test, EXAMPLE) is None:
        files = (*files, Path(chosen.images.test), *problem.test.folders)
    return CaptionCase(problem, chosen, files)


def read(data: str | Path | Any, settings: Mapping[str, Any], table: Mapping[str, Any], scored: bool) -> Case:
    """Other images, all of which are test part.

    Raises:
        ConfigError: Pillow is not installed.
        DataError, FileMissingError: whatever is wrong with the images, or no sentences where they are to be scored.
    """
    chosen = parse(settings, Settings())
    size = chosen.model.image_size
    if is_described(data):
        part, notes = described(data, size)
    elif scored:
        raise DataError(
            f"Captions are scored beside what people said: {data} holds images alone. Put a file of sentences beside "
            "them, or use throughtime predict."
        )
    else:
        part, notes = undescribed(data, size)
    return CaptionCase(CaptionProblem(Path(data).name, None, part, notes), chosen)


def generate(model: CaptionGenerator, request: Request, settings: Mapping[str, Any]) -> Iterator[str]:
    """The caption of one image, whose path is the prompt.

    The likeliest word each time, unless a beam, or draws by another temperature, top-k or top-p are asked for.

    Raises:
        ConfigError: there is no path, or settings break a rule.
        DataError, FileMissingError: whatever is wrong with the image.
        WriteError: the file could not be written.
    """
    if not request.prompt:
        raise ConfigError("What is described is an image: none came. Name its file with --prompt image.png.")
    if request.stop is not None or request.sampling.repetition_penalty != 1:
        raise ConfigError("A caption ends by itself: a stop or a repetition penalty came. Leave them out.")
    drawn: dict[str, Any] = {}
    if request.sampling != Sampling():
        asked = request.sampling
        drawn = {"temperature": asked.temperature, "top_k": asked.top_k, "top_p": asked.top_p}
    image = [Path(request.prompt)]
    (text,) = model.describe(image, beam=request.beam, most=request.steps, seed=request.seed, **drawn)
    if request.out is None:
        return iter([text])
    write_text(request.out, text + "\n")
    return iter([f"{request.out}: {len(text):,} characters"])


RECIPE = Recipe(
    name="caption",
    summary="what an image shows, in a sentence: rendered scenes, or images with sentences of your own (--data)",
    tbptt="n,n",
    load=load,
    read=read,
    generate=generate,
    brief={"scenes": "1500", "epochs": "6"},
)
