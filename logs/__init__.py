"""What reaches the log, and what must not."""

from logs.config import begin, format_fatal, logging_config
from logs.worker import LoggingWorker

__all__ = ["LoggingWorker", "begin", "format_fatal", "logging_config"]
