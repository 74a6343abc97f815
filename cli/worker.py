"""Faust's own `worker`: without its table before the log, and known to Kafka by its own name."""

from typing import Any, cast

import faust
import faust.cli.worker
from faust_transactions.owners import member_name


class worker(faust.cli.worker.worker):  # noqa: N801 - the class's name is the command's
    """Start worker instance for given app."""

    def on_worker_created(self, worker: Any) -> None:
        """Nothing: what starts, and against which brokers, is the first line of the log."""

    def _init_worker_options(self, *args: Any, **kwargs: Any) -> None:
        """Takes what the command line says of the web, which makes up the worker's name.

        Whoever asks Kafka for the group's members sees it as their client id.
        """
        super()._init_worker_options(*args, **kwargs)
        cast(Any, self.app.conf).broker_client_id = member_name(cast(faust.App, self.app))
