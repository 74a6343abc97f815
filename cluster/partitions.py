"""How many partitions each topic has, and what to do where the numbers differ."""

from collections.abc import Mapping

from config import Settings

_ALTER = "kafka-topics.sh --alter --topic {} --partitions {}"


def mismatch(settings: Settings, found: Mapping[str, int]) -> str | None:
    """What is wrong with the numbers of partitions (topic -> number), in one line, or None.

    A verdict is in the partition of its account, and a row in that of its accounts, so that all
    topics need the number that FRAUD_PARTITIONS says. `found` has the topics that exist.
    """
    wrong = {name: number for name, number in found.items() if number != settings.partitions}
    if not wrong:
        return None
    # The accounts first: their number is the one that the others follow.
    name = min(wrong, key=lambda topic: (topic != settings.accounts_topic, topic))
    return (
        f"topic {name} has {wrong[name]} partitions, FRAUD_PARTITIONS says "
        f"{settings.partitions}: {_remedy(settings, found)}"
    )


def _remedy(settings: Settings, found: Mapping[str, int]) -> str:
    """Partitions can be added, never taken away, so the largest number is where all can meet."""
    largest = max(found.values())
    steps = [
        _ALTER.format(name, largest) for name, number in sorted(found.items()) if number < largest
    ]
    setting = f"set FRAUD_PARTITIONS={largest}"
    if not steps:
        return setting
    added = f"add partitions ({'; '.join(steps)})"
    return added if largest == settings.partitions else f"{added} and {setting}"
