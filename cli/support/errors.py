"""Errors that end a command."""


class CommandError(Exception):
    """The command cannot be done. Its text is one line: what is wrong and what to do."""


class Interrupted(Exception):
    """Ctrl-C or SIGTERM ended the command, after it printed how far it was."""
