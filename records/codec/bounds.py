"""Bounds of the numbers and texts in our topics, which anybody may have written.

A record with a value outside of them is skipped as foreign. Code that shows, adds up or passes on
what was read may rely on numbers that a clock, a float and a 64-bit integer can hold.
"""

from typing import Final

EPOCH_MS: Final = range(253_402_300_800_000)
"""Times in ms since the epoch: up to the end of the year 9999, as Python's clock and JavaScript's
`Date` show them."""

PARTITIONS: Final = range(2**31)
OFFSETS: Final = range(2**63)
COUNTS: Final = range(2**63)

LONGEST_TOPIC: Final = 249
"""Characters of a topic's name (Kafka's own limit)."""

LONGEST_ID: Final = LONGEST_TOPIC + 1 + 10 + 1 + 19
"""Characters of `<topic>-<partition>-<offset>`."""

MOST_RULES: Final = 500
"""Rules of a rule set."""
