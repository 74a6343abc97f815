"""Faust's own `worker`: without its table before the log, and known to Kafka by its own name."""

from typing import Any

import faust
from faust_transactions import WorkerCommand, member_name


class worker(WorkerCommand):  # noqa: N801 - the class's name is the command's
    """Start worker instance for given app."""

    def on_worker_created(self, worker: Any) -> None:
        """Nothing: what starts, and against which brokers, is the first line of the log."""

    def on_options_read(self, app: faust.App) -> None:
        """Name the worker as its Kafka client id, which a list of the group's members shows.

        The name holds the web server's address, which the command line may change.
        """
        app.conf.broker_client_id = member_name(app)
