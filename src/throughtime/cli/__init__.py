"""The command line: reads arguments, calls a recipe, prints what comes back. Nothing is computed here."""

from throughtime.cli.app import main

__all__ = ["main"]
