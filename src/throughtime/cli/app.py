"""The commands together, and what a failure looks like: one line on stderr and an exit code.

    0    done
    1    failure: the data or the run broke a rule, a file could not be read or written
    2    usage: the command line is wrong, or asks for a setting or schedule there is not
    130  interrupted by Ctrl-C or SIGTERM, after a checkpoint where there is a run

THROUGHTIME_DEBUG=1 shows the traceback of a failure instead of the line. Under torchrun, which starts several of us for
one training, the first speaks for all; the others tell of their own failures only.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import warnings
from typing import Annotated, TextIO, TypeGuard, cast

import typer

from throughtime.base import launch
from throughtime.base.errors import ConfigError, Interrupted, Notice, ScheduleError, ThroughtimeError
from throughtime.cli.bench import bench
from throughtime.cli.compare import compare
from throughtime.cli.data import data
from throughtime.cli.doctor import doctor
from throughtime.cli.evaluate import evaluate
from throughtime.cli.generate import generate
from throughtime.cli.inspect import inspect
from throughtime.cli.lab import lab
from throughtime.cli.predict import predict
from throughtime.cli.reach import reach
from throughtime.cli.recipes import recipes
from throughtime.cli.reproduce import reproduce
from throughtime.cli.resume import resume
from throughtime.cli.train import train
from throughtime.cli.unfold import unfold

FAILURE, USAGE, INTERRUPTED = 1, 2, 130

# typer names one of its usage errors; this is the class of all of them, whichever click typer brings.
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])

# What torchrun starts several processes of.
TOGETHER = ("train", "resume")

# What torch says, in a plain RuntimeError: on the CPU and on a GPU; of a process that has gone.
_LOST_RANK = re.compile(r"connection (closed|reset) by|broken pipe|remote process exited", re.IGNORECASE)
_OUT_OF_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory", re.IGNORECASE)

app = typer.Typer(
    name="throughtime",
    help="LSTMs, trained exactly through time.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    train,
    resume,
    evaluate,
    predict,
    generate,
    compare,
    inspect,
    lab,
    unfold,
    reach,
    recipes,
    reproduce,
    doctor,
    bench,
):
    app.command()(command)
app.add_typer(data, name="data")


@app.callback(invoke_without_command=True)
def version(
    context: typer.Context, show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """LSTMs, trained exactly through time."""
    command = context.invoked_subcommand
    if command is not None and command not in TOGETHER and launch.ranks() > 1:
        raise ConfigError(
            f"torchrun starts the processes of one training, for {' and '.join(TOGETHER)}: {command} came with "
            f"{launch.ranks()} of them. Start it alone; it uses all cores by itself."
        )
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
    if sys.stdout is None:
        _say("The output could not be written: it is closed. Send it to a file, a pipe or /dev/null.")
        return FAILURE
    try:
        code = app(args=arguments, prog_name="throughtime", standalone_mode=False)
        sys.stdout.flush()  # a full disk is found out here, not after the last line that could tell of it
    except UsageError as error:
        _say_usage(error)
        return error.exit_code
    except Interrupted as error:
        if launch.rank() == 0:
            _say(f"{error}{_how_to_resume(error)}")
        return INTERRUPTED
    except typer.Abort:
        code = INTERRUPTED
    except BrokenPipeError:  # who reads has seen enough
        _drop_output()
        return FAILURE
    except Exception as error:
        if _is_debugging():
            raise
        if _is_from_interrupt(error):
            _say("Interrupted.")
            return INTERRUPTED
        if _is_of_output(error):
            _drop_output()
        _say(_one_line(error))
        return USAGE if isinstance(error, (ConfigError, ScheduleError)) else FAILURE
    if code == INTERRUPTED:  # typer's answer to Ctrl-C
        _say("Interrupted.")
    return code if isinstance(code, int) else 0


def _how_to_resume(error: Interrupted) -> str:
    return "" if error.run is None else f" The command: throughtime resume {shlex.quote(os.fspath(error.run))}"


def _one_line(error: Exception) -> str:
    if isinstance(error, ThroughtimeError):
        return str(error)
    if _is_of_output(error):
        return (
            f"The output could not be written: {error.strerror}. Make room there, or send it elsewhere; a run's "
            "folder keeps its model and report."
        )
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    if launch.ranks() > 1 and isinstance(error, RuntimeError) and _LOST_RANK.search(str(error)):
        return (
            "Another process of this training has ended, so that this one cannot go on "
            f"({str(error).splitlines()[0].rstrip('.')}). See what that one said; torchrun --max-restarts=N starts all "
            "again, from the newest checkpoint."
        )
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error))):
        return (
            f"Memory ran out: {(str(error).strip() or type(error).__name__).splitlines()[0].rstrip('.')}. Choose a "
            "smaller hidden_size or batch_size, a shorter --tbptt, or a smaller table."
        )
    return (
        f"This should not have happened: {type(error).__name__}: {error}. "
        "Set THROUGHTIME_DEBUG=1 to see where, and please report it."
    )


def _is_from_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: a compiled module interrupted while it loads raises an ImportError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _is_of_output(error: Exception) -> TypeGuard[OSError]:
    """Whether printing failed: the system's errors about a file by name name it, standard output has none."""
    return (
        isinstance(error, OSError)
        and not isinstance(error, ThroughtimeError)
        and bool(error.errno and not error.filename)
    )


def _drop_output() -> None:
    """Send what is still to be printed nowhere, or Python would fail on it once more on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_debugging() -> bool:
    return os.environ.get("THROUGHTIME_DEBUG") == "1"


def _say(message: str) -> None:
    name = f"throughtime, rank {launch.rank()}:" if launch.rank() else "throughtime:"
    print(name, " ".join(message.split()), file=sys.stderr)


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
    """What is said is for the user; where in the code it was said is not, unless for who looks for a fault."""
    if launch.rank() and not _is_debugging():
        return
    if issubclass(category, Notice):
        _say(f"note: {message}")
    elif not _is_debugging():
        _say(f"warning: {message}")
    else:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))
