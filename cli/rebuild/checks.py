"""When rows must not be written again: somebody else writes too, or did since they were read."""

from collections.abc import Mapping

from faust_transactions import Span

from cli.support.errors import CommandError
from config import Settings
from records import PartitionCounts

__all__ = ["check_accounts_exist", "check_no_transaction", "check_no_worker", "check_unchanged"]


def check_accounts_exist(spans: Mapping[int, Span], settings: Settings) -> None:
    """Refuse without an accounts topic: rows count its offsets. `spans` are its partitions'."""
    if not spans:
        raise CommandError(
            f"topic {settings.accounts_topic} does not exist, so there are no rows to write: "
            "restore it, or look at FRAUD_ACCOUNTS_TOPIC"
        )


def check_no_worker(members: set[str] | None, settings: Settings) -> None:
    """Refuse while workers may write rows. `members` is None where that is not known."""
    if members is None:
        raise CommandError(
            f"the members of group {settings.app_id} are not known, and no worker may run: try "
            "again when it is not rebalancing"
        )
    if members:
        names = ", ".join(sorted(members))
        raise CommandError(
            f"stop all workers first: {names} (one that was killed is a member until "
            "FRAUD_SESSION_TIMEOUT is over)"
        )


def check_no_transaction(open_at: Mapping[tuple[str, int], int]) -> None:
    """Refuse while a transaction is open; `open_at` says where the first of each partition begins.

    As of a worker that was killed: the brokers abort it when its time is over.
    """
    if open_at:
        (topic, partition), offset = min(open_at.items())
        more = f" and in {len(open_at) - 1} more partitions" if len(open_at) > 1 else ""
        raise CommandError(
            f"a transaction is open in {topic}-{partition} from offset {offset} on{more}, and what "
            "it holds is not known: try again when the brokers have aborted it (a minute after its "
            "worker ended), or abort it with kafka-transactions.sh --bootstrap-server … abort "
            f"--topic {topic} --partition {partition} --start-offset {offset}"
        )


def check_unchanged(
    before: Mapping[int, PartitionCounts], now: Mapping[int, PartitionCounts]
) -> None:
    """Refuse when a row is another one than it was."""
    then = {partition: row.next_offset for partition, row in before.items()}
    if then != {partition: row.next_offset for partition, row in now.items()}:
        raise CommandError(
            "a worker has judged accounts since the outputs were read, so nothing was written: "
            "stop all workers and run the command again"
        )
