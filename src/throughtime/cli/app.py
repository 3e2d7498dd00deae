"""The commands together, and what a failure looks like: one line on stderr and an exit code.

    0    done
    1    failure: the data or the run broke a rule, a file could not be read or written
    2    usage: the command line is wrong, or asks for a setting or schedule there is not
    130  interrupted by Ctrl-C or SIGTERM, after a checkpoint where there is a run

THROUGHTIME_DEBUG=1 shows the traceback of a failure instead of the line.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated, TextIO, cast

import typer

from throughtime.base.errors import ConfigError, Interrupted, Notice, ScheduleError, ThroughtimeError
from throughtime.cli.compare import compare
from throughtime.cli.doctor import doctor
from throughtime.cli.evaluate import evaluate
from throughtime.cli.predict import predict
from throughtime.cli.recipes import recipes
from throughtime.cli.resume import resume
from throughtime.cli.train import train

FAILURE, USAGE, INTERRUPTED = 1, 2, 130

# typer names one of its usage errors; this is the class of all of them, whichever click typer brings.
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])

app = typer.Typer(
    name="throughtime",
    help="LSTMs, trained exactly through time.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (train, resume, evaluate, predict, compare, recipes, doctor):
    app.command()(command)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """LSTMs, trained exactly through time."""
    if show:
        from throughtime import __version__

        print(__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code.

    Args:
        arguments: words after the program's name; None reads sys.argv.
    """
    warnings.showwarning = _show_warning
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        code = app(args=arguments, prog_name="throughtime", standalone_mode=False)
    except UsageError as error:
        _say_usage(error)
        return error.exit_code
    except Interrupted as error:
        _say(str(error))
        return INTERRUPTED
    except typer.Abort:
        code = INTERRUPTED
    except Exception as error:
        if os.environ.get("THROUGHTIME_DEBUG") == "1":
            raise
        _say(_one_line(error))
        return USAGE if isinstance(error, (ConfigError, ScheduleError)) else FAILURE
    if code == INTERRUPTED:  # typer's answer to Ctrl-C
        _say("Interrupted.")
    return code if isinstance(code, int) else 0


def _one_line(error: Exception) -> str:
    if isinstance(error, ThroughtimeError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return (
        f"This should not have happened: {type(error).__name__}: {error}. "
        "Set THROUGHTIME_DEBUG=1 to see where, and please report it."
    )


def _say(message: str) -> None:
    print("throughtime:", " ".join(message.split()), file=sys.stderr)


def _say_usage(error: typer.BadParameter) -> None:
    """One line; none where the error is only that no command came, for then the help has just been printed."""
    message = error.format_message().strip()
    if message:
        where = error.ctx.command_path if error.ctx else "throughtime"
        _say(f"{message}{'' if message[-1] in '.?!' else '.'} Try: {where} --help")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A notice of ours is for the user; where in our code it was said is not."""
    if issubclass(category, Notice):
        _say(f"note: {message}")
    else:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))
