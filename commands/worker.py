"""Faust's own `worker`, without the table that it prints before the log begins."""

from typing import Any

import faust.cli.worker


class worker(faust.cli.worker.worker):  # noqa: N801 - the class's name is the command's
    """Start worker instance for given app."""

    def on_worker_created(self, worker: Any) -> None:
        """Nothing: what starts, and against which brokers, is the first line of the log."""
