"""Commands of a Faust app that are plain blocking functions."""

import sys
from collections.abc import Callable
from typing import IO, Any, ClassVar, NoReturn

import click
import orjson
from faust.cli.base import AppCommand
from rich.console import Console

from cli.errors import CommandError, Interrupted
from cluster import ClusterError

EX_FAILURE = 1
EX_INTERRUPTED = 130

# Wide enough for any table when nobody looks: a line that is cut is lost to grep.
_NO_TERMINAL_WIDTH = 240


class BlockingCommand(AppCommand):
    """Runs the command's function as it is, instead of in a worker with an event loop.

    Faust would start a `mode.Worker` around it, with its signal handlers, its log lines and its
    exit codes. An error that is the user's to mend is one line, exit code 1.
    """

    abstract: ClassVar[bool] = True

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Runs the function and exits with its code."""
        sys.exit(exit_code(lambda: self.run(*self.args, *args, **{**self.kwargs, **kwargs})))

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """What the command does; returns its exit code, or None for 0."""
        raise NotImplementedError

    @property
    def console(self) -> Console:
        """Where the result goes."""
        return console(self.stdout)

    @property
    def messages(self) -> Console:
        """Where progress and remarks go, so that the result can be piped."""
        return console(self.stderr)

    def write_json(self, document: Any) -> None:
        """One JSON document on stdout."""
        self.stdout.write(orjson.dumps(document).decode() + "\n")


def console(file: IO[str]) -> Console:
    """A console for this file; wide when it is no terminal."""
    made = Console(file=file)
    return made if made.is_terminal else Console(file=file, width=_NO_TERMINAL_WIDTH)


def exit_code(run: Callable[[], int | None]) -> int:
    """Runs a command; its code, or that of its error, which is told on stderr."""
    try:
        return run() or 0
    except (CommandError, ClusterError) as exc:
        console(sys.stderr).print(f"error: {exc}", style="red", markup=False, highlight=False)
        return EX_FAILURE
    except click.ClickException as exc:
        exc.show(sys.stderr)
        return exc.exit_code
    except (Interrupted, KeyboardInterrupt):
        return EX_INTERRUPTED
    except BrokenPipeError:
        # `… | head` has seen enough; Python would complain about the closed pipe once more.
        sys.stdout = None
        return EX_FAILURE
