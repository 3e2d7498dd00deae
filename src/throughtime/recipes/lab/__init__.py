"""The lab: small studies that hold statements of the lecture against measurements, perceptron, RNN and LSTM together.

A study makes its own data from a seed and says how; `catalogue.STUDIES` lists them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from throughtime.base.atomic import write_text
from throughtime.base.checks import did_you_mean
from throughtime.base.errors import ConfigError
from throughtime.insight.svg import check_name
from throughtime.recipes.figure import as_file
from throughtime.recipes.lab.catalogue import STUDIES
from throughtime.recipes.lab.study import Claim, Effort, Findings
from throughtime.recipes.trials import trials_on

__all__ = ["Claim", "Effort", "Findings", "lab", "subjects"]


def subjects() -> list[tuple[str, str]]:
    """Every subject with one line on what it shows."""
    return [(study.name, study.summary) for study in STUDIES.values()]


def lab(
    name: str,
    *,
    seeds: int = 5,
    short: bool = False,
    svg: str | Path | None = None,
    progress: bool = True,
    backend: str | None = None,
) -> Findings:
    """Run one study.

    Args:
        name: of the subject.
        seeds: trainings of each network, at least 1.
        short: see it run in seconds: fewer and shorter trainings, figures not to be quoted.
        svg: a file for its figure.
        progress: whether to show on standard error how many trials are done.
        backend: where the trials run: "processes" of this machine, "dask:tcp://host:8786" for a Dask cluster by its
            scheduler's address or file, "dask" for the cluster that is configured; None: what `joblib.parallel_config`
            set, or else this machine's processes.

    Returns:
        Tables, figure, and the lecture's claims held against them.

    Raises:
        ConfigError: no such subject, no seeds, a file for the figure that is not SVG, or a backend that is none.
        ClusterError: the cluster cannot be reached, or would not give the same results.
        WriteError: the file cannot be written.
    """
    if name not in STUDIES:
        hint = did_you_mean(name, STUDIES, "there is")
        raise ConfigError(f"A subject of the lab must be one of those that exist; {name!r} is none: {hint}")
    if seeds < 1:
        raise ConfigError(f"`seeds` counts trainings of each network, at least 1; {seeds} came.")
    if svg is not None:
        check_name(svg)  # asked before the work, so that a wrong name costs none
    with trials_on(backend):
        found = replace(STUDIES[name].run(Effort(seeds, short, progress)), short=short)
    if svg is not None:
        write_text(Path(svg), as_file(found.figure))
    return found
