"""What Linux tells of a process: memory, threads, processor time."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Vitals:
    """Bytes of memory now and at most so far, threads, and seconds of processor time until now."""

    resident: int = 0
    peak: int = 0
    threads: int = 0
    cpu: float = 0.0


def vitals_of(pid: int) -> Vitals:
    """Those of a running process; zeros where there is none, or no /proc."""
    folder = Path(f"/proc/{pid}")
    try:
        return parse((folder / "status").read_text(), (folder / "stat").read_text())
    except OSError:
        return Vitals()


def parse(status: str, stat: str) -> Vitals:
    """Those that the two files in /proc tell. A process that has just ended has no memory."""
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    # Behind the name, which may hold anything, user and system time are the 12th and 13th.
    user, system = stat.rpartition(")")[2].split()[11:13]
    return Vitals(
        resident=_bytes(fields.get("VmRSS")),
        peak=_bytes(fields.get("VmHWM")),
        threads=int(fields.get("Threads", "0")),
        cpu=(int(user) + int(system)) / os.sysconf("SC_CLK_TCK"),
    )


def total(each: Iterable[Vitals]) -> Vitals:
    """Those of several processes together. The sum of their peaks: they need not be at one time."""
    every = list(each)
    return Vitals(
        sum(one.resident for one in every),
        sum(one.peak for one in every),
        sum(one.threads for one in every),
        sum(one.cpu for one in every),
    )


def _bytes(kilobytes: str | None) -> int:
    return int(kilobytes.split()[0]) * 1024 if kilobytes else 0
