"""How a command ends when it does not end well."""


class CommandError(Exception):
    """The command cannot be done. Its text is one line: what is wrong and what to do."""


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came, after the command had said how far it was."""
