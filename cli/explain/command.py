"""`explain`: why an account was judged so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import faust
from faust.cli import argument, option

from cli.explain.show import show
from cli.support.blocking_command import EX_FAILURE, JSON, BlockingCommand
from cluster import connect
from config import Settings
from lookup.explain.explainer import Explainer


def add_explain(app: faust.App, settings: Settings) -> None:
    """Add the command to the `faust` program."""

    @app.command(
        argument("record_id", metavar="ID"),
        option("--names", is_flag=True, help="Show first and last names, which are personal data."),
        JSON,
        base=BlockingCommand,
    )
    def explain(self: BlockingCommand, record_id: str, names: bool, as_json: bool) -> int:
        """Show why the account with this ID was judged so: each rule that fired, and its values."""
        connect(settings, timeout=0)
        document = Explainer(settings)(record_id, names=names)
        if as_json or self.json:
            self.write_json(document)
        else:
            show(document, self.console)
        return exit_code(document)


def exit_code(document: Mapping[str, Any]) -> int:
    """1 where there is no verdict, or judging again gives another result."""
    again = document["again"]
    differs = again is not None and not again["same"]
    return EX_FAILURE if differs or document["verdict"] is None else 0
