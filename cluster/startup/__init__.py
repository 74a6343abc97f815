"""The start of a worker: it starts well, or ends in one line that says why not."""

from cluster.startup.checks import StartupError, StartupStopped, check, diagnose
from cluster.startup.worker import checking_worker

__all__ = ["StartupError", "StartupStopped", "check", "checking_worker", "diagnose"]
