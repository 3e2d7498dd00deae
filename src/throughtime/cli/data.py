"""`throughtime data`: public sets, what there is and how it gets here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from throughtime.cli.options import Json, show

data = typer.Typer(
    help="Public sets: list them, get them.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@data.command(name="list")
def list_sets(as_json: Json = False) -> None:
    """List the public sets, and which are here."""
    from throughtime.data.public import data_folder, missing_files, public_sets
    from throughtime.recipes import Column, Table

    folder = data_folder()
    columns = (
        Column("name"),
        Column("MB", digits=1),
        Column("here"),
        Column("what", words=True),
        Column("licence", words=True),
    )
    rows = tuple(
        (
            found.name,
            found.size / 1e6,
            not missing_files((file.path for file in found.files), folder),
            found.what,
            found.licence,
        )
        for found in public_sets().values()
    )
    where = "nowhere: pooch is not installed, and THROUGHTIME_DATA is not set" if folder is None else str(folder)
    show(Table("Public sets: throughtime data get NAME", columns, rows, (f"Looked for in {where}",)), as_json)


@data.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A public set; `throughtime data list` lists them.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="The folder of all sets; without it, what THROUGHTIME_DATA names, or the cache.",
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="PATH", help="Take the files from a folder, zip file or wheel that is here."),
    ] = None,
) -> None:
    """Fetch a public set, after its licence and source, and check every file by its SHA-256."""
    from throughtime.data.public import fetch, public_set

    wanted = public_set(name)
    print(
        f"{wanted.name}: {wanted.what}\nlicence: {wanted.licence}\nsource: {wanted.source}\ncite: {wanted.cite}",
        flush=True,
    )
    files = fetch(wanted, out, source=source, tell=lambda line: print(line, flush=True))
    folder = files[0].parents[len(Path(wanted.files[0].path).parts) - 1]
    print(f"{wanted.name} is in {folder}")
