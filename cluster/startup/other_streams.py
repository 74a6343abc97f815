"""Whether the outputs hold verdicts or dead letters of another stream."""

import logging
from collections.abc import Collection

from cluster.reading.last_outcomes import LastOutcomes
from config import Settings

logger = logging.getLogger("fraud_app")


def warn_of_other_streams(
    settings: Settings, verdicts: LastOutcomes, letters: LastOutcomes
) -> None:
    """Log a warning when the last records of an output name another accounts topic."""
    line = shared_outputs(settings, verdicts.topics, letters.topics)
    if line is not None:
        logger.warning("%s", line)


def shared_outputs(
    settings: Settings, verdicts: Collection[str], letters: Collection[str]
) -> str | None:
    """What to say of the accounts topics whose verdicts and dead letters were found, or None."""
    own = {settings.accounts_topic}
    found = {
        settings.verdicts_topic: sorted({*verdicts} - own),
        settings.dead_letters_topic: sorted({*letters} - own),
    }
    others = [
        f"topic {topic} holds records of accounts topic {', '.join(names)}"
        for topic, names in found.items()
        if names
    ]
    if not others:
        return None
    return (
        f"another stream writes to the outputs of this one ({'; '.join(others)}): give each stream "
        "its own FRAUD_VERDICTS_TOPIC and FRAUD_DEAD_LETTERS_TOPIC"
    )
