"""Faust's and mode's settings, tables, worker and web server: what has no public way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, cast

import faust
import faust.cli.worker
import mode
from faust.tables.manager import TableManager
from faust.types import AppT

from faust_transactions.compat.process import end_process

__all__ = [
    "Worker",
    "WorkerCommand",
    "assign_no_standbys",
    "end_app",
    "exclude_changelog",
    "given_settings",
    "owners_by_url",
    "set_web_runner",
    "setting_without_reading",
    "write_setting",
]

# -- settings


def given_settings(app: faust.App) -> Mapping[str, Any]:
    """The settings that the app was made with, without Faust's defaults.

    ``app.conf`` does not tell a default from the same value given. Relies on
    ``App._default_options``, the id and the keyword arguments of ``faust.App``.
    """
    return app._default_options[1]


def setting_without_reading(app: faust.App, name: str) -> Any:
    """A setting's value, so that `write_setting` may still change it.

    Faust warns when a setting is written that was read before. Relies on ``Settings._accessed``,
    the names that were read.
    """
    accessed: set[str] = app.conf._accessed
    before = set(accessed)
    value = getattr(app.conf, name)
    accessed.intersection_update(before)
    return value


def write_setting(app: faust.App, name: str, value: Any) -> None:
    """Change a setting of an app that may have read it already, as its own start does.

    The engine changes what is used when the worker starts, so Faust's warning about a late change
    would mislead. Relies on ``Settings._accessed``.
    """
    app.conf._accessed.discard(name)
    setattr(app.conf, name, value)


# -- tables and assignor


def exclude_changelog(manager: TableManager, table: Any) -> None:
    """Take a table's changelog out of Faust's recovery. After ``TableManager.add``.

    Faust recovers every table that has a changelog. Relies on ``_changelogs`` (topic name to table:
    what is recovered) and ``_channels`` (``_update_channels`` subscribes to the changelog of a
    table only while it has no channel).
    """
    topic = table.changelog_topic
    manager._changelogs.pop(topic.get_topic_name())
    cast("dict[Any, Any]", manager._channels)[table] = topic


def assign_no_standbys(app: AppT) -> None:
    """Let Faust's assignor spread partitions evenly. Before the consumer starts.

    With room for standbys it rounds each worker's share up: 2, 2 and 0 of four partitions on three
    workers. The setting is ``table_standby_replicas``, but with 0 Faust takes aiokafka's round
    robin where no table has a changelog to recover (``_create_worker_consumer``). Relies on
    ``PartitionAssignor.replicas``, which each assignment reads.
    """
    cast(Any, app.assignor).replicas = 0


def owners_by_url(app: faust.App) -> Mapping[str, Mapping[str, Iterable[int]]]:
    """URL of each worker's web server -> source topic -> partitions, as of the last rebalance.

    Faust's assignor sends the whole distribution to each member. Relies on
    ``app.assignor.external_topics_metadata()``, a public method that is documented nowhere; Faust's
    router has it only for one key at a time.
    """
    return cast(Any, app.assignor).external_topics_metadata()  # type: ignore[no-any-return]


# -- worker and web server


def end_app(app: faust.App, code: int = 1) -> None:
    """Stop the app's worker in order, as a signal would, and let it exit with this code.

    ``app.crash()`` is the public way; it logs tracebacks and skips the orderly stop. Relies on
    ``app.beacon.walk()``, which comes to the worker, on the worker raising ``crash_reason`` at its
    end, and on ``_starting_fut``, which a worker that is still starting waits for.
    """
    workers = [node.data for node in app.beacon.walk() if isinstance(node.data, mode.Worker)]
    for worker in workers:
        worker.crash_reason = SystemExit(code)
        _stopping.add(stopping := asyncio.ensure_future(_stop(worker)))
        stopping.add_done_callback(_stopping.discard)


async def _stop(worker: mode.Worker) -> None:
    await worker.stop()
    if worker._starting_fut is not None:
        worker._starting_fut.cancel()


#: Kept, as the loop itself does not keep its tasks.
_stopping: set[asyncio.Task[None]] = set()


class Worker(faust.Worker):
    """``faust.Worker`` that stops without mode's extra second, and ends the process at once.

    Relies on ``_sentinel_task``, the last task of the loop, in which mode sleeps for a second
    (``mode.worker.Worker.stop_and_shutdown``). To keep SIGUSR1 and SIGUSR2 from printing local
    variables and from opening a debugger, override `on_sigusr1` and `on_sigusr2`; they rely on
    ``_cry`` and ``_enter_debugger``.
    """

    #: Seconds for cancelled tasks to end and for connections to close.
    last_cycles = 0.05

    async def on_sigusr1(self) -> None:
        """Print the stacks of all threads with their local variables, as mode does."""
        await super()._cry()

    def on_sigusr2(self) -> None:
        """Open a debugger, as mode does."""
        super()._enter_debugger()

    def execute_from_commandline(self) -> NoReturn:
        """Run until it is stopped, then end the process: see `end_process`."""
        try:
            super().execute_from_commandline()
        except SystemExit as exc:
            end_process(exc.code)

    async def _sentinel_task(self) -> None:
        await asyncio.sleep(self.last_cycles)

    async def _cry(self) -> None:
        await self.on_sigusr1()

    def _enter_debugger(self) -> None:
        self.on_sigusr2()


class WorkerCommand(faust.cli.worker.worker):
    """The ``worker`` command, with a method that is called once its options are in ``app.conf``.

    Make a class named ``worker`` of it. Relies on ``_init_worker_options``, which copies them there
    and after which the app is finalized.
    """

    #: Else Faust lists it as a command of its own. It is False once the class is made, so the
    #: subclass is a command.
    abstract = True

    def on_options_read(self, app: faust.App) -> None:
        """Change the configuration that depends on the command line. To be overridden."""

    def _init_worker_options(self, *args: Any, **kwargs: Any) -> None:
        super()._init_worker_options(*args, **kwargs)
        self.on_options_read(cast(faust.App, self.app))


def set_web_runner(app: faust.App, runner: Any) -> None:
    """Serve the app's pages by this ``aiohttp.web.AppRunner``. Before the app starts.

    Faust makes the runner itself, without any choice. Relies on ``app.web._runner``
    (``faust.web.drivers.aiohttp.Web``).
    """
    cast(Any, app.web)._runner = runner
