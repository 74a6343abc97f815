"""How long the verdicts topic keeps verdicts: as it is created, and as it is found."""

from typing import Final, NamedTuple

from cluster.topic_config import Config
from config.values import FOR_EVER, MOST_DAYS

RETENTION_MS: Final = "retention.ms"

_RETENTION_BYTES: Final = "retention.bytes"
_DAY_MS: Final = 24 * 60 * 60 * 1_000


def wanted_ms(days: int) -> int:
    """`retention.ms` for a number of days; -1 stays -1, which is for ever."""
    return days if days == FOR_EVER else days * _DAY_MS


def creation_config(days: int) -> dict[str, str]:
    """Configuration of a new verdicts topic that keeps verdicts for this many days."""
    return {RETENTION_MS: str(wanted_ms(days))}


def kept(milliseconds: int) -> str:
    """A `retention.ms` in words."""
    return "for ever" if milliseconds < 0 else f"for {milliseconds / _DAY_MS:.6g} days"


class Difference(NamedTuple):
    """The verdicts topic keeps verdicts otherwise than the settings say.

    `value` is what to set for `name`; None where that would delete verdicts, and `line` says what
    to do instead.
    """

    line: str
    name: str
    value: int | None


def difference(topic: str, days: int, config: Config) -> Difference | None:
    """How the topic's retention differs from this many days; None where it does not.

    None also for a topic that deletes nothing, or whose configuration is not known.
    """
    if "delete" not in config.get("cleanup.policy", ""):
        return None
    wanted = wanted_ms(days)
    found = int(config.get(RETENTION_MS, wanted))
    size = int(config.get(_RETENTION_BYTES, -1))
    by_setting = f"FRAUD_VERDICTS_RETENTION says {kept(wanted)}"
    if found != wanted:
        line = f"topic {topic} has {RETENTION_MS}={found}: it keeps verdicts {kept(found)}, "
        if not _is_longer(found, wanted):
            return Difference(line + by_setting, RETENTION_MS, wanted)
        remedy = f"set FRAUD_VERDICTS_RETENTION={_days(found)}, as a lower {RETENTION_MS} deletes"
        return Difference(f"{line}{by_setting}: {remedy} verdicts", RETENTION_MS, None)
    if size >= 0:
        line = f"topic {topic} has {_RETENTION_BYTES}={size}: it deletes verdicts by size, "
        return Difference(line + by_setting, _RETENTION_BYTES, -1)
    return None


def _is_longer(found: int, wanted: int) -> bool:
    return wanted != FOR_EVER and (found < 0 or found > wanted)


def _days(milliseconds: int) -> int:
    """At least as long, in whole days that the setting accepts."""
    days = -(-milliseconds // _DAY_MS)
    return FOR_EVER if milliseconds < 0 or days > MOST_DAYS else days
