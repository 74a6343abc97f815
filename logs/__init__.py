"""What reaches the log, and what must not."""

from logs.config import begin, last_words, logging_config
from logs.worker import LoggingWorker

__all__ = ["LoggingWorker", "begin", "last_words", "logging_config"]
