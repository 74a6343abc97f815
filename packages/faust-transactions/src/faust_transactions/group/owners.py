"""Which worker of the group owns which partition, as of the last rebalance.

Faust's assignor sends the whole distribution to each member along with its own partitions, and
names the members by the addresses of their web servers (`faust.assignor.partition_assignor`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from yarl import URL

from faust_transactions.compat import owners_by_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    import faust

__all__ = ["member_name", "owners"]


def member_name(app: faust.App) -> str:
    """This worker as `owners` names it: ``host:port`` of its web server.

    To be asked once the command line has been read: the port and the host may come from it.
    """
    return _name(app.conf.canonical_url)


def owners(app: faust.App, topic: str) -> Mapping[int, str]:
    """Partition of a source topic -> `member_name` of its owner at the last rebalance.

    Empty before the first one. Costs nothing: no broker is asked.
    """
    # The tables' own topics have another list, in which the engine's are not.
    return {
        partition: _name(url)
        for url, topics in owners_by_url(app).items()
        for partition in topics.get(topic, ())
    }


def _name(url: str | URL) -> str:
    return URL(url).authority
