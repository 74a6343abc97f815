"""What `dead-letters replay` refuses before it sends anything."""

from collections.abc import Mapping

from confluent_kafka.admin import AdminClient

from cli.dead_letters.replay_plan import Plan
from cli.dead_letters.selection import first_few, not_found
from cli.support.errors import CommandError
from cli.support.numbers import dead_letters
from cluster.reading.owners import partition_owners
from config import Settings

_NAMED = 5
_ANSWER = 5.0


def check_worker(client: AdminClient, settings: Settings) -> None:
    """Refuse when the group has no member: outcomes could not be watched."""
    # None: it cannot be known here.
    if partition_owners(client, settings, _ANSWER) == {}:
        raise CommandError(
            "no worker is running, so what becomes of them cannot be watched: start one, or send "
            "all at once with --max-failed 100%; nothing was sent"
        )


def refuse_other_streams(named: Mapping[str, str], topic: str) -> None:
    """Refuse ids of dead letters that belong to another accounts topic."""
    if named:
        some = first_few(sorted(named))
        others = ", ".join(sorted(set(named.values()))[:_NAMED])
        raise CommandError(
            f"{dead_letters(len(named))} of another stream, of topic {others}: {some}; replay to "
            f"topic {topic} sends its own only; nothing was sent"
        )


def check_found(plan: Plan, ids: frozenset[str] | None, topic: str) -> None:
    """Refuse ids of which there is no dead letter, or none that is selected."""
    if lost := (ids or frozenset()) - plan.found:
        raise CommandError(f"{not_found(lost, topic)}; nothing was sent")
