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
            "FRAUD_DEAD_LETTERS_TOPIC are swapped, or were: set them right, or give this stream "
            "new outputs"
        )


def are_swapped(verdicts: LastOutcomes, letters: LastOutcomes) -> bool:
    """Whether an output ends with records of the other one, and neither with any of its own.

    One that got some by mistake, before the names were set right, does not keep a worker from
    starting. What could not be read proves nothing.
    """
    if verdicts.unread is not None or letters.unread not in (None, NO_RIGHT):
        return False
    is_right = "verdict" in verdicts.kinds or "dead letter" in letters.kinds
    return not is_right and bool(verdicts.kinds or letters.kinds)


def wrong_kinds(settings: Settings, verdicts: LastOutcomes, letters: LastOutcomes) -> str | None:
    """Which output ends with records of the other one, or None."""
    found = []
    if "dead letter" in verdicts.kinds:
        found.append(f"topic {settings.verdicts_topic} (FRAUD_VERDICTS_TOPIC) has dead letters")
    if "verdict" in letters.kinds:
        found.append(f"topic {settings.dead_letters_topic} (FRAUD_DEAD_LETTERS_TOPIC) has verdicts")
    return " and ".join(found) or None
