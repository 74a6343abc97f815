"""Starts `python -m faust …` by a fork of a process that has imported the program already.

Importing is most of what it costs to start a worker or a command, and the tests start hundreds.
What is forked is a process of its own all the same: environment, session, signals, standard
streams and the end of its interpreter are those of one that was executed. Tests of the start
itself (closed streams, the locale, SIGINT ignored) execute an interpreter instead.
"""

from tests.forked.process import ForkedProcess, close, run

__all__ = ["ForkedProcess", "close", "run"]
