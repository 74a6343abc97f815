"""Whether FRAUD_VERDICTS_TOPIC and FRAUD_DEAD_LETTERS_TOPIC are swapped."""

from cluster.errors import ClusterError
from cluster.reading.last_outcomes import NO_RIGHT, LastOutcomes
from config import Settings

__all__ = ["are_swapped", "check_kinds", "wrong_kinds"]


def check_kinds(settings: Settings, verdicts: LastOutcomes, letters: LastOutcomes) -> None:
    """Raise ClusterError where the names of the outputs are swapped."""
    if are_swapped(verdicts, letters):
        raise ClusterError(
            f"{wrong_kinds(settings, verdicts, letters)}: FRAUD_VERDICTS_TOPIC and "
            "FRAUD_DEAD_LETTERS_TOPIC are swapped: swap them back, or, where they are right now, "
            "give this stream new outputs"
        )


def are_swapped(verdicts: LastOutcomes, letters: LastOutcomes) -> bool:
    """Whether the last records of the outputs are of the wrong kind only.

    False where some are of the right kind: names that were swapped for a while do not keep a worker
    from starting. False also where an output could not be read, unless it is the dead letters and
    this login has no right to read them.
    """
    if verdicts.unread is not None or letters.unread not in (None, NO_RIGHT):
        return False
    is_right = "verdict" in verdicts.kinds or "dead letter" in letters.kinds
    return not is_right and bool(verdicts.kinds or letters.kinds)


def wrong_kinds(settings: Settings, verdicts: LastOutcomes, letters: LastOutcomes) -> str | None:
    """Which outputs have records of the wrong kind among their last ones, or None."""
    found = []
    if "dead letter" in verdicts.kinds:
        found.append(f"topic {settings.verdicts_topic} (FRAUD_VERDICTS_TOPIC) has dead letters")
    if "verdict" in letters.kinds:
        found.append(f"topic {settings.dead_letters_topic} (FRAUD_DEAD_LETTERS_TOPIC) has verdicts")
    return " and ".join(found) or None
