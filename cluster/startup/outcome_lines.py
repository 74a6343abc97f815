"""What a start says where rows and outputs differ: one line each."""

from collections.abc import Callable, Collection, Mapping, Sequence

from cluster.remedy import other_topic_remedy
from cluster.topics import changelog_topic
from config import Settings

__all__ = ["former_accounts", "judged_twice", "lost", "not_compared", "not_known"]

_NAMED = 3


def judged_twice(settings: Settings, last: Mapping[int, int], judged: Mapping[int, int]) -> str:
    """`last` has the last account that was judged, where the row says less."""
    places = _places(
        settings, last, lambda p: f"is judged up to offset {last[p] + 1}, not {judged.get(p, 0)}"
    )
    return (
        f"topic {changelog_topic(settings)} does not know what was judged, and accounts would be "
        f"judged twice: by the outputs, {places}. It was deleted or restored from an older copy, "
        "or FRAUD_APP_ID was another one: set the former FRAUD_APP_ID, or stop all workers and run "
        "`faust -A fraud_app rebuild-rows`, or give this FRAUD_APP_ID outputs of its own "
        "(FRAUD_VERDICTS_TOPIC, FRAUD_DEAD_LETTERS_TOPIC)"
    )


def former_accounts(settings: Settings, last: Mapping[int, int]) -> str:
    """`last` has the last account with an outcome, where the accounts topic has no such account.

    It may have another one at that offset, which was sent later.
    """
    places = _places(settings, last, lambda p: f"was judged up to offset {last[p] + 1}")
    return (
        f"topic {settings.accounts_topic} does not have accounts that were judged, and topic "
        f"{changelog_topic(settings)} has no row of them, so both were lost: by the outputs, "
        f"{places}. Verdicts on new accounts would have the ids of the former ones: "
        f"{other_topic_remedy(first='restore both topics')}"
    )


def lost(settings: Settings, last: Mapping[int, int], judged: Mapping[int, int]) -> str:
    """`last` has the last account with an outcome, or NEVER, where the row says more."""
    places = _places(
        settings, last, lambda p: f"is judged up to offset {judged[p]}, not {last[p] + 1}"
    )
    verdicts, letters = settings.verdicts_topic, settings.dead_letters_topic
    return (
        f"topic {verdicts} or {letters} lacks the last outcomes: by topic "
        f"{changelog_topic(settings)}, {places}. It was deleted, restored from an older copy or "
        "replaced by another topic; run reconcile, which lists the accounts without an outcome"
    )


def not_compared(settings: Settings, output: str, why: str) -> str:
    """`output` could not be read."""
    return (
        f"topic {output} was not compared with topic {changelog_topic(settings)} ({why}), so this "
        "start does not notice when one of them was deleted or restored from a copy: run reconcile"
    )


def not_known(settings: Settings, missing: Sequence[str], unread: Collection[str | None]) -> str:
    """Topics are `missing`, and outputs could not be read, for reasons in `unread`."""
    verdicts, letters = settings.verdicts_topic, settings.dead_letters_topic
    return (
        f"topic {', '.join(missing)} does not exist, and topic {verdicts} or {letters} cannot be "
        f"read ({'; '.join(sorted(filter(None, unread)))}), so it is not known whether accounts "
        "were judged: look at the state of the brokers and start again"
    )


def _places(settings: Settings, found: Mapping[int, int], text: Callable[[int], str]) -> str:
    named = sorted(found)[:_NAMED]
    places = [f"{settings.accounts_topic}-{partition} {text(partition)}" for partition in named]
    more = len(found) - len(named)
    return ", ".join(places) + (f" (and {more} more)" if more else "")
