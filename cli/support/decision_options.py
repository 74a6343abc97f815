"""The options of commands that write a decision and wait until the workers follow it."""

from typing import Any

import click
from faust.cli import option

from cli.support.text_option import TextParameter

_DEFAULT_TIMEOUT = 30.0


def decision_options(
    *, note: str, author: str, timeout: str, longest_note: int, longest_author: int
) -> tuple[Any, ...]:
    """`--note`, `--author` and `--timeout`, with these help texts and lengths in characters."""
    return (
        option(
            "--note", type=TextParameter(longest_note), default="", show_default=False, help=note
        ),
        option(
            "--author",
            type=TextParameter(longest_author),
            help=f"{author}; the user of the operating system by default.",
        ),
        option(
            "--timeout",
            type=click.FloatRange(0),
            default=_DEFAULT_TIMEOUT,
            show_default=True,
            help=timeout,
        ),
    )
