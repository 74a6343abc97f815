"""`worker`: Faust's own, without the table it prints, and with its name as Kafka client id."""

from typing import Any

import faust
from faust_transactions import WorkerCommand, member_name


class worker(WorkerCommand):  # noqa: N801 - the class's name is the command's
    """Start worker instance for given app."""

    def on_worker_created(self, worker: Any) -> None:
        """Print nothing: the first log line says what starts, and against which brokers."""

    def on_options_read(self, app: faust.App) -> None:
        """Name the worker as its Kafka client id, which a list of the group's members shows.

        The name holds the web server's address, which the command line may change.
        """
        app.conf.broker_client_id = member_name(app)
