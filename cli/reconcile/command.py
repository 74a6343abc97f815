"""`reconcile`: prove that each account ended in exactly one verdict or one dead letter."""

import faust

from cli.reconcile.reading import reconcile as read_and_prove
from cli.reconcile.report import document, show
from cli.support.blocking_command import EX_FAILURE, JSON, BlockingCommand
from cli.support.errors import Interrupted
from cli.support.interruption import interruption
from cli.support.progress import shown_progress
from config import Settings


def add_reconcile(app: faust.App, settings: Settings) -> None:
    """Add the command to the `faust` program."""

    @app.command(JSON, base=BlockingCommand)
    def reconcile(self: BlockingCommand, as_json: bool) -> int:
        """Prove that each account ended in exactly one verdict or one dead letter."""
        with interruption() as asked, shown_progress(self.messages, "read") as advance:
            result = read_and_prove(settings, progress=advance, stop=asked.is_set)
        if result is None:
            raise Interrupted
        if as_json or self.json:
            self.write_json(document(result))
        else:
            show(result, self.console)
        return 0 if result.proven else EX_FAILURE
