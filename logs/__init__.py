"""What reaches the log, and what must not."""

from logs.config import begin, format_fatal, logging_config
from logs.handlers import reopen_log_file
from logs.streams import open_standard_streams
from logs.worker import LoggingWorker

__all__ = [
    "LoggingWorker",
    "begin",
    "format_fatal",
    "logging_config",
    "open_standard_streams",
    "reopen_log_file",
]
